"""A game day: things really go wrong in a running swarm, the alerts fire, things are mended, the alerts clear.

The rules are the real ones with short windows. The steps build on one another; each begins and ends with calm.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from evswarm_cli.ports import free_port
from tools.panel_check.local_stack import LocalStack
from tools.panel_check.prometheus_server import Prometheus
from tools.panel_check.quick_rules import write_quick_rules
from tools.panel_check.stage import RULES

STATIONS = 12
SETTINGS = {
    "EVSWARM_LEASE_SECONDS": "4",
    "EVSWARM_CALL_TIMEOUT_SECONDS": "1",
    "EVSWARM_RECONNECT_CEILING_SECONDS": "2",
    "EVSWARM_CSMS_HEARTBEAT_INTERVAL_SECONDS": "1",
}

pytestmark = pytest.mark.timeout(300)


class GameDay:
    """A running swarm and the Prometheus that watches it."""

    def __init__(self, stack: LocalStack, prometheus: Prometheus) -> None:
        self.stack = stack
        self.prometheus = prometheus

    def fires(self, *alerts: str) -> None:
        """Wait until these alerts fire, all at once."""
        self.stack.wait(
            lambda: set(alerts) <= self.prometheus.firing(), f"{', '.join(alerts)} do not fire", 60
        )
        print(f"fired: {', '.join(sorted(self.prometheus.firing()))}")

    def clears(self) -> None:
        """Wait until every station runs and no alert fires any more."""
        self.stack.wait_for_running(STATIONS)
        self.stack.wait(
            lambda: not self.prometheus.firing(), "the alerts do not clear; at least one goes on", 90
        )


@pytest.fixture(scope="module")
def game(prometheus_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GameDay]:
    folder: Path = tmp_path_factory.mktemp("rules")
    with LocalStack(STATIONS, **SETTINGS) as stack:
        for number in (1, 2):
            stack.service("worker", f"worker-{number}")
        stack.wait_for_running(STATIONS)
        with Prometheus(stack.url, free_port(), write_quick_rules(RULES, folder)) as prometheus:
            stack.wait(
                lambda: len(prometheus.query('up{job="worker"} == 1')) == 2, "both workers are not scraped"
            )
            yield GameDay(stack, prometheus)


def test_a_central_system_that_goes_away_makes_stations_storm_and_be_missed(game: GameDay) -> None:
    game.clears()
    game.stack.kill("csms")
    game.fires("ReconnectStorm", "StationsBelowDesired")
    game.stack.service("csms")
    game.clears()


def test_a_central_system_that_hangs_makes_calls_fail(game: GameDay) -> None:
    game.clears()
    game.stack.send("csms", signal.SIGSTOP)
    try:
        game.fires("OcppFailureRatioHigh")
    finally:
        game.stack.send("csms", signal.SIGCONT)
    game.clears()


def test_a_worker_that_is_killed_is_missed_until_another_takes_its_place(game: GameDay) -> None:
    game.clears()
    game.stack.kill("worker-1")
    game.fires("WorkerDown")
    # Its stations have moved, but the fleet is smaller: that is still news.
    game.stack.wait_for_running(STATIONS)
    game.fires("WorkerDown")
    game.stack.service("worker", "worker-3")
    game.clears()


def test_a_worker_that_ends_in_order_is_not_missed(game: GameDay) -> None:
    game.clears()
    game.stack.end("worker-3")
    game.stack.wait(
        lambda: len(game.stack.get("/workers")["workers"]) == 1, "the worker does not give its lease back"
    )
    game.stack.wait_for_running(STATIONS)
    (lost,) = game.prometheus.query('max(evswarm_workers{state="lost"})')
    assert lost["value"][1] == "0"


def test_a_controller_that_is_gone_is_missed(game: GameDay) -> None:
    game.stack.end("controller")
    game.stack.wait(lambda: "ControllerDown" in game.prometheus.firing(), "ControllerDown does not fire")
    game.stack.service("controller")
    game.clears()
