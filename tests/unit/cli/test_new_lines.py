"""`evswarm logs --follow` shows each line once although it only sees the last fifty."""

from hypothesis import given
from hypothesis import strategies as st

from evswarm_cli.main import new_lines


def test_nothing_new_is_nothing() -> None:
    assert new_lines(["a", "b"], ["a", "b"]) == []


def test_lines_after_the_known_ones_are_new() -> None:
    assert new_lines(["a", "b"], ["a", "b", "c"]) == ["c"]


def test_a_log_that_moved_on_completely_is_shown_whole() -> None:
    assert new_lines(["a", "b"], ["x", "y"]) == ["x", "y"]


def test_a_repeated_line_is_shown_again() -> None:
    assert new_lines(["a"], ["a", "a"]) == ["a"]


@given(st.lists(st.integers(), unique=True), st.integers(0, 30), st.integers(1, 10))
def test_every_line_of_a_capped_log_is_shown_once_when_the_cap_is_not_overrun(
    stream: list[int], at: int, cap: int
) -> None:
    lines = [str(number) for number in stream]
    at = min(at, len(lines))
    step = min(at + cap, len(lines))
    shown = lines[max(0, at - cap) : at]
    now = lines[max(0, step - cap) : step]
    assert new_lines(shown, now) == lines[at:step]
