"""Which workers went without a word: a gap that nobody else can tell from an orderly end, and what they left. Pure."""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from evswarm_shared.bus.messages import StationSnapshot, StationState, WorkerHeartbeat

FORGET_SECONDS: Final = 900.0
"""A loss that nobody has made good for so long is the new size of the fleet."""
LOSSES_KEPT: Final = 32
"""Losses that are told of, whether made good or not."""


@dataclass(frozen=True, slots=True)
class LostWorker:
    """A worker as it last was, when its loss was noticed, and the stations it had then. Real unix seconds."""

    heartbeat: WorkerHeartbeat
    lost_at: float
    station_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a lost worker's stations: how many each worker runs now, and how many nobody does."""

    taken_over: Mapping[str, int]
    waiting: int
    stopped: int
    removed: int


class LostWorkers:
    """Follows the live workers from look to look.

    A worker that ends in order gives its lease back and so disappears before the lease could have run out; one that
    disappears later than that was lost. The next worker to appear takes a lost one's place. `stations_of` gives the
    stations that a worker has.
    """

    def __init__(self, lease_seconds: float, stations_of: Callable[[str], Sequence[str]]) -> None:
        self._lease_seconds = lease_seconds
        self._stations_of = stations_of
        self._before: dict[str, WorkerHeartbeat] = {}
        self._missing: deque[LostWorker] = deque()
        self.recent: deque[LostWorker] = deque(maxlen=LOSSES_KEPT)
        """The losses of the last FORGET_SECONDS, oldest first."""

    def __len__(self) -> int:
        """How many are missing."""
        return len(self._missing)

    @property
    def ids(self) -> list[str]:
        """Those that nobody has taken the place of, oldest loss first."""
        return [lost.heartbeat.worker_id for lost in self._missing]

    def look(self, workers: Mapping[str, WorkerHeartbeat], now: float) -> None:
        """Take the workers whose lease is valid at `now`, in real unix seconds."""
        for worker_id in sorted(self._before.keys() - workers.keys()):
            heartbeat = self._before[worker_id]
            if now - heartbeat.sent_at >= self._lease_seconds:
                lost = LostWorker(heartbeat, now, tuple(self._stations_of(worker_id)))
                self._missing.append(lost)
                self.recent.append(lost)
        appeared = len(workers.keys() - self._before.keys())
        for _ in range(min(appeared, len(self._missing))):
            self._missing.popleft()
        for losses in (self._missing, self.recent):
            while losses and now - losses[0].lost_at > FORGET_SECONDS:
                losses.popleft()
        self._before = dict(workers)


def fate(lost: LostWorker, rows: Mapping[str, StationSnapshot], lives: Callable[[str], bool]) -> Fate:
    """What became of the stations, by the rows there are now."""
    taken: Counter[str] = Counter()
    waiting = stopped = removed = 0
    for station_id in lost.station_ids:
        row = rows.get(station_id)
        if row is None:
            removed += 1
        elif row.state is StationState.STOPPED:
            stopped += 1
        elif lives(row.worker_id):
            taken[row.worker_id] += 1
        else:
            waiting += 1
    return Fate(dict(sorted(taken.items())), waiting, stopped, removed)
