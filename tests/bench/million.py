"""A million stations and a thousand workers without running them: what a change costs the planner and the bus.

`python -m tests.bench.million [--stations 1000000] [--workers 1000]`. The planner is ours, the store a real one; workers
are only their leases, heartbeats and assignments. Bytes are those that the store counts on its sockets. Rows are written
for one worker's share, and told for one station: nothing in the bus grows with the size of the swarm but the sums.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from evswarm_controller.planner import PlannedWorker, plan
from evswarm_shared.bus.messages import (
    Assignment,
    DesiredState,
    SnapshotWrite,
    StationSnapshot,
    StationState,
    WorkerHeartbeat,
)
from evswarm_shared.bus.redis import RedisBus
from tests.support.valkey import embedded_valkey

LEASE_SECONDS: Final = 600.0
Plans = dict[str, Assignment]


class Meter:
    """Seconds, and bytes that the store read and wrote."""

    def __init__(self, bus: RedisBus) -> None:
        self._bus = bus
        self.found: dict[str, dict[str, float]] = {}

    async def take(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do it once and note what it cost."""
        read, written = await self._bytes()
        began = time.perf_counter()
        await work()
        passed = time.perf_counter() - began
        read_then, written_then = await self._bytes()
        self.found[name] = {
            "milliseconds": passed * 1e3,
            "bytes_to_store": read_then - read,
            "bytes_from_store": written_then - written,
        }

    async def _bytes(self) -> tuple[float, float]:
        info: bytes = await self._bus._link.execute("INFO", "stats")
        known = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
        return float(known["total_net_input_bytes"]), float(known["total_net_output_bytes"])


def planning(stations: int, crew: list[PlannedWorker]) -> tuple[dict[str, dict[str, float]], Plans, Plans]:
    """Time of each kind of change, what it writes, and the plans before and after a loss."""
    desired = DesiredState(generation=1, count=stations)
    first = plan(desired, crew, {}, leader_epoch=1).assignments
    changes: dict[str, tuple[DesiredState, list[PlannedWorker], Plans]] = {
        "first plan": (desired, crew, {}),
        "a worker is lost": (desired, crew[:-1], first),
        "a worker comes": (desired, [*crew, PlannedWorker("worker-new")], first),
        "a tenth more stations": (DesiredState(generation=2, count=stations + stations // 10), crew, first),
        "half the stations go": (DesiredState(generation=2, count=stations // 2), crew, first),
    }
    found = {}
    for name, (wanted, workers, before) in changes.items():
        rounds, result = [], before
        for _ in range(3):
            began = time.perf_counter()
            result = plan(wanted, workers, before, leader_epoch=1).assignments
            rounds.append(time.perf_counter() - began)
        written = [len(msgspec.json.encode(assignment)) for assignment in result.values()]
        found[name] = {
            "milliseconds": min(rounds) * 1e3,
            "assignments": len(written),
            "bytes": sum(written),
        }
    return found, first, plan(desired, crew[:-1], first, leader_epoch=1).assignments


def row(station_id: str, worker_id: str, number: int) -> SnapshotWrite:
    """A charging station's row, told the `number`-th time."""
    energy, earnings = 5_000_000 + number * 3000, 1_500_000 + number * 900
    snapshot = StationSnapshot(
        station_id,
        StationState.CHARGING,
        ("Charging",),
        worker_id,
        "public",
        True,
        1,
        11_000,
        4_321,
        energy,
        earnings,
        "MeterValues",
        1763810000.123,
        1763810000.456,
    )
    return SnapshotWrite(station_id, msgspec.json.encode(snapshot), energy, earnings, ())


async def simulate(stations: int, workers: int) -> dict[str, Any]:
    """Plan, then write and read it all through a store of its own."""
    crew = [PlannedWorker(f"worker-{number:04d}") for number in range(workers)]
    planned, first, after_loss = planning(stations, crew)
    with tempfile.TemporaryDirectory() as folder, embedded_valkey(Path(folder)) as server:
        bus = RedisBus.connect(server.connection_url, timeout_seconds=30.0)
        meter = Meter(bus)
        epoch = await bus.acquire_leadership("bench", LEASE_SECONDS)
        assert epoch is not None
        leases = await asyncio.gather(
            *(bus.register_worker(WorkerHeartbeat(w.worker_id), LEASE_SECONDS) for w in crew)
        )
        await meter.take(
            "write the first plan", lambda: bus.write_assignments("bench", epoch, [*first.values()])
        )
        lost = [crew[-1].worker_id]
        await meter.take(
            "write the plan after a loss",
            lambda: bus.write_assignments("bench", epoch, [*after_loss.values()], lost),
        )
        beats = [
            WorkerHeartbeat(w.worker_id, lease_epoch=lease) for w, lease in zip(crew, leases, strict=True)
        ]
        await meter.take(
            "every worker's heartbeat once",
            lambda: asyncio.gather(*(bus.heartbeat(beat, LEASE_SECONDS) for beat in beats)),
        )
        await meter.take("one worker's heartbeat", lambda: bus.heartbeat(beats[0], LEASE_SECONDS))
        await meter.take("the controller looks at every worker", bus.live_workers)
        share = [f"CP-{number:06d}" for number in range(1, stations // workers + 1)]
        mine, lease = crew[0].worker_id, leases[0]
        await meter.take("a worker claims its share", lambda: bus.claim(mine, lease, share))
        await meter.take(
            "a worker tells all its rows",
            lambda: bus.publish(mine, lease, [row(name, mine, 0) for name in share]),
        )
        await meter.take("a worker tells one row", lambda: bus.publish(mine, lease, [row(share[0], mine, 1)]))
        await bus.close()
    return {
        "stations": stations,
        "workers": workers,
        "stations_a_worker": len(share),
        "planner": planned,
        "bus": meter.found,
    }


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=1_000)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(simulate(options.stations, options.workers)), indent=2))


if __name__ == "__main__":
    main()
