"""Finding stations: filters, sorting, and pages that neither skip nor repeat."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_controller.errors import InvalidFieldError, UnknownCursorError
from evswarm_controller.station_query import (
    SORT_KEYS,
    Direction,
    SortField,
    StationFilter,
    StationQuery,
    find,
    matching,
    parse_filter,
)
from evswarm_shared.bus.messages import ProfileName, StationSnapshot, StationState
from tests.unit.controller.desk import row

SWARM = [
    row("CP-000001", power_w=5, transactions=1, profile="home", worker_id="w1", last_message="MeterValues"),
    row("CP-000002", power_w=9, profile="depot", worker_id="w2", state=StationState.CHARGING),
    row("CP-000003", power_w=5, profile="home", worker_id="w2", running=False, state=StationState.OFFLINE),
    row("CP-000004", power_w=0, transactions=2, profile="public", worker_id="w1"),
]


def ids(query: StationQuery) -> list[str]:
    return [r.station_id[-1] for r in find(SWARM, query).rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (StationQuery(), "1234"),
        (StationQuery(direction=Direction.DESC), "4321"),
        (StationQuery(sort=SortField.POWER_KW), "4132"),
        (StationQuery(sort=SortField.POWER_KW, direction=Direction.DESC), "2134"),
        (StationQuery(limit=2), "12"),
    ],
)
def test_a_query_finds(query: StationQuery, expected: str) -> None:
    assert "".join(ids(query)) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (StationFilter(), "1234"),
        (StationFilter(text="cp-000003"), "3"),
        (StationFilter(text="W2"), "23"),
        (StationFilter(text="dep"), "2"),
        (StationFilter(text="meterv"), "1"),
        (StationFilter(states=frozenset({StationState.CHARGING, StationState.OFFLINE})), "23"),
        (StationFilter(running=True), "124"),
        (StationFilter(in_transaction=True), "14"),
        (StationFilter(worker_id="w1"), "14"),
        (StationFilter(profile=ProfileName.HOME), "13"),
        (StationFilter(profile=ProfileName.HOME, worker_id="w2"), "3"),
        (StationFilter(station_ids=frozenset({"CP-000002", "CP-000004", "CP-000009"})), "24"),
        (StationFilter(station_ids=frozenset({"CP-000002", "CP-000004"}), worker_id="w1"), "4"),
        (StationFilter(station_ids=frozenset()), ""),
        (StationFilter(text="nothing"), ""),
    ],
)
def test_a_filter_means(wanted: StationFilter, expected: str) -> None:
    assert "".join(r.station_id[-1] for r in matching(SWARM, wanted)) == expected
    assert "".join(ids(StationQuery(wanted))) == expected


def test_the_total_counts_all_pages() -> None:
    assert find(SWARM, StationQuery(StationFilter(running=True), limit=1)).total == 3


@given(
    st.lists(
        st.builds(
            row,
            station_id=st.integers(0, 99).map(lambda i: f"S{i:03d}"),
            power_w=st.integers(0, 3),
            last_message_at=st.floats(0, 2, width=16),
            state=st.sampled_from(StationState),
        ),
        unique_by=lambda r: r.station_id,
    ),
    st.sampled_from(SortField),
    st.sampled_from(Direction),
    st.integers(1, 5),
)
def test_turning_pages_shows_every_station_once_in_order(
    rows: list[StationSnapshot], sort: SortField, direction: Direction, limit: int
) -> None:
    shown: list[StationSnapshot] = []
    query = StationQuery(sort=sort, direction=direction, limit=limit)
    while True:
        page = find(rows, query)
        shown += page.rows
        if page.next_cursor is None:
            break
        assert len(page.rows) == limit
        query = msgspec.structs.replace(query, cursor=page.next_cursor)
    value_of = SORT_KEYS[sort]
    expected = sorted(rows, key=lambda r: r.station_id)
    expected.sort(key=value_of, reverse=direction is Direction.DESC)
    assert shown == expected


def test_stations_that_come_and_go_between_pages_disturb_no_other() -> None:
    rng = random.Random(4)
    rows = {f"S{i:03d}": row(f"S{i:03d}") for i in range(100)}
    steady = {s for s in rows if int(s[1:]) % 3 == 0}
    shown: list[str] = []
    query = StationQuery(limit=7)
    while True:
        page = find(rows.values(), query)
        shown += [r.station_id for r in page.rows]
        if page.next_cursor is None:
            break
        query = msgspec.structs.replace(query, cursor=page.next_cursor)
        for station_id in rng.sample(sorted(set(rows) - steady), 5):
            del rows[station_id]
        new = f"T{rng.randrange(1000):04d}"
        rows[new] = row(new)
    assert [s for s in shown if s in steady] == sorted(steady)


@pytest.mark.parametrize("cursor", ["x", "!!!!", "W10", "bnVsbA", "é"])
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(UnknownCursorError):
        find(SWARM, StationQuery(cursor=cursor))


def test_a_cursor_of_another_sorting_is_refused() -> None:
    cursor = find(SWARM, StationQuery(limit=1)).next_cursor
    with pytest.raises(UnknownCursorError, match="keep its sorting"):
        find(SWARM, StationQuery(cursor=cursor, sort=SortField.POWER_KW))


def test_states_are_read_whatever_their_case() -> None:
    both = frozenset({StationState.CHARGING, StationState.OFFLINE})
    assert parse_filter(status="charging, Offline,") == StationFilter(states=both)
    assert parse_filter(status="") == StationFilter()
    with pytest.raises(InvalidFieldError, match="'flying'"):
        parse_filter(status="charging,flying")


def test_blanks_around_a_text_are_not_looked_for() -> None:
    assert parse_filter(q=" CP 1\t") == StationFilter(text="CP 1")


def test_two_words_mean_more_than_one_state_and_narrow_the_others() -> None:
    assert parse_filter(status="Running") == StationFilter(running=True)
    assert parse_filter(status="in transaction,offline") == StationFilter(
        states=frozenset({StationState.OFFLINE}), in_transaction=True
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("charging,offline", "23"),
        ("running,charging,offline", "2"),
        ("running,in transaction", "14"),
        ("running,stopped", ""),
    ],
)
def test_states_are_alternatives_and_the_two_words_narrow_them(status: str, expected: str) -> None:
    assert "".join(ids(StationQuery(parse_filter(status=status)))) == expected


def test_an_empty_worker_means_every_worker() -> None:
    assert parse_filter(worker="", station_ids=["a", "a"]) == StationFilter(station_ids=frozenset("a"))
