"""What one tick costs the worker and the store: CPU of publishing rows, of resuming stations, of reading all rows.

Printed, never asserted. The client's CPU is this process's, the server's what the store says of itself.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from evswarm_shared.bus.messages import (
    SnapshotWrite,
    StationCommit,
    StationSnapshot,
    StationState,
    WorkerHeartbeat,
)
from evswarm_shared.bus.redis import RedisBus

ROUNDS = 5
CHECKPOINT = bytes(range(256))


def tick(station_ids: list[str], number: int) -> list[SnapshotWrite]:
    """A tick in which every station charges and every tenth has something to say."""
    writes = []
    for n, station_id in enumerate(station_ids):
        energy, earnings = 5_000_000 + number * 3000, 1_500_000 + number * 900
        snapshot = StationSnapshot(
            station_id,
            StationState.CHARGING,
            ("Charging", "Available"),
            "worker-1",
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
        lines = ("[12:00:00] Meter value accepted",) if n % 10 == 0 else ()
        writes.append(SnapshotWrite(station_id, msgspec.json.encode(snapshot), energy, earnings, lines))
    return writes


@pytest.mark.parametrize("stations", [500, 10_000])
def test_a_tick(
    stations: int, valkey_url: str, benchmark: BenchmarkFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    bus = RedisBus.connect(valkey_url, f"bench-{uuid.uuid4().hex}", timeout_seconds=30.0)
    ids = [f"CP-{n:06d}" for n in range(1, stations + 1)]
    with asyncio.Runner() as runner:
        epoch = runner.run(bus.register_worker(WorkerHeartbeat("worker-1"), 600))
        runner.run(bus.claim("worker-1", epoch, ids))
        writes = tick(ids, 0)
        benchmark.pedantic(  # type: ignore[no-untyped-call]
            lambda: runner.run(bus.publish("worker-1", epoch, writes)), rounds=ROUNDS, warmup_rounds=1
        )
        measured = runner.run(costs(bus, epoch, ids))
        runner.run(bus.close())
    benchmark.extra_info["cpu_ms_client_store"] = measured
    with capsys.disabled():
        print(f"\n{stations} stations, ms of CPU: client / store (mean of {ROUNDS})")
        for name, (client, store) in measured.items():
            print(f"  {name:28} {client:9.2f} / {store:.2f}")


async def costs(bus: RedisBus, epoch: int, ids: list[str]) -> dict[str, tuple[float, float]]:
    """Mean CPU milliseconds of client and store for what worker, controller and central system do with all stations."""
    ticks = [tick(ids, number) for number in range(ROUNDS, 0, -1)]
    commits = [StationCommit(station_id, CHECKPOINT) for station_id in ids]
    heartbeat = WorkerHeartbeat("worker-1", lease_epoch=epoch)

    async def connect_one_by_one() -> None:
        await asyncio.gather(*(bus.station_connected("csms-1", station_id) for station_id in ids))

    works: dict[str, Callable[[], Awaitable[object]]] = {
        "publish one tick": lambda: bus.publish("worker-1", epoch, ticks.pop()),
        "commit every station": lambda: bus.commit("worker-1", epoch, commits),
        "resume every station": lambda: bus.claim("worker-1", epoch, ids),
        "read all rows": bus.read_snapshots,
        "read all owners": bus.owners,
        "connect, each its own call": connect_one_by_one,
        "connect, together": lambda: bus.stations_connected("csms-1", ids),
        "heartbeat": lambda: bus.heartbeat(heartbeat, 600),
    }
    return {name: await cost(bus, work) for name, work in works.items()}


async def cost(bus: RedisBus, work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Mean CPU milliseconds of one round of work, of this process and of the store."""
    server, client = await server_cpu(bus), time.process_time()
    for _ in range(ROUNDS):
        await work()
    client = time.process_time() - client
    server = await server_cpu(bus) - server
    return client / ROUNDS * 1000, server / ROUNDS * 1000


async def server_cpu(bus: RedisBus) -> float:
    """CPU seconds the store has used so far."""
    info: bytes = await bus._link.execute("INFO", "cpu")
    used = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])
