"""An emptied store gets back what this worker still knows, and a store that knows better keeps what it has."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.memory.store import Owner
from evswarm_shared.bus.messages import StationCommit, StoredStation, WorkerHeartbeat
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.settings import WorkerSettings
from evswarm_shared.telemetry.counts import StationCounts
from evswarm_worker import worker as worker_module
from evswarm_worker.gauges import ShardGauges
from evswarm_worker.host import StationHost
from evswarm_worker.lease import Lease
from evswarm_worker.rebuilding import keep, rebuild, take_up_again
from evswarm_worker.shard import LinkSettings, Shard
from evswarm_worker.share import StationPlan
from evswarm_worker.worker import Worker
from tests.unit.worker.fakes import FakeStation


def report_of(lease: Lease) -> WorkerHeartbeat:
    return WorkerHeartbeat(lease.worker_id, lease_epoch=lease.epoch)


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


def shard_of(bus: MemoryBus, lease: Lease) -> Shard:
    counts = StationCounts()
    return Shard(bus, lease, LinkSettings("ws://127.0.0.1:1"), counts, ShardGauges(), tick_seconds=1.0)


def running(shard: Shard, station_id: str) -> StationHost:
    plan = StationPlan(station_id, 1, {})
    return shard.add(plan, FakeStation(station_id), StoredStation(station_id, None))


async def test_stations_run_on_under_another_lease_when_the_store_was_emptied() -> None:
    old_store = MemoryStore()
    _, lease = await leased(old_store)
    before = lease.epoch
    emptied = MemoryBus(MemoryStore())
    shard = shard_of(emptied, lease)
    host = running(shard, "CP-000001")
    assert await take_up_again(emptied, shard, report_of(lease)) == 1
    assert lease.epoch > before, "what is still on its way under the old lease is refused and waits"
    assert shard.hosts == {"CP-000001": host}
    assert lease.valid()
    assert emptied.store.owners == {"CP-000001": Owner("w1", lease.epoch)}
    assert emptied.store.checkpoints == {"CP-000001": b"whole"}
    assert list(emptied.store.snapshots) == ["CP-000001"]


async def test_stations_that_another_worker_runs_or_that_the_store_knows_are_dropped() -> None:
    store = MemoryStore()
    bus, lease = await leased(store)
    shard = shard_of(bus, lease)
    known, theirs, forgotten = (running(shard, f"CP-00000{number}") for number in (1, 2, 3))
    other = await bus.register_worker(WorkerHeartbeat("w2"), 10.0)
    await bus.claim("w2", other, ["CP-000001", "CP-000002"])
    await bus.commit("w2", other, [StationCommit("CP-000001", b"newer")])
    await bus.release("w2", other, ["CP-000001"])
    assert await take_up_again(bus, shard, WorkerHeartbeat("w1")) == 1
    assert list(shard.hosts) == ["CP-000003"]
    assert known.ended and theirs.ended and not forgotten.ended
    assert store.checkpoints["CP-000001"] == b"newer"


async def test_the_old_lease_writes_nothing_until_everything_is_taken_up() -> None:
    store = MemoryStore()
    bus, lease = await leased(store)
    shard = shard_of(bus, lease)
    running(shard, "CP-000001")
    before = lease.epoch
    store.available = False
    with pytest.raises(BusUnavailableError):
        await take_up_again(bus, shard, WorkerHeartbeat("w1"))
    assert lease.epoch == before


class FlickeringBus(MemoryBus):
    """A store that answers, but not the next `failures` commits."""

    failures = 0

    async def commit(
        self, worker_id: str, lease_epoch: int, commits: Sequence[StationCommit]
    ) -> frozenset[str]:
        if self.failures:
            self.failures -= 1
            raise BusUnavailableError("away again")
        return await super().commit(worker_id, lease_epoch, commits)


async def test_a_store_that_goes_away_while_stations_are_taken_up_gets_them_when_it_is_back() -> None:
    _, lease = await leased(MemoryStore())
    emptied = FlickeringBus()
    emptied.failures = 1
    shard = shard_of(emptied, lease)
    host = running(shard, "CP-000001")
    with pytest.raises(BusUnavailableError):
        await take_up_again(emptied, shard, report_of(lease))
    reply = await emptied.heartbeat(report_of(lease), 10.0)
    assert reply.name_taken, "by ourselves"
    assert await take_up_again(emptied, shard, report_of(lease)) == 1
    assert shard.hosts == {"CP-000001": host}
    assert (await emptied.heartbeat(report_of(lease), 10.0)).lease_held


async def test_what_half_done_attempts_claimed_is_not_taken_for_another_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_module, "REGISTER_RETRY_SECONDS", 0.0)
    _, lease = await leased(MemoryStore())
    emptied = FlickeringBus()
    emptied.failures = 2
    shard = shard_of(emptied, lease)
    station = running(shard, "CP-000001").station
    with pytest.raises(BusUnavailableError):
        await take_up_again(emptied, shard, report_of(lease))
    worker = Worker(WorkerSettings(), emptied, 10)
    worker.remember([keep(station, 5.0)], lease)
    await worker.one_lease()
    assert emptied.store.checkpoints == {}, "the store was away again"
    worker.named = lambda _: worker.stop()
    async with asyncio.timeout(10):
        await worker.one_lease()
    assert emptied.store.checkpoints == {"CP-000001": b"whole"}
