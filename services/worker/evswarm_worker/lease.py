"""A worker's right to run stations, and the moment from which it may not even write to a socket any more."""

import time
from typing import Final

DEADLINE_SHARE: Final = 0.8
"""The part of the lease after which the worker stops on its own, so that it is silent before another takes over."""


class Lease:
    """One lease, as far as this worker can know.

    `deadline` is monotonic seconds and counts from when the last granted renewal was *sent*. A woken event loop
    handles ready sockets before due timers, so whoever writes or acts compares the time itself (`valid`).
    """

    __slots__ = ("deadline", "epoch", "lost", "seconds", "worker_id")

    def __init__(self, worker_id: str, epoch: int, seconds: float, sent: float) -> None:
        self.worker_id = worker_id
        self.epoch = epoch
        self.seconds = seconds
        self.lost = False
        self.deadline = sent + seconds * DEADLINE_SHARE

    def renewed(self, sent: float) -> None:
        """The store granted the renewal sent at `sent` (monotonic seconds). A lost lease stays lost."""
        if not self.lost:
            self.deadline = max(self.deadline, sent + self.seconds * DEADLINE_SHARE)

    def lose(self) -> None:
        """Somebody else may run these stations from now on."""
        self.lost = True
        self.deadline = float("-inf")

    def valid(self) -> bool:
        """Whether this worker may still act."""
        return time.monotonic() < self.deadline
