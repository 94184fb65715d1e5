"""A whole worker with real stations against a whole central system: real sockets, the store in memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from evswarm_csms.service import CentralSystem, Listening
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import (
    Assignment,
    Command,
    CommandOutcome,
    CommandReply,
    CommandTarget,
    IndexRange,
    ProfileName,
    Segment,
    StationSnapshot,
    StationState,
    TariffChange,
)
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.settings import CsmsSettings, ShutdownPolicy, WorkerSettings
from evswarm_worker.worker import Worker

COUNT = 12


async def eventually(probe: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait until `probe` is true."""
    deadline = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:g} s"
        await asyncio.sleep(0.02)


class Swarm:
    """A store with a central system, and workers as a test starts them; the test is the controller."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.bus = MemoryBus(self.store)
        self.csms_port = 0
        self.generation = 0
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.workers: dict[str, Worker] = {}

    def start_worker(
        self,
        name: str,
        *,
        on_shutdown: ShutdownPolicy = ShutdownPolicy.HAND_OVER,
        lease_seconds: float = 10.0,
        named: bool = True,
    ) -> Worker:
        settings = WorkerSettings(
            csms_url=f"ws://127.0.0.1:{self.csms_port}",
            worker_id=name if named else None,
            lease_seconds=lease_seconds,
            worker_on_shutdown=on_shutdown,
            tick_seconds=0.1,
            worker_grace_seconds=20.0,
        )
        self.workers[name] = worker = Worker(settings, MemoryBus(self.store), 1000)
        self.tasks[name] = asyncio.create_task(worker.run())
        return worker

    async def stop_worker(self, name: str) -> None:
        """As SIGTERM does."""
        self.workers[name].stop()
        async with asyncio.timeout(30):
            await self.tasks.pop(name)

    async def kill_worker(self, name: str) -> None:
        """As SIGKILL does, with the lease gone at once: nothing is said to the store."""
        task = self.tasks.pop(name)
        task.cancel()
        await asyncio.wait([task])
        self.store.leases.pop(name, None)

    async def assign(
        self, shares: dict[str, tuple[int, int]], *, stopped: tuple[str, ...] = (), count: int = COUNT
    ) -> None:
        epoch = await self.bus.acquire_leadership("test", 600.0)
        assert epoch is not None
        self.generation += 1
        whole = IndexRange(1, COUNT + 1)
        await self.bus.write_assignments(
            "test",
            epoch,
            [
                Assignment(
                    worker_id=name,
                    leader_epoch=epoch,
                    generation=self.generation,
                    ranges=(IndexRange(*share),),
                    segments=(Segment(whole, {ProfileName.HIGHWAY: 1.0}),),
                    stopped=frozenset(stopped),
                    seed=7,
                    clock=SimulatedClock(),
                    run_id="test",
                    swarm_count=count,
                )
                for name, share in shares.items()
            ],
        )

    def rows(self) -> dict[str, StationSnapshot]:
        return {
            station_id: msgspec.json.decode(row, type=StationSnapshot)
            for station_id, row in self.store.snapshots.items()
        }

    def running(self, worker_id: str | None = None) -> int:
        return sum(
            row.running and worker_id in (None, row.worker_id) and self.owner(row.station_id) == row.worker_id
            for row in self.rows().values()
        )

    def owner(self, station_id: str) -> str | None:
        owner = self.store.owners.get(station_id)
        return None if owner is None else owner.process_id

    def open_transactions(self) -> dict[int, str]:
        return {
            number: record.station_id
            for number, record in self.store.transactions.items()
            if record.stopped_at is None
        }


@asynccontextmanager
async def swarm() -> AsyncIterator[Swarm]:
    made = Swarm()
    await made.bus.change_tariff(TariffChange(0.0, 300_000))
    stop, ready = asyncio.Event(), asyncio.Queue[Listening]()
    central = CentralSystem(CsmsSettings(csms_port=0), MemoryBus(made.store))
    csms = asyncio.create_task(central.run(stop, ready.put_nowait))
    async with asyncio.timeout(20):
        made.csms_port = (await ready.get()).port
    try:
        yield made
    finally:
        for task in made.tasks.values():
            task.cancel()
        if made.tasks:
            await asyncio.wait(made.tasks.values())
        stop.set()
        await csms


async def test_stations_boot_charge_and_end_in_order() -> None:
    async with swarm() as s:
        s.start_worker("w1", on_shutdown=ShutdownPolicy.STOP)
        await s.assign({"w1": (1, COUNT + 1)})
        await eventually(lambda: s.running("w1") == COUNT, "every station running")
        await eventually(lambda: len(s.open_transactions()) > 0, "a transaction")
        await eventually(lambda: s.store.totals[0] > 0, "energy")
        await eventually(lambda: s.store.workers["w1"].applied_generation == 1, "the assignment applied")
        await s.stop_worker("w1")
        assert s.open_transactions() == {}
        assert {row.state for row in s.rows().values()} == {StationState.STOPPED}
        assert all(outbox == {} for outbox in s.store.outboxes.values())
        assert s.store.leases == {}


async def test_a_killed_workers_stations_go_on_elsewhere_with_their_transactions() -> None:
    async with swarm() as s:
        s.start_worker("w1")
        s.start_worker("w2")
        half = COUNT // 2 + 1
        await s.assign({"w1": (1, half), "w2": (half, COUNT + 1)})
        await eventually(lambda: s.running() == COUNT, "every station running")
        mine = {f"CP-{index:06d}" for index in range(1, half)}
        await eventually(
            lambda: any(station in mine for station in s.open_transactions().values()), "a transaction"
        )
        await eventually(lambda: all(not s.store.outboxes[station] for station in mine), "answers")
        before, registers = s.open_transactions(), dict(s.store.registers)
        await s.kill_worker("w1")
        await s.assign({"w2": (1, COUNT + 1)})
        await eventually(lambda: s.running("w2") == COUNT, "every station running on the other worker")
        assert {number for number, station in before.items() if station in mine} <= set(s.open_transactions())
        assert {row.worker_id for row in s.rows().values()} == {"w2"}
        for station_id, row in s.rows().items():
            assert row.energy_mwh >= registers[station_id][0]
            assert row.earnings_micro >= registers[station_id][1]


async def test_stations_that_move_keep_their_transactions_and_are_told_goodbye_in_order() -> None:
    async with swarm() as s:
        s.start_worker("w1")
        await s.assign({"w1": (1, COUNT + 1)})
        await eventually(lambda: len(s.open_transactions()) > 0, "a transaction")
        await eventually(lambda: s.running("w1") == COUNT, "every station running")
        before = set(s.open_transactions())
        s.start_worker("w2")
        await s.assign({"w1": (1, 2), "w2": (2, COUNT + 1)})
        await eventually(lambda: s.running("w2") == COUNT - 1, "the stations on the other worker")
        assert s.running("w1") == 1
        assert before <= set(s.open_transactions())


async def test_stations_that_left_the_swarm_end_their_transactions() -> None:
    async with swarm() as s:
        s.start_worker("w1")
        await s.assign({"w1": (1, COUNT + 1)})
        await eventually(lambda: len(s.open_transactions()) > 0, "a transaction")
        await s.assign({"w1": (1, 1)}, count=0)
        await eventually(lambda: s.store.owners == {}, "every station released")
        assert s.open_transactions() == {}


async def test_a_short_absence_of_the_store_is_not_felt_by_the_stations() -> None:
    async with swarm() as s:
        worker = s.start_worker("w1")
        await s.assign({"w1": (1, COUNT + 1)})
        await eventually(lambda: s.running("w1") == COUNT, "every station running")
        s.store.available = False
        await asyncio.sleep(1.5)
        s.store.available = True
        beat = s.store.workers["w1"].sent_at
        await eventually(lambda: s.store.workers["w1"].sent_at > beat, "a heartbeat")
        assert s.running("w1") == COUNT
        assert sum(worker.counts.disconnects.values()) == 0


async def test_a_worker_without_the_store_falls_silent_before_its_lease_ends_and_comes_back_empty() -> None:
    async with swarm() as s:
        worker = s.start_worker("w1", lease_seconds=4.0, named=False)
        await eventually(lambda: len(s.store.workers) == 1, "a lease")
        (first,) = s.store.workers
        await s.assign({first: (1, COUNT + 1)})
        await eventually(lambda: s.running(first) == COUNT, "every station running")
        gone = time.monotonic()
        s.store.available = False
        await eventually(lambda: worker.gauges.running == 0, "silence")
        assert time.monotonic() - gone < 4.0
        await asyncio.sleep(0.5)
        s.store.available = True
        await eventually(lambda: any(name != first for name in s.store.workers), "a new lease")
        second = next(name for name in s.store.workers if name != first)
        assert s.store.workers[second].stations == 0
        await s.assign({second: (1, COUNT + 1)})
        await eventually(lambda: s.running(second) == COUNT, "every station running again")


async def test_a_stopped_station_keeps_its_row_and_starts_again() -> None:
    async with swarm() as s:
        s.start_worker("w1")
        await s.assign({"w1": (1, COUNT + 1)})
        await eventually(lambda: s.running("w1") == COUNT, "every station running")
        await s.assign({"w1": (1, COUNT + 1)}, stopped=("CP-000003",))
        await eventually(lambda: s.rows()["CP-000003"].state is StationState.STOPPED, "the stop")
        assert s.running("w1") == COUNT - 1
        await s.assign({"w1": (1, COUNT + 1)})
        await eventually(lambda: s.running("w1") == COUNT, "the station running again")


async def test_hands_reach_a_station_through_the_bus() -> None:
    async with swarm() as s, s.bus.replies("test") as replies:
        s.start_worker("w1")
        await s.assign({"w1": (1, COUNT + 1)})
        await eventually(lambda: s.running("w1") == COUNT, "every station running")

        async def act(action: str, payload: bytes = b"{}") -> CommandReply:
            command = Command("c", "CP-000001", action, msgspec.Raw(payload), time.time() + 10, "test")
            assert await s.bus.send_command(CommandTarget.WORKER, "w1", command)
            async with asyncio.timeout(10):
                return await anext(aiter(replies))

        down = await act("network_down")
        assert down.outcome is CommandOutcome.DONE
        assert msgspec.json.decode(down.payload, type=StationSnapshot).running is False
        await eventually(lambda: s.rows()["CP-000001"].state is StationState.OFFLINE, "being offline")
        assert (await act("network_up")).outcome is CommandOutcome.DONE
        await eventually(lambda: s.rows()["CP-000001"].running, "being back")
        wrong = await act("plug_in", b'{"connector_id": 99}')
        assert wrong.outcome is CommandOutcome.REFUSED
        assert wrong.description
