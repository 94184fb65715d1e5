"""Changes of the desired state."""

import pytest

from evswarm_controller.desired_state import (
    OPERATIONS_KEPT,
    Membership,
    founded,
    scaled,
    with_individual,
    with_stopped,
    without_individual,
    without_operations,
)
from evswarm_controller.errors import StationExistsError, UnknownStationError
from evswarm_shared.bus.messages import (
    DEFAULT_MIX,
    DesiredState,
    IndexRange,
    ProfileName,
    Segment,
    StationSpec,
)
from evswarm_shared.clock import SimulatedClock

HOME, DEPOT = {ProfileName.HOME: 1.0}, {ProfileName.DEPOT: 1.0}


def new_swarm(count: int, profile: ProfileName | None = ProfileName.HOME) -> DesiredState:
    return founded(
        count=count, profile=profile, seed=3, id_prefix="CP-", run_id="r", clock=SimulatedClock(1.0, 1.0)
    )


def scale(desired: DesiredState, count: int, profile: ProfileName | None = None) -> DesiredState:
    return scaled(desired, count=count, profile=profile, ramp_per_second=None, operation_id="op")


def mixes(desired: DesiredState) -> list[tuple[int, int, dict[ProfileName, float]]]:
    return [(s.range.start, s.range.stop, s.mix) for s in desired.segments]


def test_a_new_swarm_begins_with_generation_one() -> None:
    desired = new_swarm(5)
    assert (desired.generation, desired.count, desired.seed, desired.run_id) == (1, 5, 3, "r")
    assert mixes(desired) == [(1, 6, HOME)]


def test_a_new_swarm_starts_at_the_pace_it_was_given() -> None:
    clock = SimulatedClock(1.0, 1.0)
    desired = founded(
        count=5, profile=None, ramp_per_second=2.5, seed=3, id_prefix="CP-", run_id="r", clock=clock
    )
    assert desired.ramp_per_second == 2.5
    assert new_swarm(5).ramp_per_second is None


def test_without_a_profile_new_stations_draw_from_the_default_mix() -> None:
    assert mixes(new_swarm(5, None)) == [(1, 6, DEFAULT_MIX)]


def test_an_empty_swarm_has_no_segments() -> None:
    assert new_swarm(0).segments == ()


def test_each_change_is_the_next_generation_and_names_its_operation() -> None:
    desired = scale(scale(new_swarm(5), 6), 7)
    assert desired.generation == 3
    assert desired.operations == ("op", "op")


def test_added_stations_get_the_profile_of_the_command_and_others_keep_theirs() -> None:
    assert mixes(scale(new_swarm(5), 8, ProfileName.DEPOT)) == [(1, 6, HOME), (6, 9, DEPOT)]


def test_stations_that_come_back_without_a_profile_get_back_what_they_had() -> None:
    desired = scale(scale(new_swarm(5), 2), 8)
    assert mixes(desired) == [(1, 6, HOME), (6, 9, DEFAULT_MIX)]


def test_stations_that_come_back_with_a_profile_get_that() -> None:
    desired = scale(scale(new_swarm(5), 2), 8, ProfileName.DEPOT)
    assert mixes(desired) == [(1, 3, HOME), (3, 9, DEPOT)]


def test_many_small_scalings_leave_one_segment() -> None:
    desired = new_swarm(1)
    for count in range(2, 50):
        desired = scale(desired, count, ProfileName.HOME)
    assert mixes(desired) == [(1, 50, HOME)]


def test_numbers_that_leave_are_no_longer_stopped() -> None:
    desired = with_stopped(with_stopped(new_swarm(5), "CP-000002", True, None), "CP-000005", True, None)
    assert scale(desired, 4).stopped == {"CP-000002"}


def test_a_station_is_stopped_and_started_by_name() -> None:
    desired = new_swarm(5)
    stopped = with_stopped(desired, "CP-000003", True, "op")
    assert stopped.stopped == {"CP-000003"}
    assert stopped.generation == 2
    assert with_stopped(stopped, "CP-000003", False, "op").stopped == frozenset()


def test_stopping_what_is_stopped_changes_nothing() -> None:
    desired = with_stopped(new_swarm(5), "CP-000003", True, "op")
    assert with_stopped(desired, "CP-000003", True, "op2") is desired


@pytest.mark.parametrize("station_id", ["CP-000006", "CP-000000", "X"])
def test_a_station_that_the_swarm_has_not_cannot_be_stopped(station_id: str) -> None:
    with pytest.raises(UnknownStationError, match=station_id):
        with_stopped(new_swarm(5), station_id, True, None)


def test_the_oldest_operations_leave_when_there_are_too_many() -> None:
    desired = new_swarm(1)
    for count in range(2, 60):
        desired = scaled(desired, count=count, profile=None, ramp_per_second=None, operation_id=f"op{count}")
    assert len(desired.operations) == OPERATIONS_KEPT
    assert desired.operations[-1] == "op59"


def test_ended_operations_are_forgotten_without_a_new_generation() -> None:
    desired = scale(new_swarm(1), 2)
    forgotten = without_operations(desired, ["op"])
    assert (forgotten.operations, forgotten.generation) == ((), desired.generation)


def test_membership_counts_numbered_and_named_stations() -> None:
    desired = DesiredState(
        count=3,
        individuals=(StationSpec(station_id="Lobby", profile=ProfileName.HOME),),
        stopped=frozenset({"CP-000002", "CP-000009"}),
        segments=(Segment(range=IndexRange(1, 4), mix=HOME),),
    )
    wanted = Membership(desired)
    assert [s in wanted for s in ("CP-000003", "CP-000004", "Lobby", "lobby")] == [True, False, True, False]
    assert (len(wanted), wanted.expected_to_run) == (4, 3)


GARAGE = StationSpec("GARAGE-7", ProfileName.PUBLIC)


def test_a_station_created_by_name_belongs_to_the_swarm_until_it_is_deleted() -> None:
    desired = with_individual(new_swarm(5), GARAGE, "op")
    assert "GARAGE-7" in Membership(desired) and len(Membership(desired)) == 6
    assert desired.generation == 2 and desired.operations == ("op",)
    stopped = with_stopped(desired, "GARAGE-7", True, None)
    gone = without_individual(stopped, "GARAGE-7", "op2")
    assert "GARAGE-7" not in Membership(gone) and gone.stopped == frozenset() and gone.generation == 4


def test_a_station_created_under_the_name_of_a_deleted_one_is_another_station() -> None:
    first = with_individual(new_swarm(5), GARAGE, None)
    second = with_individual(without_individual(first, "GARAGE-7", None), GARAGE, None)
    assert first.individuals != second.individuals


@pytest.mark.parametrize(("name", "words"), [("CP-000003", "numbered"), ("CP-000099", "numbered")])
def test_a_numbered_name_is_not_given_to_a_station_of_its_own(name: str, words: str) -> None:
    with pytest.raises(StationExistsError, match=words):
        with_individual(new_swarm(5), StationSpec(name, ProfileName.HOME), None)


def test_a_name_is_given_once_and_only_named_stations_are_deleted() -> None:
    desired = with_individual(new_swarm(5), GARAGE, None)
    with pytest.raises(StationExistsError, match="already"):
        with_individual(desired, GARAGE, None)
    with pytest.raises(StationExistsError, match="numbered"):
        without_individual(desired, "CP-000003", None)
    with pytest.raises(UnknownStationError):
        without_individual(desired, "GARAGE-8", None)
