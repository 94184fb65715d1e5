"""The contract of operations and of their results by station."""

import msgspec

from evswarm_shared.bus.keys import OPERATION_TTL_SECONDS, OPERATIONS_KEPT
from evswarm_shared.bus.messages import OperationKind, OperationSnapshot, OperationState
from evswarm_shared.bus.operation_results import StationOutcome, StationResult
from tests.support.bus_contract.harness import Harness

MANY = 501
"""One more than a step carries."""


def operation(name: str = "op-1", at: float = 1000.0) -> OperationSnapshot:
    """One that runs."""
    return OperationSnapshot(
        name,
        OperationKind.BULK,
        0,
        OperationState.RUNNING,
        3,
        created_at=at,
        action="fault",
        payload=msgspec.Raw(b'{"info":"x"}'),
    )


def ended(running: OperationSnapshot, state: OperationState) -> OperationSnapshot:
    """The same when it is over."""
    return msgspec.structs.replace(running, state=state, done=3)


class OperationContract:
    """Operations are remembered for a while, and what one ended as is not changed."""

    async def test_an_operation_is_replaced_by_its_later_self(self, harness: Harness) -> None:
        bus = harness.bus()
        done = ended(operation(), OperationState.SUCCEEDED)
        assert await bus.write_operation(operation())
        assert await bus.read_operation("op-1") == operation()
        assert await bus.write_operation(done)
        assert await bus.read_operation("op-1") == done
        assert await bus.read_operation("op-2") is None

    async def test_an_operation_that_has_ended_stays_as_it_ended(self, harness: Harness) -> None:
        bus = harness.bus()
        done = ended(operation(), OperationState.SUCCEEDED)
        await bus.write_operation(done)
        assert not await bus.write_operation(operation())
        assert not await bus.write_operation(ended(operation(), OperationState.CANCELLED))
        assert await bus.write_operation(done)
        assert await bus.read_operation("op-1") == done

    async def test_an_operation_is_forgotten_in_the_end(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.write_operation(operation())
        await harness.pass_time(OPERATION_TTL_SECONDS - 60)
        assert await bus.read_operation("op-1") is not None
        await harness.pass_time(61)
        assert await bus.read_operation("op-1") is None
        assert await bus.list_operations(10, with_running=True) == []

    async def test_operations_are_listed_newest_first_and_running_ones_besides(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        for number in range(5):
            await bus.write_operation(operation(f"op-{number}", 1000.0 + number))
        for number in (0, 3, 4):
            done = ended(operation(f"op-{number}", 1000.0 + number), OperationState.FAILED)
            await bus.write_operation(done)
        assert [o.operation_id for o in await bus.list_operations(3)] == ["op-4", "op-3", "op-2"]
        listed = await bus.list_operations(1, with_running=True)
        assert [o.operation_id for o in listed] == ["op-4", "op-2", "op-1"]

    async def test_of_too_many_operations_the_oldest_go_unless_they_run(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.write_operation(operation("first", 1.0))
        await bus.write_operation(ended(operation("second", 2.0), OperationState.SUCCEEDED))
        await bus.open_results("second", ["CP-1"])
        for number in range(OPERATIONS_KEPT):
            await bus.write_operation(ended(operation(f"op-{number}", 3.0), OperationState.SUCCEEDED))
        assert await bus.read_operation("first") is not None
        assert await bus.read_operation("second") is None
        assert await bus.read_results("second") == []
        listed = await bus.list_operations(OPERATIONS_KEPT * 2, with_running=True)
        assert (len(listed), listed[-1].operation_id) == (OPERATIONS_KEPT + 1, "first")

    async def test_the_wish_to_cancel_shows_until_the_operation_has_ended(self, harness: Harness) -> None:
        bus = harness.bus()
        assert not await bus.cancel_operation("op-1")
        await bus.write_operation(operation())
        assert await bus.cancel_operation("op-1")
        read = await bus.read_operation("op-1")
        assert read is not None and read.cancelling
        assert [o.cancelling for o in await bus.list_operations(1)] == [True]
        await bus.write_operation(ended(read, OperationState.CANCELLED))
        after = await bus.read_operation("op-1")
        assert after is not None and not after.cancelling
        assert not await bus.cancel_operation("op-1")


class OperationResultContract:
    """Each station of an operation is taken once, and what became of it is not changed."""

    async def test_every_station_is_pending_until_it_is_taken_once(self, harness: Harness) -> None:
        bus = harness.bus()
        stations = [f"CP-{number:06d}" for number in range(MANY)]
        await bus.open_results("op-1", stations)
        assert await bus.begin_results("op-1", [*stations[1:], "CP-9"]) == stations[1:]
        assert await harness.bus().begin_results("op-1", stations) == stations[:1]
        read = await bus.read_results("op-1")
        assert [result.station_id for result in read] == stations
        assert {result.outcome for result in read} == {StationOutcome.RUNNING}

    async def test_a_final_result_stays(self, harness: Harness) -> None:
        bus = harness.bus()
        stations = [f"CP-{number:06d}" for number in range(MANY)]
        await bus.open_results("op-1", stations)
        await bus.write_results(
            "op-1", [StationResult(each, StationOutcome.FAILED, "no – car") for each in stations]
        )
        await bus.write_results("op-1", [StationResult(stations[0], StationOutcome.SUCCEEDED)])
        await bus.write_results("op-1", [StationResult("CP-9", StationOutcome.SUCCEEDED)])
        await bus.open_results("op-1", stations)
        assert await bus.begin_results("op-1", stations) == []
        read = await bus.read_results("op-1")
        assert {(result.outcome, result.reason) for result in read} == {(StationOutcome.FAILED, "no – car")}
        assert len(read) == MANY

    async def test_a_station_that_was_not_reached_can_be_taken_again(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.open_results("op-1", ["CP-1"])
        await bus.begin_results("op-1", ["CP-1"])
        await bus.write_results("op-1", [StationResult("CP-1", StationOutcome.PENDING)])
        assert await bus.begin_results("op-1", ["CP-1"]) == ["CP-1"]
        await bus.write_results("op-1", [StationResult("CP-1", StationOutcome.UNKNOWN, "gone")])
        assert await bus.read_results("op-1") == [StationResult("CP-1", StationOutcome.UNKNOWN, "gone")]

    async def test_results_are_forgotten_with_their_operation(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.open_results("op-1", ["CP-1"])
        await harness.pass_time(OPERATION_TTL_SECONDS + 1)
        assert await bus.read_results("op-1") == []
