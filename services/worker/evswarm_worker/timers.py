"""One timer for all stations of a worker: a heap of wake-ups with lazy deletion."""

import asyncio
import heapq
import time
from typing import Final, Protocol

from evswarm_worker.real_clock import RealClock

SLICE_SECONDS: Final = 0.005
"""How long one firing may work before sockets get their turn again."""
GRAIN_SECONDS: Final = 0.005
"""Two firings are this far apart: stations that are due about the same time share one, and no station that always
wants to be woken can occupy the loop."""


class Sleeper(Protocol):
    """Whoever can be woken. `armed` belongs to the timers: the time of its live entry, infinite without one."""

    armed: float

    def wakeup_at(self) -> float | None:
        """When it wants to be woken, in real unix seconds."""

    def wake(self) -> None:
        """The time has come: do what is due, and be armed again."""


class Timers:
    """Wakes sleepers at the time they ask for, never before."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: RealClock) -> None:
        self._loop = loop
        self._clock = clock
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._handle: asyncio.Handle | None = None
        self._due = float("inf")
        self._floor = float("-inf")

    def arm(self, sleeper: Sleeper) -> None:
        """See to it that `sleeper` is woken when it wants; call it after everything that may have changed that."""
        at = sleeper.wakeup_at()
        if at is None:
            return
        at = max(at, self._floor)
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
        self._due = float("-inf")

    def _schedule(self, at: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._due = at
        self._handle = self._loop.call_later(max(GRAIN_SECONDS, at - self._clock.now()), self._fire)

    def _fire(self) -> None:
        heap, clock = self._heap, self._clock
        now = clock.now()
        self._floor = now + GRAIN_SECONDS
        end = time.monotonic() + SLICE_SECONDS
        while heap and heap[0][0] <= now and time.monotonic() < end:
            at, _, sleeper = heapq.heappop(heap)
            if at != sleeper.armed:
                continue
            sleeper.armed = float("inf")
            wanted = sleeper.wakeup_at()
            if wanted is not None and wanted <= now:
                sleeper.wake()
            else:
                self.arm(sleeper)
        if self._due == float("-inf"):
            return
        self._due = float("inf")
        if heap:
            self._schedule(heap[0][0])
