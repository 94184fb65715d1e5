"""The copy of all rows: sums that follow every change, and what a feed is told."""

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from evswarm_controller.fleet import HEARD_SECONDS, Fleet
from evswarm_shared.bus.messages import StationSnapshot, StationState
from tests.unit.controller.desk import encoded, row


def decoded(rows: list[str]) -> list[StationSnapshot]:
    return [msgspec.json.decode(r, type=StationSnapshot) for r in rows]


def fleet_of(*rows: StationSnapshot, now: float = 0.0) -> Fleet:
    fleet = Fleet()
    fleet.set_workers(["w1", "w2"], now)
    fleet.apply("", [encoded(r) for r in rows], now)
    return fleet


rows = st.builds(
    row,
    station_id=st.sampled_from([f"S{i}" for i in range(6)]),
    state=st.sampled_from(StationState),
    worker_id=st.sampled_from(["w1", "w2", "w3"]),
    profile=st.sampled_from(["home", "depot"]),
    running=st.booleans(),
    transactions=st.integers(0, 2),
    power_w=st.integers(0, 50_000),
)
steps = st.one_of(
    st.tuples(st.just("apply"), st.lists(rows, max_size=4)),
    st.tuples(st.just("remove"), st.lists(st.sampled_from([f"S{i}" for i in range(6)]), max_size=3)),
    st.tuples(st.just("replace"), st.lists(rows, max_size=6)),
    st.tuples(st.just("workers"), st.sets(st.sampled_from(["w1", "w2", "w3"]))),
    st.tuples(st.just("take"), st.booleans()),
)


@given(st.lists(steps, max_size=25))
def test_sums_and_feed_follow_every_history(history: list[tuple[str, object]]) -> None:
    fleet = Fleet()
    seen: dict[str, StationSnapshot] = {}

    def take(urgent_only: bool) -> None:
        changes = fleet.take_changes(urgent_only=urgent_only)
        for station_id in changes.deleted:
            seen.pop(station_id, None)
        assert all(r.station_id in seen for r in decoded(changes.rows))
        seen.update({r.station_id: r for r in decoded([*changes.rows, *changes.added])})

    for name, argument in history:
        match name:
            case "apply":
                fleet.apply("", [encoded(r) for r in argument], 0.0)  # type: ignore[attr-defined]
            case "remove":
                fleet.remove(argument)  # type: ignore[arg-type]
            case "replace":
                fleet.replace_all({r.station_id: encoded(r) for r in argument})  # type: ignore[attr-defined]
            case "workers":
                fleet.set_workers(argument, 0.0)  # type: ignore[arg-type]
            case _:
                take(bool(argument))
        everything = list(fleet.rows.values())
        assert fleet.running == sum(r.running for r in everything)
        assert fleet.charging == sum(r.transactions > 0 for r in everything)
        assert fleet.transactions == sum(r.transactions for r in everything)
        assert fleet.power_w == sum(r.power_w for r in everything)
        assert fleet.states == Counter(r.state.value for r in everything)
        assert fleet.profiles == Counter(r.profile for r in everything)
        assert fleet.workers == Counter(r.worker_id for r in everything)
        assert decoded(fleet.encoded_rows()) == everything
        assert fleet.encoded_length == sum(map(len, fleet.encoded_rows()))
        assert all(
            r.state is StationState.STOPPED or fleet.lives(r.worker_id) or not r.running for r in everything
        )
    take(False)
    assert seen == fleet.rows


def test_a_row_of_a_worker_without_a_lease_is_offline_and_without_power() -> None:
    fleet = fleet_of(row("S1", state=StationState.CHARGING, power_w=7000, transactions=1, energy_mwh=5))
    fleet.set_workers(["w2"], 100.0)
    shown = fleet.rows["S1"]
    assert (shown.state, shown.running, shown.power_w) == (StationState.OFFLINE, False, 0)
    assert (shown.transactions, shown.energy_mwh) == (1, 5)
    assert (fleet.running, fleet.power_w, fleet.charging) == (0, 0, 1)


def test_a_row_comes_back_with_its_workers_lease() -> None:
    fleet = fleet_of(row("S1", power_w=7000))
    fleet.set_workers([], 100.0)
    fleet.set_workers(["w1"], 101.0)
    assert fleet.rows["S1"] == row("S1", power_w=7000)


def test_a_stopped_station_stays_stopped_whatever_its_worker_does() -> None:
    fleet = fleet_of(row("S1", state=StationState.STOPPED, running=False))
    fleet.set_workers([], 100.0)
    assert fleet.rows["S1"].state is StationState.STOPPED


def test_a_worker_that_has_just_published_lives_though_its_lease_was_not_seen_yet() -> None:
    fleet = Fleet()
    fleet.apply("new", [encoded(row("S1", worker_id="new"))], 10.0)
    assert fleet.rows["S1"].running
    fleet.set_workers([], 10.0 + HEARD_SECONDS)
    assert fleet.rows["S1"].running
    fleet.set_workers([], 10.1 + HEARD_SECONDS)
    assert not fleet.rows["S1"].running


def test_new_states_are_urgent_and_other_changes_wait_for_the_whole_turn() -> None:
    fleet = fleet_of(row("S1"), row("S2"))
    fleet.take_changes(urgent_only=False)
    fleet.apply("w1", [encoded(row("S1", power_w=5)), encoded(row("S2", state=StationState.CHARGING))], 1.0)
    assert [r.station_id for r in decoded(fleet.take_changes(urgent_only=True).rows)] == ["S2"]
    assert [r.station_id for r in decoded(fleet.take_changes(urgent_only=False).rows)] == ["S1"]
    assert fleet.take_changes(urgent_only=False).rows == []


def test_a_station_that_came_and_went_between_two_takes_is_told_as_gone() -> None:
    fleet = fleet_of(row("S1"))
    fleet.remove(["S1"])
    changes = fleet.take_changes(urgent_only=False)
    assert (changes.rows, changes.added, changes.deleted) == ([], [], ["S1"])


def test_a_station_that_went_and_came_back_between_two_takes_is_told_as_new() -> None:
    fleet = fleet_of(row("S1"))
    fleet.take_changes(urgent_only=False)
    fleet.remove(["S1"])
    fleet.apply("w1", [encoded(row("S1", power_w=1))], 0.0)
    changes = fleet.take_changes(urgent_only=True)
    assert (decoded(changes.added), changes.deleted) == ([row("S1", power_w=1)], [])


def test_membership_changes_only_when_stations_come_or_go() -> None:
    fleet = fleet_of(row("S1"))
    version = fleet.membership_version
    fleet.apply("w1", [encoded(row("S1", power_w=1))], 1.0)
    assert fleet.membership_version == version
    fleet.remove(["S1"])
    assert fleet.membership_version > version
