"""Who runs which station: every station once, level shares, no needless move, the same answer every time."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evswarm_controller.planner import Plan, PlannedWorker, index_of, plan
from evswarm_shared.bus.messages import (
    Assignment,
    DesiredState,
    IndexRange,
    ProfileName,
    Segment,
    StationSpec,
)
from tests.unit.controller.desk import ids_of

EPOCH = 7


def swarm(count: int, individuals: int = 0, **fields: object) -> DesiredState:
    specs = tuple(StationSpec(station_id=f"X{i}", profile=ProfileName.HOME) for i in range(individuals))
    values = {"generation": 1, "count": count, "individuals": specs, **fields}
    return DesiredState(**values)  # type: ignore[arg-type]


def workers(*names: str) -> list[PlannedWorker]:
    return [PlannedWorker(name) for name in names]


def planned(
    desired: DesiredState, crew: list[PlannedWorker], previous: dict[str, Assignment] | None = None
) -> Plan:
    return plan(desired, crew, previous or {}, leader_epoch=EPOCH)


def counts(result: Plan) -> dict[str, int]:
    return {worker_id: a.station_count() for worker_id, a in result.assignments.items()}


def owners(assignments: dict[str, Assignment]) -> dict[str, str]:
    return {station_id: worker_id for worker_id, a in assignments.items() for station_id in ids_of(a)}


def all_ids(desired: DesiredState) -> set[str]:
    ids = {desired.station_id(i) for i in range(1, desired.count + 1)}
    return ids | {spec.station_id for spec in desired.individuals}


crews = st.dictionaries(
    st.sampled_from([f"w{i}" for i in range(6)]),
    st.tuples(st.none() | st.integers(0, 30), st.booleans()),
    min_size=0,
    max_size=6,
).map(lambda d: [PlannedWorker(name, capacity, draining) for name, (capacity, draining) in d.items()])
sizes = st.tuples(st.integers(0, 60), st.integers(0, 5))


@settings(max_examples=300)
@given(st.lists(st.tuples(sizes, crews), min_size=1, max_size=5))
def test_every_step_of_any_history_is_a_level_minimal_partition(
    steps: list[tuple[tuple[int, int], list[PlannedWorker]]],
) -> None:
    previous: dict[str, Assignment] = {}
    for (count, individuals), crew in steps:
        desired = swarm(count, individuals)
        result = planned(desired, crew, previous)
        given_out = Counter(station_id for a in result.assignments.values() for station_id in ids_of(a))
        assert set(given_out) <= all_ids(desired)
        assert all(times == 1 for times in given_out.values())
        assert result.unplaced == len(all_ids(desired)) - len(given_out)

        eligible = {w.worker_id: w for w in crew if not w.draining}
        shares = counts(result)
        assert all(shares[w.worker_id] == 0 for w in crew if w.draining)
        assert all(w.capacity is None or shares[w.worker_id] <= w.capacity for w in crew)
        below_capacity = [
            shares[w.worker_id]
            for w in eligible.values()
            if w.capacity is None or shares[w.worker_id] < w.capacity
        ]
        if below_capacity:
            assert result.unplaced == 0
            assert max(shares[name] for name in eligible) - min(below_capacity) <= 1

        before = owners({name: a for name, a in previous.items() if name in eligible})
        before = {station_id: name for station_id, name in before.items() if station_id in all_ids(desired)}
        after = owners(result.assignments)
        moved = sum(after.get(station_id) != name for station_id, name in before.items())
        held = Counter(before.values())
        assert moved == sum(max(0, held[name] - shares[name]) for name in eligible)
        previous = result.assignments


@given(sizes, crews, st.randoms(use_true_random=False))
def test_the_order_of_the_workers_does_not_matter(
    size: tuple[int, int], crew: list[PlannedWorker], random: object
) -> None:
    shuffled = list(crew)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert planned(swarm(*size), crew) == planned(swarm(*size), shuffled)


def test_planning_again_moves_nothing() -> None:
    first = planned(swarm(100), workers("a", "b", "c"))
    assert planned(swarm(100), workers("a", "b", "c"), first.assignments) == first


def test_the_stations_of_a_lost_worker_go_to_the_others_and_nothing_else_moves() -> None:
    before = planned(swarm(90), workers("a", "b", "c"))
    after = planned(swarm(90), workers("a", "c"), before.assignments)
    assert counts(after) == {"a": 45, "c": 45}
    was, now = owners(before.assignments), owners(after.assignments)
    assert all(now[s] == w for s, w in was.items() if w != "b")


def test_a_new_worker_gets_its_share_and_nobody_swaps() -> None:
    before = planned(swarm(100), workers("a", "b"))
    after = planned(swarm(100), workers("a", "b", "c"), before.assignments)
    was, now = owners(before.assignments), owners(after.assignments)
    assert sorted(counts(after).values()) == [33, 33, 34]
    assert {now[s] for s in was if was[s] != now[s]} == {"c"}
    assert sum(was[s] != now[s] for s in was) == counts(after)["c"]


def test_a_draining_worker_keeps_nothing_and_gets_an_empty_assignment() -> None:
    before = planned(swarm(10), workers("a", "b"))
    after = planned(swarm(10), [PlannedWorker("a", draining=True), PlannedWorker("b")], before.assignments)
    assert counts(after) == {"a": 0, "b": 10}


def test_what_no_worker_has_room_for_is_counted() -> None:
    result = planned(swarm(100), [PlannedWorker("a", capacity=30), PlannedWorker("b", capacity=50)])
    assert counts(result) == {"a": 30, "b": 50}
    assert result.unplaced == 20


def test_a_small_worker_is_filled_and_the_others_share_the_rest() -> None:
    crew = [PlannedWorker("a", capacity=10), PlannedWorker("b"), PlannedWorker("c")]
    assert counts(planned(swarm(100), crew)) == {"a": 10, "b": 45, "c": 45}


def test_a_station_that_two_assignments_name_stays_with_the_first_only() -> None:
    twice = {
        name: Assignment(worker_id=name, leader_epoch=1, generation=1, ranges=(IndexRange(1, 6),))
        for name in ("a", "b")
    }
    result = planned(swarm(10), workers("a", "b"), twice)
    assert Counter(owners(result.assignments).values()) == {"a": 5, "b": 5}
    assert owners(result.assignments)["CP-000001"] == "a"


def test_an_assignment_carries_its_part_of_everything() -> None:
    desired = swarm(
        10,
        2,
        generation=4,
        segments=(
            Segment(range=IndexRange(1, 4), mix={ProfileName.HOME: 1.0}),
            Segment(range=IndexRange(4, 11), mix={ProfileName.DEPOT: 1.0}),
        ),
        stopped=frozenset({"CP-000002", "CP-000009", "X1", "CP-000011"}),
        ramp_per_second=6.0,
        seed=5,
        run_id="run",
    )
    a, b = planned(desired, workers("a", "b")).assignments.values()
    assert (a.leader_epoch, a.generation, a.seed, a.run_id) == (EPOCH, 4, 5, "run")
    assert a.ranges == (IndexRange(1, 7),)
    assert [(s.range, list(s.mix)) for s in a.segments] == [
        (IndexRange(1, 4), [ProfileName.HOME]),
        (IndexRange(4, 7), [ProfileName.DEPOT]),
    ]
    assert a.stopped == {"CP-000002"}
    assert b.stopped == {"CP-000009", "X1"}
    assert [spec.station_id for spec in b.individuals] == ["X0", "X1"]
    assert (a.ramp_per_second, b.ramp_per_second) == (3.0, 3.0)
    assert (a.swarm_count, set(a.swarm_individuals)) == (10, {"X0", "X1"})


@pytest.mark.parametrize(
    ("station_id", "index"),
    [
        ("CP-000001", 1),
        ("CP-1000000", 1_000_000),
        ("CP-000000", None),
        ("CP-0000001", None),
        ("CP-1", None),
        ("CP-00000x", None),
        ("XX-000001", None),
        ("CP-", None),
        ("CP-٠٠٠٠٠١", None),
    ],
)
def test_only_an_identity_that_an_index_makes_has_that_index(station_id: str, index: int | None) -> None:
    assert index_of("CP-", station_id) == index
