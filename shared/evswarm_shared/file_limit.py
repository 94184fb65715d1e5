"""How many files this process may open, and how many stations that allows. A station's socket is one file."""

import resource
from typing import Final

RESERVED: Final = 256
"""Files kept for the store, metrics, libraries, and connections that are just beginning or ending."""
WANTED: Final = 1_048_576
"""Where the system sets no limit, this many are asked for."""


def raise_file_limit() -> int:
    """Ask for as many open files as the system allows this process; return how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return soft
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def capacity(files: int, asked: int | None = None) -> int:
    """How many stations a process with so many files takes; `asked` is what the settings say, None for all it can."""
    able = max(1, files - RESERVED)
    return able if asked is None else min(able, asked)
