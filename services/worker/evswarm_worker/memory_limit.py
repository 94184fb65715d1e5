"""How much memory this process may use, and how many stations that allows. A container's limit is a cgroup's."""

from pathlib import Path
from typing import Final

CGROUP_FILES: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Version 2, then version 1."""
UNLIMITED_BYTES: Final = 1 << 60
"""Version 1 writes no limit as a number near the largest there is."""
PROCESS_BYTES: Final = 96 << 20
"""The worker without any station."""
STATION_BYTES: Final = 48 << 10
"""A station with its connection and a full log, twice what is measured, for the moments of change."""


def memory_limit(files: tuple[Path, ...] = CGROUP_FILES) -> int | None:
    """The bytes this process and its container may use; None without a limit."""
    for path in files:
        try:
            text = path.read_text("ascii").strip()
        except OSError:
            continue
        return int(text) if text.isdecimal() and int(text) < UNLIMITED_BYTES else None
    return None


def stations_in(limit: int | None) -> int | None:
    """How many stations fit into so many bytes, at least one; None: memory sets no bound."""
    return None if limit is None else max(1, (limit - PROCESS_BYTES) // STATION_BYTES)
