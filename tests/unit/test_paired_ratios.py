"""Ratios of rounds that were measured in turn."""

import pytest

from tests.bench.paired_ratios import spread


def test_what_both_sides_of_a_round_met_cancels_out() -> None:
    found = spread([110.0, 220.0, 55.0], [100.0, 200.0, 50.0])
    assert found["rounds"] == 3
    assert (found["median"], *found["quartiles"], *found["interval"]) == pytest.approx((1.1,) * 5)


def test_a_round_that_met_something_of_its_own_moves_neither_the_median_nor_the_middle_half() -> None:
    found = spread([1.0, 1.1, 1.2, 1.1, 9.0], [1.0] * 5)
    assert (found["median"], *found["quartiles"]) == pytest.approx((1.1, 1.1, 1.2))


def test_the_interval_holds_the_median_and_narrows_with_the_rounds() -> None:
    few, many = (spread([1.0, 1.1, 1.2, 1.3] * times, [1.0] * 4 * times) for times in (1, 16))
    for found in (few, many):
        low, high = found["interval"]
        assert 1.0 <= low <= found["median"] <= high <= 1.3
    assert many["interval"][1] - many["interval"][0] < few["interval"][1] - few["interval"][0]


def test_one_round_is_told_as_it_is() -> None:
    found = spread([3.0], [2.0])
    assert (found["median"], found["quartiles"], found["interval"]) == (1.5, (1.5, 1.5), (1.5, 1.5))


def test_a_round_without_its_other_half_is_no_round() -> None:
    with pytest.raises(ValueError, match="zip"):
        spread([1.0, 2.0], [1.0])
