"""Central systems that are slow, half there, restless or not what they seem, before our stations."""

import asyncio
import contextlib
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.conformance.swarm_of_one import StationDriver, StationUnderTest, WorkerProcess, accepted
from tests.support.ocpp_peers.bare_socket import BareSocket, bare_server, frame
from tests.support.ocpp_peers.raw_connection import PATIENCE, RawCentralSystem, RawConnection

FLOOR_SECONDS = 2.0


@pytest.fixture(scope="module")
def worker(valkey_url: str) -> Iterator[WorkerProcess]:
    """A worker that loses its patience soon."""
    worker = WorkerProcess(
        valkey_url,
        call_timeout_seconds=2,
        connect_timeout_seconds=1,
        reconnect_ceiling_seconds=4,
        tick_seconds=0.2,
    )
    with worker.process:
        yield worker


class Attempts:
    """When connections came."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self._news = asyncio.Event()

    def note(self) -> None:
        self.at.append(asyncio.get_running_loop().time())
        self._news.set()

    async def count(self, wanted: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.at) < wanted:
                self._news.clear()
                await self._news.wait()


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: bm90IHRoaXMgb25l\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n",
        b"",
    ],
    ids=["another protocol", "no upgrade", "a redirect", "a wrong accept", "nothing"],
)
async def test_what_is_no_handshake_is_left_alone_and_tried_again_later(
    stations: StationDriver, answer: bytes
) -> None:
    attempts = Attempts()
    said: list[bytes] = []

    async def serve(socket: BareSocket) -> None:
        attempts.note()
        await socket.head()
        if answer:
            await socket.send(answer)
        said.append(await socket.reader.read())

    async with bare_server(serve) as url:
        await stations.start(url)
        await attempts.count(2)
    assert attempts.at[1] - attempts.at[0] >= FLOOR_SECONDS * 0.95
    assert said[0] == b""


@pytest.mark.parametrize("subprotocol", ["ocpp2.0.1", "OCPP1.6"])
async def test_j_3_2_a_subprotocol_that_was_not_offered_is_not_spoken(
    stations: StationDriver, subprotocol: str
) -> None:
    attempts = Attempts()
    opcodes: list[int] = []

    async def serve(socket: BareSocket) -> None:
        attempts.note()
        await socket.accept_station(subprotocol)
        while True:
            opcodes.append((await socket.frame())[0] & 0x0F)

    async with bare_server(serve) as url:
        await stations.start(url)
        await attempts.count(2)
    assert set(opcodes) <= {0x8}


async def test_a_central_system_that_hangs_up_at_once_is_tried_ever_more_rarely(
    stations: StationDriver,
) -> None:
    attempts = Attempts()

    async def serve(socket: BareSocket) -> None:
        attempts.note()
        await socket.accept_station()

    async with bare_server(serve) as url:
        await stations.start(url)
        await attempts.count(4)
    assert all(later - earlier >= FLOOR_SECONDS * 0.95 for earlier, later in pairwise(attempts.at))


async def test_a_central_system_that_is_only_half_there_is_given_up_after_a_ping_and_dialled_again(
    stations: StationDriver,
) -> None:
    attempts = Attempts()
    opcodes: list[int] = []

    async def serve(socket: BareSocket) -> None:
        attempts.note()
        await socket.accept_station()
        # It takes everything, and answers nothing: neither calls nor pings.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            while True:
                opcodes.append((await socket.frame())[0] & 0xF)

    async with bare_server(serve) as url:
        await stations.start(url, configuration={"WebSocketPingInterval": "1"})
        await attempts.count(2)
    assert {0x1, 0x9} <= set(opcodes)


async def test_answers_that_come_byte_by_byte_are_understood(stations: StationDriver) -> None:
    heard = asyncio.Event()

    async def serve(socket: BareSocket) -> None:
        await socket.accept_station()
        _, boot = await socket.frame()
        unique_id = boot.split(b'"')[1]
        answer = (
            b'[3,"%s",{"status":"Accepted","currentTime":"2026-11-22T12:00:00Z","interval":300}]' % unique_id
        )
        await socket.dribble(frame(answer, masked=False), 0.002)
        _, status = await socket.frame()
        assert b"StatusNotification" in status
        heard.set()
        await socket.ended()

    async with bare_server(serve) as url:
        await stations.start(url)
        await asyncio.wait_for(heard.wait(), PATIENCE)


@pytest.mark.parametrize(
    "data",
    [
        frame(b'[2,"1","ClearCache",{}]', masked=True),
        frame(b'[2,"1","ClearCache",{}]', first=0xC1, masked=False),
        frame(b'[2,"1","ClearCache",{}]', first=0x83, masked=False),
        frame(b"going on", first=0x80, masked=False),
    ],
    ids=["masked", "reserved bit", "unknown opcode", "continuation of nothing"],
)
async def test_rfc_6455_a_frame_that_breaks_the_protocol_closes_with_1002(
    stations: StationDriver, data: bytes
) -> None:
    closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(socket: BareSocket) -> None:
        await socket.accept_station()
        await socket.frame()
        await socket.send(data)
        first, payload = await socket.frame()
        if not closed.done():
            closed.set_result(int.from_bytes(payload[:2], "big") if first == 0x88 else 0)

    async with bare_server(serve) as url:
        await stations.start(url)
        assert await asyncio.wait_for(closed, PATIENCE) == 1002


async def test_a_slow_central_system_is_waited_for(system: RawCentralSystem, stations: StationDriver) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    del connection.answers["Authorize"]
    await station.do("plug_in")
    await station.do("authorize", id_tag="TAG")
    asked = await connection.next_call("Authorize")
    await asyncio.sleep(1.2)
    await connection.answer(asked, {"idTagInfo": {"status": "Accepted"}})
    await connection.next_call("StartTransaction")


async def test_what_was_charged_survives_a_central_system_that_flaps(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"TransactionMessageRetryInterval": "1"})
    connection = await accepted(system, station)
    await station.charge(connection)
    del system.answers["StopTransaction"]
    connection.answers.pop("StopTransaction")
    await station.do("unplug")
    for _ in range(2):
        await connection.next_call("StopTransaction")
        connection = await hung_up(system, station, connection)
    call = await connection.next_call("StopTransaction")
    await connection.answer(call, {})
    assert call[3]["transactionId"] == 1


async def hung_up(
    system: RawCentralSystem, station: StationUnderTest, connection: RawConnection
) -> RawConnection:
    """Hang up; the station's next connection."""
    await connection.close()
    return await system.next_connection(station.station_id)
