"""A WebSocket that sends any frame, keeps every frame, and answers CALLs from a table.

Judges a peer by what was on the wire. Knows OCPP-J's three message types and nothing of the messages themselves.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

CALL, CALL_RESULT, CALL_ERROR = 2, 3, 4
PATIENCE = 15.0
"""Seconds that a peer gets for anything, far more than it needs."""

Message = list[Any]
Answer = Callable[[Any], Any] | dict[str, Any] | None


def utc_now() -> str:
    """The time as OCPP writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class RawConnection:
    """One open WebSocket. `answers` maps an Action to its CALLRESULT payload, or to a function that makes it.

    CALLs without an entry wait for the test: `next_call`, then `answer` or `refuse`.
    """

    def __init__(
        self, socket: ClientConnection | ServerConnection, station_id: str, answers: Mapping[str, Answer]
    ) -> None:
        self.socket = socket
        self.station_id = station_id
        self.answers = dict(answers)
        self.received: list[Any] = []
        self.received_at: list[float] = []
        self.sent: list[str | bytes] = []
        self._consumed: set[int] = set()
        self._news = asyncio.Condition()
        self._ended = False
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for data in self.socket:
                message = _decoded(data)
                async with self._news:
                    self.received.append(message)
                    self.received_at.append(time.monotonic())
                    self._news.notify_all()
                if _is_call(message) and message[2] in self.answers:
                    answer = self.answers[message[2]]
                    payload = answer(message[3]) if callable(answer) else answer
                    if payload is not None:
                        # Nobody hears it where the end came along with the CALL; what lies between them is still read.
                        with suppress(ConnectionClosed):
                            await self.answer(message, payload)
        except ConnectionClosed:
            pass
        finally:
            async with self._news:
                self._ended = True
                self._news.notify_all()

    async def send(self, frame: str | bytes) -> None:
        """Send this and nothing else: text as a text frame, bytes as a binary one."""
        self.sent.append(frame)
        await self.socket.send(frame)

    async def send_message(self, *elements: Any) -> None:
        """Send a JSON array."""
        await self.send(json.dumps(elements, separators=(",", ":")))

    async def call(self, action: str, payload: Any, unique_id: str | None = None) -> Message:
        """Send a CALL; the CALLRESULT or CALLERROR that answers it."""
        unique_id = unique_id or str(uuid.uuid4())
        await self.send_message(CALL, unique_id, action, payload)
        return await self.answer_to(unique_id)

    async def answer_to(self, unique_id: Any) -> Message:
        """The answer to one of our CALLs."""
        answer: Message = await self.next(
            lambda m: (
                isinstance(m, list) and len(m) > 1 and m[0] in (CALL_RESULT, CALL_ERROR) and m[1] == unique_id
            ),
            f"an answer to {unique_id}",
        )
        return answer

    async def next_call(self, action: str, where: Mapping[str, Any] | None = None) -> Message:
        """The next CALL of this Action whose payload has these values."""
        call: Message = await self.next(
            lambda m: (
                _is_call(m)
                and m[2] == action
                and all(m[3].get(key) == value for key, value in (where or {}).items())
            ),
            f"a {action} {dict(where or {})}",
        )
        return call

    async def next(self, wanted: Callable[[Any], bool], what: str, seconds: float = PATIENCE) -> Any:
        """The first message not asked for yet that is `wanted`.

        Raises:
            AssertionError: None came in time, or the connection ended.
        """
        async with self._news:
            try:
                async with asyncio.timeout(seconds):
                    while (found := self._find(wanted)) is None:
                        if self._ended:
                            raise AssertionError(
                                f"connection ended ({self.close_code}) before {what}; got {self.received}"
                            )
                        await self._news.wait()
            except TimeoutError:
                raise AssertionError(f"no {what} in {seconds} s; got {self.received}") from None
        self._consumed.add(found)
        return self.received[found]

    def _find(self, wanted: Callable[[Any], bool]) -> int | None:
        for index, message in enumerate(self.received):
            if index not in self._consumed and wanted(message):
                return index
        return None

    async def silence(self, seconds: float) -> None:
        """Let this time pass, in which no CALL may come that was not asked for.

        Raises:
            AssertionError: One came.
        """
        await asyncio.sleep(seconds)
        unexpected = [
            message
            for index, message in enumerate(self.received)
            if index not in self._consumed and _is_call(message) and message[2] not in self.answers
        ]
        assert unexpected == []

    async def answer(self, call: Message, payload: Any) -> None:
        """Send the CALLRESULT to a CALL."""
        await self.send_message(CALL_RESULT, call[1], payload)

    async def refuse(self, call: Message, code: str, description: str = "") -> None:
        """Send a CALLERROR to a CALL."""
        await self.send_message(CALL_ERROR, call[1], code, description, {})

    def forget(self) -> None:
        """Let go of everything that was sent and received so far; for connections that carry very much."""
        self.received.clear()
        self.received_at.clear()
        self.sent.clear()
        self._consumed.clear()

    def calls(self, action: str) -> list[Any]:
        """The payloads of all CALLs of this Action so far."""
        return [m[3] for m in self.received if _is_call(m) and m[2] == action]

    async def closed(self) -> int | None:
        """Wait until the peer has closed; the close code."""
        async with asyncio.timeout(PATIENCE):
            await self.socket.wait_closed()
        return self.close_code

    @property
    def close_code(self) -> int | None:
        """None while open; 1006 for an end without a close frame."""
        return self.socket.close_code

    async def close(self) -> None:
        """Close in order and stop reading."""
        await self.socket.close()
        await self._reader


def _decoded(data: str | bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data


def _is_call(message: Any) -> bool:
    return isinstance(message, list) and len(message) == 4 and message[0] == CALL


@asynccontextmanager
async def raw_station(
    url: str,
    station_id: str,
    *,
    answers: Mapping[str, Answer] | None = None,
    subprotocols: tuple[str, ...] = ("ocpp1.6",),
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[RawConnection]:
    """A station's side of a WebSocket, open.

    Raises:
        websockets.exceptions.InvalidStatus: the handshake was refused.
    """
    socket = await connect(
        f"{url}/{quote(station_id, safe='')}",
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
        additional_headers=dict(headers or {}),
        proxy=None,
        compression=None,
        max_size=None,
        open_timeout=PATIENCE,
    )
    connection = RawConnection(socket, station_id, answers or {})
    try:
        yield connection
    finally:
        await connection.close()


ACCEPTED: dict[str, Answer] = {
    "Authorize": {"idTagInfo": {"status": "Accepted"}},
    "BootNotification": lambda _: {"status": "Accepted", "currentTime": utc_now(), "interval": 300},
    "DataTransfer": {"status": "Accepted"},
    "Heartbeat": lambda _: {"currentTime": utc_now()},
    "MeterValues": {},
    "StatusNotification": {},
    "StopTransaction": {"idTagInfo": {"status": "Accepted"}},
}
"""A central system that likes everybody. StartTransaction has no entry: its answer names an id, see `accept_starts`."""


def accept_starts(first_id: int = 1) -> Answer:
    """Answers to StartTransaction with ids that count up."""
    ids = iter(range(first_id, 2**31))
    return lambda _: {"transactionId": next(ids), "idTagInfo": {"status": "Accepted"}}


class RawCentralSystem:
    """A WebSocket server for stations; every connection is a `RawConnection` that answers from `answers`."""

    def __init__(
        self, answers: Mapping[str, Answer] | None = None, *, subprotocols: tuple[str, ...] = ("ocpp1.6",)
    ) -> None:
        self.answers: dict[str, Answer] = (
            ACCEPTED | {"StartTransaction": accept_starts()} if answers is None else dict(answers)
        )
        self.connections: list[RawConnection] = []
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        """Path and headers of every handshake, refused ones included."""
        self.refuse_with: int | None = None
        self._subprotocols = subprotocols
        self._news = asyncio.Condition()
        self._given: set[int] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Where stations connect, without the identity."""
        return f"ws://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator["RawCentralSystem"]:
        """Listen on loopback; 0 takes a free port."""
        async with serve(
            self._serve,
            "127.0.0.1",
            port,
            subprotocols=[Subprotocol(name) for name in self._subprotocols] or None,
            select_subprotocol=None if self._subprotocols else lambda *_: None,
            process_request=self._look_at,
            compression=None,
            max_size=None,
        ) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield self

    def _look_at(self, connection: ServerConnection, request: Any) -> Any:
        self.requests.append((request.path, dict(request.headers.raw_items())))
        if self.refuse_with is not None:
            return connection.respond(self.refuse_with, "refused\n")
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        connection = RawConnection(socket, unquote(socket.request.path.lstrip("/")), self.answers)
        async with self._news:
            self.connections.append(connection)
            self._news.notify_all()
        await socket.wait_closed()

    async def next_connection(
        self, station_id: str | None = None, seconds: float = PATIENCE
    ) -> RawConnection:
        """The next connection, of this station, that was not asked for yet.

        Raises:
            AssertionError: None came in time.
        """
        async with self._news:
            try:
                async with asyncio.timeout(seconds):
                    while True:
                        for index, connection in enumerate(self.connections):
                            if index not in self._given and station_id in (None, connection.station_id):
                                self._given.add(index)
                                return connection
                        await self._news.wait()
            except TimeoutError:
                raise AssertionError(
                    f"no connection of {station_id or 'any station'} in {seconds} s"
                ) from None
