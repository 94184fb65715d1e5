"""A worker that is killed, and one that is frozen past its lease."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from evswarm_worker.station.checkpoint import Checkpoint
from tests.support.fault_swarm import LEASE_SECONDS, FaultSwarm, freeze, wait_until, wake
from tests.support.faulty_network import FaultyNetwork
from tests.support.service_process import ServiceProcess
from tests.support.stored_checkpoints import read_checkpoints

STATIONS_A_WORKER = 1000


def boots_of(swarm: FaultSwarm, worker: ServiceProcess) -> float:
    """How many answers to BootNotification the stations of one worker got."""
    text = httpx.get(swarm.worker_of(worker)["metrics_url"], trust_env=False).text
    found = re.findall(r"^evswarm_boot_notifications_total\{.*\} (\S+)", text, re.MULTILINE)
    return sum(map(float, found))


def registers(checkpoint: Checkpoint) -> list[int]:
    """The registers of a station's connectors, in mWh."""
    return [connector.register_mwh for connector in checkpoint.connectors]


def test_the_stations_of_a_killed_worker_go_on_elsewhere_where_they_were(tmp_path: Path) -> None:
    total = 2 * STATIONS_A_WORKER
    with FaultSwarm(tmp_path, stations=total, workers=2).start() as swarm:
        swarm.wait_for_charging(100)
        victim, survivor = swarm.workers
        assert swarm.worker_of(victim)["stations"] == STATIONS_A_WORKER
        victim.process.kill()
        killed_at = time.monotonic()
        victim.process.wait()
        before, booked = read_checkpoints(swarm.store.url), swarm.open_transactions()
        booted = boots_of(swarm, survivor)
        wait_until(lambda: swarm.runs(survivor, total), "all stations elsewhere", 90)
        took = time.monotonic() - killed_at - LEASE_SECONDS
        print(f"{STATIONS_A_WORKER} stations of a killed worker run again {took:.1f} s after its lease ended")
        after, still_booked = read_checkpoints(swarm.store.url), swarm.open_transactions()
        assert boots_of(swarm, survivor) == booted, "a takeover is a reconnect, not a boot"
        for station_id, was in before.items():
            now = after[station_id]
            assert now.draws >= was.draws
            assert now.next_serial >= was.next_serial
            assert all(new >= old for new, old in zip(registers(now), registers(was), strict=True))
        assert len(booked.keys() & still_booked.keys()) > 0.8 * len(booked)
        assert all(still_booked[number] == booked[number] for number in booked.keys() & still_booked.keys())
        swarm.settle()


def test_a_worker_frozen_past_its_lease_says_nothing_more_and_comes_back_empty(tmp_path: Path) -> None:
    # So many heartbeats that some are due in the instant in which it wakes.
    swarm = FaultSwarm(tmp_path, stations=200, workers=1, csms_heartbeat_interval_seconds=5)
    with FaultyNetwork(("127.0.0.1", swarm.csms_ports[0])) as road, swarm:
        frozen = swarm.start_worker(csms_url=f"ws://127.0.0.1:{road.port}")
        swarm.start()
        swarm.wait_for_charging(10)
        name = swarm.worker_of(frozen)["worker_id"]
        mine = road.open_connections
        assert mine
        freeze(frozen)
        road.hides_closing = True
        others = swarm.workers[1]
        wait_until(lambda: swarm.runs(others, 200), "all stations elsewhere")
        told = [connection.bytes_up for connection in mine]
        wake(frozen)
        wait_until(lambda: "lost its lease" in frozen.output(), "the woken worker noticed")
        wait_until(lambda: not any(connection.open for connection in mine), "its old connections are gone")
        assert [connection.bytes_up for connection in mine] == told, "it spoke as a station after its lease"
        road.hides_closing = False
        wait_until(
            lambda: swarm.worker_of(frozen).get("worker_id", name) != name, "it is back under a new name"
        )
        swarm.wait_for_running(200)
        swarm.settle()


def test_stations_that_leave_the_swarm_while_their_worker_is_dead_are_ended_in_order(tmp_path: Path) -> None:
    by_name = [f"garage-{number}" for number in range(12)]
    with FaultSwarm(tmp_path, stations=100, workers=2).start() as swarm:
        for station_id in by_name:
            assert swarm.post("/stations", {"station_id": station_id, "profile": "highway"}).is_success
        swarm.wait_for_running(100 + len(by_name))
        for station_id in by_name:
            swarm.act(station_id, "plug_in")
            swarm.act(station_id, "authorize")
        wait_until(lambda: len(set(by_name) & set(swarm.charging_stations())) > 6, "the garages charge")
        swarm.workers[0].kill()
        # At once: each answer waits until the station is gone, which is not before the lease has ended.
        with ThreadPoolExecutor(len(by_name)) as pool:
            answers = list(pool.map(lambda station_id: swarm.delete(f"/stations/{station_id}"), by_name))
        assert all(answer.is_success for answer in answers)
        wait_until(
            lambda: not any(swarm.knows(station_id) for station_id in by_name), "they are gone for good"
        )
        assert not set(by_name) & set(swarm.open_transactions().values())
        swarm.settle()
