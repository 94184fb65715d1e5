"""Draws: repeatable, resumable, and as random as they look."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from evswarm_worker.behaviour.draws import Draws, bits_at, uniform_at

seeds = st.integers(0, 2**80)
indexes = st.integers(0, 10**7)


@given(seeds, indexes, st.integers(0, 20))
def test_a_stream_resumes_from_its_counter(seed: int, index: int, taken: int) -> None:
    whole = Draws(seed, index)
    expected = [whole.uniform() for _ in range(taken + 5)][taken:]
    resumed = Draws(seed, index, counter=taken)
    assert [resumed.uniform() for _ in range(5)] == expected
    assert resumed.counter == taken + 5


@given(seeds, indexes)
def test_draws_lie_in_their_ranges(seed: int, index: int) -> None:
    draws = Draws(seed, index)
    assert 0.0 <= draws.uniform() < 1.0
    assert 3.0 <= draws.between(3.0, 4.0) < 4.0
    assert draws.below(7) in range(7)
    assert 0 <= draws.bits64() < 2**64
    assert draws.counter == 4


def test_a_known_seed_gives_known_numbers_for_ever() -> None:
    # a change here changes every repeated run
    draws = Draws(1, 1)
    assert [round(draws.uniform(), 12) for _ in range(3)] == [0.92177891651, 0.809628461281, 0.441255978809]
    assert bits_at(1, 1, "profile") == 595376926823037928


def test_seed_station_and_purpose_each_give_another_stream() -> None:
    streams = [Draws(1, 1), Draws(2, 1), Draws(1, 2), Draws(1, 1, purpose="x"), Draws(1, 1).derive("x")]
    assert len({draws.bits64() for draws in streams}) == len(streams)


def test_seed_and_index_do_not_run_into_each_other() -> None:
    assert Draws(1, 11).bits64() != Draws(11, 1).bits64()


def test_a_derived_stream_takes_nothing_from_its_parent() -> None:
    draws = Draws(1, 1)
    first = draws.derive("jitter").uniform()
    assert draws.counter == 0
    draws.uniform()
    assert draws.derive("jitter").uniform() == first


def test_what_is_fixed_for_good_lies_evenly_over_the_fleet() -> None:
    phases = sorted(uniform_at(5, index, "heartbeat phase") for index in range(2_000))
    farthest = max(abs(phase - rank / 2_000) for rank, phase in enumerate(phases))
    # Kolmogorov-Smirnov at 1 in 1,000
    assert farthest < 1.95 / 2_000**0.5


def test_successive_draws_are_uniform_and_not_correlated() -> None:
    draws = Draws(9, 3)
    numbers = [draws.uniform() for _ in range(20_000)]
    tenths = [0] * 10
    for number in numbers:
        tenths[int(number * 10)] += 1
    assert sum((count - 2_000) ** 2 / 2_000 for count in tenths) < 27.9  # chi-square, 9 degrees, 1 in 1,000
    mean = sum(numbers) / len(numbers)
    lag = sum((a - mean) * (b - mean) for a, b in pairwise(numbers))
    variance = sum((a - mean) ** 2 for a in numbers)
    assert abs(lag / variance) < 3.3 / 20_000**0.5


def test_a_chance_comes_true_as_often_as_it_says() -> None:
    draws = Draws(4, 4)
    hits = sum(draws.chance(0.2) for _ in range(10_000))
    assert 1_870 < hits < 2_130
    assert not draws.chance(0.0)
    assert draws.chance(1.0)
