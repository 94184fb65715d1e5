"""Points in time as OCPP writes them: RFC 3339, in UTC when we write, with any offset when we read (OCPP-J 1.6 §4)."""

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_MILLISECONDS: Final = tuple(f".{millisecond:03d}Z" for millisecond in range(1000))
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_RFC_3339: Final = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})(?P<separator>[Tt ])(?P<minute>[0-2][0-9]:[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
    r"(?P<fraction>\.[0-9]+)?(?P<zone>[Zz]|[+-][0-2][0-9]:[0-5][0-9])?"
)


class Timestamp(float):
    """A `dateTime` field of a message: unix seconds here, RFC 3339 text on the wire, to the millisecond."""

    __slots__ = ()


@lru_cache(maxsize=64)
def _whole_second(unix: int) -> str:
    return (EPOCH + timedelta(seconds=unix)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")


def format_timestamp(unix: float) -> str:
    """Unix seconds as `2026-11-22T11:15:32.250Z`.

    Raises:
        OverflowError, ValueError: The instant has no four-digit year.
    """
    second, millisecond = divmod(round(unix * 1000), 1000)
    return _whole_second(second) + _MILLISECONDS[millisecond]


def parse_timestamp(text: str, *, assume_utc: bool = False) -> Timestamp:
    """The instant that an RFC 3339 text names.

    With `assume_utc` a text without a zone, or with a space before the time, is read too: both are seen in the field,
    neither is RFC 3339. A leap second is the first instant of the next minute.

    Raises:
        ValueError: The text names no instant.
    """
    if (
        len(text) in (20, 24)
        and text[10] == "T"
        and text[4] == text[7] == "-"
        and text[13] == text[16] == ":"
        and text[-1] == "Z"
        and (len(text) == 20 or text[19] == ".")
        and text[11:13] != "24"
    ):
        try:
            return Timestamp((datetime.fromisoformat(text) - EPOCH).total_seconds())
        except ValueError:
            pass  # a leap second, or nonsense: the long way tells which
    parts = _RFC_3339.fullmatch(text)
    if parts is None or (not assume_utc and (parts["zone"] is None or parts["separator"] == " ")):
        raise ValueError("not an RFC 3339 timestamp")
    zone = parts["zone"]
    offset = timedelta(0)
    if zone is not None and zone not in "Zz":
        hours, minutes = int(zone[1:3]), int(zone[4:6])
        if hours > 23:
            raise ValueError("an offset of a day or more")
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    minute = datetime.fromisoformat(f"{parts['date']}T{parts['minute']}:00+00:00")
    seconds = int(parts["second"]) + float(parts["fraction"] or 0.0)
    unix = (minute - EPOCH - offset).total_seconds() + seconds
    if not -62135596800 <= unix < 253402300799.5 or math.isnan(unix):
        raise ValueError("an instant outside the years 1 to 9999")
    return Timestamp(unix)
