"""Stations that left the swarm while nobody ran them, with a transaction open: somebody has to end it for them.

A worker that is told of one resumes it, stops it in order, and lets go of it; only then it is retired. Pure.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from evswarm_controller.index_ranges import contains, intersection, normalized
from evswarm_controller.planner import index_of
from evswarm_shared.bus.books import StationBook
from evswarm_shared.bus.messages import Assignment, DesiredState, IndexRange, Segment, StationSnapshot


def suspects(rows: Iterable[StationSnapshot], living: Collection[str]) -> list[str]:
    """Those of the stations that left whose transactions may be open: by their row, or for want of a recent one."""
    return [row.station_id for row in rows if row.transactions > 0 or row.worker_id not in living]


def unfinished(books: Iterable[StationBook], id_prefix: str) -> frozenset[int]:
    """The indexes of those that have an open transaction. One created by name is gone with its description."""
    found = set()
    for book in books:
        index = index_of(id_prefix, book.station_id)
        if index is not None and any(each.stopped_at is None for each in book.transactions):
            found.add(index)
    return frozenset(found)


def shared_out(
    assignments: Mapping[str, Assignment],
    leaving: Collection[int],
    previous: Mapping[str, Assignment],
    desired: DesiredState,
    eligible: Sequence[str],
) -> dict[str, Assignment]:
    """The assignments with the stations that leave shared out evenly; one that a worker has already stays with it."""
    parts: dict[str, list[int]] = {worker_id: [] for worker_id in eligible}
    for index in sorted(leaving):
        if not parts:
            break
        worker_id = next(
            (w for w in eligible if w in previous and contains(previous[w].leaving, index)), None
        )
        parts[worker_id or min(parts, key=lambda w: len(parts[w]))].append(index)
    return {
        worker_id: _with(assignment, parts.get(worker_id, ()), desired)
        for worker_id, assignment in assignments.items()
    }


def _with(assignment: Assignment, indexes: Iterable[int], desired: DesiredState) -> Assignment:
    ranges = normalized(IndexRange(index, index + 1) for index in indexes)
    if not ranges:
        return assignment
    segments = tuple(
        Segment(range=part, mix=segment.mix)
        for segment in desired.segments
        for part in intersection((segment.range,), ranges)
    )
    return replace(assignment, leaving=ranges, segments=(*assignment.segments, *segments))
