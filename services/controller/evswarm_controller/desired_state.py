"""Changes of the desired state, as functions from one state to the next. Pure; storing it is the caller's.

Each change raises the generation by one, so that the store can refuse a change of something already changed.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from evswarm_controller.errors import StationExistsError, UnknownStationError
from evswarm_controller.index_ranges import difference, normalized
from evswarm_controller.planner import index_of
from evswarm_shared.bus.messages import (
    DEFAULT_MIX,
    Conditions,
    DesiredState,
    IndexRange,
    ProfileName,
    Segment,
    StationSpec,
)
from evswarm_shared.clock import SimulatedClock

OPERATIONS_KEPT: Final = 32
"""Operations that the desired state names at most; the oldest leave first."""


class Membership:
    """Which stations a desired state wants, asked one identity at a time.

    `expected_to_run` is how many of them are not stopped.
    """

    __slots__ = ("_count", "_individuals", "_prefix", "expected_to_run", "generation", "stopped")

    def __init__(self, desired: DesiredState) -> None:
        self.generation = desired.generation
        self.stopped = desired.stopped
        self._prefix = desired.id_prefix
        self._count = desired.count
        self._individuals = frozenset(spec.station_id for spec in desired.individuals)
        self.expected_to_run = len(self) - sum(1 for station_id in self.stopped if station_id in self)

    def __contains__(self, station_id: str) -> bool:
        index = index_of(self._prefix, station_id)
        return (index is not None and index <= self._count) or station_id in self._individuals

    def __len__(self) -> int:
        return self._count + len(self._individuals)

    def ids(self) -> Iterator[str]:
        """Every station, the numbered ones first."""
        for index in range(1, self._count + 1):
            yield f"{self._prefix}{index:06d}"
        yield from sorted(self._individuals)


def mix_of(profile: ProfileName | None) -> dict[ProfileName, float]:
    """The weighted profiles that new stations draw from when a command names this one, or none."""
    return dict(DEFAULT_MIX) if profile is None else {profile: 1.0}


def founded(
    *,
    count: int,
    profile: ProfileName | None,
    ramp_per_second: float | None = None,
    seed: int,
    id_prefix: str,
    run_id: str,
    clock: SimulatedClock,
) -> DesiredState:
    """The first desired state of a new swarm, generation 1."""
    empty = DesiredState(
        seed=seed, id_prefix=id_prefix, run_id=run_id, clock=clock, began_at=clock.real_origin
    )
    return scaled(empty, count=count, profile=profile, ramp_per_second=ramp_per_second, operation_id=None)


def scaled(
    desired: DesiredState,
    *,
    count: int,
    profile: ProfileName | None,
    ramp_per_second: float | None,
    operation_id: str | None,
) -> DesiredState:
    """The same swarm with stations 1 to `count`.

    Stations this adds get `profile`; without one, those that existed before get back what they had, and others draw
    from the default mix. Numbers that leave are no longer marked as stopped.
    """
    added = (IndexRange(desired.count + 1, count + 1),) if count > desired.count else ()
    segments = desired.segments
    if profile is not None:
        segments = _without(segments, added)
    fresh = difference(added, normalized(segment.range for segment in segments))
    segments = _joined((*segments, *(Segment(range=part, mix=mix_of(profile)) for part in fresh)))
    leaving = (index_of(desired.id_prefix, station_id) for station_id in desired.stopped)
    stopped = frozenset(
        station_id
        for station_id, index in zip(desired.stopped, leaving, strict=True)
        if index is None or index <= count
    )
    return msgspec.structs.replace(
        _next(desired, operation_id),
        count=count,
        segments=segments,
        stopped=stopped,
        ramp_per_second=ramp_per_second,
    )


def with_stopped(
    desired: DesiredState, station_id: str, stopped: bool, operation_id: str | None
) -> DesiredState:
    """The same swarm with this station stopped, or not; `desired` itself when it is so already.

    Raises:
        UnknownStationError: the swarm has no such station.
    """
    if station_id not in Membership(desired):
        raise UnknownStationError(station_id)
    return with_all_stopped(desired, (station_id,), stopped, operation_id)


def with_all_stopped(
    desired: DesiredState, station_ids: Iterable[str], stopped: bool, operation_id: str | None = None
) -> DesiredState:
    """The same swarm with these of its stations stopped, or not; `desired` itself when they are so already."""
    wanted = Membership(desired)
    meant = frozenset(station_id for station_id in station_ids if station_id in wanted)
    names = desired.stopped | meant if stopped else desired.stopped - meant
    if names == desired.stopped:
        return desired
    return msgspec.structs.replace(_next(desired, operation_id), stopped=names)


def held_at(desired: DesiredState, begun: Iterable[str], operation_id: str, *, before: int) -> DesiredState:
    """The swarm of the numbered stations that have `begun`, whatever it was to become; the operation is named no more.

    Numbers among them that have not begun stay as stopped, so that none of the others moves. So do those that were
    stopped among the `before` stations that there were already.
    """
    indexes = {index for index in (index_of(desired.id_prefix, each) for each in begun) if index is not None}
    stopped = {each: index_of(desired.id_prefix, each) for each in desired.stopped}
    kept = indexes | {index for index in stopped.values() if index is not None and index <= before}
    count = max(kept, default=0)
    named = frozenset(each for each, index in stopped.items() if index is None)
    gaps = frozenset(desired.station_id(index) for index in range(1, count + 1) if index not in indexes)
    changed = _next(without_operations(desired, (operation_id,)), None)
    return msgspec.structs.replace(changed, count=count, stopped=named | gaps)


def with_individual(desired: DesiredState, spec: StationSpec, operation_id: str | None) -> DesiredState:
    """The same swarm with one more station, created by name.

    Raises:
        StationExistsError: there is a station of this identity, or its number would be one.
    """
    station_id = spec.station_id
    if index_of(desired.id_prefix, station_id) is not None:
        raise StationExistsError(
            f"{station_id} is the name of a numbered station: scale the swarm, or choose another name."
        )
    if station_id in Membership(desired):
        raise StationExistsError(f"There is a station {station_id} already: delete it first.")
    changed = _next(desired, operation_id)
    spec = msgspec.structs.replace(spec, creation=changed.generation)
    return msgspec.structs.replace(changed, individuals=(*desired.individuals, spec))


def without_individual(desired: DesiredState, station_id: str, operation_id: str | None) -> DesiredState:
    """The same swarm without a station that was created by name.

    Raises:
        UnknownStationError: the swarm has no such station.
        StationExistsError: it is a numbered one, which goes only by scaling.
    """
    if station_id not in Membership(desired):
        raise UnknownStationError(station_id)
    individuals = tuple(spec for spec in desired.individuals if spec.station_id != station_id)
    if individuals == desired.individuals:
        raise StationExistsError(
            f"{station_id} is one of the {desired.count} numbered stations: scale the swarm, or stop the station."
        )
    return msgspec.structs.replace(
        _next(desired, operation_id), individuals=individuals, stopped=desired.stopped - {station_id}
    )


def with_conditions(
    desired: DesiredState,
    conditions: Conditions,
    clock_factor: float,
    *,
    at: float,
) -> DesiredState:
    """The same swarm under other conditions, its time running at another pace from the real time `at` on.

    `desired` itself when nothing is different. Workers hear of it a moment later than `at`; a clock that is turned
    while they do not know would have gone back, so `at` lies a little ahead.
    """
    clock = desired.clock
    if clock_factor != clock.factor:
        clock = SimulatedClock(real_origin=at, simulated_origin=clock.simulated(at), factor=clock_factor)
    if (clock, conditions) == (desired.clock, desired.conditions):
        return desired
    return msgspec.structs.replace(_next(desired, None), clock=clock, conditions=conditions)


def without_operations(desired: DesiredState, ended: Iterable[str]) -> DesiredState:
    """The same state naming only operations that have not ended; not a change of its own (same generation)."""
    gone = frozenset(ended)
    return msgspec.structs.replace(desired, operations=tuple(o for o in desired.operations if o not in gone))


def _next(desired: DesiredState, operation_id: str | None) -> DesiredState:
    operations = desired.operations if operation_id is None else (*desired.operations, operation_id)
    return msgspec.structs.replace(
        desired, generation=desired.generation + 1, operations=operations[-OPERATIONS_KEPT:]
    )


def _without(segments: Iterable[Segment], ranges: tuple[IndexRange, ...]) -> tuple[Segment, ...]:
    return tuple(
        Segment(range=part, mix=segment.mix)
        for segment in segments
        for part in difference((segment.range,), ranges)
    )


def _joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Sorted by index, neighbours of the same mix made one, so that many small scalings do not pile up."""
    result: list[Segment] = []
    for segment in sorted(segments, key=lambda s: s.range):
        if result and result[-1].range.stop == segment.range.start and result[-1].mix == segment.mix:
            segment = Segment(
                range=IndexRange(result[-1].range.start, segment.range.stop), mix=result.pop().mix
            )
        result.append(segment)
    return tuple(result)
