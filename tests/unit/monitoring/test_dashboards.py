"""The dashboards as Grafana will read them."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.support.machine import ROOT
from tests.unit.monitoring.files import faults_of, read_rules
from tools.generate.dashboards import BOARDS, files
from tools.panel_check.queries import all_queries, filled, read_dashboards

NAMES = sorted(read_dashboards())
DATASOURCE = "evswarm-prometheus"
OTHER_PANELS = {"row"}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] not in OTHER_PANELS]


def datasources(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if "datasource" in value:
            yield value["datasource"]["uid"]
        for inner in value.values():
            yield from datasources(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from datasources(inner)


def test_there_are_the_six_dashboards_and_no_others() -> None:
    assert {f"grafana/dashboards/{name}" for name in NAMES} == files().keys()
    assert len(NAMES) == 6


@pytest.mark.parametrize("name", NAMES)
def test_grafanas_own_model_knows_every_key(name: str, boards: dict[str, dict[str, Any]]) -> None:
    again = JSONEncoder(sort_keys=True, indent=2).encode(Dashboard.from_json(boards[name]))
    assert json.loads(again) == boards[name]


@pytest.mark.parametrize("name", NAMES)
def test_panels_have_ids_of_their_own_and_do_not_overlap(
    name: str, boards: dict[str, dict[str, Any]]
) -> None:
    everything = boards[name]["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    taken = set[tuple[int, int]]()
    for panel in everything:
        position = panel["gridPos"]
        assert position["x"] + position["w"] <= 24
        cells = set(
            itertools.product(
                range(position["x"], position["x"] + position["w"]),
                range(position["y"], position["y"] + position["h"]),
            )
        )
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_draws_the_same_twice(name: str, boards: dict[str, dict[str, Any]]) -> None:
    for panel in panels(boards[name]):
        drawn = [target["expr"] for target in panel["targets"]]
        assert len(drawn) == len(set(drawn)), panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_everything_comes_from_the_provisioned_datasource(
    name: str, boards: dict[str, dict[str, Any]]
) -> None:
    assert set(datasources(boards[name])) == {DATASOURCE}
    for panel in panels(boards[name]):
        assert panel["datasource"]["uid"] == DATASOURCE


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_cannot_be_edited_and_leads_on(name: str, boards: dict[str, dict[str, Any]]) -> None:
    board = boards[name]
    assert board["editable"] is False
    assert board["graphTooltip"] == 1
    kinds = {link["type"] for link in board["links"]}
    assert kinds == {"dashboards", "link"}
    assert {a["name"] for a in board["annotations"]["list"]} == {"Alerts", "Price", "Scale"}
    for panel in panels(board):
        assert panel["description"].rstrip(".").count("?") >= 1, panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_queries_ask_only_for_what_exists(name: str, boards: dict[str, dict[str, Any]]) -> None:
    recorded = {rule.name for rule in read_rules() if not rule.is_alert}
    for query in all_queries([boards[name]]):
        expr = filled(query.expr, rate_interval="20s", time_range="900s")
        assert faults_of(expr, recorded) == [], query.place


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_used_and_every_used_one_is_there(
    name: str, boards: dict[str, dict[str, Any]]
) -> None:
    there = {variable["name"] for variable in boards[name]["templating"]["list"]}
    text = json.dumps(boards[name]["panels"]) + json.dumps(boards[name]["links"])
    for variable in ("worker", "action", "evswarm"):
        used = f"${variable}" in text or f"${{{variable}:raw}}" in text
        assert used == (variable in there), variable


def test_latency_panels_lead_to_the_messages_and_worker_rows_to_the_workers(
    boards: dict[str, dict[str, Any]],
) -> None:
    linked = {
        panel["title"]: {link["url"] for link in panel.get("links", ())}
        for board in boards.values()
        for panel in panels(board)
    }
    for title in ("Round trip of a call", "How long calls of stations take"):
        assert "${evswarm:raw}/ui/messages" in linked[title]
    (table,) = [p for board in boards.values() for p in panels(board) if p["type"] == "table"]
    (links,) = [
        setting["value"]
        for override in table["fieldConfig"]["overrides"]
        for setting in override["properties"]
        if setting["id"] == "links"
    ]
    assert links[0]["url"] == "${evswarm:raw}/ui/workers?worker=${__value.raw}"


def test_the_datasource_is_provisioned_read_only_with_the_scrape_interval() -> None:
    path = ROOT / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(path.read_text(encoding="utf-8"))["datasources"]
    scraping = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    assert source["uid"] == DATASOURCE
    assert source["editable"] is False
    assert source["jsonData"]["timeInterval"] == scraping["global"]["scrape_interval"]


def test_a_board_is_named_once() -> None:
    assert len({board.uid for board in BOARDS}) == len(BOARDS)
