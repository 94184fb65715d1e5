"""The group commit."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from evswarm_shared.bus.memory import MemoryBus
from evswarm_shared.bus.messages import StationCommit, WorkerHeartbeat
from evswarm_shared.errors import LeaseLostError
from evswarm_worker import commits as commits_module
from evswarm_worker.commits import GroupCommit
from evswarm_worker.lease import Lease


class CountingBus(MemoryBus):
    batches: list[int]

    async def commit(
        self, worker_id: str, lease_epoch: int, commits: Sequence[StationCommit]
    ) -> frozenset[str]:
        refused = await super().commit(worker_id, lease_epoch, commits)
        self.batches.append(len(commits))
        return refused


class Setup:
    async def begin(self, monkeypatch: pytest.MonkeyPatch) -> "Setup":
        monkeypatch.setattr(commits_module, "GATHER_SECONDS", 0.0)
        monkeypatch.setattr(commits_module, "RETRY_SECONDS", 0.0)
        self.bus = CountingBus()
        self.bus.batches = []
        epoch = await self.bus.register_worker(WorkerHeartbeat("w1"), 100.0)
        self.lease = Lease("w1", epoch, 100.0, time.monotonic())
        await self.bus.claim("w1", epoch, ["A", "B"])
        self.done: list[str] = []
        self.refused: list[str] = []
        self.settled = asyncio.Semaphore(0)
        self.commits: GroupCommit[str] = GroupCommit(self.bus, self.lease, self._written, self._refused)
        return self

    def _written(self, waiter: str) -> None:
        self.done.append(waiter)
        self.settled.release()

    def _refused(self, waiter: str) -> None:
        self.refused.append(waiter)
        self.settled.release()


async def run_until(setup: Setup, count: int) -> None:
    task = asyncio.create_task(setup.commits.run())
    async with asyncio.timeout(10):
        for _ in range(count):
            await setup.settled.acquire()
    task.cancel()
    await asyncio.wait([task])


async def test_commits_that_wait_together_are_written_together(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = await Setup().begin(monkeypatch)
    setup.commits.add("a", StationCommit("A", b"1"))
    setup.commits.add("b", StationCommit("B", b"2"))
    await run_until(setup, 2)
    assert setup.done == ["a", "b"]
    assert setup.bus.batches == [2]
    assert setup.bus.store.checkpoints == {"A": b"1", "B": b"2"}


async def test_a_station_of_another_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = await Setup().begin(monkeypatch)
    setup.commits.add("c", StationCommit("C", b"1"))
    setup.commits.add("a", StationCommit("A", b"1"))
    await run_until(setup, 2)
    assert setup.refused == ["c"]
    assert setup.done == ["a"]


async def test_commits_wait_for_a_store_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = await Setup().begin(monkeypatch)
    setup.bus.store.available = False
    setup.commits.add("a", StationCommit("A", b"1"))
    task = asyncio.create_task(setup.commits.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert setup.done == []
    setup.bus.store.available = True
    async with asyncio.timeout(10):
        await setup.settled.acquire()
    task.cancel()
    await asyncio.wait([task])


async def test_nothing_is_written_after_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = await Setup().begin(monkeypatch)
    setup.commits.add("a", StationCommit("A", b"1"))
    setup.lease.lose()
    with pytest.raises(LeaseLostError):
        await setup.commits.run()
    assert setup.bus.store.checkpoints == {}


async def test_what_is_forgotten_while_the_store_is_away_is_not_written_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setup = await Setup().begin(monkeypatch)
    setup.bus.store.available = False
    setup.commits.add("a", StationCommit("A", b"1"))
    setup.commits.add("b", StationCommit("B", b"2"))
    task = asyncio.create_task(setup.commits.run())
    for _ in range(20):
        await asyncio.sleep(0)
    setup.commits.forget("a")
    setup.bus.store.available = True
    async with asyncio.timeout(10):
        await setup.settled.acquire()
    task.cancel()
    await asyncio.wait([task])
    assert (setup.done, setup.refused) == (["b"], [])
    assert setup.bus.store.checkpoints == {"B": b"2"}
