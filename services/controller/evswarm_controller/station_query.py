"""Searching, filtering, sorting and paging the rows of a fleet, for lists, windows and bulk commands alike. Pure.

A page ends with a cursor that names the last row's sort value and id: rows that come, go or change between two pages
make nothing be skipped or shown twice that itself stood still.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final

import msgspec

from evswarm_controller.errors import InvalidFieldError, UnknownCursorError
from evswarm_shared.bus.messages import ProfileName, StationSnapshot, StationState

DEFAULT_LIMIT: Final = 1000
MAX_LIMIT: Final = 10_000
RUNNING: Final = "running"
"""Among the states: of these, or of all, only those accepted by the central system and connected."""
IN_TRANSACTION: Final = "in transaction"
"""Among the states: of these, or of all, only those with an open transaction, whatever their connectors show."""

_STATUS_WORDS: Final = "|".join([*(state.value for state in StationState), RUNNING, IN_TRANSACTION])
STATUS_PATTERN: Final = f"^(({_STATUS_WORDS})(,({_STATUS_WORDS}))*)?$"
"""What `status` looks like, for the API's description; case and spaces around commas do not matter either."""


class SortField(StrEnum):
    """What a list of stations can be sorted by."""

    STATION_ID = "station_id"
    STATUS = "status"
    WORKER_ID = "worker_id"
    PROFILE = "profile"
    POWER_KW = "power_kw"
    SESSION_KWH = "session_kwh"
    ENERGY_KWH = "energy_kwh"
    EARNINGS = "earnings"
    LAST_MESSAGE_AT = "last_message_at"
    CHANGED_AT = "changed_at"


class Direction(StrEnum):
    """Ascending or descending."""

    ASC = "asc"
    DESC = "desc"


SORT_KEYS: Final[dict[SortField, Callable[[StationSnapshot], Any]]] = {
    SortField.STATION_ID: lambda row: row.station_id,
    SortField.STATUS: lambda row: row.state.value,
    SortField.WORKER_ID: lambda row: row.worker_id,
    SortField.PROFILE: lambda row: row.profile,
    SortField.POWER_KW: lambda row: row.power_w,
    SortField.SESSION_KWH: lambda row: row.session_wh,
    SortField.ENERGY_KWH: lambda row: row.energy_mwh,
    SortField.EARNINGS: lambda row: row.earnings_micro,
    SortField.LAST_MESSAGE_AT: lambda row: row.last_message_at,
    SortField.CHANGED_AT: lambda row: row.changed_at,
}


class StationFilter(msgspec.Struct, frozen=True):
    """Which stations are meant: those that fulfil all of it; the empty one means all.

    `text` is looked for in id, worker, profile and last message, whatever its case.
    """

    text: str = ""
    states: frozenset[StationState] = frozenset()
    running: bool | None = None
    in_transaction: bool | None = None
    worker_id: str | None = None
    profile: ProfileName | None = None
    station_ids: frozenset[str] | None = None


class StationQuery(msgspec.Struct, frozen=True):
    """One page asked for."""

    filter: StationFilter = StationFilter()
    sort: SortField = SortField.STATION_ID
    direction: Direction = Direction.ASC
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class StationPage(msgspec.Struct, frozen=True):
    """The rows of one page, how many rows match over all pages, and where the next page begins (None: nowhere)."""

    rows: list[StationSnapshot]
    total: int
    next_cursor: str | None


def find(rows: Iterable[StationSnapshot], query: StationQuery) -> StationPage:
    """The page of `rows` that the query asks for.

    Raises:
        UnknownCursorError: the cursor is not one of ours, or was made for another sorting.
    """
    value_of = SORT_KEYS[query.sort]
    found = matching(rows, query.filter)
    total = len(found)
    if query.cursor is not None:
        last_value, last_id = _decode_cursor(query)
        descending = query.direction is Direction.DESC

        def is_after(row: StationSnapshot) -> bool:
            value = value_of(row)
            if value == last_value:
                return row.station_id > last_id
            return bool(value < last_value if descending else value > last_value)

        found = [row for row in found if is_after(row)]
    found = ordered(found, query.sort, query.direction)
    page = found[: query.limit]
    more = len(found) > len(page)
    return StationPage(page, total, _encode_cursor(query, page[-1]) if more else None)


def ordered(rows: Iterable[StationSnapshot], sort: SortField, direction: Direction) -> list[StationSnapshot]:
    """The rows sorted; those of the same value by id."""
    descending = direction is Direction.DESC
    result = sorted(rows, key=SORT_KEYS[SortField.STATION_ID])
    if sort is not SortField.STATION_ID or descending:
        result.sort(key=SORT_KEYS[sort], reverse=descending)
    return result


def matching(rows: Iterable[StationSnapshot], wanted: StationFilter) -> list[StationSnapshot]:
    """The rows that a filter means, in the order given."""
    found = list(rows)
    if wanted.station_ids is not None:
        found = [row for row in found if row.station_id in wanted.station_ids]
    if wanted.running is not None:
        found = [row for row in found if row.running == wanted.running]
    if wanted.in_transaction is not None:
        found = [row for row in found if (row.transactions > 0) == wanted.in_transaction]
    if wanted.states:
        found = [row for row in found if row.state in wanted.states]
    if wanted.worker_id is not None:
        found = [row for row in found if row.worker_id == wanted.worker_id]
    if wanted.profile is not None:
        found = [row for row in found if row.profile == wanted.profile]
    if wanted.text:
        text = wanted.text.lower()
        found = [
            row
            for row in found
            if text in row.station_id.lower()
            or text in row.worker_id.lower()
            or text in row.profile
            or text in row.last_message.lower()
        ]
    return found


def parse_filter(
    *,
    q: str = "",
    status: str = "",
    worker: str | None = None,
    profile: ProfileName | None = None,
    station_ids: Iterable[str] | None = None,
) -> StationFilter:
    """The filter that a query, a window or a bulk command asks for. `status` is as in `GET /stations`, and blanks around
    `q` mean nothing, as on the page.

    Raises:
        InvalidFieldError: there is no such state.
    """
    states, words = _parse_states(status)
    return StationFilter(
        text=q.strip(),
        states=states,
        running=True if RUNNING in words else None,
        in_transaction=True if IN_TRANSACTION in words else None,
        worker_id=worker or None,
        profile=profile,
        station_ids=None if station_ids is None else frozenset(station_ids),
    )


def _parse_states(text: str) -> tuple[frozenset[StationState], frozenset[str]]:
    """A comma-separated list of states, of which a station has one, and the words that narrow it further."""
    by_name = {state.value.lower(): state for state in StationState}
    states: set[StationState] = set()
    words: set[str] = set()
    for word in filter(None, (part.strip().lower() for part in text.split(","))):
        if word in (RUNNING, IN_TRANSACTION):
            words.add(word)
        elif word in by_name:
            states.add(by_name[word])
        else:
            known = ", ".join(state.value for state in StationState)
            raise InvalidFieldError(
                "status", f"There is no status {word!r}; known are {known}, {RUNNING} and {IN_TRANSACTION}."
            )
    return frozenset(states), frozenset(words)


def _encode_cursor(query: StationQuery, last: StationSnapshot) -> str:
    value = SORT_KEYS[query.sort](last)
    data = msgspec.json.encode([query.sort, query.direction, value, last.station_id])
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode_cursor(query: StationQuery) -> tuple[Any, str]:
    try:
        data = base64.urlsafe_b64decode(f"{query.cursor}{'=' * (-len(query.cursor or '') % 4)}")
        sort, direction, value, station_id = msgspec.json.decode(
            data, type=tuple[SortField, Direction, str | int | float, str]
        )
    except (binascii.Error, ValueError):
        raise UnknownCursorError from None
    if (sort, direction) != (query.sort, query.direction):
        raise UnknownCursorError
    numeric = query.sort not in (
        SortField.STATION_ID,
        SortField.STATUS,
        SortField.WORKER_ID,
        SortField.PROFILE,
    )
    if isinstance(value, str) == numeric:
        raise UnknownCursorError
    return value, station_id
