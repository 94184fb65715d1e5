"""A station's log over the API: lines and calls in one order, filtered, as files, and followed."""

import asyncio
import csv
import json
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from evswarm_controller.historian_client import HistorianClient
from evswarm_controller.log_entries import LogFilter
from evswarm_controller.log_reading import follow_log, new_lines
from evswarm_shared.history.log_lines import stamped
from tests.support.history import Tape, message
from tests.unit.controller.desk import Desk

ID = "CP-000001"
AT = 1_800_000_000.0


def call(action: str = "Heartbeat", at: str = "2027-01-15T08:00:01.500Z", **changes: Any) -> dict[str, Any]:
    """A message as the historian answers it."""
    return {
        "id": f"{action} {at}",
        "at": at,
        "station_id": ID,
        "side": "station",
        "direction": "from_station",
        "action": action,
        "unique_id": "u1",
        "outcome": "answered",
        "round_trip_ms": 2.5,
        "error_code": "",
        "request": {"meterValue": 7},
        "response": {},
        "run_id": "r",
    } | changes


def played(swarm: Desk, *calls: dict[str, Any], error: Exception | None = None) -> list[httpx.URL]:
    """Let the historian answer with these, newest first as it does; the addresses it was asked at."""
    asked: list[httpx.URL] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if error is not None:
            raise error
        page = json.dumps({"items": calls[::-1], "next_cursor": None}).encode()
        return httpx.Response(200, stream=httpx.ByteStream(page))

    historian = HistorianClient("http://historian", transport=httpx.MockTransport(respond))
    object.__setattr__(swarm.context, "historian", historian)
    return asked


async def log(swarm: Desk, *lines: str) -> None:
    """The station writes these, a second apart."""
    worker = swarm.workers[0]
    written = tuple(stamped(AT + second, f"[10:00:{second:02d}] {line}") for second, line in enumerate(lines))
    await worker.publish([worker.rows[ID]], written)


async def read(swarm: Desk, query: str = "") -> dict[str, Any]:
    answer = await swarm.client.get(f"/stations/{ID}/logs{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_lines_and_calls_stand_in_the_order_in_which_they_happened(swarm: Desk) -> None:
    asked = played(swarm, call())
    await log(swarm, "Connected", "Boot accepted; heartbeat every 60 s", "Connection lost: reset")
    body = await read(swarm)
    assert body["logs"] == [
        "[10:00:00] Connected",
        "[10:00:01] Boot accepted; heartbeat every 60 s",
        "[10:00:02] Connection lost: reset",
    ]
    assert (body["station_id"], body["count"], body["messages"]) == (ID, 3, "kept")
    assert [(entry["kind"], entry["level"], entry["at"]) for entry in body["entries"]] == [
        ("connection", "info", AT),
        ("boot", "info", AT + 1),
        ("call", "info", AT + 1.5),
        ("connection", "warning", AT + 2),
    ]
    told = body["entries"][2]
    assert told["text"] == "→ Heartbeat answered in 2.5 ms"
    assert (told["unique_id"], told["round_trip_ms"], told["request"]) == ("u1", 2.5, {"meterValue": 7})
    assert dict(asked[0].params) == {"station": ID, "limit": "50"}


async def test_calls_bear_the_time_of_the_stations_own_clock(swarm: Desk) -> None:
    played(swarm, call())
    clock = swarm.context.observer.desired.clock
    assert clock.simulated(AT + 1.5) == AT + 1.5
    body = await read(swarm)
    assert body["entries"][-1]["time"] == "08:00:01"


async def test_calls_before_time_ran_at_its_present_pace_bear_no_time_of_the_station(swarm: Desk) -> None:
    await swarm.client.patch("/conditions", json={"clock_factor": 600})
    swarm.clock.at += 10
    began = swarm.context.observer.desired.clock.real_origin
    late = datetime.fromtimestamp(began + 1, UTC).isoformat()
    played(swarm, call(at="2027-01-15T08:00:00.500Z"), call("Reset", late))
    calls = (await read(swarm, "?kind=call"))["entries"]
    assert calls[0]["time"] == ""
    assert calls[1]["time"] == f"{datetime.fromtimestamp(began + 600, UTC):%H:%M:%S}"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?kind=call", ["→ Heartbeat answered in 2.5 ms", "← Reset not answered"]),
        ("?kind=line", ["Connected", "Boot accepted", "Connection lost: reset"]),
        ("?kind=boot,connection", ["Connected", "Boot accepted", "Connection lost: reset"]),
        ("?level=warning", ["Connection lost: reset", "← Reset not answered"]),
        ("?action=Reset", ["← Reset not answered"]),
        ("?direction=from_station", ["→ Heartbeat answered in 2.5 ms"]),
        ("?text=METERVALUE", ["→ Heartbeat answered in 2.5 ms"]),
        ("?text=boot", ["Boot accepted"]),
    ],
)
async def test_only_what_was_asked_for_is_among_the_entries(
    swarm: Desk, query: str, found: list[str]
) -> None:
    reset = call("Reset", "2027-01-15T08:00:03.000Z", direction="to_station", outcome="unanswered")
    played(swarm, call(), reset | {"round_trip_ms": None, "request": {}})
    await log(swarm, "Connected", "Boot accepted", "Connection lost: reset")
    body = await read(swarm, query)
    assert [entry["text"] for entry in body["entries"]] == found
    assert body["count"] == 3


@pytest.mark.parametrize(
    ("query", "asked_for"),
    [
        ("?level=warning", [{"status": "failed"}]),
        ("?level=error", [{"status": "malformed"}]),
        ("?text=alpha", [{}, {"text": "alpha"}]),
        ("?text=→", [{}]),
        ("?text=alpha&level=warning", [{"status": "failed"}, {"status": "failed", "text": "alpha"}]),
    ],
)
async def test_what_is_wanted_is_looked_for_in_all_calls(
    swarm: Desk, query: str, asked_for: list[dict[str, str]]
) -> None:
    asked = played(swarm)
    await read(swarm, query)
    assert [dict(url.params) for url in asked] == [
        {"station": ID, "limit": "50"} | each for each in asked_for
    ]


async def test_a_text_is_found_in_old_calls_by_its_words_and_in_the_last_ones_by_any_part(
    swarm: Desk,
) -> None:
    times = [f"2027-01-15T08:00:0{second}.000Z" for second in range(4)]
    calls = [
        call(at=at, request={"data": data})
        for at, data in zip(times, ("alpha", "x", "alphabet", "alpha"), strict=True)
    ]

    def respond(request: httpx.Request) -> httpx.Response:
        by_word = [each for each in calls if each["request"]["data"] == "alpha"]
        found = (by_word if "text" in request.url.params else calls)[-int(request.url.params["limit"]) :]
        page = json.dumps({"items": found[::-1]}).encode()
        return httpx.Response(200, stream=httpx.ByteStream(page))

    historian = HistorianClient("http://historian", transport=httpx.MockTransport(respond))
    object.__setattr__(swarm.context, "historian", historian)

    async def found(limit: int) -> list[float]:
        entries = (await read(swarm, f"?text=alpha&limit={limit}"))["entries"]
        return [entry["at"] - AT for entry in entries]

    assert await found(3) == [0, 2, 3]
    assert await found(2) == [2, 3]


async def test_without_a_historian_the_lines_come_alone_and_say_so(swarm: Desk) -> None:
    played(swarm, error=httpx.ConnectError("refused"))
    await log(swarm, "Connected")
    body = await read(swarm)
    assert (body["messages"], [entry["text"] for entry in body["entries"]]) == ("away", ["Connected"])


async def test_who_wants_no_calls_asks_no_historian(swarm: Desk) -> None:
    asked = played(swarm, call())
    await read(swarm, "?kind=line")
    await read(swarm, "?limit=0")
    assert asked == []


async def test_a_log_is_taken_away_as_a_file_named_by_station_and_time(swarm: Desk) -> None:
    played(swarm, call())
    await log(swarm, "Connected")
    path = f"/stations/{ID}/logs?format="
    answer = await swarm.client.get(path + "csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = answer.headers["content-disposition"]
    assert name.startswith(f'attachment; filename="{ID}-logs-2027')
    assert name.endswith('Z.csv"')
    table = list(csv.DictReader(answer.text.splitlines()))
    assert [(line["at"], line["kind"], line["text"]) for line in table] == [
        ("2027-01-15T08:00:00.000Z", "connection", "Connected"),
        ("2027-01-15T08:00:01.500Z", "call", "→ Heartbeat answered in 2.5 ms"),
    ]
    assert (table[0]["action"], table[1]["action"], table[1]["request"]) == (
        "",
        "Heartbeat",
        '{"meterValue":7}',
    )
    played(swarm, call())
    entries = (await swarm.client.get(path + "json")).json()
    assert (entries[0]["station_id"], entries[1]["request"]) == (ID, {"meterValue": 7})
    played(swarm, call())
    lines = (await swarm.client.get(path + "jsonl&kind=call")).text.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["call"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?kind=nonsense", "kind"),
        ("?follow=true&format=csv", "format"),
        ("?follow=perhaps", "follow"),
        # That the form is refused shows that it was understood.
        ("?follow&format=csv", "format"),
        ("?follow=&format=csv", "format"),
        ("?follow=1&format=csv", "format"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_field(swarm: Desk, query: str, field: str) -> None:
    answer = await swarm.client.get(f"/stations/{ID}/logs{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("query", ["", "?follow=false", "?follow=0"])
async def test_who_does_not_follow_gets_what_is_there(swarm: Desk, query: str) -> None:
    await log(swarm, "Connected")
    answer = await swarm.client.get(f"/stations/{ID}/logs{query}")
    assert (answer.status_code, answer.json()["count"]) == (200, 1)


@pytest.mark.parametrize(
    ("shown", "lines", "fresh"),
    [
        ([], ["a"], ["a"]),
        (["a", "b"], ["a", "b"], []),
        (["a", "b"], ["b", "c"], ["c"]),
        (["a", "a"], ["a", "a", "a"], ["a"]),
        (["a"], ["x", "y"], ["x", "y"]),
    ],
)
def test_only_lines_that_were_not_shown_are_new(shown: list[str], lines: list[str], fresh: list[str]) -> None:
    assert list(new_lines(shown, lines)) == fresh


async def test_who_follows_gets_what_is_kept_and_then_each_line_and_call(
    swarm: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evswarm_controller.log_reading.LOOK_SECONDS", 0)
    hub = swarm.context.hub
    await log(swarm, "Connected")
    stream = follow_log(swarm.context, ID, LogFilter())
    assert await anext(stream) == "[10:00:00] Connected\n"
    assert hub.followers == 1
    hub.tail.take(Tape().entry(message(station=ID), message(station="CP-000002")))
    assert (await anext(stream)).endswith("→ Heartbeat answered in 1.5 ms\n")
    await log(swarm, "Connected", "Boot accepted")
    hub.logged((ID,))
    assert (await anext(stream)).splitlines()[-1] == "[10:00:01] Boot accepted"
    waiting = asyncio.ensure_future(anext(stream, None))
    await asyncio.sleep(0)
    swarm.context.fleet.remove([ID])
    assert await waiting is None
    assert (hub.followers, hub.tail.watched) == (0, False)


async def test_who_goes_is_followed_for_no_longer(swarm: Desk) -> None:
    await log(swarm, "Connected")
    stream = follow_log(swarm.context, ID, LogFilter())
    async with aclosing(stream):
        await anext(stream)
    assert (swarm.context.hub.followers, swarm.context.hub.tail.watched) == (0, False)


async def test_a_followed_log_ends_with_the_controller(swarm: Desk) -> None:
    await log(swarm, "Connected")
    stream = follow_log(swarm.context, ID, LogFilter())
    await anext(stream)
    swarm.context.hub.ending = True
    assert [line async for line in stream] == []
