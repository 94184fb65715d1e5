"""One station's WebSocket: bytes to text messages and back, on the sans-I/O layer of `websockets`.

Knows frames, fragments, keep-alive and closing; knows nothing of OCPP. There is no task, queue, lock or timer a
connection: the server calls `tick` of all of them about once a second.
"""

import asyncio
from http import HTTPStatus
from logging import getLogger
from typing import Final, cast

from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from evswarm_csms.handlers.admission import NO_SECURITY, Admission, Approach, Ruling
from evswarm_csms.server.handshake import (
    HELP,
    REFUSALS,
    SUBPROTOCOL,
    authorization_of,
    select_subprotocol,
    station_id_of,
)
from evswarm_csms.server.peer_certificate import client_certificate
from evswarm_csms.server.roles import Host, Listener
from evswarm_csms.server.text_frame import text_frame
from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason

HANDSHAKE_TICKS: Final = 10
CLOSE_TICKS: Final = 5
"""How many ticks a client may take for the opening and the closing handshake."""

_TEXT: Final = Opcode.TEXT
_CONT: Final = Opcode.CONT
_BINARY: Final = Opcode.BINARY
_OPEN: Final = State.OPEN

WEBSOCKET_LOG: Final = getLogger("evswarm_csms.websocket")
"""Where the WebSocket layer says what it does; the server keeps it from telling about every connection."""


class StationConnection(asyncio.Protocol):
    """A TCP connection that is, or wants to become, a station's WebSocket."""

    __slots__ = (
        "_age",
        "_counts",
        "_fragments",
        "_held",
        "_host",
        "_listener",
        "_opened_at",
        "_ping_after",
        "_reading",
        "_reason",
        "_request",
        "_silent",
        "_transport",
        "_websocket",
        "_write_paused",
        "security_profile",
        "station_id",
    )

    def __init__(self, host: Host) -> None:
        self.station_id = ""
        self.security_profile = NO_SECURITY
        self._host = host
        self._counts = host.counts
        self._websocket = ServerProtocol(
            select_subprotocol=select_subprotocol,
            max_size=host.max_frame_bytes,
            logger=WEBSOCKET_LOG,
        )
        self._transport: asyncio.Transport | None = None
        self._listener: Listener | None = None
        self._request: Request | None = None
        self._fragments: list[bytes] | None = None
        self._reason: DisconnectReason | None = None
        self._opened_at = 0.0
        self._ping_after = host.ping_after()
        self._silent = 0
        self._age = 0
        self._reading = False
        self._held = False
        self._write_paused = False

    # --- from the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected; the handshake follows."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by descent
        self._opened_at = asyncio.get_running_loop().time()
        self._host.opening(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came: pass complete messages on, then write everything that this led to in one go."""
        self._silent = 0
        self._counts.bytes_received += len(data)
        websocket = self._websocket
        websocket.receive_data(data)
        self._reading = True
        try:
            for event in websocket.events_received():
                if isinstance(event, Frame):
                    self._frame_received(event)
                elif isinstance(event, Request):
                    self._handshake(event)
        finally:
            self._reading = False
            self._flush()

    def eof_received(self) -> None:
        """The client will send nothing more; the transport closes itself then."""
        self._websocket.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection is over, in whatever way."""
        del exc
        self._transport = None
        if self._listener is not None:
            self._counts.disconnects.add(self._why())
            self._listener.detach(self)
            self._listener = None
        self._host.gone(self)

    def pause_writing(self) -> None:
        """The station does not read its answers: do not read its calls either."""
        self._write_paused = True
        self._update_reading()

    def resume_writing(self) -> None:
        """The station reads again."""
        self._write_paused = False
        self._silent = 0
        self._update_reading()

    # --- from the session

    def send(self, data: bytes) -> bool:
        """Send a text message (UTF-8). False when the connection can take none any more."""
        if self._websocket.state is not _OPEN or self._transport is None:
            return False
        self._websocket.writes.append(text_frame(data))
        if not self._reading:
            self._flush()
        return True

    def hold(self, held: bool) -> None:
        """Stop or go on reading, because the session has enough to do."""
        if held is not self._held:
            self._held = held
            self._update_reading()

    @property
    def last_words(self) -> str:
        """Code and reason of the close frame with which the client ended it; empty without one, or after one of ours."""
        websocket = self._websocket
        if websocket.close_rcvd is None or not websocket.close_rcvd_then_sent:
            return ""
        return f"{websocket.close_rcvd.code} {websocket.close_rcvd.reason}".rstrip()

    def close(self, code: CloseCode, text: str, reason: DisconnectReason) -> None:
        """Begin the closing handshake; harmless when it has begun already."""
        if self._transport is None:
            return
        if self._websocket.state is _OPEN:
            self._reason = self._reason or reason
            self._websocket.send_close(code, text)
            self._flush_unless_reading()
        elif self._websocket.state is State.CONNECTING:
            self._transport.abort()

    def replace(self) -> None:
        """The station has a newer connection: close this one."""
        self.close(CloseCode.NORMAL_CLOSURE, "the station has connected anew", DisconnectReason.REPLACED)

    def dismiss(self) -> None:
        """The station is not welcome any more."""
        self.close(
            CloseCode.POLICY_VIOLATION, "the station is not registered here", DisconnectReason.CLOSED_BY_US
        )

    # --- from the server

    def approach(self) -> Approach:
        """How the client comes, for whoever decides about it."""
        transport = self._transport
        encrypted = transport is not None and transport.get_extra_info("ssl_object") is not None
        return Approach(
            encrypted=encrypted,
            certificate=client_certificate(transport) if encrypted and transport is not None else None,
            authorization=None if self._request is None else authorization_of(self._request),
        )

    def admitted(self, ruling: Ruling) -> None:
        """Finish a handshake that `Host.admit` has decided about."""
        request = self._request
        if request is None or self._transport is None:
            return
        self._request = None
        if ruling.admission is Admission.ADMITTED:
            self.security_profile = ruling.profile
            self._accept(request)
        else:
            status, text, headers = REFUSALS[ruling.admission]
            self._refuse(status, text.format(station_id=self.station_id), **headers)
        self._flush_unless_reading()

    def tick(self) -> None:
        """About a second has passed: ping a silent station, give up a dead one."""
        state = self._websocket.state
        if state is not _OPEN:
            self._age += 1
            if state is State.CONNECTING and self._age > HANDSHAKE_TICKS:
                self._counts.connects.add(ConnectResult.TIMEOUT)
                self.abort()
            elif state is not State.CONNECTING and self._age > CLOSE_TICKS:
                self.abort()
            return
        if self._held and not self._write_paused:
            return  # it is us who do not read
        self._silent += 1
        if self._silent >= 2 * self._ping_after:
            self._reason = DisconnectReason.SLOW_PEER if self._write_paused else DisconnectReason.PING_TIMEOUT
            self.abort()
        elif self._silent == self._ping_after and not self._write_paused:
            self._websocket.send_ping(b"")
            self._flush()

    # --- inside

    def _frame_received(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is _TEXT and frame.fin:
            self._message_received(bytes(frame.data))
        elif opcode is _TEXT:
            self._fragments = [bytes(frame.data)]
        elif opcode is _CONT and self._fragments is not None:
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                message = b"".join(self._fragments)
                self._fragments = None
                self._message_received(message)
        elif opcode is _BINARY:
            self._violated(CloseCode.UNSUPPORTED_DATA, "OCPP-J messages are text")

    def _message_received(self, data: bytes) -> None:
        # A message is taken even when the peer's close frame came in the same read; not after a close of ours.
        if self._reason is not None or self._listener is None:
            return
        if not data.isascii():
            try:
                data.decode()
            except UnicodeDecodeError:
                self._violated(CloseCode.INVALID_DATA, "not UTF-8")
                return
        self._listener.receive(self, data)

    def _violated(self, code: CloseCode, text: str) -> None:
        self._reason = self._reason or DisconnectReason.PROTOCOL_VIOLATION
        if self._websocket.state is _OPEN:
            self._websocket.fail(code, text)

    def _handshake(self, request: Request) -> None:
        upgrade = request.headers.get_all("Upgrade")
        station_id = station_id_of(request.path)
        if station_id is None and upgrade:
            self._refuse(
                HTTPStatus.NOT_FOUND,
                f"No usable station identity at the end of the path {request.path!r}.\n{HELP}",
            )
            return
        if not upgrade and request.method == "GET":
            self._refuse(HTTPStatus.UPGRADE_REQUIRED, HELP, Upgrade="websocket")
            return
        self.station_id = station_id or ""
        self._request = request
        self._host.admit(self, self.station_id)

    def _accept(self, request: Request) -> None:
        response = self._websocket.accept(request)
        self._websocket.send_response(response)
        if self._websocket.state is not _OPEN:
            self._counts.connects.add(ConnectResult.REFUSED)
            return
        if self._websocket.subprotocol != SUBPROTOCOL:
            self._counts.connects.add(ConnectResult.NO_SUBPROTOCOL)
            self._websocket.send_close(CloseCode.PROTOCOL_ERROR, "offer the subprotocol ocpp1.6")
            return
        self._counts.connects.add(ConnectResult.OPENED)
        self._counts.connect_duration.observe(asyncio.get_running_loop().time() - self._opened_at)
        self._listener = self._host.attach(self, self.station_id)

    def _refuse(self, status: HTTPStatus, text: str, **headers: str) -> None:
        self._counts.connects.add(ConnectResult.REFUSED)
        response: Response = self._websocket.reject(status, text)
        response.headers.update(headers)
        self._websocket.send_response(response)

    def _flush_unless_reading(self) -> None:
        if not self._reading:
            self._flush()

    def _flush(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        for data in self._websocket.data_to_send():
            if data:
                self._counts.bytes_sent += len(data)
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()
            else:
                transport.close()

    def _update_reading(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._held or self._write_paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Give the TCP connection up without a word."""
        if self._transport is not None:
            self._transport.abort()

    def _why(self) -> DisconnectReason:
        if self._reason is not None:
            return self._reason
        websocket = self._websocket
        if isinstance(websocket.parser_exc, PayloadTooBig):
            return DisconnectReason.TOO_BIG
        if websocket.close_rcvd is not None:
            return DisconnectReason.CLOSED_BY_PEER
        if websocket.close_sent is not None:
            return DisconnectReason.PROTOCOL_VIOLATION
        return DisconnectReason.LOST
