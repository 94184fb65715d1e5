"""Commands to stations and the replies to them: one subscription a controller, one future a command."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from evswarm_controller.errors import CommandFailedError
from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply, CommandTarget, Shortfall
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.telemetry.tracing import TRACER

RETRY_SECONDS: Final = 0.5

log = logging.getLogger(__name__)


class CommandRouter:
    """Sends commands and waits for their replies."""

    def __init__(
        self,
        bus: ControllerBus,
        *,
        controller_id: str,
        timeout_seconds: float,
        now: Callable[[], float],
        told: Callable[[CommandTarget, str, str, bytes, CommandOutcome, str, float], None],
    ) -> None:
        """`told` hears of every command: target, station, action, payload, outcome, problem, and when it began."""
        self._bus = bus
        self._controller_id = controller_id
        self.timeout_seconds = timeout_seconds
        self._now = now
        self._told = told
        self._waiting: dict[str, asyncio.Future[CommandReply]] = {}
        self._listening = asyncio.Event()

    async def run(self) -> None:
        """Take replies for ever; while the store is away, try again."""
        while True:
            try:
                async with self._bus.replies(self._controller_id) as replies:
                    self._listening.set()
                    async for reply in replies:
                        self._take(reply)
            except BusUnavailableError as error:
                log.warning("no replies can be taken: %s", error)
            self._listening.clear()
            await asyncio.sleep(RETRY_SECONDS)

    async def ask(
        self, target: CommandTarget, process_id: str, station_id: str, action: str, payload: bytes
    ) -> CommandReply:
        """Have one process do something to one station, and return the reply of outcome DONE.

        Raises:
            CommandFailedError: any other outcome; NOT_CONNECTED also when nobody listens there, TIMEOUT when no reply
                came in time.
        """
        began, outcome, problem = self._now(), CommandOutcome.DONE, ""
        try:
            return await self.inquire(target, process_id, station_id, action, payload)
        except CommandFailedError as error:
            outcome, problem = error.outcome, str(error)
            raise
        finally:
            self._told(target, station_id, action, payload, outcome, problem, began)

    async def inquire(
        self, target: CommandTarget, process_id: str, station_id: str, action: str, payload: bytes
    ) -> CommandReply:
        """As `ask`, of something that changes nothing: nobody is told of it."""
        with TRACER.span(f"command {action}", station_id=station_id, target=target.value) as trace:
            return await self._ask(target, process_id, (station_id,), action, payload, trace)

    async def ask_many(
        self, worker_id: str, station_ids: Sequence[str], action: str, payload: bytes
    ) -> tuple[Shortfall, ...]:
        """Have a worker do something to many of its stations, and return those it was not done to.

        Raises:
            CommandFailedError: as `ask`; with TIMEOUT it is not known at which stations it was done.
        """
        with TRACER.span(f"bulk {action}", target=CommandTarget.WORKER.value) as trace:
            reply = await self._ask(CommandTarget.WORKER, worker_id, station_ids, action, payload, trace)
        return reply.shortfalls

    async def _ask(
        self,
        target: CommandTarget,
        process_id: str,
        station_ids: Sequence[str],
        action: str,
        payload: bytes,
        trace: str,
    ) -> CommandReply:
        command_id = secrets.token_hex(8)
        several = len(station_ids) > 1
        command = Command(
            command_id=command_id,
            station_id=station_ids[0],
            action=action,
            payload=msgspec.Raw(payload),
            expires_at=self._now() + self.timeout_seconds,
            reply_to=self._controller_id,
            trace=trace,
            station_ids=tuple(station_ids) if several else (),
        )
        future: asyncio.Future[CommandReply] = asyncio.get_running_loop().create_future()
        self._waiting[command_id] = future
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await self._listening.wait()
                if not await self._bus.send_command(target, process_id, command):
                    raise CommandFailedError(
                        CommandOutcome.NOT_CONNECTED,
                        f"Nobody runs station {station_ids[0]} at the moment; try again.",
                    )
                reply = await future
        except TimeoutError:
            raise CommandFailedError(
                CommandOutcome.TIMEOUT, f"No answer to {action} in {self.timeout_seconds:g} s."
            ) from None
        finally:
            del self._waiting[command_id]
        if reply.outcome is not CommandOutcome.DONE:
            raise CommandFailedError(reply.outcome, reply.description, reply.error_code)
        return reply

    def _take(self, reply: CommandReply) -> None:
        future = self._waiting.get(reply.command_id)
        if future is not None and not future.done():
            future.set_result(reply)
