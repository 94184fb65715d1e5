"""Memory, descriptors and latency of every process stay flat, and at the end nothing is lost.

SOAK_SECONDS and SOAK_STATIONS choose another length and size; `make soak` runs 30 minutes at 5,000.
"""

import os
import re
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.soak.process_samples import MIB, Samples, growth
from tests.support.fault_swarm import FaultSwarm

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
STATIONS = int(os.environ.get("SOAK_STATIONS", "300"))
SAMPLES = 60
LONG_RUN_SECONDS = 600.0
"""From here on a run is long enough for logs and ledgers to be full, and a slope to be one."""


def latency_us(swarm: FaultSwarm, before: dict[str, float]) -> float:
    """The mean round trip in microseconds of all calls since `before`, which is brought up to date."""
    now = {"sum": 0.0, "count": 0.0}
    for worker in swarm.get("/workers")["workers"]:
        text = httpx.get(worker["metrics_url"], trust_env=False).text
        for name in now:
            found = re.findall(
                rf"^evswarm_ocpp_call_duration_seconds_{name}\{{.*\}} (\S+)$", text, re.MULTILINE
            )
            now[name] += sum(map(float, found))
    calls = now["count"] - before.get("count", 0.0)
    spent = now["sum"] - before.get("sum", 0.0)
    before.update(now)
    return 1e6 * spent / calls if calls else 0.0


@pytest.mark.timeout(int(SECONDS) + 240)
def test_a_swarm_that_just_runs_does_not_grow_and_loses_nothing(tmp_path: Path) -> None:
    with FaultSwarm(tmp_path, stations=STATIONS, workers=2, lease_seconds=10).start() as swarm:
        watched = [Samples("store", psutil.Process(swarm.store.process.pid))]
        for name, services in (
            ("csms", swarm.csms),
            ("controller", swarm.controllers),
            ("worker", swarm.workers),
        ):
            watched += [Samples(name, psutil.Process(service.process.pid)) for service in services]
        latencies: list[float] = []
        known: dict[str, float] = {}
        latency_us(swarm, known)
        began = time.monotonic()
        for number in range(1, SAMPLES + 1):
            time.sleep(max(0.0, began + number * SECONDS / SAMPLES - time.monotonic()))
            for samples in watched:
                samples.take()
            latencies.append(latency_us(swarm, known))
        assert swarm.get("/totals")["running"] == STATIONS
        bound = 0.05 if SECONDS >= LONG_RUN_SECONDS else 0.15
        for samples in watched:
            grown = growth(samples.memory)
            print(
                f"{samples.name:10} {samples.memory[-1] / MIB:7.1f} MiB {grown:+7.2%}, "
                f"{samples.descriptors[-1]} descriptors {growth(samples.descriptors):+.2%}"
            )
            assert grown < bound, f"{samples.name} grows"
            assert growth(samples.descriptors) < 0.05, f"{samples.name} opens more and more"
        print(f"mean round trip {latencies[-1] / 1000:.2f} ms, {growth(latencies):+.2%}")
        assert growth(latencies) < 2.0, "answers come later and later"
        swarm.settle()
