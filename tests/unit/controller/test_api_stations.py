"""The routes about stations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from evswarm_controller.api import stations as stations_api
from evswarm_controller.api.schemas import NewStationRequest
from evswarm_shared.bus.messages import Command, CommandOutcome, CommandReply, CommandTarget, StationState
from tests.unit.controller.desk import Desk, open_desk, row


@asynccontextmanager
async def answering(
    desk: Desk, target: CommandTarget, process_id: str, **reply: Any
) -> AsyncIterator[list[Command]]:
    """A process that answers each command the same way; yields the commands it got."""
    got: list[Command] = []
    bus = desk.context.bus
    async with bus.commands(target, process_id) as commands, asyncio.TaskGroup() as tasks:

        async def answer() -> None:
            async for command in commands:
                got.append(command)
                await bus.reply(command.reply_to, CommandReply(command_id=command.command_id, **reply))

        running = [tasks.create_task(answer()), tasks.create_task(desk.context.router.run())]
        yield got
        for task in running:
            task.cancel()


async def test_stations_are_listed_in_the_documented_shape(swarm: Desk) -> None:
    worker = swarm.workers[0]
    await worker.publish(
        [
            row(
                "CP-000001",
                worker_id="w1",
                state=StationState.CHARGING,
                connectors=("Charging", "Available"),
                transactions=1,
                power_w=7400,
                session_wh=1500,
                energy_mwh=2_500_000,
                earnings_micro=750_000,
                last_message="MeterValues",
                last_message_at=1_800_000_000.25,
                changed_at=0.0,
            )
        ]
    )
    await swarm.look()
    answer = await swarm.client.get("/stations", params={"limit": 1})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["total"], body["next_cursor"] is None) == (20, False)
    assert body["stations"] == [
        {
            "station_id": "CP-000001",
            "status": "Charging",
            "running": True,
            "charging": True,
            "connectors": ["Charging", "Available"],
            "transactions": 1,
            "power_kw": 7.4,
            "session_kwh": 1.5,
            "energy_kwh": 2.5,
            "earnings": 0.75,
            "worker_id": "w1",
            "profile": "home",
            "last_message": "MeterValues",
            "last_message_at": "2027-01-15T08:00:00.250Z",
            "changed_at": None,
        }
    ]
    assert (await swarm.client.get("/stations/CP-000001")).json() == body["stations"][0]


async def test_pages_are_turned_with_the_cursor(swarm: Desk) -> None:
    seen: list[str] = []
    params: dict[str, str] = {"limit": "6", "sort": "power_kw", "dir": "desc"}
    while params.get("cursor", "") is not None:
        body = (await swarm.client.get("/stations", params=params)).json()
        seen += [s["station_id"] for s in body["stations"]]
        params["cursor"] = body["next_cursor"]
    assert seen == [f"CP-{i:06d}" for i in range(1, 21)]


async def test_a_thousand_stations_come_unless_asked() -> None:
    async with open_desk(stations=1005) as desk:
        await desk.add_worker("w1")
        await desk.settle()
        body = (await desk.client.get("/stations")).json()
    assert (len(body["stations"]), body["total"]) == (1000, 1005)
    assert body["next_cursor"]


@pytest.mark.parametrize(
    ("params", "total"),
    [
        ({"worker": "w1"}, 10),
        ({"status": "running"}, 20),
        ({"status": "charging,faulted"}, 0),
        ({"q": "00001"}, 11),
        ({"profile": "home"}, 20),
        ({"profile": "depot"}, 0),
    ],
)
async def test_stations_are_filtered(swarm: Desk, params: dict[str, str], total: int) -> None:
    assert (await swarm.client.get("/stations", params=params)).json()["total"] == total


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"status": "flying"}, "status"),
        ({"sort": "colour"}, "sort"),
        ({"dir": "up"}, "dir"),
        ({"profile": "castle"}, "profile"),
    ],
)
async def test_a_bad_query_is_answered_with_the_field(
    swarm: Desk, params: dict[str, str], field: str
) -> None:
    answer = await swarm.client.get("/stations", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [e["field"] for e in answer.json()["errors"]] == [field]


async def test_scaling_answers_at_once_with_an_operation_to_follow(swarm: Desk) -> None:
    answer = await swarm.client.post(
        "/stations/scale", json={"count": 30, "profile": "depot", "ramp_per_second": 5}
    )
    operation = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/operations/{operation['operation_id']}"
    assert (operation["kind"], operation["generation"], operation["state"]) == ("scale", 2, "running")
    assert swarm.context.observer.desired.ramp_per_second == 5
    await swarm.settle()
    later = (await swarm.client.get(answer.headers["location"])).json()
    assert (later["state"], later["done"], later["target"]) == ("succeeded", 10, 10)
    assert (await swarm.client.get("/totals")).json()["stations"] == 30


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "count"),
        ({"count": -1}, "count"),
        ({"count": 1.5}, "count"),
        ({"count": "7"}, "count"),
        ({"count": 1_000_001}, "count"),
        ({"count": 1, "profile": "castle"}, "profile"),
        ({"count": 1, "ramp_per_second": 0}, "ramp_per_second"),
        ({"count": 1, "more": 2}, "more"),
        ([], "body"),
    ],
)
async def test_a_bad_scale_command_changes_nothing(swarm: Desk, body: object, field: str) -> None:
    answer = await swarm.client.post("/stations/scale", json=body)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == [field]
    assert swarm.context.observer.desired.generation == 1


async def test_an_operation_that_never_was_is_unknown(swarm: Desk) -> None:
    answer = await swarm.client.get("/operations/scale-0")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


async def settle_soon(desk: Desk) -> None:
    """Wait for the wish, then make it true."""
    generation = desk.context.observer.desired.generation
    while desk.context.observer.desired.generation == generation:  # noqa: ASYNC110 -- the wish is a plain value
        await asyncio.sleep(0)
    await desk.settle()


async def test_stopping_answers_with_the_stopped_station_and_starting_with_the_running_one(
    swarm: Desk,
) -> None:
    for verb, status, running in (("stop", "Stopped", False), ("start", "Available", True)):
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(
                swarm.client.post(f"/stations/{verb}", json={"station_id": "CP-000004"})
            )
            tasks.create_task(settle_soon(swarm))
        answer = asked.result()
        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["running"]) == (status, running)


async def test_a_station_that_takes_its_time_is_answered_with_an_operation(
    swarm: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stations_api, "SETTLE_SECONDS", 0.0)
    answer = await swarm.client.post("/stations/stop", json={"station_id": "CP-000004"})
    assert answer.status_code == 202
    assert answer.headers["location"].startswith("/operations/stop-")
    assert answer.json()["station_ids"] == ["CP-000004"]


async def test_starting_what_runs_is_answered_at_once(swarm: Desk) -> None:
    answer = await swarm.client.post("/stations/start", json={"station_id": "CP-000004"})
    assert (answer.status_code, answer.json()["running"]) == (200, True)
    assert swarm.context.observer.desired.generation == 1


@pytest.mark.parametrize("verb", ["start", "stop"])
async def test_a_station_that_is_not_there_cannot_be_started_or_stopped(swarm: Desk, verb: str) -> None:
    answer = await swarm.client.post(f"/stations/{verb}", json={"station_id": "CP-000021"})
    assert answer.status_code == 404
    assert "CP-000021" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/stations/NOPE", "/stations/NOPE/logs"])
async def test_an_unknown_station_is_not_found(swarm: Desk, path: str) -> None:
    answer = await swarm.client.get(path)
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no station NOPE.",
    }


async def test_a_hand_action_goes_to_the_worker_and_its_answer_comes_back(swarm: Desk) -> None:
    async with answering(
        swarm,
        CommandTarget.WORKER,
        "w2",
        outcome=CommandOutcome.DONE,
        payload=msgspec.Raw(msgspec.json.encode(row("CP-000015", worker_id="w2", power_w=7400))),
    ) as got:
        answer = await swarm.client.post(
            "/stations/CP-000015/actions/authorize", json={"connector_id": 1, "id_tag": "TAG"}
        )
    assert answer.status_code == 200
    assert (answer.json()["station_id"], answer.json()["power_kw"]) == ("CP-000015", 7.4)
    (command,) = got
    assert (command.station_id, command.action) == ("CP-000015", "authorize")
    assert msgspec.json.decode(command.payload) == {"connector_id": 1, "id_tag": "TAG"}
    assert command.expires_at > swarm.clock()


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (CommandOutcome.UNKNOWN_STATION, 404),
        (CommandOutcome.NOT_CONNECTED, 409),
        (CommandOutcome.REFUSED, 409),
        (CommandOutcome.INVALID, 422),
        (CommandOutcome.TIMEOUT, 504),
    ],
)
async def test_what_a_worker_refuses_is_a_problem_with_its_words(
    swarm: Desk, outcome: CommandOutcome, status: int
) -> None:
    async with answering(swarm, CommandTarget.WORKER, "w1", outcome=outcome, description="no car there"):
        answer = await swarm.client.post("/stations/CP-000001/actions/unplug", json={})
    assert (answer.status_code, answer.json()["detail"]) == (status, "no car there")


async def test_a_worker_that_does_not_listen_is_a_conflict(swarm: Desk) -> None:
    async with answering(swarm, CommandTarget.WORKER, "another", outcome=CommandOutcome.DONE):
        answer = await swarm.client.post("/stations/CP-000001/actions/plug_in", json={})
    assert answer.status_code == 409


async def test_an_answer_that_does_not_come_is_a_gateway_timeout() -> None:
    async with open_desk(stations=2, command_timeout_seconds=0.001) as desk:
        await desk.add_worker("w1")
        await desk.settle()
        async with asyncio.TaskGroup() as tasks:
            router = tasks.create_task(desk.context.router.run())
            async with desk.context.bus.commands(CommandTarget.WORKER, "w1"):
                answer = await desk.client.post("/stations/CP-000001/actions/plug_in", json={})
            router.cancel()
    assert answer.status_code == 504


async def test_a_station_without_a_living_worker_takes_no_hand_action(swarm: Desk) -> None:
    swarm.workers.clear()
    await swarm.pass_time(20)
    answer = await swarm.client.post("/stations/CP-000001/actions/plug_in", json={})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("dance", {}, "action"),
        ("plug_in", {"connector_id": "1"}, "connector_id"),
        ("authorize", {"id_tag": "x" * 21}, "id_tag"),
        ("fault", {"error_code": "Bored"}, "error_code"),
        ("plug_in", {"speed": 3}, "speed"),
        ("press_stop", {"reason": "Bored"}, "reason"),
        ("add_to_cache", {"status": "Fine"}, "status"),
        ("set_configuration", {"key": "k" * 51}, "key"),
        ("set_autonomous", {}, "action"),
    ],
)
async def test_a_bad_hand_action_names_the_field(
    swarm: Desk, action: str, body: dict[str, object], field: str
) -> None:
    answer = await swarm.client.post(f"/stations/CP-000001/actions/{action}", json=body)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == [field]


# --- stations created by name -------------------------------------------------------------------------------


async def _wish(desk: Desk, method: str, path: str, body: dict[str, object] | None = None) -> httpx.Response:
    async with asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(desk.client.request(method, path, json=body))
        tasks.create_task(settle_soon(desk))
    return asked.result()


async def test_a_station_is_created_answers_when_it_runs_and_goes_when_it_is_deleted(swarm: Desk) -> None:
    configuration = {
        "ConnectionTimeOut": "30",
        "DisplayLanguage": "nl",
        "SupportedFileTransferProtocols": "HTTP",
    }
    body: dict[str, object] = {
        "station_id": "GARAGE-7",
        "csms_url": "wss://example.org/ocpp",
        "connectors": 3,
        "configuration": configuration,
        "autonomous": False,
        "security_profile": 1,
        "authorization_key": "0123456789abcdef",
    }
    answer = await _wish(swarm, "POST", "/stations", body)
    assert (answer.status_code, answer.json()["station_id"], answer.json()["running"]) == (
        201,
        "GARAGE-7",
        True,
    )
    (spec,) = swarm.context.observer.desired.individuals
    assert (spec.csms_url, spec.connectors, spec.autonomous) == ("wss://example.org/ocpp", 3, False)
    assert spec.configuration == configuration
    assert (spec.security_profile, spec.authorization_key) == (1, "0123456789abcdef")
    assert (await swarm.client.post("/stations", json=body)).status_code == 409
    answer = await _wish(swarm, "DELETE", "/stations/GARAGE-7")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await swarm.client.get("/stations/GARAGE-7")).status_code == 404
    assert (await swarm.client.delete("/stations/GARAGE-7")).status_code == 404


async def test_creating_and_deleting_that_takes_its_time_is_an_operation_that_ends(
    swarm: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stations_api, "SETTLE_SECONDS", 0.0)
    for method, path, body in (
        ("POST", "/stations", {"station_id": "GARAGE-7"}),
        ("DELETE", "/stations/GARAGE-7", None),
    ):
        answer = await swarm.client.request(method, path, json=body)
        assert answer.status_code == 202
        await swarm.settle()
        followed = (await swarm.client.get(answer.headers["location"])).json()
        assert (followed["state"], followed["done"]) == ("succeeded", 1)


async def test_a_numbered_station_is_neither_created_nor_deleted(swarm: Desk) -> None:
    created = await swarm.client.post("/stations", json={"station_id": "CP-000099"})
    deleted = await swarm.client.delete("/stations/CP-000001")
    assert created.status_code == deleted.status_code == 409
    assert "scale the swarm" in deleted.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "station_id"),
        ({"station_id": "a/b"}, "station_id"),
        ({"station_id": "."}, "station_id"),
        ({"station_id": ".."}, "station_id"),
        ({"station_id": "a" * 49}, "station_id"),
        ({"station_id": "." + "a" * 48}, "station_id"),
        ({"station_id": ".." + "a" * 47}, "station_id"),
        ({"station_id": "A", "csms_url": "http://x"}, "csms_url"),
        ({"station_id": "A", "csms_url": "ws://[::1"}, "csms_url"),
        ({"station_id": "A", "csms_url": "ws://host:99999"}, "csms_url"),
        ({"station_id": "A", "csms_url": "ws://:9000"}, "csms_url"),
        ({"station_id": "A", "csms_tls_url": "wss://[x]"}, "csms_tls_url"),
        ({"station_id": "A", "root_certificates": "nonsense"}, "root_certificates"),
        ({"station_id": "A", "security_profile": 3, "client_certificate": "nonsense"}, "client_certificate"),
        ({"station_id": "A", "connectors": 0}, "connectors"),
        ({"station_id": "A", "configuration": {"Colour": "red"}}, "configuration.Colour"),
        (
            {"station_id": "A", "connectors": 2, "configuration": {"NumberOfConnectors": "3"}},
            "configuration.NumberOfConnectors",
        ),
        (
            {"station_id": "A", "profile": "depot", "configuration": {"DisplayLanguage": "nl"}},
            "configuration.DisplayLanguage",
        ),
        ({"station_id": "A", "security_profile": 4}, "security_profile"),
        ({"station_id": "A", "authorization_key": "short"}, "authorization_key"),
        ({"station_id": "A", "colour": "red"}, "colour"),
    ],
)
async def test_a_station_that_cannot_be_is_not_created(
    swarm: Desk, body: dict[str, object], field: str
) -> None:
    answer = await swarm.client.post("/stations", json=body)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == [field]
    assert swarm.context.observer.desired.individuals == ()


@pytest.mark.parametrize(
    "station_id", ["a", ".a", "..a", "...", "a.", "a" * 48, "." + "a" * 47, ".." + "a" * 46]
)
def test_points_in_an_identity_are_letters_as_others(station_id: str) -> None:
    assert NewStationRequest(station_id=station_id).station_id == station_id


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("HeartbeatInterval", "0", "HeartbeatInterval takes a whole number from 1 to 2147483647, not '0'."),
        ("LocalPreAuthorize", "yes", "LocalPreAuthorize takes true or false, not 'yes'."),
        ("MeterValuesSampledData", "Energy", "MeterValuesSampledData takes at most 16 measurands"),
        ("AuthorizationKey", "short", "AuthorizationKey takes 16 to 40 printable ASCII characters."),
        ("DisplayLanguage", "", "DisplayLanguage takes a text that is not empty, not ''."),
    ],
)
async def test_a_preset_value_that_its_key_does_not_take_is_refused_with_what_it_takes(
    swarm: Desk, key: str, value: str, sentence: str
) -> None:
    answer = await swarm.client.post("/stations", json={"station_id": "A", "configuration": {key: value}})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == f"configuration.{key}"
    assert error["message"].startswith(sentence)


async def test_a_station_is_left_to_the_hand_by_its_worker(swarm: Desk) -> None:
    after = msgspec.Raw(msgspec.json.encode(row("CP-000001", worker_id="w1")))
    async with answering(
        swarm, CommandTarget.WORKER, "w1", outcome=CommandOutcome.DONE, payload=after
    ) as got:
        answer = await swarm.client.patch("/stations/CP-000001", json={"autonomous": False})
    assert answer.status_code == 200
    (command,) = got
    assert (command.action, bytes(command.payload)) == ("set_autonomous", b'{"autonomous":false}')
    assert (await swarm.client.patch("/stations/CP-000001", json={})).status_code == 422
