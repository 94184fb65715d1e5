"""Raw access to a station by API: what is handed to its worker, and how the history fills what passed before."""

from typing import Any

import msgspec
import pytest

from evswarm_controller.api.raw_access import FrameList, FrameSent
from evswarm_shared.bus.messages import CommandOutcome, CommandTarget
from tests.unit.controller.desk import Desk
from tests.unit.controller.test_api_station_detail import played
from tests.unit.controller.test_api_stations import answering

SENT = {
    "sent": "x",
    "sent_at": "2026-11-22T10:00:00.000Z",
    "unique_id": None,
    "outcome": "sent",
    "answer": None,
    "round_trip_ms": None,
}
WIRE = {
    "at": "2026-11-22T10:00:01.000Z",
    "direction": "from_station",
    "type": "CALL",
    "action": "Heartbeat",
    "unique_id": "3",
    "round_trip_ms": None,
    "raw": True,
    "source": "wire",
    "frame": '[2,"3","Heartbeat",{}]',
}


def exchange(at: str, unique_id: str, **changes: Any) -> dict[str, Any]:
    """A message as the historian tells it."""
    return {
        "at": at,
        "direction": "from_station",
        "action": "Heartbeat",
        "unique_id": unique_id,
        "outcome": "answered",
        "round_trip_ms": 4.0,
        "error_code": "",
        "request": {},
        "response": {"currentTime": "now"},
        **changes,
    }


@pytest.mark.parametrize(
    ("body", "handed"),
    [
        ({"frame": "[2,"}, {"frame": "[2,", "wait_seconds": 10.0, "full_tags": False}),
        (
            {"json": [2, "1"], "wait_seconds": 0, "full_tags": True},
            {"json": [2, "1"], "wait_seconds": 0, "full_tags": True},
        ),
        (
            {"action": "Heartbeat", "payload": [None]},
            {"action": "Heartbeat", "payload": [None], "wait_seconds": 10.0, "full_tags": False},
        ),
    ],
)
async def test_the_worker_is_handed_what_to_send(
    swarm: Desk, body: dict[str, Any], handed: dict[str, Any]
) -> None:
    content = msgspec.json.encode(SENT)
    async with answering(
        swarm, CommandTarget.WORKER, "w1", outcome=CommandOutcome.DONE, payload=msgspec.Raw(content)
    ) as got:
        answer = await swarm.client.post("/stations/CP-000001/send", json=body)
    assert FrameSent.model_validate(answer.json()).outcome == "sent"
    assert got[0].action == "send"
    assert msgspec.json.decode(got[0].payload) == handed


@pytest.mark.parametrize("body", [{}, {"frame": "x", "action": "Y"}, {"frame": "x", "wait_seconds": 21}])
async def test_a_body_that_is_none_of_the_three_is_refused(swarm: Desk, body: dict[str, Any]) -> None:
    assert (await swarm.client.post("/stations/CP-000001/send", json=body)).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"json": "\\ud800"}', "json"),
        (b'{"action": "A", "payload": {"\\ud800": 1}}', "payload"),
        (b'{"frame": "\\ud800"}', "TextFrame.frame"),
    ],
)
async def test_what_is_no_text_is_refused(swarm: Desk, body: bytes, field: str) -> None:
    answer = await swarm.client.post(
        "/stations/CP-000001/send", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_what_is_nested_without_end_is_refused(swarm: Desk) -> None:
    answer = await swarm.client.post(
        "/stations/CP-000001/send",
        content=b'{"json": ' + b"[" * 900 + b"]" * 900 + b"}",
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422


async def test_a_station_without_connection_sends_nothing(swarm: Desk) -> None:
    async with answering(
        swarm, CommandTarget.WORKER, "w1", outcome=CommandOutcome.REFUSED, description="not connected"
    ):
        answer = await swarm.client.post("/stations/CP-000001/send", json={"frame": "x"})
    assert (answer.status_code, answer.json()["detail"]) == (409, "not connected")
    assert (await swarm.client.post("/stations/NOBODY/send", json={"frame": "x"})).status_code == 404


async def test_frames_of_before_come_from_the_history_and_end_where_the_wire_begins(swarm: Desk) -> None:
    asked = played(
        swarm,
        {
            "messages": [
                exchange("2026-11-22T10:00:02.000Z", "4"),
                exchange("2026-11-22T09:59:59.998Z", "2"),
                exchange("2026-11-22T09:59:50.000Z", "1", outcome="error", error_code="InternalError"),
                exchange("2026-11-22T09:59:40.000Z", "0", outcome="unanswered", round_trip_ms=None),
                exchange("2026-11-22T09:59:30.000Z", "", outcome="malformed", request="noise", action=""),
            ]
        },
    )
    report = {
        "station_id": "CP-000001",
        "since": "2026-11-22T10:00:00.000Z",
        "dropped": 0,
        "count": 1,
        "messages": [WIRE],
    }
    async with answering(
        swarm,
        CommandTarget.WORKER,
        "w1",
        outcome=CommandOutcome.DONE,
        payload=msgspec.Raw(msgspec.json.encode(report)),
    ) as got:
        answer = await swarm.client.get("/stations/CP-000001/messages?limit=6&tags=full")
    read = FrameList.model_validate(answer.json())
    assert [(each.source, each.frame) for each in read.messages] == [
        ("history", "noise"),
        ("history", '[2,"0","Heartbeat",{}]'),
        ("history", '[2,"1","Heartbeat",{}]'),
        ("history", '[4,"1","InternalError","",{}]'),
        ("history", '[2,"2","Heartbeat",{}]'),
        ("wire", '[2,"3","Heartbeat",{}]'),
    ]
    assert [each.direction for each in read.messages][2:4] == ["from_station", "to_station"]
    assert msgspec.json.decode(got[0].payload) == {"limit": 6, "full_tags": True}
    parameters = asked[0].url.params
    assert (parameters["side"], parameters["tags"], parameters["until"]) == (
        "station",
        "full",
        report["since"],
    )


async def test_without_a_history_there_are_the_frames_of_the_wire(swarm: Desk) -> None:
    report = {
        "station_id": "CP-000001",
        "since": "2026-11-22T10:00:00.000Z",
        "dropped": 7,
        "count": 1,
        "messages": [WIRE],
    }
    async with answering(
        swarm,
        CommandTarget.WORKER,
        "w1",
        outcome=CommandOutcome.DONE,
        payload=msgspec.Raw(msgspec.json.encode(report)),
    ):
        answer = await swarm.client.get("/stations/CP-000001/messages")
    assert (answer.status_code, answer.json()["count"], answer.json()["dropped"]) == (200, 1, 7)
