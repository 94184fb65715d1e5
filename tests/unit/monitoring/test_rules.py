"""Rules, alerts, promtool's tests of them and the runbook belong together."""

import re

import pytest

from evswarm_shared.telemetry.catalogue import CATALOGUE, SAMPLES_PER_TARGET
from tests.support.machine import ROOT
from tests.unit.monitoring.files import Rule, faults_of, names_in, read_rule_tests, read_rules
from tools.panel_check.queries import all_queries, every_dashboard, read_dashboards

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
ALERTS = [rule for rule in read_rules() if rule.is_alert]
RECORDED = [rule for rule in read_rules() if not rule.is_alert]


def by_name(rule: Rule) -> str:
    return rule.name


@pytest.mark.parametrize("rule", read_rules(), ids=by_name)
def test_a_rule_asks_only_for_what_exists(rule: Rule) -> None:
    assert faults_of(rule.expr, {recorded.name for recorded in RECORDED}) == []


def test_no_two_rules_have_one_name() -> None:
    names = [rule.name for rule in read_rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", RECORDED, ids=by_name)
def test_a_recorded_series_is_named_well_used_and_tested(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z_]+:[a-z0-9_]+:[a-z0-9_]+", rule.name)
    users = [other.expr for other in read_rules() if other is not rule]
    users += [query.expr for query in all_queries(read_dashboards().values())]
    assert any(rule.name in names_in(expr) for expr in users)
    tested = {
        name
        for test in read_rule_tests()
        for t in test.get("promql_expr_test", ())
        for name in names_in(t["expr"])
    }
    assert rule.name in tested


@pytest.mark.parametrize("alert", ALERTS, ids=by_name)
def test_an_alert_says_what_it_means_and_where_to_read_on(alert: Rule) -> None:
    assert alert.body["labels"].keys() == {"severity"}
    assert alert.body["labels"]["severity"] in ("critical", "warning")
    annotations = alert.body["annotations"]
    assert annotations.keys() == {"summary", "description", "runbook_url"}
    assert annotations["runbook_url"] == f"docs/runbook.md#{alert.name.lower()}"


@pytest.mark.parametrize("alert", ALERTS, ids=by_name)
def test_an_alert_is_tested_to_fire_to_stay_quiet_and_without_its_series(alert: Rule) -> None:
    tests = [test for test in read_rule_tests() if test["name"].startswith(f"{alert.name}: ")]
    fires = [bool(case["exp_alerts"]) for test in tests for case in test["alert_rule_test"]]
    assert {case["alertname"] for test in tests for case in test["alert_rule_test"]} == {alert.name}
    assert True in fires
    assert False in fires or "absent(up" in alert.expr
    assert any("absent" in test["name"] for test in tests)


def test_the_runbook_has_a_section_for_every_alert_and_for_nothing_else() -> None:
    sections = re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE)
    assert sections == [alert.name for alert in ALERTS]


@pytest.mark.parametrize("alert", ALERTS, ids=by_name)
def test_a_section_says_what_it_means_what_to_look_at_and_what_to_do(alert: Rule) -> None:
    section = RUNBOOK.partition(f"\n## {alert.name}\n")[2].partition("\n## ")[0]
    for part in ("**Means**", "**Look at**", "**Do**"):
        assert part in section


def test_every_metric_is_shown_or_alerted_on() -> None:
    asked = set[str]()
    for expr in [query.expr for query in all_queries(read_dashboards().values())] + [
        r.expr for r in read_rules()
    ]:
        asked |= names_in(expr)
    unseen = [spec.name for spec in CATALOGUE if not asked & set(spec.sample_names())]
    assert unseen == []


def test_the_runbook_calls_dashboards_and_panels_by_their_names() -> None:
    panels = {board["title"]: {panel["title"] for panel in board["panels"]} for board in every_dashboard()}
    text = RUNBOOK.replace("**", "").replace("\n", " ")
    named = re.findall(r"\*([^*]+)\*", text)
    assert named
    assert set(named) <= panels.keys() | set().union(*panels.values())
    placed = re.findall(r"\*([^*]+)\* › \*([^*]+)\*", text)
    assert placed
    assert [(board, panel) for board, panel in placed if panel not in panels[board]] == []


def test_the_budget_of_the_alert_is_that_of_the_catalogue() -> None:
    (budget,) = [alert for alert in ALERTS if alert.name == "CardinalityBudget"]
    assert budget.expr.endswith(f"> {SAMPLES_PER_TARGET}")
