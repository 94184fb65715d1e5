"""Simulated time as people near the station tell it: the hour for the policy, the clock in front of log lines.

One `LocalTime` serves all stations of a time zone; asking it costs no datetime except once a quarter of an hour.
"""

from datetime import UTC, datetime
from functools import cache
from math import floor
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evswarm_worker.station.errors import StationError

_QUARTER: Final = 900
"""No zone shifts its clock more often, nor at another moment than a full quarter of an hour."""


class LocalTime:
    """A time zone with its last answer remembered, since all stations ask about nearly the same moment."""

    __slots__ = ("_offset", "_quarter", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._quarter = -1
        self._offset = 0

    def offset(self, at: float) -> int:
        """Seconds that local time is ahead of UTC at the unix time `at`."""
        quarter = floor(at / _QUARTER)
        if quarter != self._quarter:
            ahead = datetime.fromtimestamp(quarter * _QUARTER, UTC).astimezone(self._zone).utcoffset()
            self._offset = 0 if ahead is None else int(ahead.total_seconds())
            self._quarter = quarter
        return self._offset

    def hour(self, at: float) -> int:
        """The hour of the day, 0 to 23."""
        return int((at + self.offset(at)) // 3600 % 24)

    def clock(self, at: float) -> str:
        """`HH:MM:SS`."""
        seconds = int(at + self.offset(at)) % 86400
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@cache
def local_time(timezone: str) -> LocalTime:
    """The one `LocalTime` of this IANA name, shared by everyone who asks.

    Raises:
        StationError: there is no such zone.
    """
    try:
        return LocalTime(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise StationError(f"unknown time zone {timezone!r}") from None
