"""Assignments become running stations: on the in-memory store, with stations that do as they are told."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import (
    Assignment,
    Conditions,
    IndexRange,
    StationSnapshot,
    StationState,
    Tariff,
    TariffChange,
    WorkerHeartbeat,
)
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.history.log_lines import read_line
from evswarm_shared.telemetry.counts import StationCounts
from evswarm_worker import admission as admission_module
from evswarm_worker.admission import Admission
from evswarm_worker.gauges import ShardGauges
from evswarm_worker.lease import Lease
from evswarm_worker.shard import LinkSettings, Shard
from evswarm_worker.share import Goal
from evswarm_worker.station.effects import STOPPED
from evswarm_worker.station.rebooting import StopCause
from tests.unit.worker.fakes import FakeStations, turns


class World:
    """One worker's shard on a store, as far as admission needs it."""

    def __init__(self, store: MemoryStore | None = None, worker_id: str = "w1") -> None:
        self.store = MemoryStore() if store is None else store
        self.bus = MemoryBus(self.store)
        self.stations = FakeStations()
        self.worker_id = worker_id
        self.generation = 0

    async def begin(self) -> "World":
        epoch = await self.bus.register_worker(WorkerHeartbeat(self.worker_id), 100.0)
        self.lease = Lease(self.worker_id, epoch, 100.0, time.monotonic())
        self.shard = Shard(
            self.bus,
            self.lease,
            LinkSettings("ws://127.0.0.1:1"),
            StationCounts(),
            ShardGauges(),
            tick_seconds=1.0,
        )
        self.admission = Admission(self.bus, self.shard, self.stations)
        return self

    def assign(
        self, *ranges: tuple[int, int], count: int = 1000, stopped: tuple[str, ...] = (), **more: object
    ) -> None:
        self.generation += 1
        fields: dict[str, object] = {
            "worker_id": self.worker_id,
            "leader_epoch": 1,
            "generation": self.generation,
            "ranges": tuple(IndexRange(*pair) for pair in ranges),
            "stopped": frozenset(stopped),
            "swarm_count": count,
        } | more
        self.admission.follow(Assignment(**fields), Tariff())  # type: ignore[arg-type]

    async def turn(self, count: int = 1) -> None:
        for _ in range(count):
            await self.admission._turn()

    @property
    def running(self) -> list[str]:
        return sorted(
            host.station_id for host in self.shard.hosts.values() if host.goal is Goal.RUN and not host.ended
        )

    def stored_row(self, station_id: str) -> StationSnapshot:
        return msgspec.json.decode(self.store.snapshots[station_id], type=StationSnapshot)

    def owner(self, station_id: str) -> str | None:
        owner = self.store.owners.get(station_id)
        return None if owner is None else owner.process_id


@asynccontextmanager
async def world(store: MemoryStore | None = None, worker_id: str = "w1") -> AsyncIterator[World]:
    made = await World(store, worker_id).begin()
    try:
        yield made
    finally:
        made.shard.discard()


async def test_the_stations_of_the_share_are_claimed_and_started() -> None:
    async with world() as w:
        w.assign((1, 4))
        assert w.admission.applied() == (0, 0)
        await w.turn()
        assert w.running == ["CP-000001", "CP-000002", "CP-000003"]
        assert w.owner("CP-000002") == "w1"
        assert w.stations["CP-000003"].names == ["start"]
        assert w.admission.applied() == (1, 1)


async def test_the_same_assignment_again_changes_nothing() -> None:
    async with world() as w:
        w.assign((1, 4))
        await w.turn()
        w.generation -= 1
        w.assign((1, 4))
        await w.turn()
        assert [len(built) for built in w.stations.built.values()] == [1, 1, 1]


async def test_an_older_generation_is_ignored() -> None:
    async with world() as w:
        w.generation = 5
        w.assign((1, 4))
        w.generation = 3
        w.assign((1, 100))
        await w.turn()
        assert len(w.running) == 3
        assert w.admission.applied() == (1, 6)


async def test_an_emptied_store_that_counts_from_the_start_again_is_followed() -> None:
    async with world() as w:
        w.generation = 5
        w.assign((1, 4))
        await w.turn()
        w.admission.begin_anew()
        assert w.admission.applied() == (0, 0)
        w.generation = 0
        w.assign((1, 5), leader_epoch=0)
        await w.turn()
        assert len(w.running) == 4
        assert w.admission.applied() == (0, 1)
        w.generation = 0
        w.assign((1, 9), leader_epoch=0)
        assert len(w.running) == 4, "from then on order counts again"


async def test_a_station_that_left_the_swarm_is_stopped_its_last_row_published_and_released() -> None:
    async with world() as w:
        w.assign((1, 4))
        await w.turn()
        w.assign((1, 3), count=2)
        await w.turn(2)
        assert w.stations["CP-000003"].names == ["start", "stop"]
        assert w.stations["CP-000003"].stop_cause is StopCause.LEAVING
        assert w.running == ["CP-000001", "CP-000002"]
        assert w.stored_row("CP-000003").state is StationState.STOPPED
        assert w.owner("CP-000003") is None
        assert w.admission.applied() == (1, 2)


async def test_a_station_that_moves_to_another_worker_is_handed_over_and_seen_offline_meanwhile() -> None:
    async with world() as w:
        w.assign((1, 4))
        await w.turn()
        w.assign((1, 3), count=3)
        await w.turn(2)
        assert w.stations["CP-000003"].names == ["start", "hand_over"]
        assert w.owner("CP-000003") is None
        assert w.stored_row("CP-000003").state is StationState.OFFLINE
        assert [read_line(line).text for line in w.store.logs["CP-000003"]] == ["started"]


async def test_a_station_that_is_still_ending_keeps_the_generation_unapplied_unless_it_leaves() -> None:
    async with world() as w:
        w.assign((1, 3))
        await w.turn()
        assert w.admission.applied() == (1, 1)
        w.stations["CP-000001"].answers.clear()
        w.stations["CP-000002"].answers.clear()
        w.assign((1, 2), count=1)
        await w.turn(3)
        assert w.admission.applied() == (1, 2)
        assert w.owner("CP-000002") == "w1"
        w.assign((1, 3))
        await w.turn(3)
        assert w.admission.applied() == (1, 2), "one that is wanted again has to come back first"
        w.assign((1, 2), count=1, stopped=("CP-000001",))
        await w.turn(3)
        assert w.admission.applied() == (1, 2)


async def test_a_stopped_station_keeps_its_row_here_and_can_be_started_again() -> None:
    async with world() as w:
        w.assign((1, 3))
        await w.turn()
        w.assign((1, 3), stopped=("CP-000002",))
        await w.turn(2)
        assert w.stations["CP-000002"].names == ["start", "stop"]
        assert w.stations["CP-000002"].stop_cause is StopCause.COMMAND
        assert w.owner("CP-000002") == "w1"
        await w.shard.publisher.flush()
        assert w.stored_row("CP-000002").state is StationState.STOPPED
        w.assign((1, 3))
        await w.turn(2)
        assert len(w.stations.built["CP-000002"]) == 2
        assert w.stations["CP-000002"].names == ["start"]
        assert w.admission.applied() == (1, 3)


async def test_a_station_that_is_stopped_from_the_start_has_a_row_and_does_not_run() -> None:
    async with world() as w:
        w.assign((1, 2), stopped=("CP-000001",))
        await w.turn(2)
        await w.shard.publisher.flush()
        assert w.stations["CP-000001"].names == ["start"]
        assert w.stored_row("CP-000001").state is StationState.STOPPED
        assert w.admission.applied() == (1, 1)


async def test_a_station_wanted_again_while_it_stops_comes_back() -> None:
    async with world() as w:
        w.assign((1, 2))
        await w.turn()
        station = w.stations["CP-000001"]
        station.answers.clear()
        w.assign(count=0)
        await w.turn()
        w.assign((1, 2))
        await w.turn()
        assert len(w.stations.built["CP-000001"]) == 1
        w.shard.hosts["CP-000001"].settled = True
        w.admission.settled(w.shard.hosts["CP-000001"])
        await w.turn(2)
        assert w.stations["CP-000001"].names == ["start"]
        assert w.stations["CP-000001"] is not station
        assert w.running == ["CP-000001"]


async def test_a_station_of_a_living_worker_is_asked_for_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    async with world(store, "w1") as first, world(store, "w2") as second:
        first.assign((1, 3))
        await first.turn()
        monkeypatch.setattr(admission_module, "CLAIM_RETRY_SECONDS", 0.0)
        second.assign((2, 4))
        await second.turn()
        assert second.running == ["CP-000003"]
        assert second.admission.applied() == (0, 0)
        first.assign((1, 2), count=3)
        await first.turn(2)
        await second.turn()
        assert second.running == ["CP-000002", "CP-000003"]
        assert second.admission.applied() == (1, 1)


async def test_stations_start_no_faster_than_the_ramp() -> None:
    async with world() as w:
        w.assign((1, 101), ramp_per_second=10.0)
        await w.turn()
        assert 0 < len(w.running) < 100


def keep_checkpoints(w: World, first: int, stop: int, *, booted: bool) -> None:
    beginning = msgspec.msgpack.encode((1, 0, True, booted))
    w.store.checkpoints.update({f"CP-{index:06d}": beginning for index in range(first, stop)})


async def test_the_ramp_holds_up_nobody_who_only_connects_again() -> None:
    async with world() as w:
        keep_checkpoints(w, 1, 51, booted=False)
        keep_checkpoints(w, 51, 101, booted=True)
        w.assign((1, 101), ramp_per_second=0.001)
        await w.turn()
        assert w.running == ["CP-000001", *(f"CP-{index:06d}" for index in range(51, 101))]
        assert w.admission.applied() == (0, 0)
        assert w.owner("CP-000002") is None, "who waits for the ramp is nobody's"
        w.assign((51, 101), count=1000)
        await w.turn(2)
        assert (len(w.running), w.admission.applied()) == (50, (1, 2))


async def test_the_ramp_is_not_spent_on_stations_that_are_to_stay_off() -> None:
    async with world() as w:
        stopped = tuple(f"CP-{index:06d}" for index in range(1, 51))
        w.assign((1, 52), stopped=stopped, ramp_per_second=0.001)
        await w.turn()
        assert (len(w.shard.hosts), w.running) == (51, ["CP-000051"])


async def test_who_waits_for_the_ramp_begins_in_the_end() -> None:
    async with world() as w:
        w.assign((1, 101), ramp_per_second=1.0)
        await w.turn()
        assert len(w.running) == 1
        w.admission._ramp.change(1e9, w.shard.now())
        await asyncio.sleep(0)
        await w.turn(2)
        assert (len(w.running), w.admission.applied()) == (100, (1, 1))


async def test_a_crashed_station_is_resumed_from_its_checkpoint_a_little_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission_module, "CRASH_RETRY_SECONDS", 0.0)
    async with world() as w:
        w.assign((1, 3))
        await w.turn()
        w.stations["CP-000001"].raises = ZeroDivisionError("a mistake of ours")
        w.shard.hosts["CP-000001"].link_message(b"frame")
        assert w.running == ["CP-000002"]
        assert w.shard.gauges.station_failures == 1
        await w.turn()
        assert w.running == ["CP-000001", "CP-000002"]
        assert len(w.stations.built["CP-000001"]) == 2


async def test_nothing_is_lost_while_the_store_is_away() -> None:
    async with world() as w:
        w.assign((1, 4))
        w.store.available = False
        task = asyncio.create_task(w.admission.run())
        await turns()
        assert w.running == []
        w.store.available = True
        task.cancel()
        await asyncio.wait([task])
        await w.turn()
        assert len(w.running) == 3


async def test_a_new_tariff_a_new_clock_and_new_conditions_reach_every_station() -> None:
    async with world() as w:
        w.assign((1, 3))
        await w.turn()
        tariff = Tariff(1, (TariffChange(0.0, 300_000),))
        w.admission.follow(None, tariff)
        w.assign((1, 3), clock=SimulatedClock(0.0, 0.0, 60.0))
        await w.turn(2)
        assert w.stations["CP-000002"].inputs == [
            ("start",),
            ("tariff_changed", tariff),
            ("clock_changed", SimulatedClock(0.0, 0.0, 60.0)),
        ]
        w.assign((1, 3), clock=SimulatedClock(0.0, 0.0, 60.0), conditions=Conditions(grid_load=0.9))
        await w.turn(2)
        assert w.stations["CP-000002"].inputs[3:] == [("conditions_changed", Conditions(grid_load=0.9))]


@pytest.mark.parametrize(("goal", "said"), [(Goal.HAND_OVER, "hand_over"), (Goal.STOP_AND_LEAVE, "stop")])
async def test_draining_ends_every_station_and_starts_none(goal: Goal, said: str) -> None:
    async with world() as w:
        w.assign((1, 4))
        await w.turn()
        w.admission.drain(goal)
        w.assign((1, 10))
        await w.turn(2)
        assert w.admission.emptied.is_set()
        assert {built[-1].names[-1] for built in w.stations.built.values()} == {said}
        causes = {built[-1].stop_cause for built in w.stations.built.values()}
        assert causes == {StopCause.WORKER_ENDS if said == "stop" else None}
        assert w.store.owners == {}


async def test_a_station_that_leaves_is_resumed_only_to_be_ended_and_is_let_go_then() -> None:
    async with world() as w:
        w.assign(count=0, leaving=(IndexRange(7, 8),))
        await w.turn(2)
        assert w.stations["CP-000007"].names == ["start", "stop"]
        assert w.stations["CP-000007"].stop_cause is StopCause.LEAVING
        assert w.owner("CP-000007") is None
        w.assign(count=0, leaving=(IndexRange(7, 8),))
        await w.turn(2)
        assert len(w.stations.built["CP-000007"]) == 1, "it was ended already"


@pytest.mark.parametrize(("goal", "said"), [(Goal.HAND_OVER, "hand_over"), (Goal.STOP_AND_LEAVE, "stop")])
async def test_a_station_that_waits_before_it_leaves_does_not_make_a_worker_wait_that_ends(
    goal: Goal, said: str
) -> None:
    async with world() as w:
        w.assign((1, 2))
        await w.turn()
        station = w.stations["CP-000001"]
        station.answers["stop"] = []
        w.assign(count=0)
        await w.turn(2)
        assert (station.names, w.owner("CP-000001")) == (["start", "stop"], "w1")
        station.answers["stop"] = [STOPPED]
        w.admission.drain(goal)
        await w.turn(2)
        assert w.admission.emptied.is_set()
        assert station.names == ["start", "stop", said]
        assert w.store.owners == {}
