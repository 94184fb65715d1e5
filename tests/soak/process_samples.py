"""What processes use over time, and whether it grows. Reading /proc only."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import psutil

MIB: Final = 1 << 20
SETTLED_SHARE: Final = 0.4
"""The part of a run that is warming up: caches, logs that fill, first transactions."""


@dataclass
class Samples:
    """Resident memory in bytes and open descriptors of one process, sample after sample."""

    name: str
    process: psutil.Process
    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def take(self) -> None:
        """One sample now."""
        self.memory.append(self.process.memory_info().rss)
        self.descriptors.append(self.process.num_fds())


def growth(values: Sequence[float]) -> float:
    """How much larger the end of a settled run is than its middle, as a share: 0.0 is flat."""
    settled = values[int(len(values) * SETTLED_SHARE) :]
    half = len(settled) // 2
    before, after = statistics.median(settled[:half]), statistics.median(settled[half:])
    return (after - before) / max(before, 1.0)
