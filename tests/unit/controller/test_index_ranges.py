"""Sets of indexes as ranges, against Python's own sets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from evswarm_controller.index_ranges import (
    Ranges,
    contains,
    difference,
    intersection,
    normalized,
    size,
    split_at,
)
from evswarm_shared.bus.messages import IndexRange

sets = st.sets(st.integers(1, 40))


def as_ranges(indexes: set[int]) -> Ranges:
    return normalized(IndexRange(i, i + 1) for i in indexes)


def as_set(ranges: Ranges) -> set[int]:
    return {i for r in ranges for i in range(r.start, r.stop)}


@given(sets)
def test_ranges_hold_what_was_put_in_and_nothing_touches(indexes: set[int]) -> None:
    ranges = as_ranges(indexes)
    assert as_set(ranges) == indexes
    assert size(ranges) == len(indexes)
    assert all(a.stop < b.start for a, b in pairwise(ranges))
    assert all(contains(ranges, i) == (i in indexes) for i in range(42))


@given(sets, sets)
def test_intersection_and_difference_are_those_of_sets(left: set[int], right: set[int]) -> None:
    assert as_set(intersection(as_ranges(left), as_ranges(right))) == left & right
    assert as_set(difference(as_ranges(left), as_ranges(right))) == left - right
    assert difference(as_ranges(left), as_ranges(right)) == as_ranges(left - right)


@given(sets, st.integers(0, 45))
def test_splitting_takes_the_lowest(indexes: set[int], count: int) -> None:
    head, rest = split_at(as_ranges(indexes), count)
    assert as_set(head) == set(sorted(indexes)[:count])
    assert as_set(rest) == set(sorted(indexes)[count:])


def test_overlapping_and_empty_ranges_are_joined_and_dropped() -> None:
    messy = [IndexRange(5, 9), IndexRange(1, 3), IndexRange(3, 6), IndexRange(20, 20)]
    assert normalized(messy) == (IndexRange(1, 9),)
