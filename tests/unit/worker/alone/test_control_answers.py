"""What the control port of a station alone answers."""

from http import HTTPStatus
from typing import Any

import msgspec
import pytest

from evswarm_controller.api import views
from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply
from evswarm_worker.alone.control_answers import ControlAnswers, station_view
from tests.unit.worker.fakes import row


class Hand:
    """Takes commands and replies what a test says."""

    def __init__(self, *, outcome: CommandOutcome = CommandOutcome.DONE, payload: object = None) -> None:
        self.commands: list[Command] = []
        self.reply: CommandReply | None = CommandReply(
            "c", outcome, msgspec.Raw(msgspec.json.encode(payload)), description="why"
        )
        self.answers = ControlAnswers("CP 1", self.carry_out, lambda: row("CP 1"), lambda: ["a", "b"])

    async def carry_out(self, command: Command) -> CommandReply | None:
        self.commands.append(command)
        return self.reply

    async def ask(self, method: str, target: str, body: bytes = b"") -> tuple[int, Any]:
        answer = await self.answers.answer(method, target, body)
        return answer.status.value, msgspec.json.decode(answer.body)


def test_a_station_is_told_as_the_controllers_api_tells_it() -> None:
    snapshot = msgspec.structs.replace(row("CP1"), last_message="Heartbeat", last_message_at=1.5, power_w=11)
    assert station_view(snapshot) == views.station(snapshot)
    assert station_view(row("CP1")) == views.station(row("CP1"))


@pytest.mark.parametrize(
    ("method", "target", "body", "action", "payload"),
    [
        ("POST", "/actions/plug_in", b'{"connector_id": 2}', "plug_in", {"connector_id": 2}),
        ("POST", "/stations/CP%201/actions/open_door", b"", "open_door", None),
        ("PATCH", "/", b'{"autonomous": false}', "set_autonomous", {"autonomous": False}),
        ("PATCH", "/stations/CP%201", b'{"autonomous": true}', "set_autonomous", {"autonomous": True}),
    ],
)
async def test_a_hand_action_is_carried_out_and_answered_with_the_station(
    method: str, target: str, body: bytes, action: str, payload: object
) -> None:
    hand = Hand(payload=row("CP 1"))
    status, answer = await hand.ask(method, target, body)
    assert (status, answer["station_id"], answer["status"]) == (200, "CP 1", "Available")
    (command,) = hand.commands
    assert (command.station_id, command.action) == ("CP 1", action)
    assert msgspec.json.decode(command.payload) == payload


@pytest.mark.parametrize(
    ("method", "target", "action", "payload"),
    [
        ("GET", "/detail?schedule_hours=2", "describe", {"schedule_seconds": 7200, "full_tags": False}),
        ("GET", "/messages?limit=5&tags=full", "messages", {"limit": 5, "full_tags": True}),
        ("GET", "/stations/CP%201/messages", "messages", {"limit": 100, "full_tags": False}),
        ("POST", "/send", "send", {}),
    ],
)
async def test_what_the_station_tells_is_passed_on_as_it_is(
    method: str, target: str, action: str, payload: object
) -> None:
    hand = Hand(payload={"told": 1})
    assert await hand.ask(method, target) == (200, {"told": 1})
    assert (hand.commands[0].action, msgspec.json.decode(hand.commands[0].payload)) == (action, payload)


async def test_the_root_holds_state_and_detail_and_the_stations_path_what_the_api_has() -> None:
    hand = Hand(payload={"told": 1})
    status, whole = await hand.ask("GET", "/")
    assert (status, whole["station"]["station_id"], whole["detail"]) == (200, "CP 1", {"told": 1})
    assert (await hand.ask("GET", "/stations/CP%201"))[1] == whole["station"]
    assert (await hand.ask("GET", "/logs"))[1] == {"station_id": "CP 1", "logs": ["a", "b"], "count": 2}


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (CommandOutcome.REFUSED, HTTPStatus.CONFLICT),
        (CommandOutcome.INVALID, HTTPStatus.UNPROCESSABLE_ENTITY),
        (CommandOutcome.UNKNOWN_STATION, HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
async def test_what_was_not_done_is_a_problem_with_its_reason(
    outcome: CommandOutcome, status: HTTPStatus
) -> None:
    got, problem = await Hand(outcome=outcome).ask("POST", "/actions/unplug")
    assert got == problem["status"] == status
    assert problem["detail"]


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/nowhere", b"", 404),
        ("GET", "/stations/OTHER", b"", 404),
        ("GET", "/stations", b"", 404),
        ("DELETE", "/", b"", 405),
        ("GET", "/send", b"", 405),
        ("POST", "/send", b"{", 422),
        ("POST", "/send", b"\xff", 422),
        ("POST", "/send", b"[" * 100_000, 422),
    ],
)
async def test_what_is_not_there_is_said(method: str, target: str, body: bytes, status: int) -> None:
    hand = Hand()
    assert (await hand.ask(method, target, body))[0] == status
    assert hand.commands == []


async def test_before_the_station_runs_one_is_to_try_again() -> None:
    hand = Hand()
    hand.reply = None
    assert (await hand.ask("POST", "/actions/plug_in"))[0] == 503
