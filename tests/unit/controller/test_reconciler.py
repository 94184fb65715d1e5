"""The control loop, pass by pass."""

import msgspec
import pytest

from evswarm_controller.operation_progress import QUIET_SECONDS, STALL_SECONDS, stall_seconds
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import IndexRange, OperationState, ProfileName, StationState
from evswarm_shared.errors import BusUnavailableError
from tests.unit.controller.desk import (
    LEASE_SECONDS,
    PASS_SECONDS,
    Clock,
    Desk,
    PlayedWorker,
    ids_of,
    open_desk,
)


async def shares(desk: Desk) -> dict[str, int]:
    assignments = await desk.context.bus.read_assignments()
    return {worker_id: a.station_count() for worker_id, a in assignments.items()}


async def operation_state(desk: Desk, operation_id: str) -> OperationState:
    operation = await desk.context.bus.read_operation(operation_id)
    assert operation is not None
    return operation.state


async def test_an_empty_store_is_set_up_from_the_settings() -> None:
    async with open_desk(stations=7, seed=9, id_prefix="EV", profile="depot", price=0.5) as desk:
        await desk.look()
        desired = await desk.context.bus.read_desired()
        tariff = await desk.context.bus.read_tariff()
    assert desired is not None
    assert (desired.count, desired.seed, desired.id_prefix) == (7, 9, "EV")
    assert [s.mix for s in desired.segments] == [{ProfileName.DEPOT: 1.0}]
    assert desired.clock.simulated(desk.clock()) == desk.clock()
    assert tariff.changes[0].price_micro == 500_000


async def test_the_settings_change_nothing_in_a_store_that_holds_a_swarm(swarm: Desk) -> None:
    async with open_desk(swarm.store, swarm.clock, stations=99, price=9) as second:
        await swarm.context.reconciler.resign()
        await second.look()
        desired = await second.context.bus.read_desired()
        assert desired is not None
        assert desired.count == 20
        assert (await second.context.bus.read_tariff()).version == 1


async def test_a_new_swarm_is_planned_without_waiting_for_a_lease(desk: Desk) -> None:
    await desk.add_worker("w1")
    await desk.look()
    await desk.pass_time(1.0)
    assert await shares(desk) == {"w1": 20}


async def test_workers_that_start_together_are_waited_for(desk: Desk) -> None:
    await desk.add_worker("w1")
    await desk.look()
    assert await shares(desk) == {}
    await desk.add_worker("w2")
    await desk.pass_time(0.5)
    assert await shares(desk) == {}
    await desk.pass_time(1.0)
    assert await shares(desk) == {"w1": 10, "w2": 10}


async def test_a_worker_that_joins_later_is_given_its_share_after_a_moment_too(swarm: Desk) -> None:
    await swarm.add_worker("w3")
    await swarm.look()
    assert await shares(swarm) == {"w1": 10, "w2": 10}
    await swarm.pass_time(1.0)
    assert sorted((await shares(swarm)).values()) == [6, 7, 7]


async def test_a_scale_command_does_not_wait_for_workers_to_settle(swarm: Desk) -> None:
    await swarm.add_worker("w3")
    await swarm.context.wishes.scale(30, profile=None, ramp_per_second=None)
    await swarm.look()
    assert await shares(swarm) == {"w1": 10, "w2": 10, "w3": 10}


async def test_a_lost_workers_stations_go_to_the_others_at_once(swarm: Desk) -> None:
    lost = swarm.workers.pop()
    await swarm.pass_time(LEASE_SECONDS - 1)
    assert await shares(swarm) == {"w1": 10, "w2": 10}
    await swarm.pass_time(2)
    assert await shares(swarm) == {"w1": 20}
    assert lost.worker_id not in swarm.context.observer.workers


async def test_the_last_worker_lost_leaves_its_assignment_for_the_next_one(swarm: Desk) -> None:
    swarm.workers.clear()
    await swarm.pass_time(LEASE_SECONDS + 1)
    assert await shares(swarm) == {"w1": 10, "w2": 10}
    await swarm.add_worker("w3")
    await swarm.settle()
    assert await shares(swarm) == {"w3": 20}


async def test_a_draining_worker_is_emptied(swarm: Desk) -> None:
    await swarm.workers[0].work(draining=True)
    await swarm.look()
    assert await shares(swarm) == {"w1": 0, "w2": 20}


async def test_nothing_is_planned_for_one_lease_after_a_change_of_leader(swarm: Desk) -> None:
    await swarm.context.reconciler.resign()
    async with open_desk(swarm.store, swarm.clock) as second:
        second.workers = swarm.workers
        await second.look()
        assert second.context.reconciler.leads
        await second.add_worker("w3")
        await second.pass_time(LEASE_SECONDS - 1)
        assert await shares(second) == {"w1": 10, "w2": 10}
        await second.pass_time(2)
        assert sorted((await shares(second)).values()) == [6, 7, 7]


async def test_only_one_of_two_controllers_plans(swarm: Desk) -> None:
    async with open_desk(swarm.store, swarm.clock) as second:
        await second.look()
        assert swarm.context.reconciler.leads
        assert not second.context.reconciler.leads
        assert len(second.context.fleet) == 20


async def test_a_leader_whose_term_ended_writes_nothing(swarm: Desk) -> None:
    swarm.store.leader = None
    before = await swarm.context.bus.read_assignments()
    assert await MemoryBus(swarm.store).acquire_leadership("another", LEASE_SECONDS)
    await swarm.add_worker("w3")
    await swarm.pass_time(2)
    assert not swarm.context.reconciler.leads
    assert await swarm.context.bus.read_assignments() == before


async def test_the_store_away_for_a_pass_makes_the_data_old_but_ends_nothing(swarm: Desk) -> None:
    swarm.store.available = False
    with pytest.raises(BusUnavailableError):
        await swarm.context.reconciler.step()
    assert len(swarm.context.fleet) == 20
    swarm.store.available = True
    await swarm.look()
    assert swarm.context.observer.available


async def test_scaling_up_ends_when_all_run(swarm: Desk) -> None:
    operation = await swarm.context.wishes.scale(30, profile=None, ramp_per_second=None)
    assert (operation.target, operation.done) == (10, 0)
    await swarm.look()
    assert await operation_state(swarm, operation.operation_id) is OperationState.RUNNING
    await swarm.workers[0].work()
    await swarm.look()
    half = await swarm.context.bus.read_operation(operation.operation_id)
    assert half is not None
    assert (half.state, half.done) == (OperationState.RUNNING, 5)
    await swarm.settle()
    assert await operation_state(swarm, operation.operation_id) is OperationState.SUCCEEDED


async def test_scaling_down_ends_when_the_rows_are_gone_and_keeps_the_sums(swarm: Desk) -> None:
    worker = swarm.workers[0]
    station_id = sorted(worker.rows)[-1]
    rich = msgspec.structs.replace(worker.rows[station_id], energy_mwh=5_000, earnings_micro=7)
    await worker.publish([rich])
    operation = await swarm.context.wishes.scale(0, profile=None, ramp_per_second=None)
    assert operation.target == 20
    await swarm.look()
    assert await operation_state(swarm, operation.operation_id) is OperationState.RUNNING
    await swarm.settle()
    assert await operation_state(swarm, operation.operation_id) is OperationState.SUCCEEDED
    assert len(swarm.context.fleet) == 0
    assert await swarm.context.bus.read_snapshots() == {}
    assert swarm.context.observer.totals.energy_mwh == 5_000


async def test_an_operation_has_not_ended_before_every_worker_has_applied_it(swarm: Desk) -> None:
    await swarm.context.wishes.scale(5, profile=None, ramp_per_second=None)
    again = await swarm.context.wishes.scale(20, profile=None, ramp_per_second=None)
    await swarm.look()
    await swarm.look()
    assert swarm.context.fleet.running == 20
    assert await operation_state(swarm, again.operation_id) is OperationState.RUNNING
    await swarm.settle()
    assert await operation_state(swarm, again.operation_id) is OperationState.SUCCEEDED


async def test_a_station_that_is_offline_does_not_hold_up_making_the_swarm_smaller(swarm: Desk) -> None:
    worker = swarm.workers[0]
    await worker.publish([msgspec.structs.replace(worker.rows["CP-000001"], running=False)])
    await swarm.look()
    operation = await swarm.context.wishes.scale(5, profile=None, ramp_per_second=None)
    assert operation.target == 15
    await swarm.look()
    for played in swarm.workers:
        await played.work()
    assert not worker.rows["CP-000001"].running
    await swarm.look()
    await swarm.look()
    assert await operation_state(swarm, operation.operation_id) is OperationState.SUCCEEDED


async def test_a_row_that_a_living_worker_still_runs_is_not_taken_away(swarm: Desk) -> None:
    await swarm.context.wishes.scale(0, profile=None, ramp_per_second=None)
    await swarm.look()
    await swarm.look()
    assert len(swarm.context.fleet) == 20


async def test_a_station_goes_only_when_its_central_system_has_heard_everything(swarm: Desk) -> None:
    swarm.store.outboxes["CP-000003"] = {1: b"[]"}
    operation = await swarm.context.wishes.scale(0, profile=None, ramp_per_second=None)
    worker = next(each for each in swarm.workers if "CP-000003" in each.rows)
    away = msgspec.structs.replace(worker.rows["CP-000003"], state=StationState.OFFLINE, running=False)
    await worker.publish([away])
    await swarm.settle()
    assert list(swarm.context.fleet.rows) == ["CP-000003"]
    given = [a.leaving for a in (await swarm.context.bus.read_assignments()).values() if a.leaving]
    assert given == [(IndexRange(3, 4),)]
    await swarm.pass_time(QUIET_SECONDS + PASS_SECONDS)
    seen = await swarm.context.bus.read_operation(operation.operation_id)
    assert seen is not None
    assert (seen.state, seen.done) == (OperationState.RUNNING, 19)
    assert "must hear how their transactions ended: 1." in seen.message
    del swarm.store.outboxes["CP-000003"]
    await swarm.settle()
    assert await operation_state(swarm, operation.operation_id) is OperationState.SUCCEEDED
    assert len(swarm.context.fleet) == 0


async def test_without_a_worker_a_station_that_has_something_to_tell_waits_for_one(swarm: Desk) -> None:
    swarm.store.outboxes["CP-000003"] = {1: b"[]"}
    swarm.workers.clear()
    await swarm.pass_time(LEASE_SECONDS + 1)
    operation = await swarm.context.wishes.scale(0, profile=None, ramp_per_second=None)
    await swarm.look()
    assert list(swarm.context.fleet.rows) == ["CP-000003"]
    assert await operation_state(swarm, operation.operation_id) is OperationState.RUNNING


async def test_a_newer_scale_command_supersedes_the_older(swarm: Desk) -> None:
    first = await swarm.context.wishes.scale(30, profile=None, ramp_per_second=None)
    second = await swarm.context.wishes.scale(25, profile=None, ramp_per_second=None)
    await swarm.settle()
    assert await operation_state(swarm, first.operation_id) is OperationState.SUPERSEDED
    assert await operation_state(swarm, second.operation_id) is OperationState.SUCCEEDED


async def test_an_operation_outlives_its_controller(swarm: Desk) -> None:
    operation = await swarm.context.wishes.scale(25, profile=None, ramp_per_second=None)
    await swarm.context.reconciler.resign()
    async with open_desk(swarm.store, swarm.clock) as second:
        second.workers = swarm.workers
        await second.look()
        await second.pass_time(LEASE_SECONDS - 2)
        await second.pass_time(3)
        await second.settle()
        assert await operation_state(second, operation.operation_id) is OperationState.SUCCEEDED


async def test_an_operation_that_comes_no_further_fails_and_says_how_many(swarm: Desk) -> None:
    operation = await swarm.context.wishes.scale(25, profile=None, ramp_per_second=None)
    await swarm.look()
    for _ in range(int(STALL_SECONDS / 5) + 1):
        await swarm.pass_time(5.0)
    ended = await swarm.context.bus.read_operation(operation.operation_id)
    assert ended is not None
    assert (ended.state, ended.failed) == (OperationState.FAILED, 5)
    assert "5 of 5 stations" in ended.message


def test_a_slow_ramp_is_given_its_time() -> None:
    assert stall_seconds(None) == STALL_SECONDS
    assert stall_seconds(100.0) == STALL_SECONDS
    assert stall_seconds(0.001) == 3000.0


async def test_what_no_worker_has_room_for_is_said_in_the_operation() -> None:
    async with open_desk(stations=0) as desk:
        await desk.add_worker("w1", capacity=5)
        await desk.add_worker("w2", capacity=5)
        await desk.settle()
        operation = await desk.context.wishes.scale(8, profile=None, ramp_per_second=None)
        desk.workers.pop()
        await desk.pass_time(LEASE_SECONDS + 1)
        await desk.settle()
        seen = await desk.context.bus.read_operation(operation.operation_id)
    assert seen is not None
    assert (seen.state, seen.done) == (OperationState.RUNNING, 5)
    assert "3 stations have no worker" in seen.message


async def test_stopping_a_station_ends_when_its_row_says_so_and_reaches_its_worker_only(swarm: Desk) -> None:
    operation = await swarm.context.wishes.stop("CP-000003")
    assert operation is not None
    await swarm.look()
    assignments = await swarm.context.bus.read_assignments()
    assert {w: set(a.stopped) for w, a in assignments.items()} == {"w1": {"CP-000003"}, "w2": set()}
    assert await operation_state(swarm, operation.operation_id) is OperationState.RUNNING
    await swarm.settle()
    assert await operation_state(swarm, operation.operation_id) is OperationState.SUCCEEDED
    assert await swarm.context.wishes.stop("CP-000003") is None


async def test_starting_again_supersedes_the_stop(swarm: Desk) -> None:
    stop = await swarm.context.wishes.stop("CP-000003")
    start = await swarm.context.wishes.start("CP-000003")
    assert stop is not None
    assert start is not None
    await swarm.settle()
    assert await operation_state(swarm, stop.operation_id) is OperationState.SUPERSEDED
    assert await operation_state(swarm, start.operation_id) is OperationState.SUCCEEDED


async def test_two_controllers_that_write_at_once_lose_no_wish(swarm: Desk) -> None:
    async with open_desk(swarm.store, swarm.clock) as second:
        await second.look()
        await swarm.context.wishes.stop("CP-000001")
        await second.context.wishes.stop("CP-000002")
        await swarm.context.wishes.scale(21, profile=None, ramp_per_second=None)
        desired = await second.context.bus.read_desired()
    assert desired is not None
    assert desired.stopped == {"CP-000001", "CP-000002"}
    assert (desired.count, desired.generation) == (21, 4)


async def test_ended_operations_leave_the_desired_state_with_the_next_wish(swarm: Desk) -> None:
    await swarm.context.wishes.scale(21, profile=None, ramp_per_second=None)
    await swarm.settle()
    last = await swarm.context.wishes.scale(22, profile=None, ramp_per_second=None)
    desired = await swarm.context.bus.read_desired()
    assert desired is not None
    assert desired.operations == (last.operation_id,)


async def test_a_store_that_was_emptied_is_set_up_anew(swarm: Desk) -> None:
    swarm.store.desired = None
    swarm.store.leader = None
    await swarm.look()
    await swarm.look()
    desired = await swarm.context.bus.read_desired()
    assert desired is not None
    assert (desired.generation, desired.count) == (1, 20)
    assert swarm.context.observer.desired == desired


async def test_assignments_name_each_station_once() -> None:
    clock = Clock()
    store = MemoryStore(now=clock)
    async with open_desk(store, clock, stations=33) as desk:
        for name in ("a", "b", "c"):
            await desk.add_worker(name)
        await desk.settle()
        assignments = await desk.context.bus.read_assignments()
    ids = [station_id for a in assignments.values() for station_id in ids_of(a)]
    assert sorted(ids) == [f"CP-{i:06d}" for i in range(1, 34)]
    assert isinstance(desk.workers[0], PlayedWorker)
