"""One timer for all stations of a worker: a heap of wake-ups with lazy deletion."""

import asyncio
import heapq
from math import inf
from typing import Final, Protocol

from evswarm_worker.real_clock import RealClock

SLICE_SECONDS: Final = 0.005
"""How long one firing may work before sockets get their turn again."""
GRAIN_SECONDS: Final = 0.005
"""Two firings are this far apart: stations that are due about the same time share one, and no station that always
wants to be woken can occupy the loop."""


class Sleeper(Protocol):
    """Whoever can be woken.

    `due` is when it wants to be, in real unix seconds, infinite for never. `armed` belongs to the timers: the time of its
    live entry, infinite without one.
    """

    armed: float

    @property
    def due(self) -> float:
        """When to be woken."""

    def wake(self, now: float) -> None:
        """The time has come: do what is due, and be armed again. `now` is in real unix seconds."""


class Timers:
    """Wakes sleepers at the time they ask for, never before."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: RealClock) -> None:
        self._loop = loop
        self._clock = clock
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._handle: asyncio.Handle | None = None
        self._due = inf
        self._floor = -inf

    def arm(self, sleeper: Sleeper) -> None:
        """See to it that `sleeper` is woken when it wants; call it after everything that may have changed that."""
        at = max(sleeper.due, self._floor)
        if at >= sleeper.armed:
            return
        sleeper.armed = at
        heapq.heappush(self._heap, (at, id(sleeper), sleeper))
        if at < self._due - GRAIN_SECONDS:
            self._schedule(at)

    def stop(self) -> None:
        """Wake nobody any more."""
        if self._handle is not None:
            self._handle.cancel()
        self._heap.clear()
        self._due = -inf

    def _schedule(self, at: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._due = at
        self._handle = self._loop.call_later(max(GRAIN_SECONDS, at - self._clock.now()), self._fire)

    def _fire(self) -> None:
        heap, clock = self._heap, self._clock
        now = began = clock.now()
        self._floor = began + GRAIN_SECONDS
        end = began + SLICE_SECONDS
        while heap and heap[0][0] <= began and now < end:
            at, _, sleeper = heapq.heappop(heap)
            if at != sleeper.armed:
                continue
            sleeper.armed = inf
            if sleeper.due <= began:
                sleeper.wake(now)
                now = clock.now()
            else:
                self.arm(sleeper)
        if self._due == -inf:
            return
        self._due = inf
        if heap:
            self._schedule(heap[0][0])
