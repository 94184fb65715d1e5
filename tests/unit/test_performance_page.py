"""docs/performance.md from the bench's figures."""

import json
from typing import Any

import pytest

from tests.bench import compose
from tests.bench.paired_ratios import spread
from tests.bench.swarm import SCENARIOS
from tools.generate.performance import RESULTS, ROWS, document

MACHINE = {"date": "2026-11-22", "cores": 2, "memory_gib": 24, "python": "3.11.7", "load_before": 0.3}


def idle(**changes: Any) -> dict[str, Any]:
    return {"machine": MACHINE, "processes": 6, "resident_mb": 286.6, "shared_out_mb": 200.6, **changes}


def test_every_step_of_the_bench_has_rows() -> None:
    assert ROWS.keys() == {*SCENARIOS, compose.STEP}


def test_a_figure_stands_beside_its_bar_and_the_load_it_met() -> None:
    page = document({"idle_hundred": idle()})
    assert "| 287 MB resident, 201 MB shared out | ≤ 400 MB | 0.3, 2026-11-22 | idle_hundred |" in page
    assert "Measured on: 2 cores, 24 GiB, Python 3.11.7." in page


def test_without_figures_the_page_says_how_to_get_them() -> None:
    assert "nothing yet: run make bench" in document({})


@pytest.mark.parametrize(("valid", "mark"), [(True, False), (False, True)])
def test_a_run_that_could_not_keep_its_time_is_marked(valid: bool, mark: bool) -> None:
    step = {
        "stations": 4000,
        "calls_per_second": 4000.0,
        "worker_us_a_call": 50.0,
        "call_p99_seconds": 0.025,
        "loop_lag_p99_seconds": 0.1,
        "valid": valid,
    }
    page = document({"saturation": {"machine": MACHINE, "steps": [step]}})
    assert ("INVALID" in page) is mark


def keeping_up(backlog: tuple[float, float], flat: bool) -> dict[str, Any]:
    return {
        "machine": MACHINE,
        "stations": 10_000,
        "charging": 9_990,
        "meter_values_per_second": 999.0,
        "records_per_second": 1_200.0,
        "rows_per_second": 1_201.0,
        "backlog_begin_end": backlog,
        "flat": flat,
        "dropped": 0.0,
        "historian_cpu_percent": 9.6,
        "steady": {"valid": True, "cpu_percent_all": 43.0},
    }


@pytest.mark.parametrize(
    ("backlog", "flat", "cell"), [((7, 9), True, "| 7, 9 |"), ((7, 9_000), False, "| 7, 9,000 (GROWS) |")]
)
def test_a_historian_that_falls_behind_is_told(backlog: tuple[float, float], flat: bool, cell: str) -> None:
    page = document({"history_keeps_up": keeping_up(backlog, flat)})
    assert (
        "999 MeterValues/s; 1,201 rows/s of 1,200 told, 0 lost; historian 10 % of a core, all processes 43 % |"
        in page
    )
    assert cell in page


def test_what_the_history_costs_is_told_of_both_sides_and_their_sum() -> None:
    growth = {"worker": [77.0] * 3, "csms": [70.0] * 3, "both": [70.0, 75.0, 80.0]}
    figures = {
        "machine": MACHINE,
        "us_a_call": {
            "off": {"worker": 50.0, "csms": 20.0, "both": 70.0},
            "on": {"worker": 55.0, "csms": 20.0, "both": 75.0},
        },
        "growth": {what: spread(on, [70.0] * 3) for what, on in growth.items()},
        "valid": True,
    }
    page = document({"history_cost": figures})
    assert "against without: worker | 1.10, with 95 % certainty 1.10 to 1.10; half of 3 rounds" in page
    assert "(55 / 50 µs) | ≤ 1.10 |" in page
    assert (
        "against without: both together | 1.07, with 95 % certainty 1.00 to 1.14; half of 3 rounds 1.04 to 1.11 (75 / 70 µs)"
        in page
    )


def test_what_one_station_more_uses_is_told_without_what_the_processes_use_anyway() -> None:
    steady = {"cpu_percent_all": 26.0, "calls_per_second": 700.0, "call_p99_seconds": 0.01, "valid": True}
    figures = {
        "machine": MACHINE,
        "stations": 10_000,
        "command_to_running_seconds": 7.0,
        "steady": steady,
        "few": {"cpu_percent_all": 6.2},
        "cpu_a_station_against_hundred": 0.13,
        "memory_kib_a_station": {"worker-1": 11.7},
    }
    page = document({"ten_thousand": figures})
    assert "for one station more, from 100 on | 20 µs a second |" in page


def in_containers(worker_cpu: float) -> dict[str, Any]:
    cpu = {"worker-1": worker_cpu, "worker-2": 3.0, "csms-1": 2.0, "historian-1": 20.0, "prometheus-1": 5.0}
    return {
        "cpu_percent": cpu,
        "cpu_percent_all": sum(cpu.values()),
        "calls_per_second": 700.0,
        "memory_mib": dict.fromkeys(cpu, 50.0),
        "call_p99_seconds": 0.01,
        "loop_lag_p99_seconds": 0.01,
        "valid": True,
    }


def test_the_swarm_in_containers_is_told_by_service_and_apart_from_what_watches_it() -> None:
    figures = {
        "machine": MACHINE,
        "stations": 10_000,
        "workers": 2,
        "csms": 1,
        "command_to_running_seconds": 9.0,
        "to_none_seconds": 2.0,
        "steady": in_containers(worker_cpu=8.0),
        "empty": in_containers(worker_cpu=1.0),
        "audit": {"transactions": 812, "not_compared": 0},
    }
    page = document({compose.STEP: figures})
    assert "10,000 stations in containers, 2 worker(s), 1 central system(s)" in page
    assert "| 13 % of a core (6 % without stations), 700 calls/s | ≤ 60 % |" in page
    assert "| 38 % of a core (31 % without stations): csms 2, historian 20, prometheus 5, worker 11 |" in page
    assert "| 250 MiB: csms 50, historian 50, prometheus 50, worker 100 |" in page
    assert "812, all in both books" in page


def test_the_published_figures_make_a_page() -> None:
    assert document(json.loads(RESULTS.read_text())).count("\n| ") > 5
