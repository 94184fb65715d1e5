"""The subscription's dealings with its connection, on a connection that a test makes up."""

import asyncio
from typing import Any

import pytest

from evswarm_shared.bus.redis.subscription import _send


class ForgetfulConnection:
    """Swallows a cancellation while it writes, as asyncio.wait_for does on Python 3.11 when the write is just done."""

    def __init__(self) -> None:
        self.writing = asyncio.Event()

    def pack_command(self, *command: str) -> list[bytes]:
        return [part.encode() for part in command]

    async def send_packed_command(self, command: list[bytes], check_health: bool = True) -> None:
        self.writing.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return


async def test_a_cancellation_that_the_client_swallows_is_not_lost() -> None:
    connection: Any = ForgetfulConnection()
    task = asyncio.create_task(_send(connection, "PING"))
    await connection.writing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
