"""Commands from controllers to the stations that are connected here: OCPP calls, and their answers back."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
from ocpp.v16.enums import AuthorizationStatus

from evswarm_csms.configuration_desk import ConfigurationDesk
from evswarm_csms.directory import Directory, ReplacedNotice
from evswarm_csms.dispatch import FailedPart
from evswarm_csms.handlers.id_tags import id_tag_info
from evswarm_csms.outgoing import Answer
from evswarm_shared.bus.csms_records import CsmsNotice
from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply, CommandTarget
from evswarm_shared.bus.port import CsmsBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.ocpp16.actions import Sender
from evswarm_shared.ocpp16.errors import PayloadError
from evswarm_shared.ocpp16.frames import decode_request
from evswarm_shared.ocpp16.messages import RemoteStartTransaction, Request
from evswarm_shared.telemetry.counts import ACTIONS, PairTally, Tally
from evswarm_shared.telemetry.service_log import about
from evswarm_shared.telemetry.tracing import TRACER

COMMANDS_AT_ONCE: Final = 2000
"""More commands than this under way in one replica are refused."""

RETRY_SECONDS: Final = 0.5

NOTICES: Final = frozenset(notice.value for notice in CsmsNotice)

log = logging.getLogger(__name__)


def _about(command: Command) -> dict[str, str]:
    return about(station_id=command.station_id, action=command.action, message_id=command.command_id)


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
        configuration: ConfigurationDesk,
        accept_unknown_tags: bool,
        clock: Callable[[], float],
    ) -> None:
        self._bus = bus
        self._replica_id = replica_id
        self._directory = directory
        self._spawn = spawn
        self._failures = failures
        self._configuration = configuration
        self._accept_unknown_tags = accept_unknown_tags
        self._clock = clock
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
            refusal = await self._refusal(request)
            if refusal is not None:
                return refusal
            profile = session.security_profile
            with TRACER.span(
                f"call {command.action}", command.trace, station_id=command.station_id
            ) as message_id:
                answer = await session.call(request, expires_at=command.expires_at, message_id=message_id)
            await self._configuration.answered(command.station_id, request, answer, profile)
            return answer
        finally:
            self._under_way -= 1

    async def _refusal(self, request: Request) -> Answer | None:
        """A tag that may not charge starts nothing by remote either (OCPP 1.6 §5.11)."""
        if not isinstance(request, RemoteStartTransaction):
            return None
        tag = await self._bus.read_tag(request.id_tag)
        status = id_tag_info(tag, accept_unknown=self._accept_unknown_tags, now=self._clock()).status
        if status is AuthorizationStatus.accepted:
            return None
        return Answer(
            CommandOutcome.REFUSED,
            description=f"the id tag {request.id_tag!r} is {status.value} in the authorisation list (/csms/tags)",
        )

    async def _heed(self, notice: CsmsNotice, command: Command) -> None:
        session = self._directory.session(command.station_id)
        if notice is CsmsNotice.CONNECTION_REPLACED:
            replaced = msgspec.json.decode(command.payload, type=ReplacedNotice)
            self._directory.replaced_elsewhere(command.station_id, replaced.epoch)
        elif session is None:
            return  # it is gone; what is to be done will be done when it comes back
        elif notice is CsmsNotice.STATION_FORGOTTEN:
            session.dismiss()
        elif session.accepted:
            await self._configuration.apply(command.station_id, session)

    async def _serve(self, command: Command) -> None:
        if command.action in NOTICES:
            await self._heed(CsmsNotice(command.action), command)
            return
        try:
            answer = await self.carry_out(command)
        except BusUnavailableError as error:
            answer = Answer(CommandOutcome.REFUSED, description=f"the store is away: {error}")
        except Exception:
            log.exception(
                "a %s for %s could not be carried out",
                command.action,
                command.station_id,
                extra=_about(command),
            )
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
            log.warning(
                "the answer to a %s could not be passed on: %s", command.action, error, extra=_about(command)
            )
