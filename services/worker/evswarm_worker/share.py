"""What an assignment means for single stations. Pure.

An assignment speaks of index ranges; the shard runs stations. Here one becomes the other, and here stands the
decision what becomes of a station that runs when another assignment comes.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final
from zlib import crc32

import msgspec

from evswarm_shared.bus.messages import DEFAULT_MIX, Assignment, ProfileName, StationSpec

INDIVIDUAL_INDEX_BASE: Final = 1 << 40
"""Stations created by name draw from indexes above this one, so that they never share draws with a numbered one."""


class StationPlan(msgspec.Struct, frozen=True):
    """How one station of the share should run.

    `mix` is what its profile is picked from by seed and index; for a station created by name, `spec` decides.
    One that is `leaving` is only resumed to be shut down in order.
    """

    station_id: str
    index: int
    mix: Mapping[ProfileName, float]
    stopped: bool = False
    spec: StationSpec | None = None
    leaving: bool = False


class Goal(Enum):
    """What is to become of a station on this worker."""

    RUN = auto()
    STOP_AND_STAY = auto()
    """Ended in order; its row stays, as stopped."""
    STOP_AND_LEAVE = auto()
    """Ended in order, and no longer ours: it left the swarm."""
    HAND_OVER = auto()
    """Another worker goes on with it, open transactions included."""


def plans(assignment: Assignment) -> dict[str, StationPlan]:
    """The stations of the share, by id, in the order of their indexes."""
    found: dict[str, StationPlan] = {}
    segments = sorted(assignment.segments, key=lambda segment: segment.range)
    shares = [(indexes, False) for indexes in sorted(assignment.ranges)]
    shares += [(indexes, True) for indexes in sorted(assignment.leaving)]
    for indexes, leaving in shares:
        position = 0
        for index in range(indexes.start, indexes.stop):
            while position < len(segments) and segments[position].range.stop <= index:
                position += 1
            covered = position < len(segments) and segments[position].range.start <= index
            station_id = f"{assignment.id_prefix}{index:06d}"
            if leaving and station_id in found:
                continue
            found[station_id] = StationPlan(
                station_id,
                index,
                segments[position].mix if covered else DEFAULT_MIX,
                station_id in assignment.stopped,
                leaving=leaving,
            )
    specs = [(spec, False) for spec in assignment.individuals]
    specs += [(spec, True) for spec in assignment.leaving_individuals]
    for spec, leaving in specs:
        found.setdefault(
            spec.station_id,
            StationPlan(
                spec.station_id,
                INDIVIDUAL_INDEX_BASE + crc32(spec.station_id.encode()),
                {spec.profile: 1.0},
                spec.station_id in assignment.stopped,
                spec,
                leaving,
            ),
        )
    return found


def supersedes(new: Assignment, old: Assignment | None) -> bool:
    """Whether `new` is to be followed after `old`: of the same or a later leader, and not an older generation."""
    return old is None or (new.leader_epoch, new.generation) >= (old.leader_epoch, old.generation)


def goal(plan: StationPlan | None, current: StationPlan, assignment: Assignment) -> Goal:
    """What becomes of a station that runs by `current` when the new assignment plans it as `plan` (None: not at all)."""
    if plan is None:
        return Goal.HAND_OVER if belongs_to_swarm(current, assignment) else Goal.STOP_AND_LEAVE
    if plan.leaving:
        return Goal.STOP_AND_LEAVE
    if plan.stopped:
        return Goal.STOP_AND_STAY
    if current.spec != plan.spec:
        anew = (
            current.spec is not None and plan.spec is not None and current.spec.creation != plan.spec.creation
        )
        return Goal.STOP_AND_LEAVE if anew else Goal.HAND_OVER
    return Goal.RUN


def belongs_to_swarm(plan: StationPlan, assignment: Assignment) -> bool:
    """Whether the station still exists somewhere in the swarm."""
    if plan.spec is not None:
        return plan.station_id in assignment.swarm_individuals
    return plan.index <= assignment.swarm_count
