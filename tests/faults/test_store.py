"""The store restarts within the lease, stays away for longer than a lease, and runs out of room."""

import asyncio
import time
from pathlib import Path

import psutil
import redis

from tests.support.compose import eventually
from tests.support.fault_swarm import LEASE_SECONDS, FaultSwarm, wait_until
from tests.support.faulty_network import FaultyNetwork

STATIONS = 200


def test_stations_stay_connected_while_the_store_restarts_within_the_lease(tmp_path: Path) -> None:
    swarm = FaultSwarm(tmp_path, stations=STATIONS, lease_seconds=8)
    with FaultyNetwork(("127.0.0.1", swarm.csms_ports[0])) as road, swarm:
        swarm.csms_road = road.port
        swarm.start()
        swarm.wait_for_charging(10)
        connected = road.open_connections
        names = {worker["worker_id"] for worker in swarm.get("/workers")["workers"]}
        swarm.store.stop()
        time.sleep(1.5)
        swarm.store.start()
        swarm.wait_for_running(STATIONS)
        time.sleep(2)
        assert all(connection.open for connection in connected), "a station lost its connection"
        assert {worker["worker_id"] for worker in swarm.get("/workers")["workers"]} == names
        swarm.settle()


def test_stations_end_and_resume_when_the_store_is_away_for_longer_than_the_lease(tmp_path: Path) -> None:
    swarm = FaultSwarm(tmp_path, stations=STATIONS)
    with FaultyNetwork(("127.0.0.1", swarm.csms_ports[0])) as road, swarm:
        swarm.csms_road = road.port
        swarm.start()
        swarm.wait_for_charging(10)
        booked = swarm.open_transactions()
        swarm.store.stop()
        wait_until(lambda: not road.open_connections, "no station acts without a lease", LEASE_SECONDS * 5)
        swarm.store.start()
        swarm.wait_for_running(STATIONS, 90)
        kept = swarm.open_transactions()
        assert len(booked.keys() & kept.keys()) > 0.7 * len(booked), "transactions went on where they were"
        swarm.settle()


def test_a_store_without_room_is_said_and_nothing_is_lost_when_it_has_room_again(tmp_path: Path) -> None:
    with FaultSwarm(tmp_path, stations=STATIONS, store_bytes=64 * 1024 * 1024).start() as swarm:
        swarm.wait_for_charging(10)

        def refusal() -> str:
            answer = swarm.post("/stations/scale", {"count": STATIONS})
            return "" if answer.status_code == 202 else str(answer.json().get("detail", ""))

        with redis.Redis.from_url(swarm.store.url) as console:
            console.config_set("maxmemory", 1)
            wait_until(lambda: "memory limit" in refusal(), "a command is refused with the reason")
            for worker in swarm.workers:
                eventually(worker.output, lambda log: "memory limit" in log, 10, "the workers' logs say so")
            console.config_set("maxmemory", 0)
        wait_until(lambda: not refusal(), "commands are taken again")
        store = psutil.Process(swarm.store.process.pid)
        used = max(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        store.rlimit(psutil.RLIMIT_FSIZE, (used, psutil.RLIM_INFINITY))
        wait_until(lambda: "store" in refusal(), "a command is refused with a sentence about the store")
        time.sleep(LEASE_SECONDS * 2)
        assert swarm.store.process.poll() is None
        store.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
        swarm.wait_for_running(STATIONS, 90)
        swarm.settle()


def test_an_emptied_store_gets_back_what_workers_and_controllers_remember(tmp_path: Path) -> None:
    lease = 9.0
    swarm = FaultSwarm(
        tmp_path, stations=STATIONS, controllers=2, lease_seconds=lease, call_timeout_seconds=15
    )
    with FaultyNetwork(("127.0.0.1", swarm.csms_ports[0])) as road, swarm:
        swarm.csms_road = road.port
        swarm.start()
        swarm.wait_for_charging(20)
        assert swarm.post("/pricing", {"price": 0.77}).status_code == 200
        time.sleep(1.5)
        connected, booked = road.open_connections, swarm.open_transactions()
        before = energy_by_station(swarm)
        swarm.store.stop()
        time.sleep(0.5)
        swarm.store.start(emptied=True)
        back_at = time.monotonic()
        wait_until(lambda: published(swarm) == STATIONS, "all rows are there again")
        print(
            f"{STATIONS} rows are published {time.monotonic() - back_at:.1f} s after the store is back, empty"
        )
        wait_until(lambda: swarm.get("/totals")["desired"] == STATIONS, "what was wished for is known again")
        assert_no_register_fell(before, energy_by_station(swarm))
        assert swarm.get("/pricing")["price"] == 0.77
        for station_id in list(booked.values())[:5]:
            swarm.act(station_id, "press_stop")
        swarm.wait_for_running(STATIONS)
        assert all(connection.open for connection in connected), "a station lost its connection"
        services = (*swarm.workers, *swarm.controllers, *swarm.csms)
        wait_until(
            lambda: sum("THE STORE WAS EMPTIED" in service.output() for service in services) == 4,
            "two workers, a leader and the central system say so",
        )
        wait_until(lambda: swarm.open_transactions().keys() & booked.keys() != set(), "they are booked again")
        swarm.audit()

        before = energy_by_station(swarm)
        swarm.store.stop()
        wait_until(lambda: not road.open_connections, "no station acts without a lease", lease * 3)
        swarm.store.start(emptied=True)
        swarm.wait_for_running(STATIONS, 90)
        assert_no_register_fell(before, energy_by_station(swarm))
        assert swarm.settle()["rebuilt_books"] == STATIONS


def assert_no_register_fell(before: dict[str, float], after: dict[str, float]) -> None:
    """The same stations, each with at least the energy it had."""
    assert after.keys() == before.keys()
    assert all(after[station_id] >= energy for station_id, energy in before.items()), "a register fell"


def energy_by_station(swarm: FaultSwarm) -> dict[str, float]:
    """The register of each station, as its row has it."""
    return {row["station_id"]: row["energy_kwh"] for row in swarm.get("/stations?limit=1000")["stations"]}


def published(swarm: FaultSwarm) -> int:
    """How many rows the store has, read by a bus of the test's own."""
    return asyncio.run(_published(swarm))


async def _published(swarm: FaultSwarm) -> int:
    bus = swarm.bus()
    try:
        return len(await bus.read_snapshots())
    finally:
        await bus.close()
