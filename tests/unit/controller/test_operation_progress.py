"""How far an operation has come, and what it says while stations stay away."""

from evswarm_controller.desired_state import Membership
from evswarm_controller.fleet import Fleet
from evswarm_controller.operation_progress import QUIET_SECONDS, STALL_SECONDS, progress, unsettled
from evswarm_shared.bus.messages import (
    DesiredState,
    OperationKind,
    OperationSnapshot,
    OperationState,
    StationState,
)
from tests.unit.controller.desk import encoded, row

WANTED = Membership(DesiredState(generation=1, count=4))
SCALE = OperationSnapshot("scale-1", OperationKind.SCALE, 1, OperationState.RUNNING, 4, done=1)


def fleet() -> Fleet:
    """One station runs, one is offline, one not accepted, one was never heard of."""
    made = Fleet()
    made.set_workers(["w1"], 0.0)
    rows = (
        row("CP-000001"),
        row("CP-000002", state=StationState.OFFLINE, running=False),
        row("CP-000003", state=StationState.BOOTING, running=False),
    )
    made.apply("w1", [encoded(each) for each in rows], 0.0)
    return made


def look(operation: OperationSnapshot, now: float, unplaced: int = 0, workers: int = 1) -> OperationSnapshot:
    return progress(
        operation,
        fleet=fleet(),
        wanted=WANTED,
        surplus=[],
        newest_scale="scale-1",
        applied=True,
        unplaced=unplaced,
        workers=workers,
        stall_seconds=STALL_SECONDS,
        now=now,
    )


def test_an_operation_that_comes_no_further_says_where_the_stations_are_and_words_are_no_progress() -> None:
    assert look(SCALE, QUIET_SECONDS) is SCALE
    quiet = look(SCALE, QUIET_SECONDS + 1.0, unplaced=1)
    assert quiet.message == (
        "1 stations have no worker with room for them."
        " Stations offline: 1, boot not accepted: 1; their logs say why."
    )
    assert quiet.updated_at == SCALE.updated_at
    ended = look(quiet, STALL_SECONDS + 1.0)
    assert (ended.state, ended.failed) == (OperationState.FAILED, 3)
    assert ended.message.startswith("3 of 4 stations did not follow in time. Stations offline: 1")


def test_an_operation_without_any_worker_says_so_and_nothing_of_the_room_there_was() -> None:
    said = "No worker is there: start one."
    waiting = look(SCALE, 0.0, unplaced=3, workers=0)
    assert (waiting.state, waiting.message) == (OperationState.RUNNING, said)
    assert look(waiting, QUIET_SECONDS + 1.0, unplaced=3, workers=0) is waiting
    ended = look(waiting, STALL_SECONDS + 1.0, unplaced=3, workers=0)
    assert ended.message == f"3 of 4 stations did not follow in time. {said}"


def test_an_operation_about_a_station_that_no_worker_can_build_says_where_the_reason_stands() -> None:
    create = OperationSnapshot(
        "create-1", OperationKind.CREATE, 1, OperationState.RUNNING, 1, station_ids=("CP-000004",)
    )
    assert look(create, QUIET_SECONDS) is create
    said = "No worker has begun with it: the logs of the workers say why."
    assert look(create, QUIET_SECONDS + 1.0).message.endswith(said)
    ended = look(create, STALL_SECONDS + 1.0)
    assert (ended.state, ended.failed) == (OperationState.FAILED, 1)
    assert ended.message.endswith(said)


def test_each_station_that_is_waited_for_says_why() -> None:
    assert unsettled(SCALE, fleet(), WANTED, []) == {
        "CP-000002": "It is offline: its log says why.",
        "CP-000003": "The central system has not accepted its boot.",
        "CP-000004": "It does not run yet.",
    }
