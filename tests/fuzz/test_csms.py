"""Our central system under fire from stations."""

import asyncio
import uuid

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from evswarm_cli.ports import free_port
from tests.fuzz.conftest import Health
from tests.fuzz.frame_mutator import FrameMutator
from tests.fuzz.probe import CLOSE_CODES, answer_to
from tests.support.ocpp_peers.charge_point import peer_charge_point
from tests.support.ocpp_peers.example_messages import COMMANDS, REQUESTS
from tests.support.ocpp_peers.raw_connection import PATIENCE
from tests.support.service_process import ServiceProcess

STATIONS = 8
BURST = 50
BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'


async def test_whatever_stations_send_the_central_system_serves_on(
    valkey_url: str, frames: int, seed: int
) -> None:
    port, metrics_port = free_port(), free_port()
    url = f"ws://127.0.0.1:{port}"
    with ServiceProcess(
        "csms",
        redis_url=valkey_url,
        key_prefix=f"fuzz-{uuid.uuid4().hex}",
        csms_port=port,
        metrics_port=metrics_port,
    ) as process:
        health = Health(process, metrics_port, "evswarm_csms_failures_total")
        await listening(url)
        sent = 0
        ends: list[int | None] = []

        async def attack(number: int) -> None:
            nonlocal sent
            mutator = FrameMutator(seed + number, REQUESTS, COMMANDS)
            due = frames // STATIONS
            while due > 0:
                async with open_connection(url, f"FUZZ-{number}") as socket:
                    await socket.send(BOOT)
                    assert (await answer_to(socket, "boot"))[0] == 3
                    try:
                        while due > 0:
                            due -= BURST
                            sent += BURST
                            await burst(socket, mutator)
                            health.weigh(sent, frames)
                    except ConnectionClosed as closed:
                        ends.append(closed.rcvd.code if closed.rcvd else None)

        async with asyncio.TaskGroup() as group:
            for number in range(STATIONS):
                group.create_task(attack(number))
        assert set(ends) <= CLOSE_CODES

        async with peer_charge_point(url, "AFTER") as station:
            await station.boot()
            assert await station.charge("TAG") > 0
        await asyncio.to_thread(health.check, frames)


def open_connection(url: str, station_id: str) -> connect:
    return connect(f"{url}/{station_id}", subprotocols=[Subprotocol("ocpp1.6")], proxy=None, compression=None)


async def listening(url: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with open_connection(url, "FIRST"):
                    return
            except OSError:
                await asyncio.sleep(0.05)


async def burst(socket: ClientConnection, mutator: FrameMutator) -> None:
    """Many frames, then an honest call that has to be answered.

    Raises:
        ConnectionClosed: one of the frames was of those that close it.
    """
    for _ in range(BURST):
        await socket.send(mutator.frame())
    if mutator.is_time_to_close():
        data, text = mutator.closing_frame()
        await socket.send(data, text=text)
    probe = str(uuid.uuid4())
    await socket.send(f'[2,"{probe}","Heartbeat",{{}}]')
    assert "currentTime" in (await answer_to(socket, probe))[2]
