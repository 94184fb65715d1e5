"""Patterns: what is drawn from the tables looks like the tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_worker.behaviour.patterns import PATTERNS, QUANTILE_LEVELS, Pattern, quantile
from evswarm_worker.behaviour.profiles import ArrivalPattern

EVERY_PATTERN = pytest.mark.parametrize("pattern", PATTERNS.values(), ids=list(PATTERNS))


def test_there_is_a_table_for_every_kind_of_place() -> None:
    assert set(PATTERNS) == set(ArrivalPattern)


@EVERY_PATTERN
def test_a_table_is_complete(pattern: Pattern) -> None:
    assert len(pattern.hourly_percent) == len(pattern.stay_shift) == 24
    assert sum(pattern.hourly_percent) == pytest.approx(100.0, abs=1.0)
    assert sum(pattern.hourly_share) == pytest.approx(1.0)
    for table in (pattern.stay_hours, pattern.energy_kwh):
        assert len(table) == len(QUANTILE_LEVELS)
        assert list(table) == sorted(table) and table[0] > 0.0


@EVERY_PATTERN
def test_the_quantiles_are_those_of_the_table(pattern: Pattern) -> None:
    for level, hours, energy in zip(QUANTILE_LEVELS, pattern.stay_hours, pattern.energy_kwh, strict=True):
        assert pattern.stay_at(level) == pytest.approx(hours)
        assert pattern.energy_at(level) == pytest.approx(energy)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_higher_rank_never_gives_less(one: float, other: float) -> None:
    table = PATTERNS[ArrivalPattern.HOME].stay_hours
    low, high = sorted((one, other))
    assert 0.0 < quantile(table, 0.0) <= quantile(table, low) <= quantile(table, high) <= quantile(table, 1.0)


@given(st.sampled_from(list(PATTERNS.values())), st.floats(-9, 9), st.floats(0, 3))
def test_a_rank_rises_with_the_hidden_value_and_stays_a_rank(
    pattern: Pattern, hidden: float, more: float
) -> None:
    assert 0.0 <= pattern.stay_rank(hidden) <= pattern.stay_rank(hidden + more) <= 1.0
