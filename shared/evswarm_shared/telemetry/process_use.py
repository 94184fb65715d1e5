"""What this process takes of its machine: for the heartbeats, which say it to whoever looks at the swarm."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds() -> float:
    """Processor time used so far, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory_bytes() -> int | None:
    """Memory in use; None where the machine does not say it this way."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None


class ProcessorShare:
    """How much of one processor was used since this was asked last."""

    def __init__(
        self, used: Callable[[], float] = cpu_seconds, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._used = used
        self._clock = clock
        self._before = (clock(), used())

    def take(self) -> float | None:
        """Per cent of one processor, rounded to tenths; None when no time has passed since it was asked last."""
        at, used = self._clock(), self._used()
        before_at, before_used = self._before
        if at <= before_at:
            return None
        self._before = (at, used)
        return round(100 * (used - before_used) / (at - before_at), 1)
