"""Waiting for one answer among many."""

import asyncio
import json
from typing import Any, Final

from websockets.asyncio.connection import Connection

from tests.support.ocpp_peers.raw_connection import PATIENCE

CLOSE_CODES: Final = frozenset((1003, 1007, 1009))
"""How a connection may end that carried frames which are no text, no UTF-8, or too long."""


async def answer_to(socket: Connection, unique_id: str) -> list[Any]:
    """The answer with this id; everything else that comes is passed over.

    Raises:
        ConnectionClosed: the connection ended before.
        TimeoutError: no answer in time.
    """
    quoted = f'"{unique_id}"'
    async with asyncio.timeout(PATIENCE):
        while True:
            text = await socket.recv()
            assert isinstance(text, str)
            if quoted in text:
                message: list[Any] = json.loads(text)
                if message[0] in (3, 4) and message[1] == unique_id:
                    return message
