"""How far an operation has come, judged by what is wanted and what is seen. Pure.

An operation's `target` is how many stations have to change when it begins: those that shall run and do not, and those
that shall go and are still there. `done` is how many of these have changed; it ends when none is left. Making a swarm
smaller is only about those that go, so that one that is offline for reasons of its own does not hold it up.
"""

from collections.abc import Container, Iterable
from typing import Final

import msgspec

from evswarm_controller.desired_state import Membership
from evswarm_controller.fleet import Fleet
from evswarm_shared.bus.messages import OperationKind, OperationSnapshot, OperationState, StationState

STALL_SECONDS: Final = 180.0
"""An operation that did not come any further for so long has failed: three times the longest reconnect pause."""
QUIET_SECONDS: Final = 10.0
"""After so long without any progress an operation says what the missing stations are at."""
STALL_STATIONS: Final = 3
"""... or for as long as its ramp takes for so many stations, where that is longer."""

LOST_SECONDS: Final = 30.0
"""A wish that the desired state does not name for so long after it was written is not carried out any more."""
WISHES: Final = frozenset(
    (
        OperationKind.SCALE,
        OperationKind.START,
        OperationKind.STOP,
        OperationKind.CREATE,
        OperationKind.DELETE,
    )
)
"""The kinds whose end is judged here: they are about how the swarm shall be."""
ASKED: Final = frozenset((OperationKind.ACTION, OperationKind.COMMAND))
"""The kinds that end with one answer, to the controller that asked."""
ANSWER_SECONDS: Final = 5.0
"""How long after its time the end of such an operation may take to be written."""


NO_WORKER: Final = "No worker is there: start one."
NOT_YET: Final = "It does not run yet."
_LAST_WORDS: Final = (
    "Stations that do not reach the central system, which must hear how their transactions ended"
)
_NOT_RUNNING: Final = {
    StationState.OFFLINE: "It is offline: its log says why.",
    StationState.BOOTING: "The central system has not accepted its boot.",
}


class Surplus:
    """The rows of stations that nobody wants any more, found anew only when wishes or rows have changed."""

    __slots__ = ("_seen", "station_ids")

    def __init__(self) -> None:
        self.station_ids: list[str] = []
        self._seen: tuple[int, int] | None = None

    def look(self, fleet: Fleet, wanted: Membership) -> list[str]:
        """The ids of the rows that are not wanted."""
        seen = (wanted.generation, fleet.membership_version)
        if seen != self._seen:
            self._seen = seen
            self.station_ids = [station_id for station_id in fleet.rows if station_id not in wanted]
        return self.station_ids


def remaining(fleet: Fleet, wanted: Membership, surplus: list[str], *, only_removes: bool) -> int:
    """How many stations have still to start or to go until the swarm is as wanted."""
    if only_removes:
        return len(surplus)
    rows = fleet.rows
    running = fleet.running - sum(rows[station_id].running for station_id in surplus if station_id in rows)
    running -= sum(
        rows[station_id].running
        for station_id in wanted.stopped
        if station_id in rows and station_id in wanted
    )
    return max(0, wanted.expected_to_run - running) + len(surplus)


def stall_seconds(ramp_per_second: float | None) -> float:
    """How long an operation may stand still."""
    return max(STALL_SECONDS, STALL_STATIONS / ramp_per_second) if ramp_per_second else STALL_SECONDS


def progress(
    operation: OperationSnapshot,
    *,
    fleet: Fleet,
    wanted: Membership,
    surplus: list[str],
    newest_scale: str | None,
    applied: bool,
    unplaced: int,
    workers: int,
    stall_seconds: float,
    now: float,
) -> OperationSnapshot:
    """The operation as it is at `now`; the same object when nothing is new.

    `applied` says whether every living worker has applied the operation's generation, `unplaced` how many stations
    none of the `workers` has room for, `stall_seconds` after how long without any progress the operation has failed.
    """
    if operation.state is not OperationState.RUNNING or operation.generation > wanted.generation:
        return operation
    if operation.kind is OperationKind.SCALE:
        if newest_scale is not None and operation.operation_id != newest_scale:
            return _ended(
                operation, OperationState.SUPERSEDED, "A newer scale command replaced this one.", now
            )
        left = remaining(fleet, wanted, surplus, only_removes=operation.only_removes)
    else:
        left = 0
        for station_id in operation.station_ids:
            if operation.kind is OperationKind.DELETE:
                if station_id in wanted:
                    return _ended(
                        operation, OperationState.SUPERSEDED, "A newer command replaced this one.", now
                    )
                left += station_id in fleet.rows
                continue
            stops = operation.kind is OperationKind.STOP
            if station_id not in wanted or (station_id in wanted.stopped) != stops:
                return _ended(operation, OperationState.SUPERSEDED, "A newer command replaced this one.", now)
            left += not settled(fleet, station_id, stops=stops)
    removes = operation.only_removes or operation.kind is OperationKind.DELETE
    leaving = surplus if removes else None
    done = max(0, operation.target - left)
    if left == 0 and applied:
        return _ended(operation, OperationState.SUCCEEDED, "", now)
    if now - operation.updated_at > stall_seconds:
        whereabouts = _whereabouts(fleet, leaving, operation.station_ids) if workers else f" {NO_WORKER}"
        ended = _ended(
            operation,
            OperationState.FAILED,
            f"{left} of {operation.target} stations did not follow in time.{whereabouts}",
            now,
        )
        return msgspec.structs.replace(ended, done=done, failed=left)
    came_on = done != operation.done
    message = f"{unplaced} stations have no worker with room for them." if unplaced else ""
    if not workers:
        message = NO_WORKER
    elif not came_on and now - operation.updated_at > QUIET_SECONDS:
        message = (message + _whereabouts(fleet, leaving, operation.station_ids)).strip()
    if not came_on and message == operation.message:
        return operation
    # A change of words alone is no progress.
    updated_at = now if came_on else operation.updated_at
    return msgspec.structs.replace(operation, done=done, message=message, updated_at=updated_at)


def _whereabouts(fleet: Fleet, leaving: Iterable[str] | None, named: Iterable[str]) -> str:
    """Who keeps an operation waiting, as a sentence with a space in front; or nothing.

    `leaving` are the stations that are to go, None unless the operation is about nothing else; `named` those that it
    names, none where it is about all.
    """
    if leaving is not None:
        waiting = sum(_untold(fleet, each) for each in leaving)
        return f" {_LAST_WORDS}: {waiting}." if waiting else ""
    offline, booting = fleet.states[StationState.OFFLINE], fleet.states[StationState.BOOTING]
    parts = [f"offline: {offline}"] if offline else []
    if booting:
        parts.append(f"boot not accepted: {booting}")
    told = f" Stations {', '.join(parts)}; their logs say why." if parts else ""
    if any(each not in fleet.rows for each in named):
        told += " No worker has begun with it: the logs of the workers say why."
    return told


def abandoned(operation: OperationSnapshot, named: Container[str], now: float) -> OperationSnapshot:
    """The operation, ended when nobody carries it through any more; the same object when somebody does.

    `named` are the wishes that the desired state names.
    """
    if operation.kind in ASKED and now > operation.expires_at + ANSWER_SECONDS:
        reason = "The controller that asked has ended: whether it was done is not known."
    elif (
        operation.kind in WISHES
        and operation.operation_id not in named
        and now - operation.updated_at > LOST_SECONDS
    ):
        reason = "It was given up: the controller that took it has ended, or there are too many at once."
    else:
        return operation
    ended = _ended(operation, OperationState.FAILED, reason, now)
    return msgspec.structs.replace(ended, failed=max(0, operation.target - operation.done))


def unsettled(
    operation: OperationSnapshot, fleet: Fleet, wanted: Membership, surplus: Iterable[str]
) -> dict[str, str]:
    """The stations that an operation of WISHES still waits for, and what for."""
    if operation.kind is OperationKind.SCALE:
        gone = {each: _still_there(fleet, each) for each in surplus}
        if operation.only_removes:
            return gone
        rows = fleet.rows
        late = (each for each in wanted.ids() if each not in wanted.stopped)
        return gone | {
            each: _not_running(fleet, each) for each in late if each not in rows or not rows[each].running
        }
    if operation.kind is OperationKind.DELETE:
        return {each: _still_there(fleet, each) for each in operation.station_ids if each in fleet.rows}
    stops = operation.kind is OperationKind.STOP
    return {
        each: "It has not stopped yet." if stops else _not_running(fleet, each)
        for each in operation.station_ids
        if not settled(fleet, each, stops=stops)
    }


def _not_running(fleet: Fleet, station_id: str) -> str:
    row = fleet.rows.get(station_id)
    return _NOT_RUNNING.get(row.state, NOT_YET) if row is not None else NOT_YET


def _still_there(fleet: Fleet, station_id: str) -> str:
    return (
        "It does not reach its central system: its log says why."
        if _untold(fleet, station_id)
        else "It is still there."
    )


def _untold(fleet: Fleet, station_id: str) -> bool:
    """Whether it is away from the central system, which must hear of its last transactions before it goes."""
    row = fleet.rows.get(station_id)
    return row is not None and row.state in _NOT_RUNNING


def settled(fleet: Fleet, station_id: str, *, stops: bool) -> bool:
    """Whether the station has stopped, or else runs."""
    row = fleet.rows.get(station_id)
    if row is None:
        return False
    return row.state is StationState.STOPPED if stops else row.running


def _ended(
    operation: OperationSnapshot, state: OperationState, message: str, now: float
) -> OperationSnapshot:
    done = operation.target if state is OperationState.SUCCEEDED else operation.done
    return msgspec.structs.replace(operation, state=state, done=done, message=message, updated_at=now)
