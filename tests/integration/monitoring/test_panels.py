"""Every panel of every dashboard has something to show, asked of a real Prometheus that scrapes a real swarm."""

from collections.abc import Iterator

import pytest

from evswarm_cli.ports import free_port
from tools.panel_check.activity import be_busy
from tools.panel_check.checking import Finding, check
from tools.panel_check.local_stack import LocalStack
from tools.panel_check.prometheus_server import Prometheus
from tools.panel_check.queries import PanelQuery, all_queries, read_dashboards
from tools.panel_check.stage import RULES, busy_stack

BUSY_SECONDS = 40

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def stack(prometheus_binary: str) -> Iterator[LocalStack]:
    with busy_stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def prometheus(stack: LocalStack) -> Iterator[Prometheus]:
    with Prometheus(stack.url, free_port(), RULES) as prometheus:
        be_busy(stack, BUSY_SECONDS)
        yield prometheus


def told(findings: list[Finding]) -> list[str]:
    return [f"{f.query.board} / {f.query.place}: {f.wrong}: {f.query.expr}" for f in findings if f.wrong]


def test_every_panel_has_something_to_show(prometheus: Prometheus) -> None:
    findings = check(prometheus, all_queries(read_dashboards().values()), BUSY_SECONDS)
    assert len(findings) > 100
    assert told(findings) == []


def test_the_check_sees_a_query_that_does_not_parse_or_has_no_data(prometheus: Prometheus) -> None:
    broken = [PanelQuery("b", "p", "graph", expr) for expr in ("sum(", "evswarm_nothing", "0 / (up * 0)")]
    wrong = [finding.wrong for finding in check(prometheus, broken, 10)]
    assert wrong[0].startswith("does not parse")
    assert wrong[1] == "no data"
    assert "NaN" in wrong[2]
