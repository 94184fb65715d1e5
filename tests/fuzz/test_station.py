"""Our stations under fire from a central system."""

import asyncio
import contextlib
import json
import re
import uuid
from collections.abc import Iterator

from websockets.exceptions import ConnectionClosed

from evswarm_cli.ports import free_port
from tests.conformance.swarm_of_one import StationDriver, StationUnderTest, WorkerProcess, accepted
from tests.fuzz.conftest import Health
from tests.fuzz.frame_mutator import FrameMutator
from tests.fuzz.probe import CLOSE_CODES
from tests.support.ocpp_peers.example_messages import COMMANDS, REQUESTS
from tests.support.ocpp_peers.raw_connection import CALL, RawCentralSystem, RawConnection

STATIONS = 8
BURST = 50

HARMLESS = [
    (action, json.loads(re.sub(r"(http|ftp)://127\.0\.0\.1/", "nowhere:", json.dumps(request))), answer)
    for action, request, answer in COMMANDS
]
"""The commands without an address that a spoiled frame could turn into somebody's."""


async def test_whatever_a_central_system_sends_the_stations_serve_on(
    valkey_url: str, frames: int, seed: int
) -> None:
    metrics_port = free_port()
    worker = WorkerProcess(
        valkey_url,
        metrics_port=metrics_port,
        call_timeout_seconds=2,
        reconnect_ceiling_seconds=4,
        tick_seconds=0.2,
    )
    with worker.process:
        stations = await StationDriver.of(worker)
        health = Health(worker.process, metrics_port, "evswarm_station_failures_total")
        async with RawCentralSystem().listening() as system:
            sent = 0
            ends: list[int | None] = []

            async def attack(number: int, station: StationUnderTest) -> None:
                nonlocal sent
                mutator = FrameMutator(seed + number, HARMLESS, REQUESTS)
                due = frames // STATIONS
                while due > 0:
                    connection = await system.next_connection(station.station_id, seconds=60)
                    try:
                        while due > 0:
                            due -= BURST
                            sent += BURST
                            await burst(connection, mutator)
                            health.weigh(sent, frames)
                    except Ended:
                        ends.append(await connection.closed())

            async with asyncio.TaskGroup() as group:
                for number in range(STATIONS):
                    station = await stations.start(system.url)
                    group.create_task(attack(number, station))
            # 1000 and 1001: a command among the frames made the station boot again.
            assert set(ends) <= CLOSE_CODES | {1000, 1001}

            station = await stations.start(system.url)
            connection = await accepted(system, station)
            started = await station.charge(connection)
            await station.do("unplug")
            assert (await connection.next_call("StopTransaction"))[3]["meterStop"] >= started["meterStart"]
            await stations.close()
        await asyncio.to_thread(health.check, frames)


class Ended(Exception):  # noqa: N818 - what happens, not a fault
    """The station has closed the connection."""


@contextlib.contextmanager
def ending(connection: RawConnection) -> Iterator[None]:
    try:
        yield
    except (ConnectionClosed, AssertionError):
        if connection.close_code is None:
            raise
        raise Ended from None


async def burst(connection: RawConnection, mutator: FrameMutator) -> None:
    """Many frames, answers to the station's own calls among them, then an honest call that has to be answered.

    Raises:
        Ended: one of the frames was of those that close it, or made the station boot again.
    """
    with ending(connection):
        for _ in range(BURST):
            await connection.send(mutator.frame())
        if mutator.is_time_to_close():
            data, text = mutator.closing_frame()
            await connection.socket.send(data, text=text)
        probe = str(uuid.uuid4())
        await connection.send_message(CALL, probe, "GetConfiguration", {"key": ["HeartbeatInterval"]})
        assert "configurationKey" in (await connection.answer_to(probe))[2]
    connection.forget()
