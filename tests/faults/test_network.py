"""Bad roads: between stations and the central system, and between a worker and the store."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fault_swarm import FaultSwarm
from tests.support.faulty_network import FaultyNetwork

STATIONS = 150
BAD_SECONDS = 4.0
SHORT_SECONDS = 1.0
"""So long the central system tries by itself; after that it asks its stations to, which takes them a minute."""


def slow(road: FaultyNetwork) -> None:
    """A road over another continent."""
    road.latency_seconds = 0.2


def lossy(road: FaultyNetwork) -> None:
    """One segment in five is lost."""
    road.loss = 0.2


FAULTS: list[Callable[[FaultyNetwork], None]] = [slow, lossy, FaultyNetwork.cut, FaultyNetwork.fall_silent]
NAMES = ["latency", "loss", "cut", "half_open"]


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_nothing_is_lost_on_a_bad_road_to_the_central_system(
    tmp_path: Path, fault: Callable[[FaultyNetwork], None]
) -> None:
    swarm = FaultSwarm(tmp_path, stations=STATIONS)
    with FaultyNetwork(("127.0.0.1", swarm.csms_ports[0])) as road, swarm:
        swarm.csms_road = road.port
        swarm.start()
        swarm.wait_for_charging(10)
        charging = swarm.charging_stations()[:10]
        fault(road)
        for station_id in charging:
            swarm.act(station_id, "press_stop")
        time.sleep(BAD_SECONDS)
        road.heal()
        swarm.wait_for_running(STATIONS, 90)
        swarm.settle()


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_nothing_is_lost_on_a_bad_road_to_the_store(
    tmp_path: Path, fault: Callable[[FaultyNetwork], None]
) -> None:
    swarm = FaultSwarm(tmp_path, stations=STATIONS, workers=1)
    with FaultyNetwork(("127.0.0.1", swarm.store.port)) as road, swarm:
        swarm.start_worker(redis_url=f"redis://127.0.0.1:{road.port}/0")
        swarm.start()
        swarm.wait_for_charging(10)
        charging = swarm.charging_stations()[:10]
        fault(road)
        for station_id in charging:
            swarm.act(station_id, "press_stop")
        time.sleep(BAD_SECONDS)
        road.heal()
        swarm.wait_for_running(STATIONS, 90)
        swarm.settle()


def test_nothing_is_lost_on_bad_roads_between_the_central_system_and_the_store(tmp_path: Path) -> None:
    swarm = FaultSwarm(tmp_path, stations=60, workers=1)
    with FaultyNetwork(("127.0.0.1", swarm.store.port)) as road, swarm:
        swarm.csms_store_road = road.port
        swarm.start()
        swarm.wait_for_charging(12)
        charging = swarm.charging_stations()
        for number, fault in enumerate(FAULTS):
            fault(road)
            for station_id in charging[number :: len(FAULTS)]:
                swarm.act(station_id, "press_stop")
            time.sleep(SHORT_SECONDS)
            road.heal()
        swarm.wait_for_running(60, 90)
        swarm.settle()
