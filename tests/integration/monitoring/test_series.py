"""The number of series is that of the metrics, not of the stations."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from evswarm_shared.telemetry.catalogue import SAMPLES_PER_TARGET
from evswarm_shared.telemetry.metric_spec import Exposer
from tools.panel_check.local_stack import LocalStack

FEW, MANY = 10, 1000

pytestmark = pytest.mark.timeout(240)


def samples(stack: LocalStack) -> dict[str, int]:
    """Samples a scrape, by job."""
    counted = {}
    for target in stack.get("/prometheus/targets"):
        text = stack.api.get(f"http://{target['targets'][0]}/metrics").text
        families = text_string_to_metric_families(text)
        counted[target["labels"]["job"]] = sum(len(family.samples) for family in families)
    return counted


def test_ten_stations_and_a_thousand_make_the_same_number_of_series() -> None:
    with LocalStack(FEW) as stack:
        stack.service("worker")
        stack.wait_for_running(FEW)
        few = samples(stack)
        stack.post("/stations/scale", {"count": MANY})
        stack.wait(lambda: bool(stack.get("/totals")["running"] == MANY), f"{MANY} stations", 150)
        many = samples(stack)
    print(f"samples a target at {FEW} stations: {few}; at {MANY}: {many}")
    assert few.keys() == set(Exposer)
    assert many == few
    assert max(many.values()) <= SAMPLES_PER_TARGET
