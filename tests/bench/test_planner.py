"""The cost of planning: 100,000 stations, 100 workers, one of them lost."""

from collections.abc import Callable
from typing import Any

import pytest

from evswarm_controller.planner import PlannedWorker, plan
from evswarm_shared.bus.messages import Assignment, DesiredState, IndexRange

STATIONS, WORKERS = 100_000, 100
DESIRED = DesiredState(generation=1, count=STATIONS)


def crew(count: int) -> list[PlannedWorker]:
    return [PlannedWorker(f"worker-{i:03d}") for i in range(count)]


def compact() -> dict[str, Assignment]:
    return plan(DESIRED, crew(WORKERS), {}, leader_epoch=1).assignments


def fragmented() -> dict[str, Assignment]:
    """Every worker holds twenty ranges, as after many losses."""
    step = STATIONS // (WORKERS * 20)
    ranges: list[list[IndexRange]] = [[] for _ in range(WORKERS)]
    for number, start in enumerate(range(1, STATIONS, step)):
        ranges[number % WORKERS].append(IndexRange(start, start + step))
    return {
        worker.worker_id: Assignment(
            worker_id=worker.worker_id, leader_epoch=1, generation=1, ranges=tuple(own)
        )
        for worker, own in zip(crew(WORKERS), ranges, strict=True)
    }


@pytest.mark.parametrize("history", [compact, fragmented])
def test_one_of_a_hundred_workers_is_lost(
    benchmark: Any, history: Callable[[], dict[str, Assignment]]
) -> None:
    previous = history()
    survivors = crew(WORKERS)[:-1]
    result = benchmark(plan, DESIRED, survivors, previous, leader_epoch=1)
    counts = [a.station_count() for a in result.assignments.values()]
    assert sum(counts) == STATIONS
    assert max(counts) - min(counts) <= 1


def test_the_first_plan(benchmark: Any) -> None:
    result = benchmark(plan, DESIRED, crew(WORKERS), {}, leader_epoch=1)
    assert sum(a.station_count() for a in result.assignments.values()) == STATIONS
