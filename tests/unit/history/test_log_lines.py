"""Log lines with the real time in front."""

import pytest

from evswarm_shared.history.log_lines import LogLine, read_line, stamped


def test_what_is_stored_is_read_back_with_its_time() -> None:
    read = read_line(stamped(1_790_000_000.1234, "[12:00:00] Boot accepted; heartbeat every 60 s"))
    assert read == LogLine(1_790_000_000.123, "[12:00:00] Boot accepted; heartbeat every 60 s")
    assert (read.time, read.text) == ("12:00:00", "Boot accepted; heartbeat every 60 s")


@pytest.mark.parametrize("line", ["[12:00:00] no stamp", "", "of\ntwo lines", "12.5 kW offered"])
def test_a_line_without_a_stamp_is_all_line(line: str) -> None:
    assert read_line(line) == LogLine(None, line)


def test_a_line_without_a_clock_is_all_text() -> None:
    read = read_line("1.000 price changed")
    assert (read.at, read.time, read.text) == (1.0, "", "price changed")
