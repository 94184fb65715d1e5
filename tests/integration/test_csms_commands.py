"""Every command that a central system may send: from the API over the bus to a station that is not ours, and back.

API, controller parts and central system run in this process on the store in memory; the station is a raw WebSocket.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from evswarm_controller.api.command_examples import COMMAND_EXAMPLES
from evswarm_shared.bus.memory import MemoryStore
from tests.integration.test_csms_sockets import BOOT, PATIENCE, central_system
from tests.support.ocpp_peers.raw_connection import RawConnection, raw_station
from tests.unit.controller.desk import Desk, open_desk

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

ANSWERS: dict[str, dict[str, Any]] = {
    "CancelReservation": {"status": "Rejected"},
    "CertificateSigned": {"status": "Accepted"},
    "ChangeAvailability": {"status": "Scheduled"},
    "ChangeConfiguration": {"status": "RebootRequired"},
    "ClearCache": {"status": "Accepted"},
    "ClearChargingProfile": {"status": "Unknown"},
    "DataTransfer": {"status": "Accepted", "data": "hello"},
    "DeleteCertificate": {"status": "NotFound"},
    "ExtendedTriggerMessage": {"status": "Accepted"},
    "GetCompositeSchedule": {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": "2027-01-01T12:00:00Z",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7400.0}],
        },
    },
    "GetConfiguration": {"unknownKey": ["HeartbeatInterval"]},
    "GetDiagnostics": {"fileName": "diagnostics.zip"},
    "GetInstalledCertificateIds": {
        "status": "Accepted",
        "certificateHashData": [
            {
                "hashAlgorithm": "SHA256",
                "issuerNameHash": HASH,
                "issuerKeyHash": HASH,
                "serialNumber": "2a",
            }
        ],
    },
    "GetLocalListVersion": {"listVersion": -1},
    "GetLog": {"status": "Accepted", "filename": "security.log"},
    "InstallCertificate": {"status": "Failed"},
    "RemoteStartTransaction": {"status": "Accepted"},
    "RemoteStopTransaction": {"status": "Rejected"},
    "ReserveNow": {"status": "Occupied"},
    "Reset": {"status": "Accepted"},
    "SendLocalList": {"status": "VersionMismatch"},
    "SetChargingProfile": {"status": "NotSupported"},
    "SignedUpdateFirmware": {"status": "InvalidCertificate"},
    "TriggerMessage": {"status": "NotImplemented"},
    "UnlockConnector": {"status": "UnlockFailed"},
    "UpdateFirmware": {},
}


@dataclass
class Stage:
    """A controller, a central system, and where stations connect."""

    desk: Desk
    url: str


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    store = MemoryStore()
    async with central_system(store) as listening, open_desk(store) as desk:
        routing = asyncio.create_task(desk.context.router.run())
        yield Stage(desk, f"ws://127.0.0.1:{listening.port}")
        routing.cancel()


async def booted(stage: Stage, station: RawConnection) -> None:
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    async with asyncio.timeout(PATIENCE):
        while await stage.desk.context.bus.csms_of(station.station_id) is None:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.01)


def test_every_command_has_an_answer_here() -> None:
    assert ANSWERS.keys() == COMMAND_EXAMPLES.keys()


async def test_every_command_reaches_the_station_and_its_answer_the_asker(stage: Stage) -> None:
    async with raw_station(stage.url, "PEER", answers=ANSWERS) as station:
        await booted(stage, station)
        for action, payload in COMMAND_EXAMPLES.items():
            answer = await stage.desk.client.post(f"/csms/stations/PEER/commands/{action}", json=payload)
            assert (action, answer.status_code, answer.json()) == (action, 200, ANSWERS[action])
            assert station.calls(action) == [payload]


async def test_wishes_are_applied_to_a_connected_station_and_reported(stage: Stage) -> None:
    async with raw_station(stage.url, "PEER", answers=ANSWERS) as station:
        await booted(stage, station)
        path = "/csms/stations/PEER/configuration"
        await stage.desk.client.put(path, json={"configuration": {"HeartbeatInterval": "120"}})
        async with asyncio.timeout(PATIENCE):
            while (report := (await stage.desk.client.get(path)).json()["report"]) is None:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.01)
    assert report["results"] == {"HeartbeatInterval": "RebootRequired"}
    assert station.calls("ChangeConfiguration") == [{"key": "HeartbeatInterval", "value": "120"}]


async def test_a_forgotten_station_is_disconnected_and_asked_to_boot_when_it_comes_back(stage: Stage) -> None:
    async with raw_station(stage.url, "PEER", answers=ANSWERS) as station:
        await booted(stage, station)
        assert (await stage.desk.client.delete("/csms/stations/PEER")).status_code == 204
        assert await station.closed() == 1008
    async with raw_station(stage.url, "PEER", answers=ANSWERS) as station:
        assert (await station.call("Heartbeat", {}))[2] == "SecurityError"
        await station.next_call("TriggerMessage", {"requestedMessage": "BootNotification"})


async def events_of(stage: Stage) -> list[dict[str, Any]]:
    """What the central system tells of the station; nothing while it does not know it yet."""
    answer = await stage.desk.client.get("/csms/stations/PEER/events")
    return list(answer.json()["events"]) if answer.is_success else []


async def test_boot_rules_count_at_once(stage: Stage) -> None:
    async with raw_station(stage.url, "PEER", answers=ANSWERS) as station:
        for status, expected in (("Pending", "Pending"), ("Rejected", "Rejected"), (None, "Accepted")):
            rules = [{"status": status, "station_id": "peer"}] if status else []
            await stage.desk.client.put("/csms/boot-rules", json={"rules": rules})
            assert (await station.call("BootNotification", BOOT))[2]["status"] == expected
        async with asyncio.timeout(PATIENCE):  # events are gathered for a moment
            while len(events := await events_of(stage)) < 3:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.01)
    assert [event["status"] for event in events] == ["Pending", "Rejected", "Accepted"]


async def test_a_tag_counts_from_the_next_message_on(stage: Stage) -> None:
    async with raw_station(stage.url, "PEER", answers=ANSWERS) as station:
        await booted(stage, station)
        for status in ("Blocked", "Accepted"):
            await stage.desk.client.put("/csms/tags/tag-1", json={"status": status})
            answer = await station.call("Authorize", {"idTag": "TAG-1"})
            assert answer[2]["idTagInfo"]["status"] == status
