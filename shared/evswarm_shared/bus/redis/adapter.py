"""The Redis adapter as one object: the operations of all services, the channels and the life of the connection."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Self, TypeVar

import msgspec

from evswarm_shared.bus.keys import TRANSACTIONS_KEPT, Keys
from evswarm_shared.bus.messages import ChangeHint, Command, CommandReply, CommandTarget, PatchEvent
from evswarm_shared.bus.redis.archive import ArchiveOperations
from evswarm_shared.bus.redis.controller import ControllerOperations
from evswarm_shared.bus.redis.csms import CsmsOperations
from evswarm_shared.bus.redis.encoding import encode
from evswarm_shared.bus.redis.history import HistoryOperations
from evswarm_shared.bus.redis.link import Link
from evswarm_shared.bus.redis.operations import OperationOperations
from evswarm_shared.bus.redis.registry import RegistryOperations
from evswarm_shared.bus.redis.subscription import subscribe
from evswarm_shared.bus.redis.worker import WorkerOperations

_command = msgspec.json.Decoder(Command)
_patch = msgspec.json.Decoder(PatchEvent)
_reply = msgspec.json.Decoder(CommandReply)

Message = TypeVar("Message")


class RedisBus(
    WorkerOperations,
    ControllerOperations,
    CsmsOperations,
    RegistryOperations,
    ArchiveOperations,
    HistoryOperations,
    OperationOperations,
):
    """See `port.Bus`. Connects when first used and again after a failure; the caller owes `close`."""

    def __init__(self, link: Link, keys: Keys, *, transactions_kept: int = TRANSACTIONS_KEPT) -> None:
        self._link = link
        self._keys = keys
        self._transactions_kept = transactions_kept

    @classmethod
    def connect(
        cls,
        redis_url: str,
        key_prefix: str = "evswarm",
        *,
        timeout_seconds: float = 2.0,
        transactions_kept: int = TRANSACTIONS_KEPT,
    ) -> Self:
        """A bus on the store at this address. No I/O happens yet: `await bus.ping()` tells whether it is there.

        `timeout_seconds` bounds connecting and each wait for an answer.

        Raises:
            LocalError: the address is not one of a store.
        """
        return cls(Link(redis_url, timeout_seconds), Keys(key_prefix), transactions_kept=transactions_kept)

    async def ping(self) -> None:
        """See `port.Bus.ping`."""
        await self._link.execute("PING")

    async def close(self) -> None:
        """See `port.Bus.close`."""
        await self._link.close()

    async def reply(self, reply_to: str, reply: CommandReply) -> None:
        """See `port.WorkerBus.reply`."""
        await self._link.execute("PUBLISH", self._keys.replies(reply_to), encode(reply))

    async def send_command(self, target: CommandTarget, process_id: str, command: Command) -> bool:
        """See `port.ControllerBus.send_command`."""
        channel = self._keys.commands(target, process_id)
        receivers: int = await self._link.execute("PUBLISH", channel, encode(command))
        return receivers > 0

    def commands(
        self, target: CommandTarget, process_id: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Command]]:
        """See `port.WorkerBus.commands`."""
        return self._without_gaps(self._keys.commands(target, process_id), _command)

    def replies(self, controller_id: str) -> AbstractAsyncContextManager[AsyncIterator[CommandReply]]:
        """See `port.ControllerBus.replies`."""
        return self._without_gaps(self._keys.replies(controller_id), _reply)

    @asynccontextmanager
    async def patches(self) -> AsyncIterator[AsyncIterator[PatchEvent | None]]:
        """See `port.ControllerBus.patches`."""
        async with (
            subscribe(self._link, self._keys.patches) as messages,
            aclosing(_decoded(messages, _patch.decode)) as decoded,
        ):
            yield decoded

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[AsyncIterator[ChangeHint]]:
        """See `port.WorkerBus.changes`."""
        async with (
            subscribe(self._link, self._keys.changes) as messages,
            aclosing(_hints(messages)) as hints,
        ):
            yield hints

    @asynccontextmanager
    async def _without_gaps(
        self, channel: str, decoder: msgspec.json.Decoder[Message]
    ) -> AsyncIterator[AsyncIterator[Message]]:
        async with (
            subscribe(self._link, channel) as messages,
            aclosing(_decoded(messages, decoder.decode)) as decoded,
            aclosing(_present(decoded)) as present,
        ):
            yield present


async def _decoded(
    messages: AsyncIterator[bytes | None], decode: Callable[[bytes], Message]
) -> AsyncGenerator[Message | None, None]:
    async for message in messages:
        yield None if message is None else decode(message)


async def _present(messages: AsyncIterator[Message | None]) -> AsyncGenerator[Message, None]:
    async for message in messages:
        if message is not None:
            yield message


async def _hints(messages: AsyncIterator[bytes | None]) -> AsyncGenerator[ChangeHint, None]:
    async for message in messages:
        if message is not None:
            yield ChangeHint(message.decode())
            continue
        for hint in ChangeHint:
            yield hint
