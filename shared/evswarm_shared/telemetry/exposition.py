"""Plain counters as Prometheus metrics, read at the moment of a scrape. Every metric name of OCPP stands here.

Names, labels and units are a public interface: docs/metrics.md, the rules and the dashboards are made from them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from evswarm_shared.telemetry.counts import Histogram, ProtocolCounts, StationCounts
from evswarm_shared.telemetry.loop_lag import LoopLag

MILLIWATTHOUR_JOULES: Final = 3.6


class FamilyCollector(Collector):
    """Metrics made anew at each scrape by the functions given."""

    def __init__(self, *sources: Callable[[], Iterable[Metric]]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        for source in self._sources:
            yield from source()


def process_registry(*sources: Callable[[], Iterable[Metric]]) -> CollectorRegistry:
    """A registry with the process's own metrics (CPU, memory, descriptors, gc) and those of `sources`."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(FamilyCollector(*sources))
    return registry


def counter(name: str, documentation: str, value: float) -> Metric:
    """A counter without labels; `_total` is added to the name."""
    return CounterMetricFamily(name, documentation, value=value)


def gauge(name: str, documentation: str, value: float) -> Metric:
    """A gauge without labels."""
    return GaugeMetricFamily(name, documentation, value=value)


def counter_by(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    """A counter with one label."""
    family = CounterMetricFamily(name, documentation, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def gauge_by(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    """A gauge with one label."""
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def counter_by_pair(
    name: str, documentation: str, labels: tuple[str, str], values: Mapping[tuple[str, str], float]
) -> Metric:
    """A counter with two labels."""
    family = CounterMetricFamily(name, documentation, labels=list(labels))
    for pair, value in values.items():
        family.add_metric(list(pair), value)
    return family


def histogram(name: str, documentation: str, observed: Histogram) -> Metric:
    """A histogram without labels."""
    return HistogramMetricFamily(name, documentation, buckets=_cumulative(observed), sum_value=observed.sum)


def histogram_by(name: str, documentation: str, label: str, values: Mapping[str, Histogram]) -> Metric:
    """A histogram with one label."""
    family = HistogramMetricFamily(name, documentation, labels=[label])
    for key, observed in values.items():
        family.add_metric([key], buckets=_cumulative(observed), sum_value=observed.sum)
    return family


def _cumulative(observed: Histogram) -> list[tuple[str, float]]:
    bounds = [*(repr(float(bound)) for bound in observed.bounds), "+Inf"]
    return list(zip(bounds, map(float, accumulate(observed.buckets)), strict=True))


def protocol_metrics(counts: ProtocolCounts) -> Iterator[Metric]:
    """What was said over OCPP-J and over its WebSockets, from the side that owns `counts`."""
    messages = CounterMetricFamily(
        "evswarm_ocpp_messages",
        "OCPP messages; answers under the action they answer.",
        labels=["direction", "message_type", "action"],
    )
    for (direction, message_type), by_action in counts.messages().items():
        for action, value in by_action.items():
            messages.add_metric([direction, message_type, action], value)
    yield messages
    yield histogram_by(
        "evswarm_ocpp_call_duration_seconds",
        "Time from writing a call to reading its answer.",
        "action",
        counts.call_duration,
    )
    yield counter_by_pair(
        "evswarm_ocpp_call_errors",
        "Calls of this side that the peer answered with a CALLERROR.",
        ("action", "error_code"),
        counts.call_errors,
    )
    yield counter_by(
        "evswarm_ocpp_call_timeouts",
        "Calls of this side that got no answer in time.",
        "action",
        counts.call_timeouts,
    )
    yield gauge(
        "evswarm_ocpp_calls_pending", "Calls of this side waiting for an answer.", counts.calls_pending
    )
    yield counter_by(
        "evswarm_ocpp_dropped_frames", "Frames that had no effect.", "kind", counts.dropped_frames
    )
    yield counter_by("evswarm_websocket_connects", "Attempts to open a WebSocket.", "result", counts.connects)
    yield counter_by(
        "evswarm_websocket_disconnects", "Open WebSockets that ended.", "reason", counts.disconnects
    )
    yield histogram(
        "evswarm_websocket_connect_duration_seconds",
        "Time to open a WebSocket, TLS and handshake included.",
        counts.connect_duration,
    )
    yield counter_by(
        "evswarm_websocket_bytes",
        "Bytes read from and written to WebSockets.",
        "direction",
        {"sent": counts.bytes_sent, "received": counts.bytes_received},
    )
    yield counter_by(
        "evswarm_boot_notifications",
        "BootNotifications by the status they were answered with.",
        "status",
        counts.boots,
    )


def station_metrics(counts: StationCounts) -> Iterator[Metric]:
    """What the stations of a worker did."""
    yield counter(
        "evswarm_transactions_started", "Transactions that stations started.", counts.transactions_started
    )
    yield counter_by(
        "evswarm_transactions_stopped",
        "Transactions that stations stopped.",
        "reason",
        counts.transactions_stopped,
    )
    yield histogram(
        "evswarm_transaction_duration_seconds",
        "Simulated time from start to stop of a transaction.",
        counts.transaction_duration,
    )
    yield counter_by_pair(
        "evswarm_policy_decisions",
        "Decisions of the charging policy.",
        ("action", "reason"),
        counts.policy_decisions,
    )
    yield counter_by(
        "evswarm_faults_injected",
        "Things that were made to go wrong by hand.",
        "kind",
        counts.faults_injected,
    )


def loop_metrics(lag: LoopLag) -> Iterator[Metric]:
    """How late the event loop is."""
    yield histogram(
        "evswarm_event_loop_lag_seconds", "How late the event loop runs its timers.", lag.histogram
    )
