"""Who runs which station: desired state × living workers × previous assignments → new assignments. Pure.

Works on ranges of indexes, so that its cost depends on the number of workers and not on that of stations. The same
input gives the same plan on every controller; a station moves only where its worker is gone or holds too many.
"""

from collections.abc import Mapping, Sequence

import msgspec

from evswarm_controller.index_ranges import (
    Ranges,
    contains,
    difference,
    intersection,
    normalized,
    size,
    split_at,
)
from evswarm_shared.bus.messages import Assignment, DesiredState, IndexRange, Segment, StationSpec


class PlannedWorker(msgspec.Struct, frozen=True):
    """A living worker, as far as planning goes. `capacity` None: as many as asked. A draining one gets nothing."""

    worker_id: str
    capacity: int | None = None
    draining: bool = False


class Plan(msgspec.Struct, frozen=True):
    """One assignment a living worker, by worker id, and how many stations no worker had room for."""

    assignments: dict[str, Assignment]
    unplaced: int = 0


class _Share:
    """What one worker keeps and gets while a plan is made."""

    __slots__ = ("individuals", "ranges", "worker_id")

    def __init__(self, worker_id: str, ranges: Ranges, individuals: set[str]) -> None:
        self.worker_id = worker_id
        self.ranges: Ranges = ranges
        self.individuals = individuals

    def count(self) -> int:
        return size(self.ranges) + len(self.individuals)


def plan(
    desired: DesiredState,
    workers: Sequence[PlannedWorker],
    previous: Mapping[str, Assignment],
    *,
    leader_epoch: int,
) -> Plan:
    """Share the desired stations out among the workers that are not draining.

    Shares differ by at most one station, except where a worker's capacity is below its fair share. Of all plans with
    these share sizes, this one moves the fewest stations away from a living worker that `previous` gave them to.
    """
    eligible = sorted((w for w in workers if not w.draining), key=lambda w: w.worker_id)
    shares, pool, loose = _kept(desired, eligible, previous)
    quotas = _quotas(eligible, shares, desired.count + len(desired.individuals))
    pool, loose = _give_up(shares, quotas, pool, loose)
    pool, loose = _deal(shares, quotas, pool, loose)

    cut = _Cutter(desired, leader_epoch)
    assignments = {w.worker_id: cut.assignment(_Share(w.worker_id, (), set())) for w in workers if w.draining}
    for share in shares:
        assignments[share.worker_id] = cut.assignment(share)
    return Plan(dict(sorted(assignments.items())), unplaced=size(pool) + len(loose))


def _kept(
    desired: DesiredState, eligible: Sequence[PlannedWorker], previous: Mapping[str, Assignment]
) -> tuple[list[_Share], Ranges, list[str]]:
    """What each worker has now of what is desired, and the indexes and individuals that nobody has."""
    everything: Ranges = (IndexRange(1, desired.count + 1),) if desired.count > 0 else ()
    loose = {spec.station_id for spec in desired.individuals}
    shares = []
    for worker in eligible:
        before = previous.get(worker.worker_id)
        share = _Share(worker.worker_id, (), set())
        if before is not None:
            share.ranges = intersection(normalized(before.ranges), everything)
            share.individuals = {spec.station_id for spec in before.individuals} & loose
            loose -= share.individuals
        shares.append(share)
    claimed = normalized(r for share in shares for r in share.ranges)
    if size(claimed) != sum(size(share.ranges) for share in shares):
        _settle_disputes(shares)
    return shares, difference(everything, claimed), sorted(loose)


def _settle_disputes(shares: Sequence[_Share]) -> None:
    """Leave a station that several previous assignments name to the first of the workers."""
    claimed: Ranges = ()
    for share in shares:
        share.ranges = difference(share.ranges, claimed)
        claimed = normalized((*claimed, *share.ranges))


def _quotas(eligible: Sequence[PlannedWorker], shares: Sequence[_Share], total: int) -> list[int]:
    """How many stations each worker shall run: level, but never above a capacity.

    Where the level is not whole, those that hold most already get the one more.
    """
    held = [share.count() for share in shares]
    capacities = [total if w.capacity is None else min(w.capacity, total) for w in eligible]
    remaining = min(total, sum(capacities))
    quotas = [0] * len(shares)
    # Fill the smallest first: once a capacity lies above the level of those still open, so do all after it.
    open_workers = sorted(range(len(shares)), key=lambda i: capacities[i])
    for position, i in enumerate(open_workers):
        level, extra = divmod(remaining, len(open_workers) - position)
        if capacities[i] <= level:
            quotas[i] = capacities[i]
            remaining -= capacities[i]
            continue
        rest = sorted(open_workers[position:], key=lambda j: (-held[j], eligible[j].worker_id))
        for place, j in enumerate(rest):
            quotas[j] = level + (place < extra)
        break
    return quotas


def _give_up(
    shares: Sequence[_Share], quotas: Sequence[int], pool: Ranges, loose: list[str]
) -> tuple[Ranges, list[str]]:
    """Take from each worker what it holds above its quota: its highest indexes, then individuals."""
    released: list[IndexRange] = []
    for share, quota in zip(shares, quotas, strict=True):
        excess = share.count() - quota
        if excess <= 0:
            continue
        numbered = size(share.ranges)
        share.ranges, given = split_at(share.ranges, max(0, numbered - excess))
        released.extend(given)
        for station_id in sorted(share.individuals, reverse=True)[: max(0, excess - numbered)]:
            share.individuals.remove(station_id)
            loose.append(station_id)
    return normalized((*pool, *released)) if released else pool, sorted(loose)


def _deal(
    shares: Sequence[_Share], quotas: Sequence[int], pool: Ranges, loose: list[str]
) -> tuple[Ranges, list[str]]:
    """Hand out what nobody has to the workers below their quota; return what is left."""
    for share, quota in zip(shares, quotas, strict=True):
        missing = quota - share.count()
        if missing <= 0:
            continue
        given, pool = split_at(pool, missing)
        if given:
            share.ranges = normalized((*share.ranges, *given))
            missing -= size(given)
        share.individuals.update(loose[:missing])
        loose = loose[missing:]
    return pool, loose


class _Cutter:
    """Cuts the parts of the desired state down to one worker's share."""

    __slots__ = ("_desired", "_epoch", "_names", "_specs", "_stopped", "_total")

    def __init__(self, desired: DesiredState, leader_epoch: int) -> None:
        self._desired = desired
        self._epoch = leader_epoch
        self._specs: dict[str, StationSpec] = {spec.station_id: spec for spec in desired.individuals}
        self._names = frozenset(self._specs)
        self._stopped = [
            (index_of(desired.id_prefix, station_id), station_id) for station_id in sorted(desired.stopped)
        ]
        self._total = desired.count + len(desired.individuals)

    def assignment(self, share: _Share) -> Assignment:
        desired = self._desired
        ramp = desired.ramp_per_second
        if ramp is not None and self._total:
            ramp = ramp * share.count() / self._total or None
        return Assignment(
            worker_id=share.worker_id,
            leader_epoch=self._epoch,
            generation=desired.generation,
            ranges=share.ranges,
            segments=tuple(
                Segment(range=part, mix=segment.mix)
                for segment in desired.segments
                for part in intersection((segment.range,), share.ranges)
            ),
            stopped=frozenset(
                station_id
                for index, station_id in self._stopped
                if (contains(share.ranges, index) if index is not None else station_id in share.individuals)
            ),
            individuals=tuple(self._specs[station_id] for station_id in sorted(share.individuals)),
            ramp_per_second=ramp,
            seed=desired.seed,
            id_prefix=desired.id_prefix,
            clock=desired.clock,
            run_id=desired.run_id,
            swarm_count=desired.count,
            swarm_individuals=self._names,
            conditions=desired.conditions,
        )


def index_of(id_prefix: str, station_id: str) -> int | None:
    """The index that a numbered station's identity stands for; None when it is not the identity of an index."""
    digits = station_id.removeprefix(id_prefix)
    if len(digits) == len(station_id) - len(id_prefix) and digits.isascii() and digits.isdecimal():
        index = int(digits)
        if index > 0 and f"{index:06d}" == digits:
            return index
    return None
