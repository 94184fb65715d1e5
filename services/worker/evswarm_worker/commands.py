"""Serves the commands and questions about stations of this worker: one at a time, each answered while somebody waits."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from msgspec import structs

from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply, CommandTarget, Shortfall
from evswarm_shared.bus.port import WorkerBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.telemetry.service_log import about
from evswarm_shared.telemetry.tracing import TRACER
from evswarm_worker import actions, description
from evswarm_worker.errors import InvalidActionError
from evswarm_worker.host import StationHost
from evswarm_worker.station.errors import StationActionError

log = logging.getLogger(__name__)
RETRY_SECONDS: Final = 1.0
STATIONS_AT_A_STRETCH: Final = 20
"""Stations that one command is carried out at before others have their turn: some milliseconds."""
_encode: Final = msgspec.json.encode


def _about(command: Command) -> dict[str, str]:
    return about(station_id=command.station_id, action=command.action, message_id=command.command_id)


class CommandService:
    """Carries out actions by hand on `hosts`. `usual_tag` names the tag a station's driver presents by default."""

    def __init__(
        self,
        bus: WorkerBus,
        worker_id: str,
        hosts: Mapping[str, StationHost],
        now: Callable[[], float],
        usual_tag: Callable[[StationHost], str],
    ) -> None:
        self._bus = bus
        self._worker_id = worker_id
        self._hosts = hosts
        self._now = now
        self._usual_tag = usual_tag

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            try:
                async with self._bus.commands(CommandTarget.WORKER, self._worker_id) as commands:
                    async for command in commands:
                        await self._answer(command)
            except BusUnavailableError as error:
                log.debug("commands cannot reach this worker: %s", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def _answer(self, command: Command) -> None:
        with TRACER.span(f"action {command.action}", command.trace, station_id=command.station_id):
            reply = await self.serve_many(command) if command.station_ids else self.serve(command)
        if reply is None:
            log.warning("%s for %s came too late", command.action, command.station_id, extra=_about(command))
            return
        try:
            await self._bus.reply(command.reply_to, reply)
        except BusUnavailableError as error:
            log.warning("the answer to %s is lost: %s", command.action, error, extra=_about(command))

    async def serve_many(self, command: Command) -> CommandReply:
        """Carry a command out at each of its stations and say where it was not; the stations' traffic goes on between."""
        shortfalls: list[Shortfall] = []
        for number, station_id in enumerate(command.station_ids, start=1):
            reply = self.serve(structs.replace(command, station_id=station_id, station_ids=()))
            if reply is None:
                shortfalls.append(Shortfall(station_id, CommandOutcome.TIMEOUT, "it came too late: not done"))
            elif reply.outcome is not CommandOutcome.DONE:
                shortfalls.append(Shortfall(station_id, reply.outcome, reply.description))
            if number % STATIONS_AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        return CommandReply(command.command_id, CommandOutcome.DONE, shortfalls=tuple(shortfalls))

    def serve(self, command: Command) -> CommandReply | None:
        """Carry a command out and say what came of it; None, and nothing done, when nobody waits any more."""
        if command.expires_at <= self._now():
            return None
        host = self._hosts.get(command.station_id)
        if host is None:
            return CommandReply(command.command_id, CommandOutcome.UNKNOWN_STATION)
        try:
            if command.action == description.DESCRIBE:
                return CommandReply(
                    command.command_id, CommandOutcome.DONE, description.of(host, command, self._now())
                )
            action, payload = actions.read(command)
            actions.perform(host, action, payload, self._usual_tag(host))
        except InvalidActionError as error:
            return CommandReply(command.command_id, CommandOutcome.INVALID, description=str(error))
        except StationActionError as error:
            return CommandReply(command.command_id, CommandOutcome.REFUSED, description=str(error))
        if host.ended:
            return CommandReply(
                command.command_id,
                CommandOutcome.REFUSED,
                description="the station is just being restarted; try again in some seconds",
            )
        row = host.station.snapshot(self._now())
        return CommandReply(command.command_id, CommandOutcome.DONE, msgspec.Raw(_encode(row)))
