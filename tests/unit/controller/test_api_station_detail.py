"""One station in detail."""

import json
from typing import Any

import httpx
import msgspec
import pytest

from evswarm_controller.api.detail_schemas import PowerHistory, StationDetail
from evswarm_controller.historian_client import HistorianClient
from evswarm_shared.bus.messages import CommandOutcome, CommandTarget, HistoryStream
from evswarm_shared.history.records import EventRecord, decode_batch
from tests.support.station_rig import charging_rig
from tests.unit.controller.desk import Desk
from tests.unit.controller.test_api_stations import answering

PROFILE = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 7,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}],
        },
    },
}


def described() -> bytes:
    """A station with a bit of everything, as a worker tells of it."""
    rig = charging_rig()
    rig.command("SetChargingProfile", PROFILE)
    rig.command(
        "ReserveNow",
        {
            "connectorId": 2,
            "expiryDate": "2027-01-01T00:00:00.000Z",
            "idTag": "TAG-2",
            "reservationId": 5,
        },
    )
    rig.command("GetDiagnostics", {"location": "ftp://files.example/in/"})
    rig.command(
        "UpdateFirmware", {"location": "http://x.example/b-2.bin", "retrieveDate": "2030-01-01T00:00:00.000Z"}
    )
    rig.command(
        "SendLocalList",
        {
            "listVersion": 3,
            "updateType": "Full",
            "localAuthorizationList": [{"idTag": "A", "idTagInfo": {"status": "Accepted"}}],
        },
    )
    return msgspec.json.encode(rig.station.detail(rig.now, schedule_seconds=3600, full_tags=False))


def every_model(model: Any) -> list[Any]:
    """The model and those that it is made of."""
    found = [model]
    for field in model.model_fields.values():
        for part in getattr(field.annotation, "__args__", (field.annotation,)):
            if hasattr(part, "model_fields"):
                found += every_model(part)
    return found


def test_what_a_worker_tells_is_what_the_documents_say_field_by_field() -> None:
    told = json.loads(described())
    StationDetail.model_validate(told, strict=False)

    def compare(model: Any, value: Any) -> None:
        if isinstance(value, list):
            assert value, f"{model.__name__}: nothing to compare"
            value = value[0]
        assert set(value) == set(model.model_fields), model.__name__
        for name, field in model.model_fields.items():
            for part in getattr(field.annotation, "__args__", (field.annotation,)):
                if hasattr(part, "model_fields") and value[name] is not None:
                    compare(part, value[name])

    compare(StationDetail, told)
    assert len(every_model(StationDetail)) > 10
    assert told["local_list"] == {"version": 3, "entries": 1}


async def test_detail_is_what_the_stations_worker_says(swarm: Desk) -> None:
    content = described()
    async with answering(
        swarm, CommandTarget.WORKER, "w1", outcome=CommandOutcome.DONE, payload=msgspec.Raw(content)
    ) as got:
        answer = await swarm.client.get("/stations/CP-000001/detail?schedule_hours=2&tags=full")
    assert (answer.status_code, answer.content) == (200, content)
    assert got[0].action == "describe"
    assert msgspec.json.decode(got[0].payload) == {"schedule_seconds": 7200, "full_tags": True}


async def test_looking_at_a_station_is_not_told_to_the_history(swarm: Desk) -> None:
    async with answering(
        swarm, CommandTarget.WORKER, "w1", outcome=CommandOutcome.DONE, payload=msgspec.Raw(b"{}")
    ):
        await swarm.client.get("/stations/CP-000001/detail")
    await swarm.context.history.recorder.flush()
    entries = await swarm.context.bus.read_history(HistoryStream.FACTS, 100)
    records = [record for entry in entries for record in decode_batch(entry.data).records]
    assert not [each for each in records if isinstance(each, EventRecord) and each.name == "describe"]


async def test_detail_of_an_unknown_station_and_of_one_without_a_worker_are_problems(swarm: Desk) -> None:
    assert (await swarm.client.get("/stations/NOBODY/detail")).status_code == 404
    assert (await swarm.client.get("/stations/CP-000001/detail?schedule_hours=999")).status_code == 422
    swarm.clock.at += 1000
    await swarm.look()
    answer = await swarm.client.get("/stations/CP-000001/detail")
    assert answer.status_code == 409
    assert "no living worker" in answer.json()["detail"]


def played(desk: Desk, answers: dict[str, Any]) -> list[httpx.Request]:
    """A historian that answers each topic (with a kind, for lines) with these items."""
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        topic = request.url.path.rsplit("/", 1)[1]
        answer = answers.get(request.url.params.get("kind", topic), [])
        cursor = None if isinstance(answer, list) else "1"
        page = {"items": answer if isinstance(answer, list) else [], "next_cursor": cursor}
        return httpx.Response(200, stream=httpx.ByteStream(msgspec.json.encode(page)))

    object.__setattr__(
        desk.context,
        "historian",
        HistorianClient("http://historian", transport=httpx.MockTransport(respond)),
    )
    return asked


async def test_power_and_limit_come_from_the_history_of_that_station(swarm: Desk) -> None:
    asked = played(
        swarm,
        {
            "messages": [
                {
                    "at": "2026-11-22T10:00:10.000Z",
                    "request": {
                        "connectorId": 1,
                        "meterValue": [
                            {"sampledValue": [{"value": "7400", "measurand": "Power.Active.Import"}]}
                        ],
                    },
                }
            ],
            "transaction": [
                {
                    "at": "2026-11-22T10:00:00.000Z",
                    "text": "[10:00:00] Transaction started: connector 1, tag **, up to 22.0 kW",
                }
            ],
            "policy": [{"at": "2026-11-22T10:00:05.000Z", "text": "[10:00:05] Connector 1 offers 7.4 kW"}],
        },
    )
    answer = await swarm.client.get("/stations/CP-000001/power?minutes=5")
    read = PowerHistory.model_validate(answer.json())
    assert read.complete
    assert [value for _, value in read.connectors[0].power_kw] == [7.4]
    assert [value for _, value in read.connectors[0].limit_kw] == [22.0, 7.4]
    assert all(request.url.params["station"] == "CP-000001" for request in asked)
    assert (read.until - read.since).total_seconds() == 300


async def test_a_chart_of_too_much_says_that_it_is_not_complete(swarm: Desk) -> None:
    asked = played(swarm, {"messages": "without end"})
    answer = await swarm.client.get("/stations/CP-000001/power")
    assert answer.json()["complete"] is False
    assert len([request for request in asked if request.url.path.endswith("messages")]) == 4


async def test_without_a_history_there_is_a_problem_and_no_empty_chart(swarm: Desk) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    object.__setattr__(
        swarm.context,
        "historian",
        HistorianClient("http://historian", transport=httpx.MockTransport(refuse)),
    )
    answer = await swarm.client.get("/stations/CP-000001/power")
    assert answer.status_code == 503
    assert "evswarm historian" in answer.json()["detail"]


@pytest.mark.parametrize("minutes", [0, 1441, "many"])
async def test_a_span_that_makes_no_sense_is_refused(swarm: Desk, minutes: object) -> None:
    assert (await swarm.client.get(f"/stations/CP-000001/power?minutes={minutes}")).status_code == 422
