"""Simulated time as people near the station tell it: the hour for the policy, the clock in front of log lines.

One `LocalTime` serves all stations of a time zone; asking it costs no datetime except once a quarter of an hour.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from evswarm_worker.station.errors import StationError

_QUARTER: Final = 900.0
"""Zones lie whole quarters of an hour apart and shift at full quarters, so hour and offset hold for one."""


class LocalTime:
    """A time zone with its last answer remembered, since all stations ask about nearly the same moment."""

    __slots__ = ("_hour", "_offset", "_quarter", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._quarter = -1.0
        self._offset = 0
        self._hour = 0

    def offset(self, at: float) -> int:
        """Seconds that local time is ahead of UTC at the unix time `at`."""
        quarter = at // _QUARTER
        if quarter != self._quarter:
            ahead = datetime.fromtimestamp(quarter * _QUARTER, UTC).astimezone(self._zone).utcoffset()
            self._offset = 0 if ahead is None else int(ahead.total_seconds())
            self._hour = int((quarter * _QUARTER + self._offset) // 3600 % 24)
            self._quarter = quarter
        return self._offset

    def hour(self, at: float) -> int:
        """The hour of the day, 0 to 23."""
        if at // _QUARTER != self._quarter:
            self.offset(at)
        return self._hour

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
