"""How late the event loop runs its timers: the first sign of a process that has more to do than it can."""

import asyncio
from typing import Final

from evswarm_shared.telemetry.counts import Histogram

SAMPLE_SECONDS: Final = 0.1
LAG_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class LoopLag:
    """Measures, ten times a second, how much later than asked a timer fires. Seconds."""

    def __init__(self) -> None:
        self.histogram = Histogram(LAG_BOUNDS)
        self._worst = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to measure; the caller owes a `stop`."""
        self._schedule(loop)

    def stop(self) -> None:
        """Measure no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def take_worst(self) -> float:
        """The worst lag since this was asked last."""
        worst, self._worst = self._worst, 0.0
        return worst

    def observe(self, lag: float) -> None:
        """Count one measurement."""
        self.histogram.observe(lag)
        self._worst = max(self._worst, lag)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._handle = loop.call_later(SAMPLE_SECONDS, self._fire, loop, loop.time() + SAMPLE_SECONDS)

    def _fire(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.observe(max(0.0, loop.time() - due))
        self._schedule(loop)
