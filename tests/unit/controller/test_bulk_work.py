"""Bulk orders from the placing to the last result, on played workers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from evswarm_controller.bulk_orders import BulkAction
from evswarm_controller.bulk_run import BulkRun
from evswarm_controller.errors import (
    InvalidFieldError,
    LeadershipLostError,
    NothingToCancelError,
    NothingToRetryError,
)
from evswarm_shared.bus.messages import (
    Command,
    CommandOutcome,
    CommandReply,
    CommandTarget,
    OperationSnapshot,
    OperationState,
    Shortfall,
    StationState,
)
from evswarm_shared.bus.operation_results import StationOutcome
from evswarm_shared.errors import LocalError
from tests.unit.controller.desk import Desk, open_desk, row

ALL = [f"CP-{index:06d}" for index in range(1, 21)]


class Hands:
    """Workers that answer commands for many stations; `shortfalls` are where they do not do it."""

    def __init__(self) -> None:
        self.shortfalls: dict[str, Shortfall] = {}
        self.got: list[tuple[str, tuple[str, ...]]] = []
        self.before_answer: Callable[[], Any] = lambda: None

    async def serve(self, desk: Desk, worker_id: str) -> None:
        """Answer for ever."""
        bus = desk.context.bus
        async with bus.commands(CommandTarget.WORKER, worker_id) as commands:
            async for command in commands:
                asked = command.station_ids or (command.station_id,)
                self.got.append((worker_id, asked))
                self.before_answer()
                await bus.reply(command.reply_to, self._reply(command, asked))

    def _reply(self, command: Command, asked: Sequence[str]) -> CommandReply:
        missed = tuple(self.shortfalls[each] for each in asked if each in self.shortfalls)
        if len(asked) == 1 and missed:
            return CommandReply(command.command_id, missed[0].outcome, description=missed[0].description)
        return CommandReply(command.command_id, CommandOutcome.DONE, shortfalls=missed)


@asynccontextmanager
async def hands(desk: Desk, *worker_ids: str) -> AsyncIterator[Hands]:
    """Have these workers answer while the block runs."""
    played = Hands()
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(played.serve(desk, each)) for each in worker_ids or ("w1", "w2")]
        started.append(tasks.create_task(desk.context.router.run()))
        await asyncio.sleep(0)
        yield played
        for task in started:
            task.cancel()


def run_of(
    desk: Desk, operation: OperationSnapshot, step: Callable[[], Any] | None = None, seconds: float = 1.0
) -> BulkRun:
    """The order on this desk; whenever it waits, time passes, and `step` is done."""

    async def pause(_: float) -> None:
        desk.clock.at += seconds
        done = step() if step is not None else None
        if done is not None:
            await done
        for worker in desk.workers:
            await worker.bus.heartbeat(worker.heartbeat, 10.0)
        await desk.look()

    context = desk.context
    return BulkRun(
        operation,
        context.bus,
        context.observer,
        leads=lambda: context.reconciler.leads,
        now=context.now,
        told=lambda _: None,
        answer_seconds=context.router.timeout_seconds,
        pause=pause,
    )


async def placed(desk: Desk, action: str, stations: Sequence[str] = ALL, **more: Any) -> OperationSnapshot:
    """An order."""
    payload = msgspec.json.encode(more.pop("payload", {}))
    return await desk.context.orders.place(stations, BulkAction(action), payload, more.pop("seconds", 60.0))


async def outcomes(desk: Desk, operation: OperationSnapshot) -> dict[str, tuple[str, str]]:
    """What became of each station."""
    results = await desk.context.bus.read_results(operation.operation_id)
    return {result.station_id: (result.outcome.value, result.reason) for result in results}


async def ended(desk: Desk, operation: OperationSnapshot) -> tuple[str, int, int, str]:
    """How it ended, as the store has it."""
    stored = await desk.context.bus.read_operation(operation.operation_id)
    assert stored is not None
    return stored.state.value, stored.done, stored.failed, stored.message


async def test_each_worker_gets_one_command_for_all_of_its_stations(swarm: Desk) -> None:
    operation = await placed(swarm, "fault", payload={"info": "hot"})
    async with hands(swarm) as played:
        await swarm.context.work.carry_through(run_of(swarm, operation))
    assert sorted(played.got) == [("w1", tuple(ALL[:10])), ("w2", tuple(ALL[10:]))]
    assert await ended(swarm, operation) == ("succeeded", 20, 0, "")
    assert set((await outcomes(swarm, operation)).values()) == {("succeeded", "")}


async def test_each_station_that_refuses_is_named_with_its_own_words(swarm: Desk) -> None:
    operation = await placed(swarm, "unplug", ALL[:3])
    async with hands(swarm) as played:
        played.shortfalls["CP-000002"] = Shortfall("CP-000002", CommandOutcome.REFUSED, "no car there")
        await swarm.context.work.carry_through(run_of(swarm, operation))
    assert await ended(swarm, operation) == ("failed", 2, 1, "1 of 3 stations failed.")
    assert (await outcomes(swarm, operation))["CP-000002"] == ("failed", "no car there")


async def test_a_single_station_that_refuses_is_named_too(swarm: Desk) -> None:
    operation = await placed(swarm, "unplug", ["CP-000002"])
    async with hands(swarm) as played:
        played.shortfalls["CP-000002"] = Shortfall("CP-000002", CommandOutcome.REFUSED, "no car there")
        await swarm.context.work.carry_through(run_of(swarm, operation))
    assert await outcomes(swarm, operation) == {"CP-000002": ("failed", "no car there")}


async def test_a_station_that_is_just_moving_is_asked_again(swarm: Desk) -> None:
    operation = await placed(swarm, "fault", ALL[:2])
    async with hands(swarm) as played:
        played.shortfalls["CP-000002"] = Shortfall("CP-000002", CommandOutcome.UNKNOWN_STATION)
        run = run_of(swarm, operation, lambda: played.shortfalls.clear())
        await swarm.context.work.carry_through(run)
    assert played.got == [("w1", tuple(ALL[:2])), ("w1", ("CP-000002",))]
    assert await ended(swarm, operation) == ("succeeded", 2, 0, "")


async def test_stations_without_a_living_worker_are_waited_for_and_then_failed(swarm: Desk) -> None:
    swarm.workers.pop()
    await swarm.pass_time(9.0)
    operation = await placed(swarm, "fault", ALL[9:11], seconds=5.0)
    messages: list[str] = []

    def note() -> None:
        messages.append(swarm.context.observer.operations[operation.operation_id].message)

    async with hands(swarm, "w1"):
        await swarm.context.work.carry_through(run_of(swarm, operation, note))
    assert await ended(swarm, operation) == ("failed", 1, 1, "1 of 2 stations failed.")
    assert (await outcomes(swarm, operation))["CP-000011"] == (
        "failed",
        "Not begun: no living worker had it in time.",
    )
    assert "1 stations have no living worker at the moment." in messages


async def test_what_a_worker_does_not_answer_is_not_known() -> None:
    async with open_desk(stations=3, command_timeout_seconds=0.001) as desk:
        await desk.add_worker("w1")
        await desk.settle()
        operation = await placed(desk, "fault", ALL[:3])
        async with asyncio.TaskGroup() as tasks:
            router = tasks.create_task(desk.context.router.run())
            async with desk.context.bus.commands(CommandTarget.WORKER, "w1"):
                await desk.context.work.carry_through(run_of(desk, operation))
            router.cancel()
        assert await ended(desk, operation) == ("failed", 0, 3, "of 3 it is not known.")
        ((outcome, reason),) = set((await outcomes(desk, operation)).values())
        assert outcome == "unknown" and reason.startswith("No answer in")


async def test_a_station_that_leaves_the_swarm_fails(swarm: Desk) -> None:
    operation = await placed(swarm, "fault", ALL[:2])
    swarm.context.fleet.remove(["CP-000002"])
    async with hands(swarm):
        await swarm.context.work.carry_through(run_of(swarm, operation))
    assert (await outcomes(swarm, operation))["CP-000002"] == ("failed", "It left the swarm.")


async def test_a_reconnect_has_happened_when_the_station_is_back(swarm: Desk) -> None:
    operation = await placed(swarm, "reconnect", ALL[:3], seconds=6.0)
    told_at = swarm.clock.at
    worker = swarm.workers[0]
    rows = {each: worker.rows[each] for each in ALL[:3]}
    # A meter value that was on its way, then away, then back: two of them.
    stages: list[dict[str, Any]] = [
        {"changed_at": told_at + 0.2, "power_w": 1},
        {"changed_at": told_at + 0.3, "running": False},
        {"changed_at": told_at + 2.5},
    ]
    done: list[int] = []

    async def step() -> None:
        done.append(swarm.context.observer.operations[operation.operation_id].done)
        if stages:
            change = stages.pop(0)
            changed = ALL[:3] if stages else ALL[:2]
            await worker.publish([msgspec.structs.replace(rows[each], **change) for each in changed])
            await swarm.context.mirror.read_all()

    async with hands(swarm):
        await swarm.context.work.carry_through(run_of(swarm, operation, step))
    assert done[:3] == [0, 0, 0]
    assert await ended(swarm, operation) == ("failed", 2, 1, "1 of 3 stations failed.")
    assert (await outcomes(swarm, operation))["CP-000003"] == ("failed", "It has not come back in time.")


# --- more than one controller ---------------------------------------------------------------------------------


async def test_a_later_leader_goes_on_with_what_was_not_begun_and_knows_nothing_of_the_rest(
    swarm: Desk,
) -> None:
    bus = swarm.context.bus
    operation = await placed(swarm, "power_cycle", ALL[:3])
    await bus.begin_results(operation.operation_id, ["CP-000001"])
    await swarm.context.reconciler.resign()
    async with open_desk(swarm.store, swarm.clock) as second:
        second.workers = swarm.workers
        await second.look()
        found = second.context.observer.operations[operation.operation_id]
        began = swarm.clock.at
        async with hands(second) as played:
            await second.context.work.carry_through(run_of(second, found))
        assert swarm.clock.at - began >= second.context.router.timeout_seconds
        assert played.got == [("w1", ("CP-000002", "CP-000003"))]
        assert await ended(second, operation) == ("failed", 2, 1, "of 1 it is not known.")
        assert (await outcomes(second, operation))["CP-000001"][0] == "unknown"


async def test_what_the_leader_before_still_learned_is_kept(swarm: Desk) -> None:
    bus = swarm.context.bus
    operation = await placed(swarm, "power_cycle", ALL[:1])
    await bus.begin_results(operation.operation_id, ALL[:1])
    run = run_of(swarm, operation)
    await run.load()
    first = run_of(swarm, operation)
    await first.put(StationOutcome.SUCCEEDED, "", ALL[:1])
    await run.end()
    assert await ended(swarm, operation) == ("succeeded", 1, 0, "")


async def test_stations_that_the_store_has_forgotten_are_not_known(swarm: Desk) -> None:
    operation = await placed(swarm, "fault", ALL[:3])
    swarm.store.results.clear()
    await swarm.context.work.carry_through(run_of(swarm, operation))
    assert await ended(swarm, operation) == ("failed", 0, 3, "of 3 it is not known.")


async def test_a_controller_that_leads_no_more_asks_nothing(swarm: Desk) -> None:
    operation = await placed(swarm, "fault")
    await swarm.context.reconciler.resign()
    async with hands(swarm) as played:
        with pytest.raises(LeadershipLostError):
            await swarm.context.work.carry_through(run_of(swarm, operation))
    assert played.got == []
    assert {outcome for outcome, _ in (await outcomes(swarm, operation)).values()} == {"pending"}


async def test_a_result_is_written_once_the_store_is_back(swarm: Desk) -> None:
    operation = await placed(swarm, "fault", ALL[:1])

    def back() -> None:
        swarm.store.available = True

    run = run_of(swarm, operation, back)
    await run.load()
    await run.begin(ALL[:1])
    swarm.store.available = False
    await run.put(StationOutcome.SUCCEEDED, "", ALL[:1])
    assert await outcomes(swarm, operation) == {ALL[0]: ("succeeded", "")}


# --- cancelling and asking once more --------------------------------------------------------------------------


async def test_after_a_cancel_nothing_more_is_begun_and_what_was_begun_counts(swarm: Desk) -> None:
    operation = await placed(swarm, "fault")

    async def cancel() -> None:
        await swarm.context.orders.cancel(operation)

    async with hands(swarm, "w1") as played:
        run = run_of(swarm, operation, cancel)
        await swarm.context.work.carry_through(run)
    assert [asked for _, asked in played.got] == [tuple(ALL[:10])]
    assert await ended(swarm, operation) == (
        "cancelled",
        10,
        0,
        "10 of 20 stations were not begun with.",
    )
    assert (await outcomes(swarm, operation))["CP-000020"] == ("cancelled", "")
    with pytest.raises(NothingToCancelError, match="ended already: cancelled"):
        stored = await swarm.context.bus.read_operation(operation.operation_id)
        assert stored is not None
        await swarm.context.orders.cancel(stored)


async def test_asking_once_more_is_for_those_that_it_was_not_done_to_as_far_as_known(swarm: Desk) -> None:
    bus, orders = swarm.context.bus, swarm.context.orders
    operation = await placed(swarm, "fault", ALL[:4], payload={"info": "hot"})
    with pytest.raises(NothingToRetryError, match="still runs"):
        await orders.retry(operation)
    run = run_of(swarm, operation)
    await run.load()
    await run.put(StationOutcome.FAILED, "no", ALL[:1])
    await run.put(StationOutcome.UNKNOWN, "?", ALL[1:2])
    await run.put(StationOutcome.CANCELLED, "", ALL[2:3])
    await run.put(StationOutcome.SUCCEEDED, "", ALL[3:4])
    await run.end()
    again = await orders.retry(run.operation)
    assert (again.action, bytes(again.payload)) == ("fault", b'{"info":"hot"}')
    assert sorted(await outcomes(swarm, again)) == ALL[:3]
    assert (again.state, again.target) == (OperationState.RUNNING, 3)
    done = msgspec.structs.replace(again, state=OperationState.SUCCEEDED)
    await bus.write_results(again.operation_id, [])
    await run_of(swarm, again).put(StationOutcome.SUCCEEDED, "", ALL[:3])
    with pytest.raises(NothingToRetryError, match="was done"):
        await orders.retry(done)
    swarm.context.fleet.remove(ALL[:3])
    with pytest.raises(NothingToRetryError, match="in the swarm any more"):
        await orders.retry(run.operation)


async def test_an_order_for_nobody_or_with_a_secret_is_refused(swarm: Desk) -> None:
    with pytest.raises(LocalError, match="No station"):
        await placed(swarm, "fault", [])
    with pytest.raises(InvalidFieldError, match="secret"):
        await placed(
            swarm, "set_configuration", payload={"key": "authorizationKEY", "value": "0123456789abcdef"}
        )
    assert swarm.store.operations == {} or all("bulk" not in each for each in swarm.store.operations)


# --- start and stop -------------------------------------------------------------------------------------------


def working(desk: Desk) -> Callable[[], Any]:
    async def step() -> None:
        for worker in desk.workers:
            await worker.work()

    return step


async def test_stop_and_start_are_one_change_each_and_end_when_every_station_has_followed(
    swarm: Desk,
) -> None:
    for action, state in (("stop", StationState.STOPPED), ("start", StationState.AVAILABLE)):
        generation = swarm.context.observer.desired.generation
        operation = await placed(swarm, action, ALL[5:15])
        await swarm.context.work.carry_through(run_of(swarm, operation, working(swarm)))
        assert await ended(swarm, operation) == ("succeeded", 10, 0, "")
        assert swarm.context.observer.desired.generation == generation + 1
        assert {swarm.context.fleet.rows[each].state for each in ALL[5:15]} == {state}


async def test_nothing_counts_as_stopped_before_its_row_says_so(swarm: Desk) -> None:
    operation = await placed(swarm, "stop", ALL[:2], seconds=5.0)
    seen: list[int] = []

    def note() -> None:
        seen.append(swarm.context.observer.operations[operation.operation_id].done)

    await swarm.context.work.carry_through(run_of(swarm, operation, note))
    assert set(seen) == {0}
    assert await ended(swarm, operation) == ("failed", 0, 2, "2 of 2 stations failed.")
    assert (await outcomes(swarm, operation))["CP-000001"] == ("failed", "It did not stop in 5 s.")


async def test_a_newer_command_that_wishes_otherwise_fails_the_older_one(swarm: Desk) -> None:
    operation = await placed(swarm, "stop", ALL[:2])

    async def start_one() -> None:
        await swarm.context.wishes.start("CP-000001")
        await swarm.workers[0].work()

    await swarm.context.work.carry_through(run_of(swarm, operation, start_one))
    assert (await outcomes(swarm, operation))["CP-000001"] == (
        "failed",
        "A newer command wishes otherwise.",
    )
    assert (await outcomes(swarm, operation))["CP-000002"] == ("succeeded", "")


async def test_cancelling_a_start_leaves_those_stopped_that_have_not_begun(swarm: Desk) -> None:
    stop = await placed(swarm, "stop", ALL[:4])
    await swarm.context.work.carry_through(run_of(swarm, stop, working(swarm)))
    operation = await placed(swarm, "start", ALL[:4])
    worker = swarm.workers[0]

    async def begin_two_and_cancel() -> None:
        await swarm.context.orders.cancel(swarm.context.observer.operations[operation.operation_id])
        await worker.publish([row(each, worker_id="w1") for each in ALL[:2]])

    async def step() -> None:
        if not swarm.context.observer.operations[operation.operation_id].cancelling:
            await begin_two_and_cancel()

    await swarm.context.work.carry_through(run_of(swarm, operation, step))
    assert await ended(swarm, operation) == (
        "cancelled",
        2,
        0,
        "2 of 4 stations were not begun with.",
    )
    assert sorted(swarm.context.observer.desired.stopped) == ALL[2:4]


async def test_a_wish_of_the_leader_before_is_not_made_again(swarm: Desk) -> None:
    operation = await placed(swarm, "stop", ALL[:1])
    await swarm.context.bus.begin_results(operation.operation_id, ALL[:1])
    await swarm.context.work.carry_through(run_of(swarm, operation))
    assert swarm.context.observer.desired.stopped == frozenset()
    assert await outcomes(swarm, operation) == {ALL[0]: ("failed", "A newer command wishes otherwise.")}


# --- the task -------------------------------------------------------------------------------------------------


async def test_the_task_finds_orders_of_the_other_controller_and_only_the_leader_works(
    swarm: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_desk(swarm.store, swarm.clock) as second, hands(swarm) as played:
        await second.look()
        assert not second.context.reconciler.leads
        await second.context.mirror.read_all()
        operation = await placed(second, "fault")
        async with asyncio.TaskGroup() as tasks:
            idle = tasks.create_task(second.context.work.run())
            await asyncio.sleep(0)
            await swarm.look()
            work = tasks.create_task(swarm.context.work.run())
            while (await ended(swarm, operation))[0] == "running":  # noqa: ASYNC110 -- the store is polled
                await asyncio.sleep(0)
            idle.cancel()
            work.cancel()
        assert len(played.got) == 2
        assert "another controller's" not in caplog.text
        await second.look()
        assert second.context.observer.operations[operation.operation_id].done == 20
