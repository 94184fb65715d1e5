"""One WebSocket, driven by a sans-I/O client over a transport that only remembers."""

import asyncio
from typing import Any

import pytest
from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from evswarm_csms.handlers.admission import Admission, Ruling
from evswarm_csms.server.connection import CLOSE_TICKS, HANDSHAKE_TICKS, StationConnection
from evswarm_shared.telemetry.counts import DisconnectReason, ProtocolCounts

PING_TICKS = 3


class MemoryTransport(asyncio.Transport):
    """Remembers what was written and done."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = False
        self.aborted = False
        self.reading = True

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Recorder:
    """A server and a listener that write down what they are told, and echo when asked to."""

    max_frame_bytes = 1024

    def __init__(self) -> None:
        self.counts = ProtocolCounts()
        self.admission: Admission | None = Admission.ADMITTED
        self.opened: list[str] = []
        self.received: list[bytes | str] = []
        self.detached = 0
        self.lost = 0
        self.echoing = False

    def ping_after(self) -> int:
        return PING_TICKS

    def opening(self, connection: StationConnection) -> None:
        pass

    def admit(self, connection: StationConnection, station_id: str) -> None:
        if self.admission is not None:
            connection.admitted(Ruling(self.admission))

    def attach(self, connection: StationConnection, station_id: str) -> "Recorder":
        self.opened.append(station_id)
        return self

    def gone(self, connection: StationConnection) -> None:
        self.lost += 1

    def receive(self, connection: StationConnection, data: bytes | str) -> None:
        self.received.append(data)
        if self.echoing:
            connection.send(data.encode() if isinstance(data, str) else data)

    def detach(self, connection: StationConnection) -> None:
        self.detached += 1


class Peer:
    """A client on the other end of a `MemoryTransport`."""

    def __init__(self, path: str = "/CP-1", subprotocols: tuple[str, ...] = ("ocpp1.6",)) -> None:
        self.host = Recorder()
        self.transport = MemoryTransport()
        self.connection = StationConnection(self.host)
        self.client = ClientProtocol(
            parse_uri(f"ws://csms{path}"), subprotocols=[Subprotocol(name) for name in subprotocols] or None
        )
        self.connection.connection_made(self.transport)

    def handshake(self) -> Response:
        self.client.send_request(self.client.connect())
        self.pump()
        [response] = [event for event in self.events() if isinstance(event, Response)]
        return response

    def pump(self) -> None:
        """Carry what the client has to say to the connection."""
        self.raw(b"".join(self.client.data_to_send()))

    def raw(self, data: bytes) -> None:
        self.connection.data_received(data)

    def events(self) -> list[Any]:
        """What the connection has said."""
        data, self.transport.written = self.transport.written, b""
        if data:
            self.client.receive_data(data)
        return self.client.events_received()

    def texts(self) -> list[bytes]:
        return [
            bytes(event.data)
            for event in self.events()
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT
        ]

    def close_code(self) -> int | None:
        self.events()
        return None if self.client.close_rcvd is None else self.client.close_rcvd.code

    def given_up(self) -> bool:
        return self.transport.aborted

    def lose(self) -> DisconnectReason:
        """End the TCP connection and tell under which reason that was counted."""
        self.connection.connection_lost(None)
        [reason] = [name for name, count in self.host.counts.disconnects.items() if count]
        return DisconnectReason(reason)


@pytest.fixture
async def peer() -> Peer:
    """An open WebSocket."""
    peer = Peer()
    assert peer.handshake().status_code == 101
    return peer


async def test_a_client_that_offers_ocpp_gets_it() -> None:
    peer = Peer(path="/ocpp/RDAM%20123", subprotocols=("ocpp2.0.1", "ocpp1.6"))
    response = peer.handshake()
    assert response.headers["Sec-WebSocket-Protocol"] == "ocpp1.6"
    assert peer.host.opened == ["RDAM 123"]
    assert peer.host.counts.connects["opened"] == 1


@pytest.mark.parametrize("subprotocols", [(), ("ocpp2.0.1",)])
async def test_a_client_that_does_not_is_let_in_without_and_closed_at_once(
    subprotocols: tuple[str, ...],
) -> None:
    peer = Peer(subprotocols=subprotocols)
    response = peer.handshake()
    assert response.status_code == 101
    assert "Sec-WebSocket-Protocol" not in response.headers
    assert peer.close_code() == CloseCode.PROTOCOL_ERROR
    assert peer.host.opened == []
    assert peer.host.counts.connects["no_subprotocol"] == 1


@pytest.mark.parametrize(
    ("ours_first", "words"), [(False, "1009 a frame too big for me"), (True, "")], ids=["theirs", "ours"]
)
async def test_the_words_with_which_a_client_leaves_are_kept(
    peer: Peer, ours_first: bool, words: str
) -> None:
    assert peer.connection.last_words == ""
    if ours_first:
        peer.connection.replace()
    peer.client.send_close(CloseCode.MESSAGE_TOO_BIG, "a frame too big for me")
    peer.pump()
    assert peer.connection.last_words == words


async def test_a_path_without_an_identity_is_not_found() -> None:
    assert Peer(path="/ocpp/").handshake().status_code == 404


async def test_an_unknown_station_is_not_found() -> None:
    peer = Peer()
    peer.host.admission = Admission.UNKNOWN_STATION
    assert peer.handshake().status_code == 404
    assert peer.transport.ended
    assert peer.host.counts.connects["refused"] == 1


async def test_a_station_that_cannot_be_looked_up_is_asked_to_come_back() -> None:
    peer = Peer()
    peer.host.admission = Admission.STORE_AWAY
    assert peer.handshake().status_code == 503


async def test_an_admission_may_come_later() -> None:
    peer = Peer()
    peer.host.admission = None
    peer.client.send_request(peer.client.connect())
    peer.pump()
    assert peer.transport.written == b""
    peer.connection.admitted(Ruling(Admission.ADMITTED))
    [response] = peer.events()
    assert response.status_code == 101


async def test_an_admission_after_the_client_left_is_harmless() -> None:
    peer = Peer()
    peer.host.admission = None
    peer.client.send_request(peer.client.connect())
    peer.pump()
    peer.connection.connection_lost(None)
    peer.connection.admitted(Ruling(Admission.ADMITTED))
    assert peer.host.opened == []


async def test_a_browser_is_told_what_this_is() -> None:
    peer = Peer()
    peer.raw(b"GET / HTTP/1.1\r\nHost: csms\r\n\r\n")
    head, _, body = peer.transport.written.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 426 ")
    assert b"Upgrade: websocket" in head
    assert b"ocpp1.6" in body
    assert peer.transport.ended


async def test_something_that_is_not_http_ends() -> None:
    peer = Peer()
    peer.raw(b"\x16\x03\x01\r\n\r\n")
    assert peer.transport.ended
    assert peer.host.opened == []


async def test_a_text_message_reaches_the_listener_and_its_answer_the_client(peer: Peer) -> None:
    peer.host.echoing = True
    peer.client.send_text(b"[2]")
    peer.pump()
    assert peer.host.received == [b"[2]"]
    assert peer.texts() == [b"[2]"]


async def test_fragments_are_joined(peer: Peer) -> None:
    euro = "€".encode()
    peer.client.send_text(b"[" + euro[:1], fin=False)
    peer.client.send_continuation(euro[1:], fin=False)
    peer.client.send_ping(b"between")
    peer.client.send_continuation(b"]", fin=True)
    peer.pump()
    assert peer.host.received == ["[€]".encode()]


async def test_a_message_in_the_same_read_as_the_close_is_taken(peer: Peer) -> None:
    peer.client.send_text(b"[2]")
    peer.client.send_close(CloseCode.NORMAL_CLOSURE)
    peer.pump()
    assert peer.host.received == [b"[2]"]
    assert peer.lose() is DisconnectReason.CLOSED_BY_PEER


async def test_text_that_is_not_utf8_closes_with_1007(peer: Peer) -> None:
    peer.client.send_text(b"\xff")
    peer.client.send_text(b"[2]")
    peer.pump()
    assert peer.host.received == []
    assert peer.close_code() == CloseCode.INVALID_DATA
    assert peer.lose() is DisconnectReason.PROTOCOL_VIOLATION


async def test_a_binary_message_closes_with_1003(peer: Peer) -> None:
    peer.client.send_binary(b"[2]")
    peer.pump()
    assert peer.host.received == []
    assert peer.close_code() == CloseCode.UNSUPPORTED_DATA


async def test_a_message_of_the_largest_size_is_taken(peer: Peer) -> None:
    peer.client.send_text(b"x" * 1024)
    peer.pump()
    assert len(peer.host.received) == 1


async def test_a_larger_message_closes_with_1009(peer: Peer) -> None:
    peer.client.send_text(b"x" * 1025)
    peer.pump()
    assert peer.host.received == []
    assert peer.close_code() == CloseCode.MESSAGE_TOO_BIG
    assert peer.lose() is DisconnectReason.TOO_BIG


async def test_fragments_that_are_too_large_together_close_with_1009(peer: Peer) -> None:
    peer.client.send_text(b"x" * 1000, fin=False)
    peer.client.send_continuation(b"x" * 25, fin=True)
    peer.pump()
    assert peer.host.received == []
    assert peer.close_code() == CloseCode.MESSAGE_TOO_BIG


async def test_a_silent_station_is_pinged_and_then_given_up(peer: Peer) -> None:
    for _ in range(PING_TICKS):
        peer.connection.tick()
    [ping] = peer.events()
    assert ping.opcode is Opcode.PING
    for _ in range(PING_TICKS):
        assert not peer.given_up()
        peer.connection.tick()
    assert peer.given_up()
    assert peer.lose() is DisconnectReason.PING_TIMEOUT


async def test_an_answered_ping_keeps_the_station(peer: Peer) -> None:
    for _ in range(20):
        peer.connection.tick()
        peer.events()
        if pong := b"".join(peer.client.data_to_send()):
            peer.raw(pong)
    assert not peer.given_up()


async def test_a_station_that_talks_is_not_pinged(peer: Peer) -> None:
    for _ in range(3 * PING_TICKS):
        peer.connection.tick()
        peer.client.send_text(b"[2]")
        peer.pump()
    assert peer.transport.written == b""


async def test_a_handshake_that_takes_too_long_is_ended() -> None:
    peer = Peer()
    peer.raw(b"GET /CP-1 HTTP/1.1\r\n")
    for _ in range(HANDSHAKE_TICKS):
        peer.connection.tick()
        peer.raw(b"X-Slow: 1\r\n")
    assert not peer.given_up()
    peer.connection.tick()
    assert peer.given_up()
    assert peer.host.counts.connects["timeout"] == 1


async def test_a_close_that_is_not_answered_is_ended(peer: Peer) -> None:
    peer.connection.close(CloseCode.GOING_AWAY, "bye", DisconnectReason.CLOSED_BY_US)
    assert peer.close_code() == CloseCode.GOING_AWAY
    for _ in range(CLOSE_TICKS):
        peer.connection.tick()
    assert not peer.given_up()
    peer.connection.tick()
    assert peer.given_up()
    assert peer.lose() is DisconnectReason.CLOSED_BY_US


async def test_nothing_is_received_or_sent_after_our_close(peer: Peer) -> None:
    peer.connection.replace()
    peer.client.send_text(b"[2]")
    peer.pump()
    assert peer.host.received == []
    assert peer.connection.send(b"[3]") is False
    assert peer.lose() is DisconnectReason.REPLACED


async def test_a_second_close_is_harmless(peer: Peer) -> None:
    peer.connection.replace()
    peer.connection.close(CloseCode.GOING_AWAY, "bye", DisconnectReason.CLOSED_BY_US)
    assert peer.close_code() == CloseCode.NORMAL_CLOSURE
    assert peer.client.state is State.CLOSING


async def test_a_station_that_does_not_read_is_not_read(peer: Peer) -> None:
    peer.connection.pause_writing()
    assert not peer.transport.reading
    peer.connection.hold(True)
    peer.connection.resume_writing()
    assert not peer.transport.reading
    peer.connection.hold(False)
    assert peer.transport.reading


async def test_a_station_that_never_reads_again_is_given_up(peer: Peer) -> None:
    peer.connection.pause_writing()
    for _ in range(2 * PING_TICKS):
        peer.connection.tick()
    assert peer.given_up()
    assert peer.lose() is DisconnectReason.SLOW_PEER


async def test_a_station_that_we_do_not_read_is_not_taken_for_dead(peer: Peer) -> None:
    peer.connection.hold(True)
    for _ in range(3 * PING_TICKS):
        peer.connection.tick()
    assert not peer.given_up()


async def test_a_lost_connection_is_told_to_listener_and_server(peer: Peer) -> None:
    peer.connection.eof_received()
    assert peer.lose() is DisconnectReason.LOST
    assert (peer.host.detached, peer.host.lost) == (1, 1)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536])
async def test_a_sent_frame_is_what_a_client_reads(peer: Peer, length: int) -> None:
    peer.client.max_message_size = None
    peer.connection.send(b"x" * length)
    assert peer.texts() == [b"x" * length]


async def test_bytes_are_counted(peer: Peer) -> None:
    counts = peer.host.counts
    received, sent = counts.bytes_received, counts.bytes_sent
    assert received > 0 and sent > 0
    peer.host.echoing = True
    peer.client.send_text(b"12345")
    peer.pump()
    assert counts.bytes_received == received + 5 + 6
    assert counts.bytes_sent == sent + 5 + 2
