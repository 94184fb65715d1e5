"""How many workers went without a word and were not replaced: a gap that nobody else can tell from an orderly end. Pure."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from evswarm_shared.bus.messages import WorkerHeartbeat

FORGET_SECONDS: Final = 900.0
"""A loss that nobody has made good for so long is the new size of the fleet."""


class LostWorkers:
    """Follows the live workers from look to look.

    A worker that ends in order gives its lease back and so disappears before the lease could have run out; one that
    disappears later than that was lost. The next worker to appear takes a lost one's place.
    """

    def __init__(self, lease_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._sent_at: dict[str, float] = {}
        self._lost_at: deque[float] = deque()

    def __len__(self) -> int:
        return len(self._lost_at)

    def look(self, workers: Mapping[str, WorkerHeartbeat], now: float) -> None:
        """Take the workers whose lease is valid at `now`, in real unix seconds."""
        for worker_id in self._sent_at.keys() - workers.keys():
            if now - self._sent_at[worker_id] >= self._lease_seconds:
                self._lost_at.append(now)
        appeared = len(workers.keys() - self._sent_at.keys())
        for _ in range(min(appeared, len(self._lost_at))):
            self._lost_at.popleft()
        while self._lost_at and now - self._lost_at[0] > FORGET_SECONDS:
            self._lost_at.popleft()
        self._sent_at = {worker_id: worker.sent_at for worker_id, worker in workers.items()}
