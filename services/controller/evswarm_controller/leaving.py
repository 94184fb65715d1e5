"""Stations that left the swarm with a transaction open, or not all told of it, and that nobody runs any more.

A worker that is told of one resumes it, stops it in order once its central system has heard everything, and lets go of
it; only then it is retired. Pure.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from evswarm_controller.index_ranges import contains, intersection, normalized
from evswarm_controller.planner import index_of
from evswarm_shared.bus.books import StationBook
from evswarm_shared.bus.messages import (
    Assignment,
    DesiredState,
    IndexRange,
    Segment,
    StationSpec,
)


class Leaving(msgspec.Struct, frozen=True):
    """Numbered stations and ones created by name that somebody has to end."""

    indexes: frozenset[int] = frozenset()
    specs: tuple[StationSpec, ...] = ()

    def still(self, surplus: Collection[str], id_prefix: str) -> "Leaving":
        """Those of them that still have a row."""
        there = {index_of(id_prefix, station_id) for station_id in surplus}
        return Leaving(
            frozenset(index for index in self.indexes if index in there),
            tuple(spec for spec in self.specs if spec.station_id in surplus),
        )

    def __or__(self, more: "Leaving") -> "Leaving":
        """Both, each station once; what `more` says of one wins."""
        specs = {spec.station_id: spec for spec in (*self.specs, *more.specs)}
        return Leaving(self.indexes | more.indexes, tuple(specs.values()))


def departed(
    known: Mapping[str, StationSpec], assignments: Iterable[Assignment], desired: DesiredState
) -> dict[str, StationSpec]:
    """The descriptions of stations created by name that were deleted: whoever ends them for another needs it."""
    wanted = {spec.station_id for spec in desired.individuals}
    before = {
        spec.station_id: spec
        for assignment in assignments
        for spec in (*assignment.individuals, *assignment.leaving_individuals)
    }
    return {station_id: spec for station_id, spec in {**known, **before}.items() if station_id not in wanted}


def unfinished(books: Iterable[StationBook], id_prefix: str, gone: Mapping[str, StationSpec]) -> Leaving:
    """Those with an open transaction or an unanswered message of one; `gone` describes the ones created by name."""
    indexes, specs = set(), []
    for book in books:
        if book.outbox == 0 and all(each.stopped_at is not None for each in book.transactions):
            continue
        index = index_of(id_prefix, book.station_id)
        if index is not None:
            indexes.add(index)
        elif book.station_id in gone:
            specs.append(gone[book.station_id])
    return Leaving(frozenset(indexes), tuple(specs))


def shared_out(
    assignments: Mapping[str, Assignment],
    leaving: Leaving,
    previous: Mapping[str, Assignment],
    desired: DesiredState,
    eligible: Sequence[str],
) -> dict[str, Assignment]:
    """The assignments with the stations that leave shared out evenly; one that a worker has already stays with it."""
    if not eligible:
        return dict(assignments)
    indexes: dict[str, list[int]] = {worker_id: [] for worker_id in eligible}
    specs: dict[str, list[StationSpec]] = {worker_id: [] for worker_id in eligible}

    def emptiest() -> str:
        return min(eligible, key=lambda w: len(indexes[w]) + len(specs[w]))

    known = [(w, previous[w]) for w in eligible if w in previous]
    for index in sorted(leaving.indexes):
        holder = next((w for w, before in known if contains(before.leaving, index)), None)
        indexes[holder or emptiest()].append(index)
    for spec in leaving.specs:
        holder = next((w for w, before in known if spec in before.leaving_individuals), None)
        specs[holder or emptiest()].append(spec)
    return {
        worker_id: _with(assignment, indexes.get(worker_id, ()), specs.get(worker_id, ()), desired)
        for worker_id, assignment in assignments.items()
    }


def _with(
    assignment: Assignment, indexes: Iterable[int], specs: Iterable[StationSpec], desired: DesiredState
) -> Assignment:
    ranges = normalized(IndexRange(index, index + 1) for index in indexes)
    if specs:
        assignment = replace(assignment, leaving_individuals=tuple(specs))
    if not ranges:
        return assignment
    segments = tuple(
        Segment(range=part, mix=segment.mix)
        for segment in desired.segments
        for part in intersection((segment.range,), ranges)
    )
    return replace(assignment, leaving=ranges, segments=(*assignment.segments, *segments))
