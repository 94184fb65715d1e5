"""How much a worker's stations say and how soon they are answered, over the last seconds. Pure.

Read from the counters that are there anyway, once a heartbeat: nothing is added to any message.
"""

from collections import deque
from operator import add, sub
from typing import Final

from evswarm_shared.telemetry.counts import CALL_DURATION_BOUNDS, ProtocolCounts

WINDOW_SECONDS: Final = 10.0
"""Long enough that a worker of a few stations shows no saw-tooth of its heartbeats."""


class Throughput:
    """Looks at the counters from time to time; `now` is any steady clock, in seconds."""

    def __init__(self, counts: ProtocolCounts) -> None:
        self._counts = counts
        self._looks: deque[tuple[float, int, tuple[int, ...]]] = deque()

    def look(self, now: float) -> tuple[float, tuple[int, ...]]:
        """Messages a second, both ways, and answered calls by the buckets of CALL_DURATION_BOUNDS, since `WINDOW_SECONDS` ago."""
        messages = sum(sum(tally.values()) for tally in self._counts.messages().values())
        answered = (0,) * (len(CALL_DURATION_BOUNDS) + 1)
        for histogram in self._counts.call_duration.values():
            answered = tuple(map(add, answered, histogram.buckets))
        looks = self._looks
        looks.append((now, messages, answered))
        # The oldest look that stays is the youngest one that lies a whole window back.
        while len(looks) > 2 and looks[1][0] <= now - WINDOW_SECONDS:
            looks.popleft()
        since, messages_then, answered_then = looks[0]
        elapsed = now - since
        rate = (messages - messages_then) / elapsed if elapsed > 0 else 0.0
        return round(rate, 1), tuple(map(sub, answered, answered_then))
