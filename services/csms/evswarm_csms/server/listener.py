"""The listener for stations: accepts connections, keeps them alive, and lets them go in order.

What a connection says is the business of `connection` (WebSocket) and `session` (OCPP-J).
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from itertools import cycle
from typing import Final

from websockets.frames import CloseCode

from evswarm_csms.errors import ListenError
from evswarm_csms.handlers.admission import Admission, Ruling
from evswarm_csms.server.connection import WEBSOCKET_LOG, StationConnection
from evswarm_csms.server.roles import Listener
from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason, ProtocolCounts
from evswarm_shared.telemetry.tls_failures import HandshakeError, watched

log = logging.getLogger(__name__)

LISTEN_BACKLOG: Final = 4096
"""Connections the kernel may hold for us while a whole swarm connects at once."""

CLOSE_BATCH: Final = 100
CLOSE_PAUSE_SECONDS: Final = 0.02
"""At the end, this many connections are closed at a time, with a pause: stations should not come back as one."""

TLS_HANDSHAKE_SECONDS: Final = 10.0

LONGEST_TICK_SECONDS: Final = 1.0
PING_SPREAD: Final = 3
"""Stations are pinged up to a third of the interval early, so that those that connected together are not as one."""

WAITING_ROOM: Final = 128
"""Connections beyond the room that may stay long enough to be told that there is none; those beyond are cut off."""

FULL_IS_OVER: Final = 0.9
"""Below this share of the room a replica that was full may complain again."""

Admit = Callable[[StationConnection, str], None]
Attach = Callable[[StationConnection, str], Listener]


class StationServer:
    """The listening socket and every connection on it.

    `admit` decides about an identity before the upgrade, `attach` names the listener of an open WebSocket.
    The owner runs `keep_alive` for as long as the server lives, and ends with `close`. `room` is how many connections
    may be open at a time, None for any number: a process that runs out of files can do nothing in order any more.
    """

    def __init__(
        self,
        *,
        counts: ProtocolCounts,
        max_frame_bytes: int,
        ping_interval_seconds: float,
        admit: Admit,
        attach: Attach,
        room: int | None = None,
    ) -> None:
        self.counts = counts
        self.max_frame_bytes = max_frame_bytes
        self.tick_seconds = min(LONGEST_TICK_SECONDS, ping_interval_seconds)
        latest = max(1, round(ping_interval_seconds / self.tick_seconds))
        self._ping_after = cycle(range(latest - latest // PING_SPREAD, latest + 1))
        self._admit = admit
        self._attach = attach
        self._room = room
        self._full = False
        self._connections: set[StationConnection] = set()
        self._let_in: set[StationConnection] = set()
        self._servers: list[asyncio.Server] = []
        self._empty = asyncio.Event()
        WEBSOCKET_LOG.setLevel(logging.WARNING)

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Begin to accept stations, by TLS with a context; return the real port (for port 0).

        Raises:
            ListenError: the address is taken or not ours.
        """
        loop = asyncio.get_running_loop()
        if tls is not None:
            tls.sslobject_class = watched(self._handshake_failed)
        try:
            server = await loop.create_server(
                lambda: StationConnection(self),
                host,
                port,
                backlog=LISTEN_BACKLOG,
                ssl=tls,
                ssl_handshake_timeout=TLS_HANDSHAKE_SECONDS if tls else None,
            )
        except OSError as error:
            raise ListenError(f"cannot listen for stations on {host}:{port}: {error.strerror}") from error
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def keep_alive(self) -> None:
        """Give every connection its tick, for ever."""
        while True:
            await asyncio.sleep(self.tick_seconds)
            for connection in tuple(self._connections):
                connection.tick()

    async def close(self, *, seconds: float) -> None:
        """Accept no more, close what is open with 1001 a few at a time, and wait at most `seconds` for the clients."""
        for server in self._servers:
            server.close()
        remaining = list(self._connections)
        for start in range(0, len(remaining), CLOSE_BATCH):
            for connection in remaining[start : start + CLOSE_BATCH]:
                connection.close(
                    CloseCode.GOING_AWAY, "the central system is stopping", DisconnectReason.CLOSED_BY_US
                )
            await asyncio.sleep(CLOSE_PAUSE_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                while self._connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            for connection in tuple(self._connections):
                connection.abort()

    def _handshake_failed(self, error: HandshakeError) -> None:
        # Which station it was nobody knows: its identity would have come with the first request (A00.FR.323, A00.FR.408).
        self.counts.connects.add(error.result)
        log.info("TLS handshake refused: %s (%s)", error.result.replace("_", " "), error.reason)

    # --- from the connections

    def ping_after(self) -> int:
        """After how many silent ticks the next connection is to be pinged."""
        return next(self._ping_after)

    def opening(self, connection: StationConnection) -> None:
        """The TCP connection stands."""
        self._connections.add(connection)
        if self._room is not None and len(self._connections) > self._room + WAITING_ROOM:
            self._refusing(self._room)
            self.counts.connects.add(ConnectResult.REFUSED)
            connection.abort()

    def admit(self, connection: StationConnection, station_id: str) -> None:
        """Pass the identity on to whoever decides, as long as there is room."""
        if self._room is not None and len(self._let_in) >= self._room:
            self._refusing(self._room)
            connection.admitted(Ruling(Admission.NO_ROOM))
            return
        self._let_in.add(connection)
        self._admit(connection, station_id)

    def attach(self, connection: StationConnection, station_id: str) -> Listener:
        """Pass the open WebSocket on to whoever listens."""
        return self._attach(connection, station_id)

    def gone(self, connection: StationConnection) -> None:
        """The TCP connection is over."""
        self._connections.discard(connection)
        self._let_in.discard(connection)
        if self._full and self._room is not None and len(self._let_in) < FULL_IS_OVER * self._room:
            self._full = False
        if not self._connections:
            self._empty.set()

    def _refusing(self, room: int) -> None:
        if not self._full:
            self._full = True
            log.warning(
                "%d stations are connected, as many as the open files allow: further ones are refused. Add a replica "
                "of the central system, or raise its limit of open files (ulimit -n)",
                room,
            )
