"""The worker's idea of real time."""

import time


class RealClock:
    """Real unix seconds that never go backwards: the wall clock once, the monotonic one from then on."""

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Unix seconds."""
        return self._offset + time.monotonic()
