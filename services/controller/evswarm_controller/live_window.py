"""The part of a very large swarm that a page shows: found, counted and sorted here instead of there.

Finding and sorting 50,000 rows takes tens of milliseconds, so pages that ask the same share one answer, and an answer
is kept the longer the more all of them together cost.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Annotated, Final

import msgspec

from evswarm_controller.errors import InvalidFieldError
from evswarm_controller.fleet import Fleet
from evswarm_controller.station_query import (
    IN_TRANSACTION,
    RUNNING,
    Direction,
    SortField,
    StationFilter,
    matching,
    ordered,
    parse_filter,
)
from evswarm_shared.bus.messages import ProfileName, StationSnapshot

MAX_ROWS: Final = 200
FRESH_SECONDS: Final = 1.0
SHARE: Final = 0.2
"""Most of the controller's time that windows may take; past it they come less often."""

_encode = msgspec.json.Encoder().encode


class WindowQuery(
    msgspec.Struct, tag_field="type", tag="window", frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """What a page shows. The words are those of `GET /stations`."""

    q: Annotated[str, msgspec.Meta(max_length=100)] = ""
    status: Annotated[str, msgspec.Meta(max_length=200)] = ""
    worker: Annotated[str, msgspec.Meta(max_length=200)] = ""
    profile: Annotated[str, msgspec.Meta(max_length=32)] = ""
    sort: SortField = SortField.STATION_ID
    dir: Direction = Direction.ASC
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_ROWS)] = MAX_ROWS

    def wanted(self) -> StationFilter:
        """Which stations it is about.

        Raises:
            InvalidFieldError: there is no such status or profile.
        """
        try:
            profile = ProfileName(self.profile) if self.profile else None
        except ValueError:
            raise InvalidFieldError("profile", f"There is no profile {self.profile!r}.") from None
        return parse_filter(q=self.q, status=self.status, worker=self.worker, profile=profile)


class Facets(msgspec.Struct, frozen=True):
    """How many stations each choice of a filter would show, the other filters standing as they are."""

    states: dict[str, int]
    workers: dict[str, int]
    profiles: dict[str, int]


class Found(msgspec.Struct, frozen=True):
    """The answer to all windows of one search: every row that matches, in order."""

    rows: list[StationSnapshot]
    facets: str
    at: float


_Search = tuple[StationFilter, SortField, Direction]


class WindowShelf:
    """The answers of the last moment. `timer` tells what they cost, in seconds."""

    def __init__(self, fleet: Fleet, timer: Callable[[], float] = time.perf_counter) -> None:
        self._fleet = fleet
        self._timer = timer
        self._found: dict[_Search, Found] = {}
        self._costs: dict[_Search, float] = {}
        self._in_order: tuple[int, list[str]] = (-1, [])

    @property
    def fresh_seconds(self) -> float:
        """How long an answer is kept: longer than a second where all of them together would cost too much."""
        return max(FRESH_SECONDS, sum(self._costs.values()) / SHARE)

    def show(self, query: WindowQuery, now: float) -> str:
        """What a window shows, as the members of its frame: the same text while nothing in sight changes."""
        try:
            wanted = query.wanted()
        except InvalidFieldError as error:
            facets = _encode(self._facets(StationFilter())).decode()
            problem = _encode(str(error)).decode()
            return f'"offset":0,"total":0,"rows":[],"facets":{facets},"problem":{problem}'
        found = self._find((wanted, query.sort, query.dir), now)
        offset = min(query.offset, max(0, len(found.rows) - query.limit))
        rows = self._fleet.encoded_of(row.station_id for row in found.rows[offset : offset + query.limit])
        return (
            f'"offset":{offset},"total":{len(found.rows)},"rows":[{",".join(rows)}],"facets":{found.facets}'
        )

    def sweep(self, now: float) -> None:
        """Forget what nobody asks for any more."""
        kept = 2 * self.fresh_seconds
        for search in [search for search, found in self._found.items() if now - found.at > kept]:
            del self._found[search], self._costs[search]

    def _find(self, search: _Search, now: float) -> Found:
        found = self._found.get(search)
        if found is None or now - found.at >= self.fresh_seconds:
            began = self._timer()
            wanted, sort, direction = search
            rows = matching(self._rows(), wanted)
            if sort is not SortField.STATION_ID or direction is not Direction.ASC:
                rows = ordered(rows, sort, direction)
            found = Found(rows, _encode(self._facets(wanted)).decode(), now)
            self._found[search] = found
            self._costs[search] = self._timer() - began
        return found

    def _rows(self) -> list[StationSnapshot]:
        """All rows by id. The order is made anew only when stations come or go."""
        rows = self._fleet.rows
        version, ids = self._in_order
        if version != self._fleet.membership_version:
            ids = sorted(rows)
            self._in_order = (self._fleet.membership_version, ids)
        return [rows[station_id] for station_id in ids]

    def _facets(self, wanted: StationFilter) -> Facets:
        fleet = self._fleet
        if wanted == StationFilter():
            counted = {**fleet.states, RUNNING: fleet.running, IN_TRANSACTION: fleet.charging}
            return Facets(counted, dict(fleet.workers), dict(fleet.profiles))
        replace = msgspec.structs.replace
        rest = replace(wanted, text="")
        free = matching(fleet.rows.values(), StationFilter(text=wanted.text))
        by_state = matching(free, replace(rest, states=frozenset(), running=None, in_transaction=None))
        states = _tally(by_state, "state")
        states[RUNNING] = sum(map(attrgetter("running"), by_state))
        states[IN_TRANSACTION] = sum(1 for row in by_state if row.transactions)
        return Facets(
            states,
            _tally(matching(free, replace(rest, worker_id=None)), "worker_id"),
            _tally(matching(free, replace(rest, profile=None)), "profile"),
        )


def _tally(rows: Iterable[StationSnapshot], name: str) -> dict[str, int]:
    """How many rows have each value of a column."""
    return {str(value): count for value, count in Counter(map(attrgetter(name), rows)).items()}
