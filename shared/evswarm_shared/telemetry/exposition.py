"""Plain counters as Prometheus metrics, read at the moment of a scrape, under the names of the catalogue."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, Final

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from evswarm_shared.telemetry import catalogue
from evswarm_shared.telemetry.counts import Histogram, ProtocolCounts, StationCounts
from evswarm_shared.telemetry.loop_lag import LoopLag
from evswarm_shared.telemetry.metric_spec import Kind, MetricSpec

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


def family(spec: MetricSpec, values: float | Mapping[Any, float]) -> Metric:
    """A counter or gauge as it is now. `values` maps a label value, or a tuple of them, to a number.

    Combinations of the catalogue that are not among the values are exposed as 0.
    """
    kind = CounterMetricFamily if spec.kind is Kind.COUNTER else GaugeMetricFamily
    # The client library adds the ending of a counter by itself.
    name = spec.name.removesuffix("_total") if spec.kind is Kind.COUNTER else spec.name
    if isinstance(values, Mapping):
        result = kind(name, spec.help, labels=spec.label_names)
        for key, value in _complete(spec, values, 0.0).items():
            result.add_metric(key, value)
        return result
    return kind(name, spec.help, value=values)


def histogram_family(spec: MetricSpec, observed: Histogram | Mapping[Any, Histogram]) -> Metric:
    """A histogram as it is now. A mapping has a label value, or a tuple of them, as its keys."""
    if isinstance(observed, Histogram):
        return HistogramMetricFamily(
            spec.name, spec.help, buckets=_cumulative(observed), sum_value=observed.sum
        )
    result = HistogramMetricFamily(spec.name, spec.help, labels=spec.label_names)
    for key, each in _complete(spec, observed, Histogram(spec.bounds)).items():
        result.add_metric(key, buckets=_cumulative(each), sum_value=each.sum)
    return result


def _complete(spec: MetricSpec, values: Mapping[Any, Any], nothing: Any) -> dict[tuple[str, ...], Any]:
    complete = dict.fromkeys(spec.combinations(), nothing)
    for key, value in values.items():
        complete[(key,) if isinstance(key, str) else key] = value
    return complete


def _cumulative(observed: Histogram) -> list[tuple[str, float]]:
    bounds = [*(repr(float(bound)) for bound in observed.bounds), "+Inf"]
    return list(zip(bounds, map(float, accumulate(observed.buckets)), strict=True))


def protocol_metrics(counts: ProtocolCounts) -> Iterator[Metric]:
    """What was said over OCPP-J and over its WebSockets, from the side that owns `counts`."""
    messages = {
        (direction, message_type, action): value
        for (direction, message_type), by_action in counts.messages().items()
        for action, value in by_action.items()
    }
    yield family(catalogue.OCPP_MESSAGES, messages)
    yield histogram_family(catalogue.CALL_DURATION, counts.call_duration)
    yield family(catalogue.CALL_ERRORS, counts.call_errors)
    yield family(catalogue.CALL_TIMEOUTS, counts.call_timeouts)
    yield family(catalogue.CALLS_PENDING, counts.calls_pending)
    yield family(catalogue.DROPPED_FRAMES, counts.dropped_frames)
    yield family(catalogue.WEBSOCKET_CONNECTS, counts.connects)
    yield family(catalogue.WEBSOCKET_DISCONNECTS, counts.disconnects)
    yield histogram_family(catalogue.WEBSOCKET_CONNECT_DURATION, counts.connect_duration)
    yield family(catalogue.WEBSOCKET_BYTES, {"sent": counts.bytes_sent, "received": counts.bytes_received})
    yield family(catalogue.BOOT_NOTIFICATIONS, counts.boots)


def station_metrics(counts: StationCounts) -> Iterator[Metric]:
    """What the stations of a worker did."""
    yield family(catalogue.TRANSACTIONS_STARTED, counts.transactions_started)
    yield family(catalogue.TRANSACTIONS_STOPPED, counts.transactions_stopped)
    yield histogram_family(catalogue.TRANSACTION_DURATION, counts.transaction_duration)
    yield family(catalogue.POLICY_DECISIONS, counts.policy_decisions)
    yield family(catalogue.FAULTS_INJECTED, counts.faults_injected)


def loop_metrics(lag: LoopLag) -> Iterator[Metric]:
    """How late the event loop is."""
    yield histogram_family(catalogue.EVENT_LOOP_LAG, lag.histogram)
