"""The link: a sans-I/O server is its peer, a remembering transport its socket."""

import asyncio
import time
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason, ProtocolCounts
from evswarm_worker import runner
from evswarm_worker.endpoint import Endpoint
from evswarm_worker.lease import Lease
from evswarm_worker.runner import Link, LinkTerms, Phase
from tests.unit.worker.fakes import FakeTransport


class User:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def link_opened(self) -> None:
        self.told.append(("opened",))

    def link_failed(self, result: ConnectResult) -> None:
        self.told.append(("failed", result))

    def link_message(self, frame: bytes) -> None:
        self.told.append(("message", frame))

    def link_closed(self, reason: DisconnectReason) -> None:
        self.told.append(("closed", reason))


class Pair:
    """A link and its peer, with nothing but memory between them."""

    def __init__(
        self,
        *,
        subprotocols: tuple[str, ...] = ("ocpp1.6",),
        status: int | None = None,
        require_subprotocol: bool = True,
        password: bytes | None = None,
        station_id: str = "CP/1 é",
        lease_seconds: float = 100.0,
        max_frame_bytes: int = 1000,
    ) -> None:
        self.user = User()
        self.counts = ProtocolCounts()
        self.lease = Lease("w1", 1, lease_seconds, time.monotonic())
        terms = LinkTerms(self.counts, self.lease, max_frame_bytes, require_subprotocol)
        endpoint = Endpoint("ws://csms.test:9000/ocpp/")
        self.link = Link(self.user, endpoint, station_id, password, terms)
        self.transport = FakeTransport()
        self.server = ServerProtocol(
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            select_subprotocol=lambda protocol, offered: offered[0] if subprotocols else None,
        )
        self.request: Request | None = None
        self._status = status
        self.received: list[Frame] = []

    def open(self) -> "Pair":
        self.link.phase = Phase.OPENING
        self.link.handshake = asyncio.get_running_loop().create_future()
        self.link.connection_made(self.transport)
        self.to_server()
        self.to_link()
        return self

    def to_server(self) -> None:
        self.server.receive_data(self.transport.take())
        for event in self.server.events_received():
            if isinstance(event, Request):
                self.request = event
                response = (
                    self.server.accept(event)
                    if self._status is None
                    else self.server.reject(self._status, "no")
                )
                self.server.send_response(response)
            elif isinstance(event, Frame):
                self.received.append(event)

    def to_link(self) -> None:
        data = b"".join(self.server.data_to_send())
        if data:
            self.link.data_received(data)

    def send(self, *frames: Frame) -> None:
        for frame in frames:
            self.server.send_frame(frame)
        self.to_link()

    @property
    def texts(self) -> list[bytes]:
        return [bytes(frame.data) for frame in self.received if frame.opcode is Opcode.TEXT]


async def test_the_path_ends_with_the_percent_encoded_station_id() -> None:
    pair = Pair().open()
    assert pair.request is not None
    assert pair.request.path == "/ocpp/CP%2F1%20%C3%A9"
    assert pair.request.headers["Sec-WebSocket-Protocol"] == "ocpp1.6"
    assert "Authorization" not in pair.request.headers


async def test_a_station_with_a_key_sends_its_id_and_the_key_as_basic_credentials() -> None:
    pair = Pair(password=b"secret", station_id="CP-1").open()
    assert pair.request is not None
    assert pair.request.headers["Authorization"] == "Basic Q1AtMTpzZWNyZXQ="


async def test_a_password_may_be_any_bytes() -> None:
    pair = Pair(password=bytes.fromhex("0001020304050607FFFFFFFFFFFF"), station_id="AL1000").open()
    assert pair.request is not None
    assert pair.request.headers["Authorization"] == "Basic QUwxMDAwOgABAgMEBQYH////////"


async def test_an_accepted_handshake_opens_the_link_and_frames_go_both_ways() -> None:
    pair = Pair().open()
    assert pair.link.send(b'[2,"1","Heartbeat",{}]')
    pair.to_server()
    pair.send(Frame(Opcode.TEXT, b'[3,"1",{}]'))
    assert pair.texts == [b'[2,"1","Heartbeat",{}]']
    assert pair.user.told == [("opened",), ("message", b'[3,"1",{}]')]
    assert pair.counts.bytes_sent > 0
    assert pair.counts.bytes_received > 0


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 1000])
@pytest.mark.parametrize("together", [0, 1, 2])
async def test_messages_are_read_however_the_network_cuts_them(size: int, together: int) -> None:
    frames = [
        Frame(Opcode.TEXT, b"one"),
        Frame(Opcode.TEXT, b"t" * 300),
        Frame(Opcode.PING, b"?"),
        Frame(Opcode.TEXT, b"in ", fin=False),
        Frame(Opcode.PING, b"\x81\x01x"),
        Frame(Opcode.CONT, b"pieces"),
        Frame(Opcode.TEXT, b""),
        Frame(Opcode.TEXT, b"\x01\x02hi"),
        Frame(Opcode.TEXT, b"four"),
    ]
    pair = Pair().open()
    for frame in frames[:together]:
        pair.server.send_frame(frame)
    pair.to_link()
    for frame in frames[together:]:
        pair.server.send_frame(frame)
        data = b"".join(pair.server.data_to_send())
        for start in range(0, len(data), size):
            pair.link.data_received(data[start : start + size])
    said = [frame for told, *frame in pair.user.told if told == "message"]
    assert said == [[text] for text in (b"one", b"t" * 300, b"in pieces", b"", b"\x01\x02hi", b"four")]
    pair.to_server()
    assert [bytes(f.data) for f in pair.received if f.opcode is Opcode.PONG] == [b"?", b"\x81\x01x"]


async def test_the_rest_of_a_message_that_looks_like_another_one_is_none() -> None:
    pair = Pair().open()
    for segment in (b"\x81\x04\xc2", b"\x81\x01x"):
        pair.link.data_received(segment)
    assert pair.user.told == [("opened",), ("message", b"\xc2\x81\x01x")]


async def test_a_text_within_a_message_in_pieces_ends_the_connection() -> None:
    pair = Pair().open()
    for segment in (b"\x81\x01a", b"\x01\x01b", b"\x81\x01c"):
        pair.link.data_received(segment)
    pair.to_server()
    assert [frame.opcode for frame in pair.received] == [Opcode.CLOSE]
    assert pair.user.told == [("opened",), ("message", b"a")]


async def test_a_message_that_comes_with_the_handshake_is_not_lost() -> None:
    pair = Pair()
    pair.link.phase = Phase.OPENING
    pair.link.connection_made(pair.transport)
    pair.to_server()
    pair.server.send_text(b"first")
    pair.to_link()
    assert pair.user.told == [("opened",), ("message", b"first")]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (401, ConnectResult.AUTHENTICATION_REFUSED),
        (403, ConnectResult.AUTHENTICATION_REFUSED),
        (404, ConnectResult.AUTHENTICATION_REFUSED),
        (503, ConnectResult.REFUSED),
    ],
)
async def test_a_refused_handshake_is_reported_by_its_status(status: int, result: ConnectResult) -> None:
    pair = Pair(status=status).open()
    assert pair.link.handshake is not None
    assert pair.link.handshake.result() is result
    assert pair.user.told == []


async def test_a_server_that_selects_no_subprotocol_gets_a_close_and_no_message() -> None:
    pair = Pair(subprotocols=()).open()
    assert pair.link.handshake is not None
    assert pair.link.handshake.result() is ConnectResult.NO_SUBPROTOCOL
    pair.to_server()
    assert [frame.opcode for frame in pair.received] == [Opcode.CLOSE]
    assert not pair.link.send(b"x")


async def test_a_server_without_subprotocol_is_tolerated_when_told_so() -> None:
    pair = Pair(subprotocols=(), require_subprotocol=False).open()
    assert pair.user.told == [("opened",)]


async def test_fragments_are_joined_and_control_frames_may_come_between() -> None:
    pair = Pair().open()
    pair.send(
        Frame(Opcode.TEXT, b"ab", fin=False),
        Frame(Opcode.PING, b"?"),
        Frame(Opcode.CONT, b"cd", fin=False),
        Frame(Opcode.CONT, b"ef"),
    )
    assert pair.user.told[1:] == [("message", b"abcdef")]
    pair.to_server()
    assert [frame.opcode for frame in pair.received] == [Opcode.PONG]


def closing_code(pair: Pair) -> int | None:
    pair.to_server()
    return None if pair.server.close_rcvd is None else pair.server.close_rcvd.code


async def test_text_that_is_not_utf8_closes_with_1007() -> None:
    pair = Pair().open()
    pair.send(Frame(Opcode.TEXT, b"\xff\xfe"))
    assert closing_code(pair) == 1007
    assert pair.user.told == [("opened",)]


async def test_utf8_split_between_fragments_is_fine() -> None:
    pair = Pair().open()
    pair.send(Frame(Opcode.TEXT, b"\xc3", fin=False), Frame(Opcode.CONT, b"\xa9"))
    assert pair.user.told[1:] == [("message", "é".encode())]


async def test_a_binary_message_closes_with_1003() -> None:
    pair = Pair().open()
    pair.send(Frame(Opcode.BINARY, b"x"))
    assert closing_code(pair) == 1003


async def test_a_message_over_the_limit_closes_with_1009_even_in_fragments() -> None:
    pair = Pair(max_frame_bytes=10).open()
    pair.send(Frame(Opcode.TEXT, b"123456", fin=False), Frame(Opcode.CONT, b"123456"))
    assert closing_code(pair) == 1009
    pair.link.connection_lost(None)
    assert pair.user.told[-1] == ("closed", DisconnectReason.TOO_BIG)


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1001, DisconnectReason.CLOSED_BY_PEER), (1008, DisconnectReason.AUTHENTICATION_REFUSED)],
)
async def test_a_close_by_the_peer_is_answered_and_reported(code: int, reason: DisconnectReason) -> None:
    pair = Pair().open()
    pair.server.send_close(code)
    pair.to_link()
    assert closing_code(pair) == code
    pair.link.connection_lost(None)
    assert pair.user.told == [("opened",), ("closed", reason)]
    assert pair.counts.disconnects[reason] == 1


async def test_a_connection_that_breaks_is_reported_as_lost() -> None:
    pair = Pair().open()
    pair.link.eof_received()
    pair.link.connection_lost(None)
    assert pair.user.told == [("opened",), ("closed", DisconnectReason.LOST)]


async def test_closing_the_link_says_so_to_the_peer_and_nothing_more_to_the_user() -> None:
    pair = Pair().open()
    pair.link.close(1000, "reboot")
    assert closing_code(pair) == 1000
    assert not pair.link.send(b"late")
    pair.link.connection_lost(None)
    assert pair.user.told == [("opened",)]
    assert pair.counts.disconnects[DisconnectReason.CLOSED_BY_US] == 1


async def test_an_abandoned_link_is_cut_without_a_word_and_counted() -> None:
    pair = Pair().open()
    pair.link.abandon()
    pair.link.connection_lost(None)
    assert pair.transport.aborted
    assert pair.transport.take() == b""
    assert pair.user.told == [("opened",)]
    assert sum(pair.counts.disconnects.values()) == 1


async def test_nothing_is_written_once_the_lease_has_run_out() -> None:
    pair = Pair().open()
    pair.lease.lose()
    pair.link.send(b"too late")
    pair.send(Frame(Opcode.PING, b"?"))
    assert pair.transport.take() == b""


async def test_a_peer_that_reads_too_slowly_is_not_read_and_then_dropped() -> None:
    pair = Pair().open()
    pair.link.pause_writing()
    pair.link.resume_writing()
    assert pair.transport.readings == [False, True]
    pair.transport.buffered = runner.WRITE_LIMIT_BYTES + 1
    pair.link.send(b"one more")
    assert pair.transport.aborted
    pair.link.connection_lost(None)
    assert pair.user.told[-1] == ("closed", DisconnectReason.SLOW_PEER)


async def test_the_peers_connection_stays_open_while_all_is_well() -> None:
    pair = Pair().open()
    pair.send(Frame(Opcode.TEXT, b"x"))
    assert pair.server.state is State.OPEN
    assert pair.link.phase is Phase.OPEN


async def test_an_answer_to_a_message_that_came_together_with_the_close_is_not_sent() -> None:
    pair = Pair().open()
    sent: list[bool] = []

    class Answering(User):
        def link_message(self, frame: bytes) -> None:
            sent.append(pair.link.send(b"[3]"))

    pair.link._user = Answering()
    pair.server.send_text(b"[2]")
    pair.server.send_close(1000)
    pair.to_link()
    assert sent == [False]
    pair.to_server()
    assert pair.texts == []
