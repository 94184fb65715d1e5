"""The in-memory adapter as one object: the operations of all services and the channels."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any

from evswarm_shared.bus.memory.archive import ArchiveOperations
from evswarm_shared.bus.memory.controller import ControllerOperations
from evswarm_shared.bus.memory.csms import CsmsOperations
from evswarm_shared.bus.memory.history import HistoryOperations
from evswarm_shared.bus.memory.operations import OperationOperations
from evswarm_shared.bus.memory.registry import RegistryOperations
from evswarm_shared.bus.memory.store import MemoryStore
from evswarm_shared.bus.memory.worker import WorkerOperations
from evswarm_shared.bus.messages import ChangeHint, Command, CommandReply, CommandTarget, PatchEvent


class MemoryBus(
    WorkerOperations,
    ControllerOperations,
    CsmsOperations,
    RegistryOperations,
    ArchiveOperations,
    HistoryOperations,
    OperationOperations,
):
    """See `port.Bus`. Several buses on one store are several processes."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = MemoryStore() if store is None else store

    async def ping(self) -> None:
        """See `port.Bus.ping`."""
        self.store.check()

    async def close(self) -> None:
        """See `port.Bus.close`. The store stays as it is."""

    async def reply(self, reply_to: str, reply: CommandReply) -> None:
        """See `port.WorkerBus.reply`."""
        self.store.check()
        self.store.send(self.store.keys.replies(reply_to), reply)

    async def send_command(self, target: CommandTarget, process_id: str, command: Command) -> bool:
        """See `port.ControllerBus.send_command`."""
        self.store.check()
        return self.store.send(self.store.keys.commands(target, process_id), command) > 0

    def commands(
        self, target: CommandTarget, process_id: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Command]]:
        """See `port.WorkerBus.commands`."""
        return self._without_gaps(self.store.keys.commands(target, process_id))

    def replies(self, controller_id: str) -> AbstractAsyncContextManager[AsyncIterator[CommandReply]]:
        """See `port.ControllerBus.replies`."""
        return self._without_gaps(self.store.keys.replies(controller_id))

    def patches(self) -> AbstractAsyncContextManager[AsyncIterator[PatchEvent | None]]:
        """See `port.ControllerBus.patches`."""
        return self.store.listen(self.store.keys.patches)

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[AsyncIterator[ChangeHint]]:
        """See `port.WorkerBus.changes`."""
        async with (
            self.store.listen(self.store.keys.changes) as messages,
            aclosing(_hints(messages)) as hints,
        ):
            yield hints

    @asynccontextmanager
    async def _without_gaps(self, channel: str) -> AsyncIterator[AsyncIterator[Any]]:
        async with self.store.listen(channel) as messages, aclosing(_present(messages)) as present:
            yield present


async def _present(messages: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    async for message in messages:
        if message is not None:
            yield message


async def _hints(messages: AsyncIterator[ChangeHint | None]) -> AsyncGenerator[ChangeHint, None]:
    async for message in messages:
        if message is not None:
            yield message
            continue
        for hint in ChangeHint:
            yield hint
