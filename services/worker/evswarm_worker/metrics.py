"""The worker's own metrics: what its rows add up to, and how well it reaches the store."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric

from evswarm_shared.telemetry.counts import OTHER
from evswarm_shared.telemetry.exposition import MILLIWATTHOUR_JOULES, counter, gauge, gauge_by
from evswarm_worker.gauges import ShardGauges

MICRO: Final = 1e-6


def shard_metrics(gauges: ShardGauges, outbox: int, bus_lag_seconds: float) -> Iterator[Metric]:
    """What the stations of this worker are and did."""
    states = {state: count for state, count in gauges.states.items() if state != OTHER}
    statuses = {status: count for status, count in gauges.connectors.items() if status != OTHER}
    yield gauge_by("evswarm_stations", "Stations on this worker.", "state", states)
    yield gauge_by(
        "evswarm_connectors", "Connectors by ChargePointStatus (OCPP 1.6 §7.7).", "status", statuses
    )
    yield gauge("evswarm_transactions_active", "Open transactions.", gauges.transactions)
    yield gauge("evswarm_charging_power_watts", "Power of all connectors together.", gauges.power_w)
    yield counter(
        "evswarm_energy_delivered_joules",
        "Energy that flowed on this worker.",
        gauges.energy_mwh * MILLIWATTHOUR_JOULES,
    )
    yield counter(
        "evswarm_revenue",
        "Energy times the price when it flowed, in the currency of the swarm.",
        gauges.earnings_micro * MICRO,
    )
    yield gauge("evswarm_outbox_messages", "Transaction messages not answered yet.", outbox)
    yield gauge("evswarm_bus_lag_seconds", "Time the store takes to answer a heartbeat.", bus_lag_seconds)
    yield counter(
        "evswarm_station_failures", "Stations that failed and were resumed.", gauges.station_failures
    )
    yield counter(
        "evswarm_publish_failures", "Batches of rows the store did not take.", gauges.publish_failures
    )
    yield counter(
        "evswarm_log_lines_dropped", "Log lines that were never published.", gauges.log_lines_dropped
    )
