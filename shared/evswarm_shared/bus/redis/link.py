"""The one connection to the store. Commands of all callers share its round trips; nothing here knows a key.

Whatever is asked for while a round trip is under way goes out together with the next one, so ten thousand concurrent
callers need one socket and few system calls, and commands arrive in the order in which they were asked for.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio.connection import Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, OutOfMemoryError, RedisError

from evswarm_shared.bus.redis.scripts import Script
from evswarm_shared.bus.redis.wire import Argument as Argument
from evswarm_shared.bus.redis.wire import packed
from evswarm_shared.errors import BusUnavailableError, LocalError

COMMANDS_PER_ROUND_TRIP: Final = 256

_Waiting = tuple[tuple[Argument, ...], asyncio.Future[Any]]


class Link:
    """Sends commands and scripts, and says `BusUnavailableError` when the store does not answer in time.

    A failed round trip fails everything that waits with it; the next command connects again. Nothing is ever sent
    twice. A link belongs to the event loop that uses it first.
    """

    def __init__(self, redis_url: str, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        try:
            self._pool = ConnectionPool.from_url(
                redis_url,
                protocol=2,
                socket_timeout=timeout_seconds,
                socket_connect_timeout=timeout_seconds,
                retry=Retry(NoBackoff(), 0),
                driver_info=None,
            )
        except ValueError as error:
            raise LocalError(f"not the address of a store: {error}") from error
        self._connection = self.new_connection()
        self._waiting: list[_Waiting] = []
        self._sender: asyncio.Task[None] | None = None
        self._closed = False

    def new_connection(self) -> Connection:
        """A further connection, not connected yet, for a subscription of its own."""
        connection: Connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        return connection

    async def execute(self, *command: Argument) -> Any:
        """Send one command and return its reply.

        Raises:
            BusUnavailableError: no answer in time, or the store refused; the command may or may not have been done.
        """
        reply = await self._enqueue(command)
        if isinstance(reply, RedisError):
            raise _unavailable(reply)
        return reply

    async def call(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument] = ()) -> Any:
        """Run a script; its source travels only where the store does not know it (any more).

        Raises:
            BusUnavailableError: as `execute`.
        """
        reply = await self._enqueue(("EVALSHA", script.sha, len(keys), *keys, *arguments))
        if isinstance(reply, NoScriptError):
            return await self.execute("EVAL", script.source, len(keys), *keys, *arguments)
        if isinstance(reply, RedisError):
            raise _unavailable(reply)
        return reply

    async def close(self) -> None:
        """Close the connection. Those still waiting get `BusUnavailableError`."""
        self._closed = True
        if self._sender is not None:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
        await self._connection.disconnect(nowait=True)

    def _enqueue(self, command: tuple[Argument, ...]) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._closed:
            future.set_exception(BusUnavailableError("the connection to the store has been closed"))
            return future
        self._waiting.append((command, future))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all(), name="bus-link")
        return future

    async def _send_all(self) -> None:
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                batch = [each for each in self._waiting[:COMMANDS_PER_ROUND_TRIP] if not each[1].done()]
                del self._waiting[:COMMANDS_PER_ROUND_TRIP]
                try:
                    await self._round_trip(batch)
                except (RedisError, OSError) as error:
                    batch += self._waiting
                    self._waiting = []
                    with contextlib.suppress(RedisError, OSError):
                        await self._connection.disconnect(nowait=True)
                    _fail(batch, f"the store does not answer: {error}")
        finally:
            self._sender = None
            _fail(batch + self._waiting, "the connection to the store has been closed")

    async def _round_trip(self, batch: list[_Waiting]) -> None:
        connection = self._connection
        commands = packed(command for command, _ in batch)
        await connection.send_packed_command(commands, check_health=False)
        for _, future in batch:
            try:
                reply = await connection.read_response()
            except RedisError as error:
                if not connection.is_connected:
                    raise
                reply = error
            if not future.done():
                future.set_result(reply)


def _fail(batch: list[_Waiting], reason: str) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(BusUnavailableError(reason))


def _unavailable(error: RedisError) -> BusUnavailableError:
    if isinstance(error, OutOfMemoryError):
        return BusUnavailableError(
            "the store refused: it holds as much as its memory limit (maxmemory) allows"
        )
    return BusUnavailableError(f"the store refused: {error}")
