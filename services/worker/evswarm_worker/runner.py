"""One station's WebSocket: an asyncio protocol around the sans-I/O client of `websockets`. Knows no OCPP.

No task, queue or lock per connection. What the sans-I/O layer leaves out is done here or in `keepalive` and
`dialer`: time-outs, pings, joining fragments, text that is UTF-8, back-pressure.
"""

import asyncio
import logging
import ssl
import time
from base64 import b64encode
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import Final, Protocol, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, NegotiationError, PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode, apply_mask  # type: ignore[attr-defined]
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason, ProtocolCounts
from evswarm_worker.endpoint import Endpoint
from evswarm_worker.lease import Lease
from evswarm_worker.text_frame import TextFrames, ends_a_frame, short_text

SUBPROTOCOL: Final = "ocpp1.6"
CLOSE_TIMEOUT_SECONDS: Final = 2.0
WRITE_HIGH_BYTES: Final = 64 * 1024
WRITE_LIMIT_BYTES: Final = 512 * 1024
"""A peer that reads so slowly that more than this waits to be written loses its connection."""
AUTHENTICATION_STATUSES: Final = frozenset({401, 403, 404})

_END_OF_HEADERS: Final = b"\r\n\r\n"

_quiet = logging.getLogger("websockets.client")
_TEXT: Final = Opcode.TEXT
_OPEN: Final = State.OPEN


class LinkUser(Protocol):
    """Whom a link tells what happens: `link_failed`, or `link_opened` and later `link_closed`, once each.

    After it closed or abandoned the link itself, the user hears nothing more.
    """

    def link_opened(self) -> None:
        """The handshake is through: frames may be sent."""

    def link_failed(self, result: ConnectResult) -> None:
        """The attempt came to nothing."""

    def link_message(self, frame: bytes) -> None:
        """A whole text message arrived; valid UTF-8."""

    def link_closed(self, reason: DisconnectReason) -> None:
        """The open connection ended."""


@dataclass(frozen=True, slots=True)
class LinkTerms:
    """What all links of a worker have in common."""

    counts: ProtocolCounts
    lease: Lease
    max_frame_bytes: int
    require_subprotocol: bool = True
    frames: TextFrames = field(default_factory=lambda: TextFrames(apply_mask))


class Phase(Enum):
    """The life of a link; there is no way back."""

    WAITING = auto()
    OPENING = auto()
    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()


_IS_OPEN: Final = Phase.OPEN


class Link(asyncio.Protocol):
    """One attempt at a connection and, if it opens, the connection."""

    __slots__ = (
        "_fragments",
        "_peer_listens",
        "_protocol",
        "_reason",
        "_terms",
        "_transport",
        "_user",
        "_whole",
        "context",
        "endpoint",
        "handshake",
        "heard",
        "password",
        "phase",
        "pinged",
        "station_id",
        "task",
    )

    def __init__(
        self,
        user: LinkUser,
        endpoint: Endpoint,
        station_id: str,
        password: bytes | None,
        terms: LinkTerms,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`context` is the station's own TLS; without it the endpoint's holds."""
        self._user: LinkUser | None = user
        self._terms = terms
        self._protocol: ClientProtocol | None = None
        self._transport: asyncio.Transport | None = None
        self._fragments: list[bytes] | None = None
        self._reason: DisconnectReason | None = None
        # The two that traffic hangs on, kept here so that a message need not touch the parser at all.
        self._peer_listens = False
        self._whole = False
        """The connection is open, and what arrived so far ends with a frame; False when that is not known."""
        self.endpoint = endpoint
        self.station_id = station_id
        self.password = password
        self.context = endpoint.context if context is None else context
        self.phase = Phase.WAITING
        self.handshake: asyncio.Future[ConnectResult] | None = None
        self.task: asyncio.Task[None] | None = None
        self.heard = False
        self.pinged = False

    # --- what the user of a link does ---

    def send(self, frame: bytes) -> bool:
        """Send one text message; False, and nothing sent, unless the link is open."""
        # A close frame, or one that is too long, may stand in the same segment as the message that is answered here.
        if self.phase is not _IS_OPEN or not self._peer_listens:
            return False
        self._write(self._terms.frames(frame))
        return True

    def server_chain(self) -> tuple[bytes, ...]:
        """What the server was verified by, DER, its own certificate first; empty without TLS.

        Only Python 3.13 and later tell more than the first one.
        """
        tls = None if self._transport is None else self._transport.get_extra_info("ssl_object")
        if tls is None:
            return ()
        whole = getattr(tls, "get_verified_chain", None)
        return _shared(tuple(whole()) if whole is not None else (tls.getpeercert(True),))

    def close(self, code: int, reason: str) -> None:
        """Close in order, within a time-out, and tell the user nothing any more. An attempt is given up."""
        self._user = None
        if self.phase is Phase.OPEN:
            self._close(code, reason, DisconnectReason.CLOSED_BY_US)
        elif self.phase in (Phase.WAITING, Phase.OPENING):
            self.abandon()

    def abandon(self) -> None:
        """Drop the connection at once, without a word to the peer or the user."""
        self._user = None
        if self.phase in (Phase.OPEN, Phase.CLOSING):
            self._terms.counts.disconnects.add(self._reason or DisconnectReason.CLOSED_BY_US)
        self._settle(ConnectResult.UNREACHABLE)
        self.phase = Phase.CLOSED
        if self.task is not None:
            self.task.cancel()
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Read nothing more for now: the user has more to do than it can."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # --- what the dialer and the keep-alive do ---

    def fail(self, result: ConnectResult) -> None:
        """Tell the user that the attempt came to nothing, and let go of the socket."""
        user, self._user = self._user, None
        self.phase = Phase.CLOSED
        if self._transport is not None and result is ConnectResult.NO_SUBPROTOCOL:
            self._transport.close()
        elif self._transport is not None:
            self._transport.abort()
        if user is not None:
            user.link_failed(result)

    def ping(self) -> None:
        """Ask an idle peer for a sign of life."""
        if self.phase is Phase.OPEN and self._protocol is not None:
            self.pinged = True
            self._protocol.send_ping(b"")
            self._flush()

    def drop(self, reason: DisconnectReason) -> None:
        """End an open connection without waiting for the peer; `link_closed` follows."""
        if self._reason is None:
            self._reason = reason
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TCP (and TLS) connection stands: send the opening handshake."""
        self._transport = cast("asyncio.Transport", transport)
        if self.phase is not Phase.OPENING:
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        endpoint = self.endpoint
        uri = WebSocketURI(
            endpoint.secure,
            endpoint.host,
            endpoint.port,
            endpoint.path(self.station_id),
            endpoint.query,
        )
        self._protocol = protocol = ClientProtocol(
            uri,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            max_size=self._terms.max_frame_bytes,
            logger=_quiet,
        )
        request = protocol.connect()
        if self.password is not None:
            # Not by the URI: a password is bytes, whatever they are (A00.FR.205).
            credentials = self.station_id.encode() + b":" + self.password
            request.headers["Authorization"] = f"Basic {b64encode(credentials).decode()}"
        protocol.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Feed the parser and pass on what came out."""
        protocol = self._protocol
        if protocol is None:
            return
        self._terms.counts.bytes_received += len(data)
        self.heard = True
        if self._whole and self._fragments is None:
            message = short_text(data)
            if message is not None:
                user = self._user
                if user is not None and self.phase is _IS_OPEN and message.isascii():
                    user.link_message(message)
                else:
                    self._message(message)
                return
        protocol.receive_data(data)
        self._peer_listens = listens = protocol.state is _OPEN
        events = protocol.events_received()
        if self.phase is Phase.OPENING:
            if not self._finish_handshake(protocol):
                return
            events = events[1:]
            self._whole = not events and data.endswith(_END_OF_HEADERS)
        else:
            self._whole = self._whole and listens and ends_a_frame(data)
        if protocol.writes:
            self._flush()
        for event in events:
            self._frame(cast(Frame, event))
        if not listens and self.phase is Phase.OPEN:
            self._closing(protocol)

    def eof_received(self) -> bool:
        """The peer sends no more: end the connection."""
        if self._protocol is not None:
            self._peer_listens = self._whole = False
            self._protocol.receive_eof()
        return False

    def pause_writing(self) -> None:
        """The peer reads slowly: read no more from it either, so that what we owe it stays bounded."""
        self.pause()

    def resume_writing(self) -> None:
        """The peer caught up."""
        self.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone: tell whoever waits."""
        self._settle(ConnectResult.REFUSED)
        was_open = self.phase in (Phase.OPEN, Phase.CLOSING)
        self._transport = None
        self._protocol = None
        self._fragments = None
        if not was_open:
            return
        self.phase = Phase.CLOSED
        reason = self._reason or DisconnectReason.LOST
        self._terms.counts.disconnects.add(reason)
        user, self._user = self._user, None
        if user is not None:
            user.link_closed(reason)

    # --- inside ---

    def _finish_handshake(self, protocol: ClientProtocol) -> bool:
        error = protocol.handshake_exc
        if error is not None:
            self._settle(_refusal(error))
            return False
        if protocol.state is not _OPEN:
            return False
        if protocol.subprotocol != SUBPROTOCOL and self._terms.require_subprotocol:
            protocol.send_close(CloseCode.PROTOCOL_ERROR, f"no {SUBPROTOCOL}")
            self._flush()
            self._settle(ConnectResult.NO_SUBPROTOCOL)
            return False
        self.phase = Phase.OPEN
        self._settle(ConnectResult.OPENED)
        if self._user is not None:
            self._user.link_opened()
        return True

    def _settle(self, result: ConnectResult) -> None:
        if self.handshake is not None and not self.handshake.done():
            self.handshake.set_result(result)

    def _frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is _TEXT and frame.fin:
            self._message(bytes(frame.data))
        elif opcode is _TEXT:
            self._fragments = [bytes(frame.data)]
        elif opcode is Opcode.CONT and self._fragments is not None:
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                message, self._fragments = b"".join(self._fragments), None
                self._message(message)
        elif opcode is Opcode.BINARY:
            self._close(CloseCode.UNSUPPORTED_DATA, "text only", DisconnectReason.PROTOCOL_VIOLATION)
        elif opcode is Opcode.PONG:
            self.pinged = False

    def _message(self, message: bytes) -> None:
        if self.phase is not Phase.OPEN or self._user is None:
            return
        if not message.isascii():
            try:
                message.decode()
            except UnicodeDecodeError:
                self._close(CloseCode.INVALID_DATA, "not UTF-8", DisconnectReason.PROTOCOL_VIOLATION)
                return
        self._user.link_message(message)

    def _close(self, code: int, reason: str, why: DisconnectReason) -> None:
        if self.phase is not Phase.OPEN or self._protocol is None:
            return
        self._reason = why
        if self._protocol.state is _OPEN:
            self._protocol.send_close(code, reason)
        self._flush()
        self._await_end()

    def _closing(self, protocol: ClientProtocol) -> None:
        """The parser gave up or the peer closed: say why, and give the peer a moment to end the connection."""
        if protocol.close_rcvd is not None:
            self._reason = (
                DisconnectReason.AUTHENTICATION_REFUSED
                if protocol.close_rcvd.code == CloseCode.POLICY_VIOLATION
                else DisconnectReason.CLOSED_BY_PEER
            )
        elif isinstance(protocol.parser_exc, PayloadTooBig):
            self._reason = DisconnectReason.TOO_BIG
        elif isinstance(protocol.parser_exc, EOFError):
            self._reason = DisconnectReason.LOST
        else:
            self._reason = DisconnectReason.PROTOCOL_VIOLATION
        self._await_end()

    def _await_end(self) -> None:
        self.phase = Phase.CLOSING
        if self._transport is not None:
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_SECONDS, self._transport.abort)

    def _flush(self) -> None:
        if self._protocol is None:
            return
        writes = self._protocol.data_to_send()
        data = writes[0] if len(writes) == 1 else b"".join(writes)
        if data:
            self._write(data)

    def _write(self, data: bytes) -> None:
        transport, terms = self._transport, self._terms
        # A worker without a lease says nothing more as a station.
        if transport is None or time.monotonic() >= terms.lease.deadline or transport.is_closing():
            return
        terms.counts.bytes_sent += len(data)
        transport.write(data)
        if transport.get_write_buffer_size() > WRITE_LIMIT_BYTES:
            self.drop(DisconnectReason.SLOW_PEER)


@lru_cache(maxsize=16)
def _shared(chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """One copy for all the stations of a server."""
    return chain


def _refusal(error: Exception) -> ConnectResult:
    if isinstance(error, InvalidStatus):
        refused = error.response.status_code in AUTHENTICATION_STATUSES
        return ConnectResult.AUTHENTICATION_REFUSED if refused else ConnectResult.REFUSED
    if isinstance(error, NegotiationError):
        return ConnectResult.NO_SUBPROTOCOL
    return ConnectResult.REFUSED
