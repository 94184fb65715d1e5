"""The history routes, with a historian that is played."""

import asyncio
import logging
from collections.abc import AsyncGenerator, MutableMapping
from typing import Any

import httpx
import pytest

from evswarm_controller.api.history import PassedOn
from evswarm_controller.historian_client import HistorianClient
from evswarm_shared.bus.messages import HistoryStream
from evswarm_shared.history.records import EventKind, EventRecord, RunRecord, decode_batch
from tests.unit.controller.desk import Desk


def played(swarm: Desk, answer: httpx.Response | Exception) -> list[httpx.Request]:
    """Let the historian answer this; the requests it got."""
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    historian = HistorianClient("http://historian", transport=httpx.MockTransport(respond))
    object.__setattr__(swarm.context, "historian", historian)
    return asked


def streamed(content: bytes, media_type: str) -> httpx.Response:
    """An answer that comes as a stream."""
    return httpx.Response(200, stream=httpx.ByteStream(content), headers={"content-type": media_type})


async def test_a_question_is_passed_on_and_its_answer_back(swarm: Desk) -> None:
    asked = played(swarm, streamed(b'{"items":[{"id":"1"}],"next_cursor":null}', "application/json"))
    answer = await swarm.client.get("/history/messages?station=CP-1&action=Heartbeat&text=a+b&tags=full")
    assert answer.json() == {"items": [{"id": "1"}], "next_cursor": None}
    (request,) = asked
    assert request.url.path == "/history/messages"
    assert dict(request.url.params) == {
        "station": "CP-1",
        "action": "Heartbeat",
        "text": "a b",
        "tags": "full",
    }


async def test_a_stations_history_is_about_that_station(swarm: Desk) -> None:
    asked = played(swarm, streamed(b"{}", "application/json"))
    await swarm.client.get("/stations/CP-9/history?topic=transactions&station=CP-1")
    assert (asked[0].url.path, asked[0].url.params["station"]) == ("/history/transactions", "CP-9")
    assert "topic" not in asked[0].url.params


async def test_an_export_has_a_name_with_station_and_time(swarm: Desk) -> None:
    played(swarm, streamed(b"a,b\r\n", "text/csv"))
    answer = await swarm.client.get('/stations/CP"1/history?topic=logs&format=csv')
    assert answer.content == b"a,b\r\n"
    assert answer.headers["content-type"].startswith("text/csv")
    name = answer.headers["content-disposition"]
    assert name.startswith('attachment; filename="evswarm-logs-CP_1-2')
    assert name.endswith('Z.csv"')


async def test_what_the_historian_breaks_off_has_no_end_here_either(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"id\r\n"
        raise httpx.RemoteProtocolError("peer closed connection")

    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return await asyncio.Future()

    with caplog.at_level(logging.WARNING):
        await PassedOn(broken(), media_type="text/csv")({"type": "http"}, receive, send)
    assert [message.get("more_body") for message in sent] == [None, True]
    assert caplog.messages == ["the historian broke off an answer: peer closed connection"]


@pytest.mark.parametrize(
    "path",
    [
        "/history/messages?status=odd",
        "/history/logs?level=odd",
        "/history/logs?limit=9999",
        "/history/logs?format=xls",
    ],
)
async def test_a_wrong_filter_is_refused_here(swarm: Desk, path: str) -> None:
    assert (await swarm.client.get(path)).status_code == 422


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (httpx.ConnectError("refused"), 503, "evswarm historian"),
        (httpx.Response(503, json={"detail": "the database does not answer"}), 503, "the database"),
        (httpx.Response(501, json={"detail": "Parquet needs the library"}), 501, "Parquet"),
        (httpx.Response(422, json={"field": "since", "detail": "give RFC 3339"}), 422, "since"),
        (httpx.Response(500, text="oops"), 500, "says no more"),
    ],
)
async def test_a_refusal_is_a_problem(
    swarm: Desk, answer: httpx.Response | Exception, status: int, said: str
) -> None:
    played(swarm, answer)
    got = await swarm.client.get("/history/logs")
    assert got.status_code == status
    assert got.headers["content-type"] == "application/problem+json"
    assert said in got.json()["detail"]


async def facts(swarm: Desk) -> list[object]:
    """What the controller has told the historian since the last time."""
    await swarm.context.history.recorder.flush()
    entries = await swarm.context.bus.read_history(HistoryStream.FACTS, 100)
    return [record for entry in entries for record in decode_batch(entry.data).records]


async def test_runs_prices_and_scaling_are_told(swarm: Desk) -> None:
    swarm.context.history.look()
    told = await facts(swarm)
    assert any(isinstance(record, RunRecord) for record in told)
    await swarm.client.post("/pricing", json={"price": 0.5})
    await swarm.client.post("/stations/scale", json={"count": 3})
    events = [record for record in await facts(swarm) if isinstance(record, EventRecord)]
    assert {event.kind for event in events} >= {EventKind.PRICE, EventKind.SCALE}
    swarm.context.history.look()
    swarm.context.history.look()
    assert len([record for record in await facts(swarm) if isinstance(record, RunRecord)]) <= 1
