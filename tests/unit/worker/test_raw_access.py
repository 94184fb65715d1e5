"""Raw access to a station's connection: what is sent, what is recognised as its answer, and what the station hears."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from evswarm_shared.bus.memory import MemoryBus
from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply
from evswarm_worker.commands import LISTENED_TO, CommandService
from evswarm_worker.host import StationHost
from evswarm_worker.raw_access import AWAITED
from evswarm_worker.share import StationPlan
from evswarm_worker.station.effects import Send
from evswarm_worker.station.errors import StationActionError
from tests.unit.worker.fakes import FakeStation
from tests.unit.worker.test_host import HostLink, Shell

HEARTBEAT = b'[2,"raw-1","Heartbeat",{}]'
ANSWER = b'[3,"raw-1",{"currentTime":"2026-01-01T00:00:00Z"}]'


class TimedShell(Shell):
    """A shell whose time a test sets."""

    time = 1000.0

    def now(self) -> float:
        return self.time


class Desk:
    """A connected station and the hand that sends on its connection."""

    def __init__(self) -> None:
        self.shell = TimedShell()
        self.station = FakeStation()
        self.host = self.shell.host(StationPlan("CP-000001", 1, {}), self.station)
        self.host.link = HostLink(self.shell.did)
        self.hosts = {"CP-000001": self.host}
        self.service = CommandService(
            MemoryBus(), "w1", self.hosts, lambda: self.shell.now(), lambda host: "TAG1"
        )

    async def ask(self, action: str, payload: object, *, station_id: str = "CP-000001") -> CommandReply:
        command = Command("c1", station_id, action, msgspec.Raw(json.dumps(payload).encode()), 1e12, "asker")
        reply = await self.service.carry_out(command)
        assert reply is not None
        return reply

    async def messages(self, **wanted: object) -> list[dict[str, Any]]:
        reply = await self.ask("messages", wanted)
        assert reply.outcome is CommandOutcome.DONE, reply
        items: list[dict[str, Any]] = msgspec.json.decode(reply.payload)["messages"]
        return items

    async def send(self, *heard: bytes, **wanted: object) -> dict[str, Any]:
        """Send while the central system says `heard`; what is reported."""
        asking = asyncio.create_task(self.ask("send", wanted))
        await asyncio.sleep(0)
        for frame in heard:
            self.host.link_message(frame)
        reply = await asking
        assert reply.outcome is CommandOutcome.DONE, reply
        report: dict[str, Any] = msgspec.json.decode(reply.payload)
        return report


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ({"frame": '[2,"x'}, b'[2,"x'),
        ({"frame": ""}, b""),
        ({"json": [3, "nobody asked", {}]}, b'[3, "nobody asked", {}]'),
        ({"json": "text"}, b'"text"'),
        ({"json": None}, b"null"),
        ({"action": "Heartbeat", "unique_id": "raw-1", "wait_seconds": 0}, HEARTBEAT),
    ],
)
async def test_a_frame_leaves_as_it_is_asked_for(wanted: dict[str, object], sent: bytes) -> None:
    desk = Desk()
    report = await desk.send(**wanted)
    assert desk.shell.did == [("send", sent)]
    assert (report["sent"], report["outcome"], report["answer"]) == (sent.decode(), "sent", None)


async def test_the_answer_to_a_raw_call_is_told_and_never_reaches_the_station() -> None:
    desk = Desk()
    other = b'[2,"7","Reset",{"type":"Soft"}]'
    report = await desk.send(other, ANSWER, action="Heartbeat", unique_id="raw-1")
    assert (report["outcome"], report["unique_id"], report["answer"]) == (
        "answered",
        "raw-1",
        ANSWER.decode(),
    )
    assert report["round_trip_ms"] >= 0
    assert desk.station.inputs == [("receive", other)]


@pytest.mark.parametrize("answer", [b'[4,"raw-1","InternalError","",{}]', b'[3,"raw-1"]'])
async def test_a_refusal_or_a_broken_answer_is_told_as_an_error(answer: bytes) -> None:
    desk = Desk()
    report = await desk.send(answer, frame=HEARTBEAT.decode())
    assert (report["outcome"], report["answer"]) == ("error", answer.decode())
    assert desk.station.inputs == []


async def test_a_malformed_call_with_a_readable_id_waits_for_its_refusal() -> None:
    desk = Desk()
    report = await desk.send(b'[4,"raw-1","FormationViolation","",{}]', frame='[2,"raw-1","Heartbeat"]')
    assert report["outcome"] == "error"


async def test_a_late_answer_to_a_raw_call_is_still_none_of_the_stations_business() -> None:
    desk = Desk()
    report = await desk.send(action="Heartbeat", unique_id="raw-1", wait_seconds=0.001)
    assert report["outcome"] == "unanswered"
    desk.host.link_message(ANSWER)
    desk.host.link_message(ANSWER)
    assert desk.station.inputs == [("receive", ANSWER)]


async def test_a_raw_call_with_the_id_of_the_stations_own_call_leaves_the_station_its_answer() -> None:
    desk = Desk()
    desk.station.in_flight = "raw-1"
    report = await desk.send(ANSWER, action="Heartbeat", unique_id="raw-1")
    assert report["outcome"] == "answered"
    assert desk.station.inputs == [("receive", ANSWER)]


async def test_the_end_of_the_connection_ends_the_wait() -> None:
    desk = Desk()
    asking = asyncio.create_task(desk.ask("send", {"action": "Heartbeat"}))
    await asyncio.sleep(0)
    desk.host.discard()
    assert msgspec.json.decode((await asking).payload)["outcome"] == "disconnected"


async def test_only_so_many_raw_calls_are_remembered() -> None:
    desk = Desk()
    for number in range(AWAITED + 1):
        await desk.send(action="Heartbeat", unique_id=str(number), wait_seconds=0)
    desk.host.link_message(b'[3,"0",{}]')
    desk.host.link_message(b'[3,"1",{}]')
    assert desk.station.inputs == [("receive", b'[3,"0",{}]')]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, "one of frame"),
        ({"frame": "x", "json": 1}, "one of frame"),
        ({"frame": "\ud800"}, "does not fit"),
        ({"json": 1, "unique_id": "1"}, "unique_id goes with action"),
        ({"action": "Heartbeat", "wait_seconds": 21}, "wait_seconds"),
        ({"fram": "x"}, "fram"),
    ],
)
async def test_what_cannot_be_sent_is_said(wanted: dict[str, object], words: str) -> None:
    desk = Desk()
    reply = await desk.ask("send", wanted)
    assert reply.outcome is CommandOutcome.INVALID
    assert words in reply.description
    assert desk.shell.did == []


@pytest.mark.parametrize("payload", [b"[" * 100_000, b'{"frame": "\xff"}', b"{", b"[]"])
async def test_a_payload_that_is_none_is_refused_and_harms_nobody(payload: bytes) -> None:
    desk = Desk()
    command = Command("c1", "CP-000001", "send", msgspec.Raw(payload), 1e12, "asker")
    reply = await desk.service.carry_out(command)
    assert reply is not None
    assert reply.outcome is CommandOutcome.INVALID


async def test_nothing_is_sent_without_a_connection() -> None:
    desk = Desk()
    desk.host.link = None
    reply = await desk.ask("send", {"frame": "x"})
    assert (reply.outcome, reply.description) == (
        CommandOutcome.REFUSED,
        "the station is not connected: nothing can be sent",
    )
    with pytest.raises(StationActionError):
        desk.host.send_raw(b"x")
    assert (await desk.ask("send", {"frame": "x"}, station_id="X")).outcome is CommandOutcome.UNKNOWN_STATION


async def test_frames_are_kept_from_the_first_question_on_with_their_round_trips() -> None:
    desk = Desk()
    desk.host.link_message(b'[2,"0","Reset",{"type":"Soft"}]')
    assert await desk.messages() == []
    desk.station.asks.append(Send(b'[2,"9","Authorize",{"idTag":"CAFE0001"}]'))
    desk.host.carry_out(desk.shell.now())
    desk.shell.time += 0.25
    desk.host.link_message(b'[3,"9",{"idTagInfo":{"status":"Accepted"}}]')
    desk.host.link_message(b"noise")
    call, result, noise = await desk.messages()
    assert (call["direction"], call["type"], call["action"]) == ("from_station", "CALL", "Authorize")
    assert call["frame"] == '[2,"9","Authorize",{"idTag":"******01"}]'
    assert (result["direction"], result["type"], result["action"]) == (
        "to_station",
        "CALLRESULT",
        "Authorize",
    )
    assert (call["round_trip_ms"], result["round_trip_ms"]) == (None, 250.0)
    assert (noise["type"], noise["frame"]) == ("malformed", "noise")
    assert "CAFE0001" in (await desk.messages(full_tags=True))[0]["frame"]
    assert len(await desk.messages(limit=2)) == 2


async def test_an_authorization_key_is_never_shown() -> None:
    desk = Desk()
    await desk.messages()
    for frame in (
        b'[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"0123456789abcdef"}]',
        b'[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"0123456789abcdef',
    ):
        desk.host.link_message(frame)
    assert "0123456789abcdef" not in json.dumps(await desk.messages(full_tags=True))


async def test_the_last_hundred_frames_are_kept_and_the_others_counted() -> None:
    desk = Desk()
    await desk.messages()
    for number in range(130):
        desk.host.link_message(b'[2,"%d","Reset",{}]' % number)
    report = msgspec.json.decode((await desk.ask("messages", {})).payload)
    assert (report["count"], report["dropped"]) == (100, 30)
    assert report["messages"][-1]["unique_id"] == "129"


async def test_frames_together_stay_within_their_bytes() -> None:
    desk = Desk()
    await desk.messages()
    for _ in range(8):
        desk.host.link_message(b"x" * 60_000)
    assert len(await desk.messages()) == 4


async def test_only_so_many_stations_are_listened_to_at_once() -> None:
    desk = Desk()
    hosts: list[StationHost] = []
    for number in range(LISTENED_TO + 1):
        station_id = f"S{number}"
        hosts.append(desk.shell.host(StationPlan(station_id, number, {}), FakeStation(station_id)))
        desk.hosts[station_id] = hosts[-1]
        await desk.ask("messages", {}, station_id=station_id)
    assert [host.raw is not None for host in hosts] == [False] + [True] * LISTENED_TO
