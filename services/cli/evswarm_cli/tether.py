"""Ties a child process to its parent's life, so that a killed `evswarm up` leaves nothing behind.

Linux does it in the kernel. Elsewhere this module runs as a small process between the two, which watches its own
parent and passes signals on.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Final

PR_SET_PDEATHSIG: Final = 1
WATCH_SECONDS: Final = 0.5

# Loaded before any fork: the child may only do what is safe between fork and exec.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def tied(command: Sequence[str]) -> list[str]:
    """The command line that runs `command` tied to us; on Linux the command itself."""
    return list(command) if _LIBC is not None else [sys.executable, "-m", "evswarm_cli.tether", *command]


def end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent ends; to be called in the child between fork and exec."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main() -> int:
    """Run the command in the arguments and end it when our parent is gone."""
    parent = os.getppid()
    child = subprocess.Popen(sys.argv[1:])  # noqa: S603 - the command line is our own

    def forward(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, forward)
    while child.poll() is None:
        if os.getppid() != parent:
            child.terminate()
            break
        time.sleep(WATCH_SECONDS)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
