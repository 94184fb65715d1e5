"""The controller's own metrics, under the names of the catalogue."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from prometheus_client.core import Metric

from evswarm_shared.bus.messages import OperationSnapshot, OperationState
from evswarm_shared.telemetry import catalogue
from evswarm_shared.telemetry.catalogue import (
    HTTP_DURATION_BOUNDS,
    HTTP_ROUTES_SHOWN,
    REFUSAL_REASONS,
    SCALE_DURATION_BOUNDS,
    WORKER_STATES,
    WORKERS_SHOWN,
)
from evswarm_shared.telemetry.counts import OTHER, Histogram, Tally
from evswarm_shared.telemetry.exposition import family, histogram_family
from evswarm_shared.telemetry.loop_lag import LoopLag


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is read from elsewhere at a scrape. `last_seen` maps worker id to real unix seconds."""

    stations_desired: int
    stations_expected: int
    workers_live: int
    workers_draining: int
    workers_lost: int
    last_seen: dict[str, float]
    operations_running: int
    price: float
    leading: bool
    store_losses: int
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
    refusals: Tally = field(default_factory=lambda: Tally(REFUSAL_REASONS))
    scales: Histogram = field(default_factory=lambda: Histogram(SCALE_DURATION_BOUNDS))

    def expect_request(self, method: str, route: str, status: int) -> None:
        """Expose a route with 0 before its first request, so that the first one shows as a change."""
        if len(self.requests) < HTTP_ROUTES_SHOWN:
            self.requests.setdefault((method, route, str(status)), Histogram(HTTP_DURATION_BOUNDS))

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request under the template of its route."""
        key = (method, route, str(status))
        if key not in self.requests and len(self.requests) >= HTTP_ROUTES_SHOWN:
            key = (OTHER, OTHER, OTHER)
        observed = self.requests.get(key)
        if observed is None:
            observed = self.requests[key] = Histogram(HTTP_DURATION_BOUNDS)
        observed.observe(seconds)

    def count_operation(self, operation: OperationSnapshot) -> None:
        """Count how long a scale operation took, once it has succeeded."""
        if operation.kind == "scale" and operation.state is OperationState.SUCCEEDED:
            self.scales.observe(operation.updated_at - operation.created_at)

    def metrics(self, read: Callable[[], Gauges]) -> Iterator[Metric]:
        """All metrics that are the controller's own."""
        now = read()
        workers = (now.workers_live, now.workers_draining, now.workers_lost)
        yield family(catalogue.STATIONS_DESIRED, now.stations_desired)
        yield family(catalogue.STATIONS_EXPECTED, now.stations_expected)
        yield family(catalogue.WORKERS, dict(zip(WORKER_STATES, workers, strict=True)))
        yield family(catalogue.WORKER_LAST_SEEN, dict(sorted(now.last_seen.items())[:WORKERS_SHOWN]))
        yield family(catalogue.OPERATIONS_RUNNING, now.operations_running)
        yield histogram_family(catalogue.SCALE_DURATION, self.scales)
        yield family(catalogue.TARIFF_PRICE, now.price)
        yield family(catalogue.CONTROLLER_LEADING, float(now.leading))
        yield family(catalogue.STORE_LOSSES, now.store_losses)
        yield histogram_family(catalogue.HTTP_REQUEST_DURATION, self.requests)
        yield family(catalogue.HTTP_REFUSED, self.refusals)
        yield family(catalogue.DASHBOARD_CLIENTS, now.clients)
        yield family(catalogue.DASHBOARD_FRAMES, now.frames)
        yield family(catalogue.DASHBOARD_BYTES, now.bytes)
        yield family(catalogue.DASHBOARD_FRAMES_DROPPED, now.frames_dropped)
        yield family(catalogue.DASHBOARD_RESYNCS, now.resyncs)
        yield family(catalogue.BUILD_INFO, {self.version: 1.0})
