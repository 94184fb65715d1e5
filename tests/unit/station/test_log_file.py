"""Lines with a time of day, dated and chosen."""

from evswarm_worker.station.effects import LogPart
from evswarm_worker.station.log_file import dated, log_text
from tests.support.station_rig import NOON

LINES = ["[23:59:00] yesterday", "[00:10:00] night", "no time", "[12:00:00] now"]


def test_lines_are_dated_backwards_from_now() -> None:
    assert dated(LINES, NOON, 0.0) == [NOON - 12 * 3600 - 60, NOON - 11 * 3600 - 3000, NOON, NOON]


def test_local_time_is_taken_into_account() -> None:
    assert dated(["[13:00:00] one hour ahead"], NOON + 0.5, 3600.0) == [NOON]


def test_only_the_lines_of_the_period_are_chosen() -> None:
    assert log_text(LINES, LogPart(NOON, 0.0, None, None)) == "\n".join([*LINES, ""])
    assert log_text(LINES, LogPart(NOON, 0.0, NOON - 12 * 3600, NOON - 3600)) == "[00:10:00] night\n"
    assert log_text([], LogPart(NOON, 0.0, None, None)) == ""
