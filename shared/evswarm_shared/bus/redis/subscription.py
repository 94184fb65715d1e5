"""Listening to one channel over a connection of its own, through restarts of the store."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

from redis.asyncio.connection import Connection
from redis.exceptions import RedisError

from evswarm_shared.bus.redis.link import Link
from evswarm_shared.errors import BusUnavailableError

FIRST_RETRY_SECONDS: Final = 0.05
LONGEST_RETRY_SECONDS: Final = 1.0
SILENCE_SECONDS: Final = 5.0
"""After this long without a message the store is asked whether it is still there."""


@asynccontextmanager
async def subscribe(link: Link, channel: str) -> AsyncIterator[AsyncIterator[bytes | None]]:
    """The messages of a channel, from the moment the context is entered; None where some may have been missed.

    A lost connection is made again for as long as it takes, and then None is the first thing that comes.

    Raises:
        BusUnavailableError: on entering, when the store does not answer.
    """
    connection = link.new_connection()
    try:
        try:
            await _open(connection, channel)
        except (RedisError, OSError) as error:
            raise BusUnavailableError(f"the store does not answer: {error}") from error
        async with aclosing(_messages(link, connection, channel)) as messages:
            yield messages
    finally:
        with contextlib.suppress(RedisError, OSError):
            await connection.disconnect(nowait=True)


async def _open(connection: Connection, channel: str) -> None:
    await connection.connect()  # type: ignore[no-untyped-call]
    await _send(connection, "SUBSCRIBE", channel)
    await connection.read_response()


async def _send(connection: Connection, *command: str) -> None:
    await connection.send_packed_command(connection.pack_command(*command), check_health=False)
    # The client writes under asyncio.wait_for, which on Python 3.11 swallows a cancellation that arrives just when
    # the write is done: whoever cancelled us would wait for ever.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _messages(link: Link, connection: Connection, channel: str) -> AsyncGenerator[bytes | None, None]:
    retry_seconds = FIRST_RETRY_SECONDS
    while True:
        try:
            if not connection.is_connected:
                await _open(connection, channel)
                retry_seconds = FIRST_RETRY_SECONDS
                yield None
            yield await _next_message(link, connection)
        except (RedisError, OSError):
            with contextlib.suppress(RedisError, OSError):
                await connection.disconnect(nowait=True)
            await asyncio.sleep(retry_seconds)
            retry_seconds = min(2 * retry_seconds, LONGEST_RETRY_SECONDS)


async def _next_message(link: Link, connection: Connection) -> bytes:
    """The next message; a store that stays silent when asked counts as gone."""
    asked = False
    while True:
        reply: Any = await connection.read_response(
            timeout=link.timeout_seconds if asked else SILENCE_SECONDS, disconnect_on_error=False
        )
        if reply is None:
            if asked:
                raise TimeoutError("the store has gone silent")
            await _send(connection, "PING")
            asked = True
            continue
        asked = False
        if reply[0] == b"message":
            message: bytes = reply[2]
            return message
