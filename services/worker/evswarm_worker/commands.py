"""Serves the commands and questions about stations of this worker: one at a time, each answered while somebody waits."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import msgspec
from msgspec import structs

from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply, CommandTarget, Shortfall
from evswarm_shared.bus.port import WorkerBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.ocpp16.payloads import UNREADABLE
from evswarm_shared.telemetry.service_log import about
from evswarm_shared.telemetry.tracing import TRACER
from evswarm_worker import actions, description, raw_access
from evswarm_worker.errors import InvalidActionError
from evswarm_worker.host import StationHost
from evswarm_worker.station.errors import StationActionError

log = logging.getLogger(__name__)
RETRY_SECONDS: Final = 1.0
LISTENED_TO: Final = 64
"""Stations whose frames are kept at once, those asked about last: 16 MB at most."""
ANSWER_RESERVE_SECONDS: Final = 0.5
"""So long before nobody waits any more, the answer is that there was none."""
STATIONS_AT_A_STRETCH: Final = 20
"""Stations that one command is carried out at before others have their turn: some milliseconds."""
_encode: Final = msgspec.json.encode
Wanted = TypeVar("Wanted", bound=msgspec.Struct)


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
        self._listened: dict[StationHost, None] = {}

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as waiting:
            while True:
                try:
                    async with self._bus.commands(CommandTarget.WORKER, self._worker_id) as commands:
                        async for command in commands:
                            if command.action == raw_access.SEND:
                                # Waits for the central system's answer; the others do not wait for that.
                                waiting.create_task(self._answer(command))
                            else:
                                await self._answer(command)
                except BusUnavailableError as error:
                    log.debug("commands cannot reach this worker: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def carry_out(self, command: Command) -> CommandReply | None:
        """Carry any command out and say what came of it, once it has; None, and nothing done, when it came too late."""
        if command.station_ids:
            return await self.serve_many(command)
        if command.action == raw_access.SEND:
            return await self._send(command)
        return self.serve(command)

    async def _answer(self, command: Command) -> None:
        with TRACER.span(f"action {command.action}", command.trace, station_id=command.station_id):
            reply = await self.carry_out(command)
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
            if command.action == raw_access.MESSAGES:
                return CommandReply(command.command_id, CommandOutcome.DONE, self._frames(host, command))
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

    async def _send(self, command: Command) -> CommandReply | None:
        """Send a frame as it is, and wait for the answer if it is a CALL."""
        now = self._now()
        if command.expires_at <= now:
            return None
        host = self._hosts.get(command.station_id)
        if host is None:
            return CommandReply(command.command_id, CommandOutcome.UNKNOWN_STATION)
        try:
            wanted = _payload(command, raw_access.FrameWanted)
            data = wanted.text()
            answer = host.send_raw(data)
        except InvalidActionError as error:
            return CommandReply(command.command_id, CommandOutcome.INVALID, description=str(error))
        except StationActionError as error:
            return CommandReply(command.command_id, CommandOutcome.REFUSED, description=str(error))
        self._listen(host)
        outcome, heard = raw_access.Outcome.SENT, None
        patience = min(wanted.wait_seconds, command.expires_at - now - ANSWER_RESERVE_SECONDS)
        if answer is not None and patience > 0:
            try:
                async with asyncio.timeout(patience):
                    heard = await answer
                outcome = raw_access.Outcome.DISCONNECTED
            except TimeoutError:
                outcome = raw_access.Outcome.UNANSWERED
        report = raw_access.sent_report(data, now, heard, outcome, full_tags=wanted.full_tags)
        return CommandReply(command.command_id, CommandOutcome.DONE, report)

    def _frames(self, host: StationHost, command: Command) -> msgspec.Raw:
        wanted = _payload(command, raw_access.FramesWanted)
        return raw_access.frames_report(host.station_id, self._listen(host), wanted)

    def _listen(self, host: StationHost) -> raw_access.RawAccess:
        self._listened.pop(host, None)
        self._listened[host] = None
        if len(self._listened) > LISTENED_TO:
            longest_ago = next(iter(self._listened))
            del self._listened[longest_ago]
            longest_ago.listen_no_more()
        return host.listen()


def _payload(command: Command, wanted: type[Wanted]) -> Wanted:
    raw = bytes(command.payload)
    try:
        return msgspec.json.decode(b"{}" if raw in (b"", b"null") else raw, type=wanted)
    except UNREADABLE as error:
        raise InvalidActionError(f"the payload of {command.action} does not fit: {error}") from None
