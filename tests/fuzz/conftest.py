"""How many frames, and what a process must look like after them."""

import urllib.request
from collections.abc import Callable
from typing import Final

import psutil
import pytest

from tests.support.service_process import ServiceProcess

FRAMES: Final = 2_000
ENOUGH_FRAMES_TO_WEIGH: Final = 20_000
MOST_GROWTH_BYTES: Final = 12 * 2**20
"""Less than what 100,000 frames leave behind that lose 200 bytes each."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two that decide what is sent."""
    parser.addoption("--fuzz-frames", type=int, default=FRAMES, help="frames to send at each side")
    parser.addoption("--fuzz-seed", type=int, default=1, help="the same seed sends the same frames")


@pytest.fixture
def frames(request: pytest.FixtureRequest) -> int:
    """How many frames to send."""
    wanted: int = request.config.getoption("--fuzz-frames", FRAMES)
    return wanted


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Which frames."""
    wanted: int = request.config.getoption("--fuzz-seed", 1)
    return wanted


class Health:
    """A process under fire: alive, without a failure of its own, and no bigger than it was."""

    def __init__(self, service: ServiceProcess, metrics_port: int, failures: str) -> None:
        self._service = service
        self._metrics = f"http://127.0.0.1:{metrics_port}/metrics"
        self._failures = failures
        self._process = psutil.Process(service.process.pid)
        self._warm: int | None = None
        self.resident: list[int] = []

    def weigh(self, sent: int, frames: int) -> None:
        """Take its memory; what a third of the frames made it need is no leak."""
        self._service.check_alive()
        self.resident.append(self._process.memory_info().rss)
        if self._warm is None and sent >= frames / 3:
            self._warm = self.resident[-1]

    def check(self, frames: int) -> None:
        """Fail if it failed. Blocks for one request."""
        self._service.check_alive()
        with urllib.request.urlopen(self._metrics, timeout=10) as response:
            lines = response.read().decode().splitlines()
        counters = [line for line in lines if line.startswith(self._failures)]
        assert counters, f"{self._failures} is not among the metrics"
        assert [line for line in counters if not line.endswith((" 0", " 0.0"))] == []
        assert "Traceback" not in self._service.output()
        if frames >= ENOUGH_FRAMES_TO_WEIGH:
            assert self._warm is not None
            grown = self.resident[-1] - self._warm
            print(f"{frames} frames: {self._warm / 2**20:.1f} MiB warm, {grown / 2**20:+.1f} MiB at the end")
            assert grown < MOST_GROWTH_BYTES


@pytest.fixture
def health() -> Callable[[ServiceProcess, int, str], Health]:
    """Makes a `Health`."""
    return Health
