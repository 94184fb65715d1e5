"""Charging profiles as arithmetic: which period holds when, which profile prevails, how a limit is shared."""

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ocpp.v16.enums import (
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    RecurrencyKind,
)

from evswarm_worker.station.charging_profiles import (
    InstalledProfile,
    Period,
    Taker,
    period_at,
    replaced_by,
    share_out,
    station_limit,
    transaction_limit,
)

K, P, A, W = (
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType.amps,
    ChargingRateUnitType.watts,
)
DAY = 86400.0


def profile(*limits: tuple[float, float], **fields: Any) -> InstalledProfile:
    whole: dict[str, Any] = {
        "connector_id": 1,
        "profile_id": 1,
        "stack_level": 0,
        "purpose": P.tx_default_profile,
        "kind": K.absolute,
        "unit": W,
        "periods": tuple(Period(start, limit) for start, limit in limits or ((0.0, 1000.0),)),
        "installed_at": 0.0,
        "start": 0.0,
    }
    return InstalledProfile(**(whole | fields))


def limit(installed: InstalledProfile, at: float, began: float = 0.0) -> float | None:
    period, _ = period_at(installed, at, began)
    return None if period is None else period.limit


# --- one profile --------------------------------------------------------------------------------------------


def test_the_last_period_holds_until_the_duration_is_over() -> None:
    installed = profile((0, 10.0), (60, 20.0), duration=100.0, start=1000.0)
    times = (999.0, 1000.0, 1059.9, 1060.0, 1099.9, 1100.0, 1e9)
    assert [limit(installed, t) for t in times] == [None, 10, 10, 20, 20, None, None]
    assert [period_at(installed, t, 0.0)[1] for t in times] == [1000, 1060, 1060, 1100, 1100, inf, inf]


def test_without_a_duration_the_last_period_goes_on() -> None:
    assert period_at(profile((0, 10.0)), 1e9, 0.0) == (Period(0, 10.0), inf)


def test_a_relative_schedule_begins_with_the_transaction() -> None:
    installed = profile((0, 10.0), (60, 20.0), kind=K.relative, start=5.0)
    assert [limit(installed, t, began=1000.0) for t in (1000.0, 1061.0)] == [10, 20]


def test_an_absolute_schedule_without_a_start_begins_with_the_transaction() -> None:
    assert limit(profile((0, 10.0), (60, 20.0), start=None), 1061.0, began=1000.0) == 20


def test_a_schedule_of_the_whole_station_without_a_start_begins_when_it_came() -> None:
    installed = profile(
        (0, 10.0), (60, 20.0), start=None, purpose=P.charge_point_max_profile, installed_at=500.0
    )
    assert [limit(installed, t, began=t) for t in (559.0, 561.0)] == [10, 20]


@pytest.mark.parametrize(("kind", "span"), [(RecurrencyKind.daily, DAY), (RecurrencyKind.weekly, 7 * DAY)])
def test_a_recurring_schedule_comes_back(kind: RecurrencyKind, span: float) -> None:
    installed = profile(
        (0, 10.0), (3600, 20.0), kind=K.recurring, recurrency=kind, start=1000.0, duration=7200.0
    )
    assert limit(installed, 999.0) is None
    for n in (0, 1, 5):
        begin = 1000.0 + n * span
        assert [limit(installed, begin + s) for s in (0.0, 3600.0, 7200.0)] == [10, 20, None]
        assert period_at(installed, begin + 7200.0, 0.0)[1] == begin + span


def test_what_is_longer_than_the_recurrence_is_not_carried_out() -> None:
    installed = profile(
        (0, 10.0),
        (DAY + 10, 20.0),
        kind=K.recurring,
        recurrency=RecurrencyKind.daily,
        duration=2 * DAY,
    )
    assert period_at(installed, DAY + 11, 0.0) == (Period(0, 10.0), 2 * DAY)


def test_a_profile_is_silent_outside_its_validity() -> None:
    installed = profile(valid_from=100.0, valid_to=200.0)
    assert [period_at(installed, t, 0.0)[1] for t in (50.0, 100.0, 200.0)] == [100, 200, inf]
    assert [limit(installed, t) for t in (50.0, 100.0, 199.0, 200.0)] == [None, 1000, 1000, None]


# --- several ------------------------------------------------------------------------------------------------


def value(
    profiles: list[InstalledProfile], at: float = 10.0, connector_id: int = 1, serial: int | None = 7
) -> float | None:
    found, _ = transaction_limit(profiles, connector_id, serial, at, 0.0)
    return None if found is None else found.value


def test_the_highest_valid_stack_level_prevails_and_the_lower_one_takes_over() -> None:
    low = profile((0, 10.0))
    high = profile((0, 30.0), stack_level=3, duration=100.0)
    assert [value([low, high], at) for at in (0.0, 99.0, 100.0)] == [30, 30, 10]
    assert transaction_limit([low, high], 1, None, 0.0, 0.0)[1] == 100


def test_a_profile_of_the_transaction_outranks_every_default() -> None:
    default = profile((0, 10.0), stack_level=9)
    mine = profile((0, 30.0), purpose=P.tx_profile, serial=7, profile_id=2)
    assert value([default, mine]) == 30
    assert value([default, mine], serial=8) == 10 and value([default, mine], serial=None) == 10


def test_a_default_for_the_connector_replaces_that_for_all_of_the_same_level_only() -> None:
    everywhere = profile((0, 10.0), connector_id=0)
    here = profile((0, 30.0), connector_id=1)
    above = profile((0, 50.0), connector_id=0, stack_level=1)
    assert value([here, everywhere]) == 30 and value([everywhere, here]) == 30
    assert value([everywhere, here], connector_id=2) == 10
    assert value([everywhere, here, above]) == 50


def test_the_limit_of_the_station_comes_from_its_own_profiles_only() -> None:
    profiles = [profile((0, 10.0)), profile((0, 99.0), purpose=P.charge_point_max_profile, connector_id=0)]
    found, _ = station_limit(profiles, 0.0)
    assert found is not None and found.value == 99
    assert value(profiles) == 10


def test_the_same_id_or_the_same_level_and_purpose_exist_once() -> None:
    first = profile(profile_id=1)
    second = profile(profile_id=2, stack_level=1)
    assert replaced_by([first, second], profile(profile_id=1, stack_level=5)) == [second]
    assert replaced_by([first, second], profile(profile_id=3, stack_level=1)) == [first]
    assert replaced_by([first, second], profile(profile_id=3, connector_id=2)) == [first, second]


# --- sharing ------------------------------------------------------------------------------------------------


def test_who_needs_less_leaves_the_rest_and_who_gets_too_little_gets_nothing() -> None:
    assert share_out(30.0, [Taker(20, 6), Taker(20, 6)]) == [15, 15]
    assert share_out(30.0, [Taker(20, 6), Taker(8, 6)]) == [20, 8]
    assert share_out(10.0, [Taker(20, 6), Taker(20, 6)]) == [10, 0]
    assert share_out(5.0, [Taker(20, 6)]) == [0]
    assert share_out(5.0, []) == []


@given(
    st.floats(0, 100),
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 20)).map(lambda t: Taker(*t)), max_size=5),
)
def test_shares_stay_within_the_total_and_within_what_each_can_use(total: float, takers: list[Taker]) -> None:
    shares = share_out(total, takers)
    assert sum(shares) <= total + 1e-9
    for share, taker in zip(shares, takers, strict=True):
        assert share == 0.0 or taker.least <= share <= taker.most


def _brute(installed: InstalledProfile, at: float) -> float | None:
    """The clause read literally, second by second."""
    begin = installed.start or 0.0
    if installed.kind is K.recurring:
        while begin + DAY <= at:
            begin += DAY
    if at < begin or (installed.duration is not None and at >= begin + installed.duration):
        return None
    found = None
    for period in installed.periods:
        if period.start <= at - begin:
            found = period.limit
    return found


@given(
    st.lists(st.integers(1, 40_000), min_size=0, max_size=4, unique=True),
    st.one_of(st.none(), st.integers(1, 90_000)),
    st.booleans(),
    st.integers(0, 300_000),
)
def test_every_second_has_the_limit_that_the_clause_gives_it_until_the_next_change(
    starts: list[int], duration: int | None, recurring: bool, at: int
) -> None:
    installed = profile(
        *((float(start), float(n)) for n, start in enumerate([0, *sorted(starts)])),
        start=1000.0,
        duration=None if duration is None else float(duration),
        kind=K.recurring if recurring else K.absolute,
        recurrency=RecurrencyKind.daily if recurring else None,
    )
    assert limit(installed, float(at)) == _brute(installed, float(at))
    _, until = period_at(installed, float(at), 0.0)
    assert until > at
    if until < inf:
        assert limit(installed, until - 0.5) == limit(installed, float(at))
