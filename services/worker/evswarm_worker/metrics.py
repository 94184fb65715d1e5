"""The worker's own metrics: what its rows add up to, and how well it reaches the store."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric

from evswarm_shared.telemetry import catalogue
from evswarm_shared.telemetry.counts import OTHER
from evswarm_shared.telemetry.exposition import MILLIWATTHOUR_JOULES, family
from evswarm_worker.gauges import ShardGauges

MICRO: Final = 1e-6


def shard_metrics(
    gauges: ShardGauges, outbox: int, bus_lag_seconds: float, currency: str
) -> Iterator[Metric]:
    """What the stations of this worker are and did. `currency` is ISO 4217."""
    states = {state: count for state, count in gauges.states.items() if state != OTHER}
    statuses = {status: count for status, count in gauges.connectors.items() if status != OTHER}
    yield family(catalogue.STATIONS, states)
    yield family(catalogue.STATIONS_RUNNING, gauges.running)
    yield family(catalogue.CONNECTORS, statuses)
    yield family(catalogue.TRANSACTIONS_ACTIVE, gauges.transactions)
    yield family(catalogue.CHARGING_POWER, gauges.power_w)
    yield family(catalogue.ENERGY_DELIVERED, gauges.energy_mwh * MILLIWATTHOUR_JOULES)
    yield family(catalogue.REVENUE, {currency: gauges.earnings_micro * MICRO})
    yield family(catalogue.OUTBOX_MESSAGES, outbox)
    yield family(catalogue.BUS_LAG, bus_lag_seconds)
    yield family(catalogue.STATION_FAILURES, gauges.station_failures)
    yield family(catalogue.PUBLISH_FAILURES, gauges.publish_failures)
    yield family(catalogue.LOG_LINES_DROPPED, gauges.log_lines_dropped)
