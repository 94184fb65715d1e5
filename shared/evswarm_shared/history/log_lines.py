"""A line of a station's log as it lies in the store: the real time it was written at, then the line itself. Pure.

The line `[HH:MM:SS] message` shows the station's own clock, which may run at another speed and has no date; the real
time in front is what lines and messages are put in one order by.
"""

import re
from typing import Final

import msgspec

_STORED: Final = re.compile(r"(?:(\d+\.\d{3}) )?(.*)", re.DOTALL)
_CLOCK: Final = re.compile(r"\[(\d\d:\d\d:\d\d)\] ")


class LogLine(msgspec.Struct, frozen=True):
    """One line. `at` is real unix seconds, None where the store does not say; `line` is what people read."""

    at: float | None
    line: str

    @property
    def time(self) -> str:
        """HH:MM:SS of the station's own clock; empty where the line does not begin with it."""
        found = _CLOCK.match(self.line)
        return found[1] if found else ""

    @property
    def text(self) -> str:
        """The line without the time in front."""
        return _CLOCK.sub("", self.line, count=1)


def stamped(at: float, line: str) -> str:
    """The line as it is stored. `at` is real unix seconds."""
    return f"{at:.3f} {line}"


def read_line(stored: str) -> LogLine:
    """A stored line, with or without a stamp."""
    found = _STORED.fullmatch(stored)
    assert found is not None, "the pattern takes every text"
    at, line = found.groups()
    return LogLine(None if at is None else float(at), line)
