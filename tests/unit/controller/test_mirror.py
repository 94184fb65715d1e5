"""Following what workers publish."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from evswarm_controller.fleet import Fleet
from evswarm_controller.mirror import Mirror
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import StationState
from tests.unit.controller.desk import Clock, PlayedWorker, row

WAIT_SECONDS = 20.0


class Following:
    """A mirror at work, and a worker that owns two stations."""

    def __init__(self, mirror: Mirror, fleet: Fleet, worker: PlayedWorker, logged: list[str]) -> None:
        self.mirror, self.fleet, self.worker, self.logged = mirror, fleet, worker, logged

    async def until(self, condition: Callable[[], bool]) -> None:
        assert await self.mirror.wait_until(condition, WAIT_SECONDS)


@asynccontextmanager
async def following() -> AsyncIterator[Following]:
    store = MemoryStore(now=Clock())
    worker = PlayedWorker(MemoryBus(store), "w1")
    await worker.join()
    await worker.bus.claim("w1", worker.epoch, ["S1", "S2"])
    await worker.publish([row("S1"), row("S2")])
    fleet, logged = Fleet(), list[str]()
    fleet.set_workers(["w1"], store.now())
    mirror = Mirror(MemoryBus(store), fleet, store.now, on_logged=logged.extend)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(mirror.run())
        at_work = Following(mirror, fleet, worker, logged)
        await at_work.until(lambda: mirror.synced)
        yield at_work
        task.cancel()


async def test_the_rows_that_are_stored_are_read_first() -> None:
    async with following() as at_work:
        assert set(at_work.fleet.rows) == {"S1", "S2"}


async def test_published_rows_and_logs_are_followed() -> None:
    async with following() as at_work:
        await at_work.worker.publish([row("S1", power_w=9)], ("a line",))
        await at_work.until(lambda: at_work.fleet.rows["S1"].power_w == 9)
        assert at_work.logged == ["S1"]


async def test_retired_stations_leave() -> None:
    async with following() as at_work:
        await at_work.worker.bus.release("w1", at_work.worker.epoch, ["S1"])
        await at_work.worker.bus.retire(["S1"])
        await at_work.until(lambda: "S1" not in at_work.fleet.rows)


async def test_what_was_missed_while_the_store_was_away_is_read_again() -> None:
    async with following() as at_work:
        store = at_work.worker.bus.store  # type: ignore[attr-defined]
        store.available = False
        changed = row("S2", state=StationState.FAULTED)
        store.snapshots["S2"] = msgspec.json.encode(changed)
        store.available = True
        await at_work.until(lambda: at_work.fleet.rows["S2"].state is StationState.FAULTED)


async def test_waiting_ends_when_the_time_is_over() -> None:
    async with following() as at_work:
        assert not await at_work.mirror.wait_until(lambda: False, 0.0)
        assert await at_work.mirror.wait_until(lambda: True, 0.0)
