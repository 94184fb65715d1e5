"""The part of a station's log that was asked for, as text. The store keeps lines with their time of day alone."""

from collections.abc import Sequence

from evswarm_worker.station.effects import LogPart

DAY_SECONDS = 86400.0


def log_text(lines: Sequence[str], part: LogPart) -> str:
    """The lines of `part`, one a row; `lines` begin with [HH:MM:SS] in local time, newest last."""
    chosen = [
        line
        for line, at in zip(lines, dated(lines, part.at, part.utc_offset), strict=True)
        if (part.oldest is None or at >= part.oldest) and (part.latest is None or at <= part.latest)
    ]
    return "\n".join([*chosen, ""])


def dated(lines: Sequence[str], at: float, utc_offset: float) -> list[float]:
    """When each line was written, in simulated unix seconds: each at most a day before the one after it.

    A line without a time is as old as the one after it.
    """
    later = at
    times: list[float] = []
    for line in reversed(lines):
        clock = _time_of_day(line)
        if clock is not None:
            # Seconds are whole: a line of the present second is not one of yesterday.
            later -= (later + utc_offset - clock) % DAY_SECONDS
        times.append(later)
    return times[::-1]


def _time_of_day(line: str) -> float | None:
    head = line[1:9]
    if line[:1] != "[" or line[9:10] != "]" or head[2:3] != ":" or head[5:6] != ":":
        return None
    digits = head[:2] + head[3:5] + head[6:]
    if not (digits.isascii() and digits.isdigit()):
        return None
    return int(head[:2]) * 3600.0 + int(head[3:5]) * 60.0 + int(head[6:])
