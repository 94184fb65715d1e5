"""The routes to our CSMS."""

import msgspec
import pytest

from evswarm_shared.bus.messages import (
    CommandOutcome,
    CommandTarget,
    CsmsHeartbeat,
    StationRecord,
    TransactionRecord,
)
from tests.unit.controller.desk import Desk
from tests.unit.controller.test_api_stations import answering

PATH = "/csms/stations/CP-000001/commands/Reset"


async def connect(desk: Desk, station_id: str) -> None:
    await desk.context.bus.csms_heartbeat(CsmsHeartbeat(replica_id="c1"), 10.0)
    await desk.context.bus.station_connected("c1", station_id)


async def test_a_command_goes_to_the_replica_that_holds_the_connection(swarm: Desk) -> None:
    await connect(swarm, "CP-000001")
    async with answering(
        swarm,
        CommandTarget.CSMS,
        "c1",
        outcome=CommandOutcome.DONE,
        payload=msgspec.Raw(b'{"status":"Accepted"}'),
    ) as got:
        answer = await swarm.client.post(PATH, json={"type": "Soft"})
    assert (answer.status_code, answer.json()) == (200, {"status": "Accepted"})
    assert (got[0].action, msgspec.json.decode(got[0].payload)) == ("Reset", {"type": "Soft"})


async def test_a_station_that_is_not_ours_can_be_commanded(swarm: Desk) -> None:
    await connect(swarm, "VISITOR")
    async with answering(
        swarm, CommandTarget.CSMS, "c1", outcome=CommandOutcome.DONE, payload=msgspec.Raw(b"{}")
    ):
        answer = await swarm.client.post("/csms/stations/VISITOR/commands/ClearCache", json={})
    assert answer.status_code == 200


async def test_a_callerror_is_a_bad_gateway_with_its_code_and_description(swarm: Desk) -> None:
    await connect(swarm, "CP-000001")
    async with answering(
        swarm,
        CommandTarget.CSMS,
        "c1",
        outcome=CommandOutcome.CALL_ERROR,
        error_code="NotSupported",
        description="not here",
    ):
        answer = await swarm.client.post(PATH, json={"type": "Soft"})
    problem = answer.json()
    assert answer.status_code == 502
    assert (problem["error_code"], problem["description"]) == ("NotSupported", "not here")
    assert "NotSupported" in problem["detail"]


async def test_a_payload_that_ocpp_does_not_allow_is_unprocessable(swarm: Desk) -> None:
    await connect(swarm, "CP-000001")
    async with answering(
        swarm, CommandTarget.CSMS, "c1", outcome=CommandOutcome.INVALID, description="type: missing"
    ):
        answer = await swarm.client.post(PATH, json={})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "payload", "message": "type: missing"}]


async def test_a_known_station_that_is_not_connected_is_a_conflict(swarm: Desk) -> None:
    assert (await swarm.client.post(PATH, json={"type": "Soft"})).status_code == 409
    await swarm.context.bus.write_station(StationRecord(station_id="VISITOR", accepted=True))
    answer = await swarm.client.post("/csms/stations/VISITOR/commands/Reset", json={"type": "Soft"})
    assert answer.status_code == 409


async def test_a_station_that_nobody_knows_is_not_found(swarm: Desk) -> None:
    answer = await swarm.client.post("/csms/stations/NOPE/commands/Reset", json={"type": "Soft"})
    assert answer.status_code == 404


@pytest.mark.parametrize("action", ["Heartbeat", "BootNotification", "Dance"])
async def test_what_a_csms_does_not_send_is_unprocessable(swarm: Desk, action: str) -> None:
    answer = await swarm.client.post(f"/csms/stations/CP-000001/commands/{action}", json={})
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == ["action"]


async def test_a_payload_is_an_object(swarm: Desk) -> None:
    answer = await swarm.client.post(PATH, json=["Soft"])
    assert answer.status_code == 422


async def test_a_station_whose_clock_was_never_set_starts_in_1970(desk: Desk) -> None:
    record = TransactionRecord(
        transaction_id=0, station_id="CP-1", connector_id=1, id_tag="TAG", meter_start=10, started_at=0.0
    )
    await desk.context.bus.start_transaction(record, "key")
    [shown] = (await desk.client.get("/csms/transactions")).json()["transactions"]
    assert (shown["started_at"], shown["stopped_at"]) == ("1970-01-01T00:00:00.000Z", None)


@pytest.mark.parametrize(
    "body",
    ['{"vendorId": "\\ud800"}', '{"vendorId": ' + '{"a": ' * 900 + "1" + "}" * 901],
    ids=["half a character", "nested too deeply"],
)
async def test_a_payload_that_cannot_be_passed_on_is_refused(swarm: Desk, body: str) -> None:
    await connect(swarm, "CP-000001")
    answer = await swarm.client.post(
        PATH.replace("Reset", "DataTransfer"), content=body, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")


async def test_transactions_are_paged_newest_first(swarm: Desk) -> None:
    for number in range(3):
        record = TransactionRecord(
            transaction_id=0,
            station_id=f"CP-00000{number + 1}",
            connector_id=1,
            id_tag="TAG",
            meter_start=10,
            started_at=1_800_000_000.0,
        )
        await swarm.context.bus.start_transaction(record, f"key{number}")
    first = (await swarm.client.get("/csms/transactions", params={"limit": 2})).json()
    assert [t["transaction_id"] for t in first["transactions"]] == [3, 2]
    assert first["transactions"][0] == {
        "transaction_id": 3,
        "station_id": "CP-000003",
        "connector_id": 1,
        "id_tag": "TAG",
        "meter_start": 10,
        "meter_stop": None,
        "last_meter_wh": None,
        "started_at": "2027-01-15T08:00:00.000Z",
        "stopped_at": None,
        "reason": None,
        "open": True,
        "flags": [],
    }
    params = {"limit": 2, "before": first["next_before"]}
    second = (await swarm.client.get("/csms/transactions", params=params)).json()
    assert [t["transaction_id"] for t in second["transactions"]] == [1]
    assert second["next_before"] is None
    only = (
        await swarm.client.get("/csms/transactions", params={"station_id": "CP-000002", "open": "true"})
    ).json()
    assert [t["transaction_id"] for t in only["transactions"]] == [2]
