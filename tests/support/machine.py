"""What this machine can run, and what a test does when it cannot.

Without an engine or a browser a test skips on a developer's machine; in CI (`CI=true`) it fails, so that nobody
mistakes a skipped test for a working feature.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
IN_CI: Final = os.environ.get("CI") == "true"


def missing(what: str) -> None:
    """Skip the test for want of `what`; in CI, fail it."""
    if IN_CI:
        pytest.fail(f"CI has no {what}")
    pytest.skip(f"this machine has no {what}")


def has_container_engine() -> bool:
    """Whether `docker compose` works and an engine answers."""
    if shutil.which("docker") is None:
        return False
    checks = (["docker", "info"], ["docker", "compose", "version"])
    return all(
        subprocess.run(c, capture_output=True, check=False, timeout=30).returncode == 0 for c in checks
    )


@contextlib.contextmanager
def engine_alone() -> Iterator[None]:
    """Wait until no other test has the engine to itself, and have it.

    An engine that leaves a swarm forgets the names of all containers, whatever network they are in; and both a
    machine's swarm and a project's name exist once.
    """
    with (Path(tempfile.gettempdir()) / f"evswarm-engine-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def has_image(image: str) -> bool:
    """Whether the engine holds an image, without pulling it."""
    command = ["docker", "image", "inspect", image]
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
