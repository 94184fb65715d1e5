"""From assignments to single stations."""

import pytest

from evswarm_shared.bus.messages import DEFAULT_MIX, Assignment, IndexRange, ProfileName, Segment, StationSpec
from evswarm_worker.share import INDIVIDUAL_INDEX_BASE, Goal, StationPlan, goal, plans, supersedes

HOME = {ProfileName.HOME: 1.0}


def assignment(**changes: object) -> Assignment:
    fields: dict[str, object] = {"worker_id": "w1", "leader_epoch": 1, "generation": 1} | changes
    return Assignment(**fields)  # type: ignore[arg-type]


def test_ranges_become_stations_in_the_order_of_their_indexes() -> None:
    share = plans(assignment(ranges=(IndexRange(7, 9), IndexRange(1, 3))))
    assert list(share) == ["CP-000001", "CP-000002", "CP-000007", "CP-000008"]
    assert share["CP-000007"].index == 7


def test_a_station_draws_its_profile_from_the_segment_that_covers_its_index() -> None:
    depot = {ProfileName.DEPOT: 1.0}
    share = plans(
        assignment(
            ranges=(IndexRange(1, 7),),
            segments=(Segment(IndexRange(4, 6), depot), Segment(IndexRange(1, 4), HOME)),
        )
    )
    assert [share[f"CP-{i:06d}"].mix for i in range(1, 7)] == [HOME, HOME, HOME, depot, depot, DEFAULT_MIX]


def test_stopped_stations_are_part_of_the_share() -> None:
    share = plans(assignment(ranges=(IndexRange(1, 3),), stopped=frozenset({"CP-000002"})))
    assert [plan.stopped for plan in share.values()] == [False, True]


def test_a_station_created_by_name_shares_no_index_with_a_numbered_one() -> None:
    spec = StationSpec("garage", ProfileName.HOME)
    plan = plans(assignment(individuals=(spec,)))["garage"]
    assert plan.index > INDIVIDUAL_INDEX_BASE
    assert plan.mix == HOME
    assert plan.spec == spec


def test_older_generations_and_leaders_are_not_followed() -> None:
    old = assignment(leader_epoch=4, generation=7)
    assert supersedes(old, None)
    assert supersedes(assignment(leader_epoch=4, generation=8), old)
    assert supersedes(assignment(leader_epoch=5, generation=7), old)
    assert not supersedes(assignment(leader_epoch=4, generation=6), old)
    assert not supersedes(assignment(leader_epoch=3, generation=9), old)


NUMBERED = StationPlan("CP-000005", 5, HOME)
SPEC = StationSpec("garage", ProfileName.HOME)
NAMED = StationPlan("garage", INDIVIDUAL_INDEX_BASE + 1, HOME, spec=SPEC)


@pytest.mark.parametrize(
    ("plan", "current", "swarm", "expected"),
    [
        (NUMBERED, NUMBERED, assignment(), Goal.RUN),
        (StationPlan("CP-000005", 5, HOME, stopped=True), NUMBERED, assignment(), Goal.STOP_AND_STAY),
        (None, NUMBERED, assignment(swarm_count=5), Goal.HAND_OVER),
        (None, NUMBERED, assignment(swarm_count=4), Goal.STOP_AND_LEAVE),
        (None, NAMED, assignment(swarm_individuals=frozenset({"garage"})), Goal.HAND_OVER),
        (None, NAMED, assignment(swarm_count=9), Goal.STOP_AND_LEAVE),
        (
            StationPlan("garage", NAMED.index, HOME, spec=StationSpec("garage", ProfileName.HOME, "ws://b")),
            NAMED,
            assignment(),
            Goal.HAND_OVER,
        ),
        (
            StationPlan(
                "garage", NAMED.index, HOME, spec=StationSpec("garage", ProfileName.HOME, creation=9)
            ),
            NAMED,
            assignment(),
            Goal.STOP_AND_LEAVE,
        ),
    ],
)
def test_a_running_station_gets_the_goal_that_fits(
    plan: StationPlan | None, current: StationPlan, swarm: Assignment, expected: Goal
) -> None:
    assert goal(plan, current, swarm) is expected


def test_one_created_by_name_that_left_is_only_resumed_to_be_ended() -> None:
    spec = StationSpec("garage", ProfileName.HOME)
    plan = plans(Assignment("w1", 1, 1, leaving_individuals=(spec,)))["garage"]
    assert plan.leaving and plan.spec == spec
    assert goal(plan, plan, Assignment("w1", 1, 1)) is Goal.STOP_AND_LEAVE
    back = plans(Assignment("w1", 1, 1, individuals=(spec,), leaving_individuals=(spec,)))["garage"]
    assert not back.leaving
