"""How often each client may do something: a bucket a client, which fills steadily and is emptied by one at a time."""

from collections import OrderedDict
from typing import Final

CLIENTS_KEPT: Final = 4096
"""Buckets kept; the one that was used longest ago is forgotten, by then it is mostly full again."""


class TokenBuckets:
    """Buckets of `burst`, filled at `per_second`; 0 a second is no limit."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Seconds until this client may again; 0 when it may at once."""
        if not self._per_second:
            return 0.0
        return max(0.0, (1.0 - self._level(client, now)) / self._per_second)

    def take(self, client: str, now: float) -> float:
        """Take one when there is one. Seconds to wait otherwise."""
        seconds = self.wait(client, now)
        if not seconds and self._per_second:
            self._levels[client] = (self._level(client, now) - 1.0, now)
            self._levels.move_to_end(client)
            if len(self._levels) > CLIENTS_KEPT:
                self._levels.popitem(last=False)
        return seconds

    def _level(self, client: str, now: float) -> float:
        level, at = self._levels.get(client, (self._burst, now))
        return min(self._burst, level + max(0.0, now - at) * self._per_second)
