"""A TCP connection that says what it is told to, at the pace it is told: for handshakes and frames that no library sends."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

from tests.support.ocpp_peers.raw_connection import PATIENCE

_ACCEPT_SALT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class BareSocket:
    """One TCP connection, in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        self._writer.write(data)
        await self._writer.drain()

    async def dribble(self, data: bytes, pause_seconds: float) -> None:
        """Send it byte by byte."""
        for byte in data:
            await self.send(bytes((byte,)))
            await asyncio.sleep(pause_seconds)

    async def head(self) -> str:
        """Read an HTTP request or response up to its empty line."""
        async with asyncio.timeout(PATIENCE):
            return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def frame(self) -> tuple[int, bytes]:
        """Read one short frame, masked or not: its first byte and its payload."""
        async with asyncio.timeout(PATIENCE):
            first, length = await self.reader.readexactly(2)
            masked, size = length & 0x80, length & 0x7F
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            mask = await self.reader.readexactly(4) if masked else b""
            data = await self.reader.readexactly(size)
        return first, bytes(b ^ mask[i % 4] for i, b in enumerate(data)) if mask else data

    async def ended(self) -> None:
        """Read until the peer has closed the connection."""
        async with asyncio.timeout(PATIENCE):
            try:
                while await self.reader.read(65_536):
                    pass
            except ConnectionError:
                pass

    async def open_station(self, station_id: str) -> str:
        """Send a station's handshake and read the answer."""
        await self.send(station_handshake(station_id))
        return await self.head()

    async def accept_station(self, subprotocol: str | None = "ocpp1.6") -> None:
        """Read a station's handshake and accept it, with any subprotocol."""
        request = await self.head()
        [key] = [line for line in request.splitlines() if line.lower().startswith("sec-websocket-key:")]
        digest = hashlib.sha1((key.partition(":")[2].strip() + _ACCEPT_SALT).encode()).digest()
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
            *([] if subprotocol is None else [f"Sec-WebSocket-Protocol: {subprotocol}"]),
        ]
        await self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def close(self) -> None:
        """Let go of it."""
        self._writer.close()


def station_handshake(station_id: str) -> bytes:
    """A station's opening handshake."""
    return (
        f"GET /{quote(station_id, safe='')} HTTP/1.1\r\nHost: csms.test\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
    ).encode()


def frame(text: bytes, *, first: int = 0x81, masked: bool) -> bytes:
    """A frame; `first` is FIN, reserved bits and opcode. Stations mask, servers do not."""
    mask = os.urandom(4) if masked else b""
    flag = 0x80 if masked else 0
    head = bytes((first,))
    if len(text) < 126:
        head += bytes((flag | len(text),))
    else:
        head += bytes((flag | 126,)) + len(text).to_bytes(2, "big")
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text)) if mask else head + text


@asynccontextmanager
async def bare_socket(port: int) -> AsyncIterator[BareSocket]:
    """A connection to a port on loopback."""
    socket = BareSocket(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield socket
    finally:
        socket.close()


@asynccontextmanager
async def bare_server(serve: Callable[[BareSocket], Awaitable[None]]) -> AsyncIterator[str]:
    """A listener on loopback that deals with each connection as `serve` does; where stations connect."""
    sockets: list[BareSocket] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sockets.append(BareSocket(reader, writer))
        try:
            await serve(sockets[-1])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for socket in sockets:
            socket.close()
