"""What Prometheus reads."""

import re

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from evswarm_shared.telemetry.counts import StationCounts
from evswarm_shared.telemetry.exposition import (
    loop_metrics,
    process_registry,
    protocol_metrics,
    station_metrics,
)
from evswarm_shared.telemetry.loop_lag import LoopLag
from evswarm_worker.gauges import ShardGauges
from evswarm_worker.metrics import shard_metrics

BUDGET = 2000


def scrape(counts: StationCounts, gauges: ShardGauges | None = None) -> str:
    gauges = gauges or ShardGauges()
    lag = LoopLag()
    registry = process_registry(
        lambda: protocol_metrics(counts),
        lambda: station_metrics(counts),
        lambda: shard_metrics(gauges, 3, 0.25, "EUR"),
        lambda: loop_metrics(lag),
    )
    return generate_latest(registry).decode()


def samples(text: str) -> dict[str, float]:
    found = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in found}


def test_counts_appear_under_the_published_names() -> None:
    counts = StationCounts()
    counts.calls_sent.add("MeterValues", 3)
    counts.call_errors.add("StartTransaction", "InternalError")
    counts.call_duration.observe("Heartbeat", 0.003)
    counts.connects.add("opened")
    counts.transactions_stopped.add("EVDisconnected")
    read = samples(scrape(counts))
    sent = 'evswarm_ocpp_messages_total{action="MeterValues",direction="sent",message_type="Call"}'
    assert read[sent] == 3
    assert read['evswarm_ocpp_call_errors_total{action="StartTransaction",error_code="InternalError"}'] == 1
    assert read['evswarm_ocpp_call_duration_seconds_bucket{action="Heartbeat",le="0.0025"}'] == 0
    assert read['evswarm_ocpp_call_duration_seconds_bucket{action="Heartbeat",le="0.005"}'] == 1
    assert read['evswarm_ocpp_call_duration_seconds_bucket{action="Heartbeat",le="+Inf"}'] == 1
    assert read['evswarm_ocpp_call_duration_seconds_count{action="Heartbeat"}'] == 1
    assert read['evswarm_websocket_connects_total{result="opened"}'] == 1
    assert read['evswarm_transactions_stopped_total{reason="EVDisconnected"}'] == 1


def test_energy_is_told_in_joules_and_revenue_in_the_currency() -> None:
    gauges = ShardGauges()
    gauges.energy_mwh, gauges.earnings_micro = 1_000_000, 300_000
    read = samples(scrape(StationCounts(), gauges))
    assert read["evswarm_energy_delivered_joules_total"] == 3_600_000
    assert read['evswarm_revenue_total{currency="EUR"}'] == 0.3
    assert read["evswarm_outbox_messages"] == 3
    assert read["evswarm_bus_lag_seconds"] == 0.25


def test_a_target_stays_within_its_budget_and_does_not_grow() -> None:
    counts = StationCounts()
    before = len(samples(scrape(counts)))
    assert before <= BUDGET
    for number in range(100):
        counts.calls_received.add(f"Invented{number}")
        counts.call_errors.add("Heartbeat", f"Invented{number}")
    assert len(samples(scrape(counts))) == before


def test_nothing_in_it_names_a_station_and_nothing_is_created_twice() -> None:
    text = scrape(StationCounts())
    assert not re.search(r"_created\b|station_id|id_tag|transaction_id|CP-", text)
    names = [family.name for family in text_string_to_metric_families(text)]
    assert len(names) == len(set(names))
    assert all(family.documentation for family in text_string_to_metric_families(text))
