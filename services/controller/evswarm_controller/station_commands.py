"""Commands to one station as operations: each is written down before it is sent, and again with what came of it.

Whoever asks gets the answer at once as well; the operation is for those who look later, and tells that nobody knows
what came of it when the controller ends in between.
"""

import logging
import secrets
from collections.abc import Callable
from typing import Final

import msgspec

from evswarm_controller.command_router import CommandRouter
from evswarm_controller.errors import CommandFailedError
from evswarm_controller.observer import Observer
from evswarm_shared.bus.messages import (
    CommandReply,
    CommandTarget,
    OperationKind,
    OperationSnapshot,
    OperationState,
)
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import BusUnavailableError

KINDS: Final = {CommandTarget.WORKER: OperationKind.ACTION, CommandTarget.CSMS: OperationKind.COMMAND}

log = logging.getLogger(__name__)


class StationCommands:
    """Has single stations do something."""

    def __init__(
        self, bus: ControllerBus, observer: Observer, router: CommandRouter, *, now: Callable[[], float]
    ) -> None:
        self._bus = bus
        self._observer = observer
        self._router = router
        self._now = now

    async def ask(
        self, target: CommandTarget, process_id: str, station_id: str, action: str, payload: bytes
    ) -> tuple[CommandReply, str]:
        """As `CommandRouter.ask`, with the id of the operation that it was.

        Raises:
            CommandFailedError: as there; its `operation_id` is set.
            BusUnavailableError: nothing was sent.
        """
        kind, now = KINDS[target], self._now()
        operation = OperationSnapshot(
            operation_id=f"{kind}-{secrets.token_hex(6)}",
            kind=kind,
            generation=0,
            state=OperationState.RUNNING,
            target=1,
            created_at=now,
            updated_at=now,
            station_ids=(station_id,),
            action=action,
            expires_at=now + self._router.timeout_seconds,
        )
        await self._write(operation)
        try:
            reply = await self._router.ask(target, process_id, station_id, action, payload)
        except CommandFailedError as error:
            error.operation_id = operation.operation_id
            words = f"{error.error_code} {error}".strip() or error.outcome.value.replace("_", " ")
            await self._end(
                msgspec.structs.replace(operation, state=OperationState.FAILED, failed=1, message=words)
            )
            raise
        await self._end(msgspec.structs.replace(operation, state=OperationState.SUCCEEDED, done=1))
        return reply, operation.operation_id

    async def _end(self, operation: OperationSnapshot) -> None:
        try:
            await self._write(msgspec.structs.replace(operation, updated_at=self._now()))
        except BusUnavailableError as error:
            log.warning("the end of %s is not written: %s", operation.operation_id, error)

    async def _write(self, operation: OperationSnapshot) -> None:
        await self._bus.write_operation(operation)
        self._observer.take_operation(operation)
