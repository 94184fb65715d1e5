"""Commands from controllers to the stations that are connected here: OCPP calls, and their answers back."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from evswarm_csms.directory import CONNECTION_REPLACED, Directory, ReplacedNotice
from evswarm_csms.dispatch import FailedPart
from evswarm_csms.outgoing import Answer
from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply, CommandTarget
from evswarm_shared.bus.port import CsmsBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.ocpp16.actions import Sender
from evswarm_shared.ocpp16.errors import PayloadError
from evswarm_shared.ocpp16.frames import decode_request
from evswarm_shared.telemetry.counts import ACTIONS, PairTally, Tally

COMMANDS_AT_ONCE: Final = 2000
"""More commands than this under way in one replica are refused."""

RETRY_SECONDS: Final = 0.5

log = logging.getLogger(__name__)


class CommandDesk:
    """Takes commands from the bus and carries them out. `counts` is by (action, outcome)."""

    def __init__(
        self,
        bus: CsmsBus,
        replica_id: str,
        directory: Directory,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"],
        failures: Tally,
    ) -> None:
        self._bus = bus
        self._replica_id = replica_id
        self._directory = directory
        self._spawn = spawn
        self._failures = failures
        self._under_way = 0
        self.counts = PairTally(ACTIONS, CommandOutcome)

    async def run(self, listening: asyncio.Event) -> None:
        """Carry out commands, for ever; sets `listening` when the first one can come."""
        while True:
            try:
                async with self._bus.commands(CommandTarget.CSMS, self._replica_id) as commands:
                    listening.set()
                    async for command in commands:
                        self._spawn(self._serve(command))
            except BusUnavailableError as error:
                log.debug("no commands for now: %s", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def carry_out(self, command: Command) -> Answer:
        """Send the call and wait for its answer.

        A command whose time is over when its turn comes is not sent: nobody would learn of its effect.
        """
        if self._under_way >= COMMANDS_AT_ONCE:
            return Answer(CommandOutcome.REFUSED, description="too many commands are under way")
        try:
            request = decode_request(command.action, command.payload, receiver=Sender.STATION)
        except PayloadError as error:
            return Answer(CommandOutcome.INVALID, error_code=error.code.value, description=error.description)
        session = self._directory.session(command.station_id)
        if session is None:
            return Answer(CommandOutcome.NOT_CONNECTED, description="the station is not connected")
        self._under_way += 1
        try:
            return await session.call(request, expires_at=command.expires_at)
        finally:
            self._under_way -= 1

    async def _serve(self, command: Command) -> None:
        if command.action == CONNECTION_REPLACED:
            notice = msgspec.json.decode(command.payload, type=ReplacedNotice)
            self._directory.replaced_elsewhere(command.station_id, notice.epoch)
            return
        try:
            answer = await self.carry_out(command)
        except Exception:
            log.exception("a %s for %s could not be carried out", command.action, command.station_id)
            self._failures.add(FailedPart.COMMAND)
            answer = Answer(CommandOutcome.REFUSED, description="the central system failed on this command")
        self.counts.add(command.action, answer.outcome)
        reply = CommandReply(
            command_id=command.command_id,
            outcome=answer.outcome,
            payload=answer.payload,
            error_code=answer.error_code,
            description=answer.description,
        )
        try:
            await self._bus.reply(command.reply_to, reply)
        except BusUnavailableError as error:
            log.warning("the answer to a %s could not be passed on: %s", command.action, error)
