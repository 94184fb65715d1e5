"""An emptied store gets back what this worker still knows, and a store that knows better keeps what it has."""

import time

from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import StationCommit, WorkerHeartbeat
from evswarm_worker.lease import Lease
from evswarm_worker.rebuilding import keep, rebuild
from tests.unit.worker.fakes import FakeStation


async def leased(store: MemoryStore) -> tuple[MemoryBus, Lease]:
    bus = MemoryBus(store)
    epoch = await bus.register_worker(WorkerHeartbeat("w1"), 10.0)
    return bus, Lease("w1", epoch, 10.0, time.monotonic())


async def test_what_the_store_has_forgotten_is_written_again_and_left_free() -> None:
    store = MemoryStore()
    bus, lease = await leased(store)
    station = FakeStation("CP-000001")
    station.energy_mwh = 700
    assert await rebuild(bus, lease, [keep(station, 5.0)]) == 1
    assert store.checkpoints == {"CP-000001": b"whole"}
    assert store.totals == (700, 0)
    assert list(store.snapshots) == ["CP-000001"]
    assert store.owners == {}


async def test_what_the_store_knows_is_left_as_it_is() -> None:
    store = MemoryStore()
    bus, lease = await leased(store)
    await bus.claim("w1", lease.epoch, ["CP-000001"])
    await bus.commit("w1", lease.epoch, [StationCommit("CP-000001", b"newer")])
    assert await rebuild(bus, lease, [keep(FakeStation("CP-000001"), 5.0)]) == 0
    assert store.checkpoints == {"CP-000001": b"newer"}


async def test_a_station_that_another_worker_runs_is_left_to_it() -> None:
    store = MemoryStore()
    bus, lease = await leased(store)
    other = await bus.register_worker(WorkerHeartbeat("w2"), 10.0)
    await bus.claim("w2", other, ["CP-000001"])
    assert await rebuild(bus, lease, [keep(FakeStation("CP-000001"), 5.0)]) == 0
    assert store.owners["CP-000001"].process_id == "w2"
