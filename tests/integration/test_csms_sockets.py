"""The central system over real sockets, in this process, on the store in memory."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from evswarm_csms.errors import ListenError
from evswarm_csms.service import CentralSystem, Listening
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import Command, CommandOutcome, CommandTarget, StationRecord
from evswarm_shared.settings import CsmsSettings

OCPP = [Subprotocol("ocpp1.6")]
BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
START = {"connectorId": 1, "idTag": "TAG", "meterStart": 10, "timestamp": "2026-01-01T00:00:00Z"}
PATIENCE = 20.0


@asynccontextmanager
async def central_system(store: MemoryStore, **settings: Any) -> AsyncIterator[Listening]:
    """A replica that listens on a free port."""
    stop = asyncio.Event()
    ready: asyncio.Future[Listening] = asyncio.get_running_loop().create_future()
    system = CentralSystem(CsmsSettings(csms_port=0, **settings), MemoryBus(store))
    running = asyncio.create_task(system.run(stop, ready.set_result))
    try:
        yield await asyncio.wait_for(ready, PATIENCE)
    finally:
        stop.set()
        await asyncio.wait_for(running, PATIENCE)


@asynccontextmanager
async def station(
    listening: Listening, station_id: str = "CP-1", **options: Any
) -> AsyncIterator[ClientConnection]:
    """A WebSocket to the central system."""
    url = f"ws://127.0.0.1:{listening.port}/{station_id}"
    async with connect(url, subprotocols=OCPP, **options) as websocket:
        yield websocket


async def call(websocket: ClientConnection, action: str, payload: Any, unique_id: str = "1") -> Any:
    """Send a CALL and return the next frame."""
    await websocket.send(json.dumps([2, unique_id, action, payload]))
    return await frame(websocket)


async def frame(websocket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(websocket.recv(), PATIENCE))


async def closed(websocket: ClientConnection) -> int | None:
    """The code with which the central system closes."""
    await asyncio.wait_for(websocket.wait_closed(), PATIENCE)
    return websocket.close_code


@pytest.fixture
def store() -> MemoryStore:
    """A store that several replicas can share."""
    return MemoryStore()


async def test_a_station_boots_charges_and_leaves(store: MemoryStore) -> None:
    async with central_system(store) as listening, station(listening, "ocpp/RDAM%20123") as websocket:
        assert (await call(websocket, "BootNotification", BOOT))[2]["status"] == "Accepted"
        transaction_id = (await call(websocket, "StartTransaction", START))[2]["transactionId"]
        stop = {"transactionId": transaction_id, "meterStop": 20, "timestamp": "2026-01-01T01:00:00Z"}
        assert (await call(websocket, "StopTransaction", stop))[:2] == [3, "1"]
    [record] = await MemoryBus(store).list_transactions()
    assert (record.station_id, record.meter_stop) == ("RDAM 123", 20)


async def test_a_frame_in_fragments_is_answered(store: MemoryStore) -> None:
    async with central_system(store) as listening, station(listening) as websocket:
        text = json.dumps([2, "1", "BootNotification", BOOT])
        await websocket.send([text[:10], text[10:30], text[30:]])
        assert (await frame(websocket))[:2] == [3, "1"]


@pytest.mark.parametrize(
    ("message", "code"), [(b"[2]", 1003), ("x" * 5000, 1009)], ids=["binary", "too large"]
)
async def test_what_is_no_ocpp_message_closes(store: MemoryStore, message: str | bytes, code: int) -> None:
    async with (
        central_system(store, csms_max_frame_bytes=4096) as listening,
        station(listening) as websocket,
    ):
        await websocket.send(message)
        assert await closed(websocket) == code


async def test_text_that_is_not_utf8_closes_with_1007(store: MemoryStore) -> None:
    async with central_system(store) as listening, station(listening) as websocket:
        await websocket.send(b'[2,"1","\xff",{}]', text=True)
        assert await closed(websocket) == 1007


async def test_a_client_without_the_subprotocol_is_closed_after_the_handshake(store: MemoryStore) -> None:
    async with central_system(store) as listening:
        websocket = await connect(f"ws://127.0.0.1:{listening.port}/CP-1")
        assert websocket.subprotocol is None
        assert await closed(websocket) == 1002


@pytest.mark.parametrize("path", ["/", "/" + "x" * 49, "/a%00b"])
async def test_a_path_without_an_identity_is_not_found(store: MemoryStore, path: str) -> None:
    async with central_system(store) as listening:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{listening.port}{path}", subprotocols=OCPP)
    assert refused.value.response.status_code == 404


async def test_only_registered_stations_get_in_where_others_are_not_accepted(store: MemoryStore) -> None:
    await MemoryBus(store).write_station(StationRecord("CP-1", accepted=False))
    async with central_system(store, csms_accept_unknown_stations=False) as listening:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{listening.port}/CP-2", subprotocols=OCPP)
        async with station(listening) as websocket:
            assert (await call(websocket, "Heartbeat", {}))[2] == "SecurityError"
            assert (await call(websocket, "BootNotification", BOOT))[0] == 3
    assert refused.value.response.status_code == 404


async def test_the_newer_of_two_connections_wins(store: MemoryStore) -> None:
    async with central_system(store) as listening, station(listening) as old:
        await call(old, "BootNotification", BOOT)
        async with station(listening) as new:
            assert await closed(old) == 1000
            assert (await call(new, "Heartbeat", {}))[0] == 3


async def test_the_newer_of_two_connections_wins_on_another_replica(store: MemoryStore) -> None:
    async with central_system(store) as one, central_system(store) as other, station(one) as old:
        await call(old, "BootNotification", BOOT)
        async with station(other) as new:
            assert await closed(old) == 1000
            assert (await call(new, "Heartbeat", {}))[0] == 3
            assert await MemoryBus(store).csms_of("CP-1") == other.replica_id


async def test_a_silent_station_that_answers_pings_is_kept(store: MemoryStore) -> None:
    async with (
        # Not shorter: whoever answers within an interval is kept, and a busy machine may stand still for a tenth of a second.
        central_system(store, csms_ping_interval_seconds=0.3) as listening,
        station(listening, ping_interval=None) as websocket,
    ):
        await call(websocket, "BootNotification", BOOT)
        await asyncio.sleep(1.2)
        assert (await call(websocket, "Heartbeat", {}))[0] == 3


async def test_a_station_that_does_not_answer_pings_is_given_up(store: MemoryStore) -> None:
    async with central_system(store, csms_ping_interval_seconds=0.05) as listening:
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
        writer.write(
            b"GET /CP-1 HTTP/1.1\r\nHost: csms\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), PATIENCE)
        assert reader.at_eof() or reader.exception() is not None
        writer.close()


async def send_command(store: MemoryStore, replica_id: str, action: str, payload: Any) -> Any:
    """What a controller does with a command; returns the reply."""
    bus = MemoryBus(store)
    async with bus.replies("controller") as replies:
        command = Command(
            command_id="c-1",
            station_id="CP-1",
            action=action,
            payload=msgspec.Raw(json.dumps(payload).encode()),
            expires_at=time.time() + PATIENCE,
            reply_to="controller",
        )
        assert await bus.send_command(CommandTarget.CSMS, replica_id, command)
        return await asyncio.wait_for(anext(aiter(replies)), PATIENCE)


async def test_a_command_reaches_the_station_and_its_answer_the_controller(store: MemoryStore) -> None:
    async with central_system(store) as listening, station(listening) as websocket:
        await call(websocket, "BootNotification", BOOT)
        asking = asyncio.create_task(send_command(store, listening.replica_id, "Reset", {"type": "Soft"}))
        kind, unique_id, action, payload = await frame(websocket)
        assert (kind, action, payload) == (2, "Reset", {"type": "Soft"})
        await websocket.send(json.dumps([3, unique_id, {"status": "Accepted"}]))
        reply = await asking
        assert reply.outcome is CommandOutcome.DONE
        assert msgspec.json.decode(reply.payload) == {"status": "Accepted"}


async def test_a_command_that_is_not_answered_times_out(store: MemoryStore) -> None:
    async with (
        central_system(store, csms_call_timeout_seconds=0.05) as listening,
        station(listening) as websocket,
    ):
        await call(websocket, "BootNotification", BOOT)
        reply = await send_command(store, listening.replica_id, "ClearCache", {})
        assert reply.outcome is CommandOutcome.TIMEOUT


async def test_stations_stay_connected_while_the_store_is_away(store: MemoryStore) -> None:
    async with central_system(store) as listening, station(listening) as websocket:
        await call(websocket, "BootNotification", BOOT)
        store.available = False
        assert (await call(websocket, "Heartbeat", {}))[0] == 3
        assert (await call(websocket, "StartTransaction", START))[2] == "InternalError"
        store.available = True
        assert (await call(websocket, "StartTransaction", START))[0] == 3


async def test_the_end_closes_every_station_with_1001_and_leaves_nothing_behind(store: MemoryStore) -> None:
    async with contextlib.AsyncExitStack() as life:
        listening = await life.enter_async_context(central_system(store))
        [heartbeat] = await MemoryBus(store).live_csms()
        assert (heartbeat.replica_id, heartbeat.metrics_url) == (listening.replica_id, listening.metrics_url)
        websocket = await connect(f"ws://127.0.0.1:{listening.port}/CP-1", subprotocols=OCPP)
        await call(websocket, "BootNotification", BOOT)
        ending = asyncio.create_task(closed(websocket))
    assert await ending == 1001
    assert await MemoryBus(store).live_csms() == []
    assert await MemoryBus(store).csms_of("CP-1") is None


async def test_metrics_and_health_are_served(store: MemoryStore) -> None:
    async with central_system(store) as listening, station(listening) as websocket:
        await call(websocket, "BootNotification", BOOT)
        text = await http_get(listening.metrics_url)
        assert 'evswarm_boot_notifications_total{status="Accepted"} 1.0' in text
        assert "evswarm_csms_stations_connected 1.0" in text
        samples = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert len(samples) < 2000
        assert "200 OK" in await http_get(listening.metrics_url.replace("/metrics", "/healthz"))


async def http_get(url: str) -> str:
    host, port = url.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET /{url.split('/', 3)[3]} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    writer.close()
    return answer.decode()


async def test_a_taken_port_is_said_clearly(store: MemoryStore) -> None:
    async with central_system(store) as listening:
        with pytest.raises(ListenError, match=f"127.0.0.1:{listening.port}"):
            await CentralSystem(CsmsSettings(csms_port=listening.port), MemoryBus(store)).run(
                asyncio.Event(), lambda _: None
            )
