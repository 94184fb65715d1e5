"""What all workers together say and how soon they are answered, from their heartbeats. Pure."""

from collections.abc import Iterable, Sequence
from operator import add
from typing import Final

from evswarm_shared.bus.messages import WorkerHeartbeat
from evswarm_shared.telemetry.counts import CALL_DURATION_BOUNDS

P95: Final = 0.95
BUCKETS: Final = len(CALL_DURATION_BOUNDS) + 1


def messages_per_second(workers: Iterable[WorkerHeartbeat]) -> float:
    """OCPP messages a second, both ways."""
    return round(sum(worker.messages_per_second for worker in workers), 1)


def round_trip_p95_ms(workers: Iterable[WorkerHeartbeat]) -> float | None:
    """Within how many milliseconds 95 of 100 calls of the last seconds were answered; None when none was."""
    together: Sequence[int] = (0,) * BUCKETS
    for worker in workers:
        if len(worker.round_trips) == BUCKETS:
            together = tuple(map(add, together, worker.round_trips))
    seconds = _quantile(together, P95)
    return None if seconds is None else round(seconds * 1000, 2)


def _quantile(buckets: Sequence[int], q: float) -> float | None:
    """The quantile in seconds, evenly spread within its bucket; above the last bound, that bound."""
    target = q * sum(buckets)
    if target == 0:
        return None
    seen, lower = 0, 0.0
    for held, bound in zip(buckets, CALL_DURATION_BOUNDS, strict=False):
        if seen + held >= target:
            return lower + (bound - lower) * (target - seen) / held
        seen, lower = seen + held, bound
    return lower
