"""The controller's own metrics. Names and labels are a public interface, listed in docs/metrics.md."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.core import HistogramMetricFamily, Metric

from evswarm_shared.bus.messages import OperationSnapshot, OperationState
from evswarm_shared.telemetry.counts import Histogram
from evswarm_shared.telemetry.exposition import counter, gauge, gauge_by, histogram
from evswarm_shared.telemetry.loop_lag import LoopLag

REQUEST_BOUNDS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0)
REQUEST_SERIES: Final = 80
"""Combinations of method, route and status with a histogram of their own; what comes later counts as `other`."""
SCALE_BOUNDS: Final = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
WORKER_STATES: Final = ("live", "draining")
WORKERS_SHOWN: Final = 200
"""Workers with a series of their own; more would outgrow what one target may expose."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is read from elsewhere at a scrape. `last_seen` maps worker id to real unix seconds."""

    stations_desired: int
    workers_live: int
    workers_draining: int
    last_seen: dict[str, float]
    price: float
    leading: bool
    clients: int
    frames: int
    bytes: int
    frames_dropped: int
    resyncs: int


@dataclass(slots=True)
class ControllerTelemetry:
    """Counts what happens in the controller, for the scrape."""

    version: str
    lag: LoopLag = field(default_factory=LoopLag)
    requests: dict[tuple[str, str, str], Histogram] = field(default_factory=dict)
    scales: Histogram = field(default_factory=lambda: Histogram(SCALE_BOUNDS))

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request under the template of its route."""
        key = (method, route, str(status))
        if key not in self.requests and len(self.requests) >= REQUEST_SERIES:
            key = ("other", "other", "other")
        observed = self.requests.get(key)
        if observed is None:
            observed = self.requests[key] = Histogram(REQUEST_BOUNDS)
        observed.observe(seconds)

    def count_operation(self, operation: OperationSnapshot) -> None:
        """Count how long a scale operation took, once it has succeeded."""
        if operation.kind == "scale" and operation.state is OperationState.SUCCEEDED:
            self.scales.observe(operation.updated_at - operation.created_at)

    def metrics(self, read: Callable[[], Gauges]) -> Iterator[Metric]:
        """All metrics that are the controller's own."""
        now = read()
        yield gauge("evswarm_stations_desired", "Stations that should exist.", now.stations_desired)
        yield gauge_by(
            "evswarm_workers",
            "Workers whose lease is valid.",
            "state",
            dict(zip(WORKER_STATES, (now.workers_live, now.workers_draining), strict=True)),
        )
        yield gauge_by(
            "evswarm_worker_last_seen_timestamp_seconds",
            "When a worker's heartbeat came last.",
            "worker",
            dict(sorted(now.last_seen.items())[:WORKERS_SHOWN]),
        )
        yield histogram(
            "evswarm_scale_duration_seconds", "From a scale command to the swarm being so.", self.scales
        )
        yield gauge("evswarm_tariff_price_per_kilowatt_hour", "Price a kWh, in the currency.", now.price)
        yield gauge("evswarm_controller_leading", "1 on the controller that plans.", float(now.leading))
        yield self._requests()
        yield gauge("evswarm_dashboard_clients", "Open live feeds.", now.clients)
        yield counter("evswarm_dashboard_frames", "Frames sent to live feeds.", now.frames)
        yield counter("evswarm_dashboard_bytes", "Bytes sent to live feeds.", now.bytes)
        yield counter(
            "evswarm_dashboard_frames_dropped", "Patches that slow feeds did not get.", now.frames_dropped
        )
        yield counter("evswarm_dashboard_resyncs", "Fresh snapshots sent to open feeds.", now.resyncs)
        yield _build_info(self.version)

    def _requests(self) -> Metric:
        family = HistogramMetricFamily(
            "evswarm_http_request_duration_seconds",
            "Time to answer a request.",
            labels=["method", "route", "status"],
        )
        for labels, observed in self.requests.items():
            bounds = [*(repr(float(bound)) for bound in observed.bounds), "+Inf"]
            total = 0.0
            buckets = []
            for bound, value in zip(bounds, observed.buckets, strict=True):
                total += value
                buckets.append((bound, total))
            family.add_metric(list(labels), buckets=buckets, sum_value=observed.sum)
        return family


def _build_info(version: str) -> Metric:
    return gauge_by("evswarm_build_info", "The version that runs; always 1.", "version", {version: 1.0})
