"""What a swarm uses while it runs steadily: the figures that most steps of the bench have in common."""

import time
from typing import Any, Final

from tests.bench.swarm_processes import Swarm, between, observations, quantile

LAG_LIMIT_SECONDS: Final = 0.05
CALL: Final = "evswarm_ocpp_call_duration_seconds"
LAG: Final = "evswarm_event_loop_lag_seconds"
Figures = dict[str, Any]


def steady(swarm: Swarm, seconds: float) -> Figures:
    """Calls a second, their 99th percentile, CPU and memory of every process over a time of steady running.

    `us_a_call` is the CPU of all processes of a kind for each call of a station, in microseconds.
    """
    before = swarm.exposition("worker")
    swarm.cpu()
    began = time.monotonic()
    time.sleep(seconds)
    cpu = swarm.cpu()
    passed = time.monotonic() - began
    after = swarm.exposition("worker")
    memory = swarm.memory()
    calls = between(before.histogram(CALL), after.histogram(CALL))
    late = quantile(between(before.histogram(LAG), after.histogram(LAG)), 0.99)
    used: dict[str, float] = {}
    for name, spent in cpu.items():
        kind = name.split("-")[0]
        used[kind] = used.get(kind, 0.0) + spent
    us_a_call = {kind: 1e6 * spent / max(1.0, observations(calls)) for kind, spent in used.items()}
    return {
        "calls_per_second": observations(calls) / passed,
        "call_p99_seconds": quantile(calls, 0.99),
        "cpu_percent": {name: 100 * spent / passed for name, spent in cpu.items()},
        "cpu_percent_all": 100 * sum(cpu.values()) / passed,
        "memory_mib": {name: size / 2**20 for name, size in memory.items()},
        "us_a_call": us_a_call,
        "worker_us_a_call": us_a_call["worker"],
        "loop_lag_p99_seconds": late,
        "valid": late <= LAG_LIMIT_SECONDS,
    }
