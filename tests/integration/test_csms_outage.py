"""The central system while its store is away, and when that comes back with everything or with nothing."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from evswarm_cli.ports import free_port
from evswarm_csms.service import CentralSystem, Listening
from evswarm_shared.bus.redis import RedisBus
from evswarm_shared.settings import CsmsSettings
from tests.support.valkey import embedded_valkey

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
START = {"connectorId": 1, "idTag": "TAG", "meterStart": 10, "timestamp": "2026-01-01T00:00:00Z"}
PATIENCE = 30.0


@dataclass
class Outpost:
    """A store that can be taken away, and a central system with one station on it."""

    store: Any
    bus: RedisBus
    listening: Listening
    websocket: ClientConnection

    async def call(self, action: str, payload: Any) -> Any:
        await self.websocket.send(json.dumps([2, action, action, payload]))
        return json.loads(await asyncio.wait_for(self.websocket.recv(), PATIENCE))

    async def recorded(self) -> None:
        """Wait until the store says that this replica holds the station."""
        for _ in range(int(PATIENCE / 0.05)):
            if await self.bus.csms_of("CP-1") == self.listening.replica_id:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the connection is recorded nowhere")


@pytest.fixture(params=[True, False], ids=["keeps its data", "loses its data"])
async def outpost(request: pytest.FixtureRequest, tmp_path: Path, key_prefix: str) -> AsyncIterator[Outpost]:
    """An outpost whose store keeps or loses its data when it is restarted."""
    port = free_port()
    async with contextlib.AsyncExitStack() as life:
        store = embedded_valkey(tmp_path, port=port, appendonly=request.param)
        await asyncio.to_thread(store.start)
        life.callback(store.stop)
        bus = RedisBus.connect(f"redis://127.0.0.1:{port}/0", key_prefix, timeout_seconds=1.0)
        life.push_async_callback(bus.close)
        stop = asyncio.Event()
        ready: asyncio.Future[Listening] = asyncio.get_running_loop().create_future()
        settings = CsmsSettings(csms_port=0, lease_seconds=2.0)
        running = asyncio.create_task(CentralSystem(settings, bus).run(stop, ready.set_result))
        life.push_async_callback(asyncio.wait_for, running, PATIENCE)
        life.callback(stop.set)
        listening = await asyncio.wait_for(ready, PATIENCE)
        url = f"ws://127.0.0.1:{listening.port}/CP-1"
        websocket = await life.enter_async_context(connect(url, subprotocols=[Subprotocol("ocpp1.6")]))
        yield Outpost(store, bus, listening, websocket)


async def test_a_station_stays_through_an_outage_and_is_found_again(outpost: Outpost) -> None:
    assert (await outpost.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    await outpost.recorded()
    await asyncio.to_thread(outpost.store.stop)
    assert (await outpost.call("StartTransaction", START))[2] == "InternalError"
    assert (await outpost.call("Heartbeat", {}))[0] == 3
    await asyncio.sleep(1.0)  # long enough for a heartbeat of the replica to fail
    await asyncio.to_thread(outpost.store.start)
    await outpost.recorded()
    started = await outpost.call("StartTransaction", START)
    assert started[0] == 3
    assert (await outpost.call("StartTransaction", START))[2] == started[2]
