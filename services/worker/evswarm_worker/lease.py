"""A worker's right to run stations, and the moment from which it may not even write to a socket any more."""

import time
from collections.abc import Awaitable
from typing import Final, TypeVar

from evswarm_shared.errors import BusUnavailableError, LeaseLostError

T = TypeVar("T")

DEADLINE_SHARE: Final = 0.8
"""The part of the lease after which the worker stops on its own, so that it is silent before another takes over."""


class Lease:
    """One lease, as far as this worker can know.

    `deadline` is monotonic seconds and counts from when the last granted renewal was *sent*. A woken event loop
    handles ready sockets before due timers, so whoever writes or acts compares the time itself (`valid`).
    """

    __slots__ = ("asked_anew", "deadline", "epoch", "half_done", "lost", "seconds", "worker_id")

    def __init__(self, worker_id: str, epoch: int, seconds: float, sent: float) -> None:
        self.worker_id = worker_id
        self.epoch = epoch
        self.seconds = seconds
        self.lost = False
        self.asked_anew = False
        """Whether another lease was asked for under our name that is not in force yet: the name may be taken by us."""
        self.half_done: int | None = None
        """The epoch of that other lease, once it is known: stations may have been claimed under it."""
        self.deadline = sent + seconds * DEADLINE_SHARE

    def renewed(self, sent: float) -> None:
        """The store granted the renewal sent at `sent` (monotonic seconds). A lost lease stays lost."""
        if not self.lost:
            self.deadline = max(self.deadline, sent + self.seconds * DEADLINE_SHARE)

    def granted_anew(self, epoch: int, sent: float) -> None:
        """A store that had forgotten the lease gave the worker another one, asked for at `sent`, before ours ran out."""
        self.epoch = epoch
        self.asked_anew, self.half_done = False, None
        self.renewed(sent)

    async def covering(self, work: Awaitable[T]) -> T:
        """What `work`, which the store does only for holders of this lease, comes to.

        Raises:
            BusUnavailableError: as `work` does; or the store has forgotten a lease that has not run out, and then it is
                as good as away until the pulse has put that right.
            LeaseLostError: the lease is gone.
        """
        try:
            return await work
        except LeaseLostError as error:
            if self.valid():
                raise BusUnavailableError(f"the store has forgotten: {error}") from error
            raise

    def lose(self) -> None:
        """Somebody else may run these stations from now on."""
        self.lost = True
        self.deadline = float("-inf")

    def valid(self) -> bool:
        """Whether this worker may still act."""
        return time.monotonic() < self.deadline
