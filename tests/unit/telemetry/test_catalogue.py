"""The catalogue of metrics, against what the services really expose."""

import re
from collections.abc import Iterator

import pytest
from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from evswarm_controller.history_streams import HistoryStreams
from evswarm_controller.telemetry import ControllerTelemetry, Gauges
from evswarm_csms.dispatch import FailedPart
from evswarm_csms.metrics import central_system_metrics
from evswarm_historian.service import Historian
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.history.recorder import Recorder
from evswarm_shared.settings import HistorianSettings
from evswarm_shared.telemetry.catalogue import CATALOGUE, FAILED_PARTS, SAMPLES_PER_TARGET
from evswarm_shared.telemetry.counts import ACTIONS, PairTally, ProtocolCounts, StationCounts, Tally
from evswarm_shared.telemetry.exposition import (
    loop_metrics,
    process_registry,
    protocol_metrics,
    station_metrics,
)
from evswarm_shared.telemetry.loop_lag import LoopLag
from evswarm_shared.telemetry.metric_spec import Exposer, Kind, MetricSpec
from evswarm_worker.gauges import ShardGauges
from evswarm_worker.metrics import shard_metrics

BASE_UNITS = ("_seconds", "_bytes", "_joules", "_watts", "_kilowatt_hour")


def worker() -> Iterator[Metric]:
    yield from protocol_metrics(StationCounts())
    yield from station_metrics(StationCounts())
    yield from shard_metrics(ShardGauges(), 0, 0.0, "EUR")
    yield from Recorder(MemoryBus(MemoryStore()), "worker").metrics()


def csms() -> Iterator[Metric]:
    yield from Recorder(MemoryBus(MemoryStore()), "csms").metrics()
    yield from protocol_metrics(ProtocolCounts())
    yield from central_system_metrics(
        stations_connected=0,
        transactions_open=0,
        commands=PairTally(ACTIONS, CommandOutcome),
        failures=Tally(FailedPart),
        meter_readings_dropped=0,
        events_dropped=0,
    )


def historian() -> Iterator[Metric]:
    settings = HistorianSettings(database_url="sqlite:///never-opened.db")
    yield from Historian(settings, MemoryBus(MemoryStore())).metrics()


def controller() -> Iterator[Metric]:
    yield from Recorder(MemoryBus(MemoryStore()), "controller").metrics()
    yield from HistoryStreams(MemoryBus(MemoryStore()), 16).metrics()
    telemetry = ControllerTelemetry("1.0")
    telemetry.expect_request("GET", "/totals", 200)
    yield from telemetry.metrics(
        lambda: Gauges(0, 0, 1, 0, 0, {"w1": 1.0}, 0, 0.3, True, 0, 0, 0, 0, 0, 0),
    )


SOURCES = {
    Exposer.WORKER: worker,
    Exposer.CSMS: csms,
    Exposer.CONTROLLER: controller,
    Exposer.HISTORIAN: historian,
}


def exposed_by(exposer: Exposer) -> dict[str, Metric]:
    registry = process_registry(SOURCES[exposer], lambda: loop_metrics(LoopLag()))
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: family
        for family in families
        # Not on every system, and about the interpreter rather than about us.
        if family.name != "python_info"
    }


@pytest.mark.parametrize("exposer", Exposer)
def test_a_service_exposes_what_the_catalogue_says_and_nothing_else(exposer: Exposer) -> None:
    specs = {spec.name: spec for spec in CATALOGUE if exposer in spec.exposers}
    exposed = exposed_by(exposer)
    assert exposed.keys() == specs.keys()
    for name, family in exposed.items():
        assert family.type == specs[name].kind
        if specs[name].ours:
            assert family.documentation == specs[name].help


@pytest.mark.parametrize("exposer", Exposer)
def test_every_combination_of_label_values_is_there_before_anything_happened(exposer: Exposer) -> None:
    exposed = exposed_by(exposer)
    for spec in CATALOGUE:
        if exposer not in spec.exposers or spec.bounded or not spec.labels:
            continue
        found = {
            tuple(sample.labels[name] for name in spec.label_names) for sample in exposed[spec.name].samples
        }
        assert found == set(spec.combinations()), spec.name


@pytest.mark.parametrize("exposer", Exposer)
def test_a_target_cannot_outgrow_its_budget(exposer: Exposer) -> None:
    most = sum(spec.most_series() for spec in CATALOGUE if exposer in spec.exposers)
    assert most <= SAMPLES_PER_TARGET
    samples = sum(len(family.samples) for family in exposed_by(exposer).values())
    assert samples <= most


@pytest.mark.parametrize("spec", [spec for spec in CATALOGUE if spec.ours], ids=lambda spec: str(spec.name))
def test_a_name_follows_the_conventions(spec: MetricSpec) -> None:
    assert re.fullmatch(r"evswarm_[a-z_]+", spec.name)
    assert spec.name.endswith("_total") == (spec.kind is Kind.COUNTER)
    assert (spec.kind is Kind.HISTOGRAM) == bool(spec.bounds)
    assert list(spec.bounds) == sorted(set(spec.bounds))
    if spec.kind is Kind.HISTOGRAM:
        assert spec.name.endswith(BASE_UNITS)
    forbidden = {"station_id", "id_tag", "transaction_id", "url", "le"}
    assert not forbidden & set(spec.label_names)
    assert spec.help.endswith(".")


def test_no_name_and_no_label_value_stands_there_twice() -> None:
    names = [spec.name for spec in CATALOGUE]
    assert len(names) == len(set(names))
    for spec in CATALOGUE:
        combinations = list(spec.combinations())
        assert len(combinations) == len(set(combinations)), spec.name


def test_the_parts_that_can_fail_are_those_of_the_central_system() -> None:
    assert tuple(map(str, FailedPart)) == FAILED_PARTS
