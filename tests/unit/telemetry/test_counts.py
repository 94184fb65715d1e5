"""Plain counters with closed labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_shared.telemetry.counts import (
    ACTIONS,
    OTHER,
    ConnectResult,
    Histogram,
    HistogramTally,
    PairTally,
    StationCounts,
    Tally,
)


def test_what_is_on_no_list_counts_as_other() -> None:
    tally = Tally(["a"])
    tally.add("a")
    tally.add("b", 2)
    assert tally == {"a": 1, OTHER: 2}


def test_a_pair_counts_only_when_both_are_on_the_list() -> None:
    tally = PairTally(["a"], ["x"])
    tally.add("a", "x")
    tally.add("a", "y")
    tally.add("b", "x")
    assert tally == {("a", "x"): 1, (OTHER, OTHER): 2}


@given(st.lists(st.floats(0, 10)), st.lists(st.floats(0.1, 5), min_size=1, max_size=5, unique=True))
def test_every_observation_is_in_exactly_the_bucket_that_bounds_it(
    values: list[float], bounds: list[float]
) -> None:
    edges = tuple(sorted(bounds))
    histogram = Histogram(edges)
    for value in values:
        histogram.observe(value)
    assert histogram.count == len(values)
    assert histogram.sum == pytest.approx(sum(values))
    for number, edge in enumerate(edges):
        assert sum(histogram.buckets[: number + 1]) == sum(value <= edge for value in values)


def test_a_quantile_is_the_bound_of_its_bucket() -> None:
    histogram = Histogram((1.0, 2.0, 3.0))
    assert histogram.quantile(0.99) == 0.0
    for value in [0.5] * 98 + [1.5, 9.0]:
        histogram.observe(value)
    assert histogram.quantile(0.5) == 1.0
    assert histogram.quantile(0.99) == 2.0
    assert histogram.quantile(1.0) == float("inf")


def test_durations_of_unknown_actions_are_kept_together() -> None:
    tally = HistogramTally(["a"], (1.0,))
    tally.observe("b", 0.5)
    assert tally[OTHER].count == 1
    assert set(tally) == {"a", OTHER}


def test_every_label_is_there_from_the_start_and_stays_the_only_one() -> None:
    counts = StationCounts()
    before = {name: len(tally) for name, tally in _tallies(counts).items()}
    for tally in _tallies(counts).values():
        tally.add("never heard of")
    assert {name: len(tally) for name, tally in _tallies(counts).items()} == before
    assert set(counts.calls_sent) == {*ACTIONS, OTHER}
    assert set(counts.connects) == {*map(str, ConnectResult), OTHER}


def _tallies(counts: StationCounts) -> dict[str, Tally]:
    names = [name for kind in type(counts).__mro__ for name in getattr(kind, "__slots__", ())]
    return {name: value for name in names if isinstance(value := getattr(counts, name), Tally)}
