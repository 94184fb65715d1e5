"""The smoke test of Grafana, against one that is played."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tools.generate.sessions_dashboard import queries
from tools.grafana_smoke import problems, save_pictures
from tools.panel_check.queries import every_dashboard


class PlayedGrafana:
    """Answers as Grafana's HTTP API does. What is wrong with it is said by its fields."""

    def __init__(self, boards: list[dict[str, Any]]) -> None:
        self.boards = {board["uid"]: board for board in boards}
        self.missing = ""
        self.provisioned = True
        self.answer: dict[str, Any] = {"frames": [{"data": {"values": [[1], [2.0]]}}]}
        self.renderer = False
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/api/health":
            return httpx.Response(200, json={"database": "ok"})
        if path == "/api/search":
            return httpx.Response(200, json=[{"uid": uid} for uid in self.boards if uid != self.missing])
        if path.startswith("/api/dashboards/uid/"):
            board = self.boards[path.rpartition("/")[2]]
            return httpx.Response(200, json={"meta": {"provisioned": self.provisioned}, "dashboard": board})
        if path == "/api/ds/query":
            body = json.loads(request.content)
            self.asked += body["queries"]
            return httpx.Response(200, json={"results": {"A": self.answer}})
        if path == "/api/frontend/settings":
            return httpx.Response(200, json={"rendererAvailable": self.renderer})
        if path.startswith("/render/d/"):
            return httpx.Response(200, content=b"\x89PNG", headers={"content-type": "image/png"})
        return httpx.Response(404)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self), base_url="http://grafana")


@pytest.fixture
def grafana() -> PlayedGrafana:
    return PlayedGrafana(every_dashboard())


def found(grafana: PlayedGrafana) -> list[str]:
    with grafana.client() as client:
        return list(problems(client, list(grafana.boards.values())))


def test_a_grafana_that_is_well_has_no_problems_and_is_asked_every_panel(grafana: PlayedGrafana) -> None:
    assert found(grafana) == []
    targets = sum(
        len(panel.get("targets", ())) for board in grafana.boards.values() for panel in board["panels"]
    )
    assert len(grafana.asked) > targets
    assert not any("$" in query.get("expr", "") for query in grafana.asked)


def test_the_history_is_asked_every_question_of_its_dashboard_itself(grafana: PlayedGrafana) -> None:
    found(grafana)
    in_sql = [query for query in grafana.asked if "rawSql" in query]
    assert [query["rawSql"] for query in in_sql] == list(queries().values())
    assert {query["datasource"]["uid"] for query in in_sql} == {"evswarm-history"}
    grafana.missing = "evswarm-sessions"
    assert found(grafana) == ["Sessions: not provisioned"]


def test_a_dashboard_that_is_missing_or_was_made_by_hand_is_told(grafana: PlayedGrafana) -> None:
    grafana.missing = "evswarm-overview"
    grafana.provisioned = False
    lines = found(grafana)
    assert "Swarm overview: not provisioned" in lines
    assert (
        len([line for line in lines if "not from the provisioned files" in line]) == len(grafana.boards) - 1
    )


def test_a_query_without_data_is_told_unless_it_shows_only_trouble(grafana: PlayedGrafana) -> None:
    grafana.answer = {"frames": []}
    lines = found(grafana)
    assert "Swarm overview / Power: no data" in lines
    assert not [line for line in lines if "Time-outs" in line]
    assert "Sessions / Latest sessions: no data" in lines
    assert "Sessions / Duration: no data" not in lines


def test_a_query_that_fails_is_told_with_grafanas_words(grafana: PlayedGrafana) -> None:
    grafana.answer = {"error": "bad_data: parse error"}
    assert all("parse error" in line for line in found(grafana))


def test_pictures_are_saved_where_there_is_a_renderer(grafana: PlayedGrafana, tmp_path: Path) -> None:
    boards = list(grafana.boards.values())
    with grafana.client() as client:
        assert save_pictures(client, boards, tmp_path) == []
        grafana.renderer = True
        saved = save_pictures(client, boards, tmp_path)
    assert sorted(path.name for path in saved) == sorted(f"{uid}.png" for uid in grafana.boards)
