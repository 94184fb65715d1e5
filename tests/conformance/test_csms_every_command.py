"""Every command of OCPP 1.6 and of the security extension, from our central system to a station that is not ours."""

import asyncio
import json
from typing import Any

import pytest

from evswarm_shared.bus.messages import CommandOutcome
from tests.conformance.command_sender import CommandSender
from tests.conformance.conftest import CentralSystem
from tests.support.ocpp_peers.raw_connection import raw_station

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
NOON = "2026-11-22T12:00:00.000Z"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n"
HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "00" * 32,
    "issuerKeyHash": "11" * 32,
    "serialNumber": "2a",
}
LIMITS = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11000.5}]}
PROFILE = {
    "chargingProfileId": 7,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": LIMITS | {"startSchedule": NOON},
}
FIRMWARE = {
    "location": "http://127.0.0.1/firmware.bin",
    "retrieveDateTime": NOON,
    "signingCertificate": CERTIFICATE,
    "signature": "c2lnbmF0dXJl",
}
ACCEPTED = {"status": "Accepted"}

COMMANDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("CancelReservation", {"reservationId": 4}, ACCEPTED),
    ("CancelReservation", {"reservationId": 4}, {"status": "Rejected"}),
    ("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}, {"status": "Scheduled"}),
    ("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "30"}, {"status": "RebootRequired"}),
    ("ClearChargingProfile", {}, {"status": "Unknown"}),
    ("ClearChargingProfile", {"id": 7, "connectorId": 1, "stackLevel": 0}, ACCEPTED),
    ("DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"}, ACCEPTED | {"data": "back"}),
    (
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 3600, "chargingRateUnit": "W"},
        ACCEPTED | {"connectorId": 1, "scheduleStart": NOON, "chargingSchedule": LIMITS},
    ),
    ("GetCompositeSchedule", {"connectorId": 0, "duration": 60}, {"status": "Rejected"}),
    ("GetDiagnostics", {"location": "ftp://127.0.0.1/logs/"}, {"fileName": "diagnostics.log"}),
    ("GetDiagnostics", {"location": "ftp://127.0.0.1/logs/", "retries": 2, "retryInterval": 10}, {}),
    ("GetLocalListVersion", {}, {"listVersion": -1}),
    (
        "ReserveNow",
        {"connectorId": 1, "expiryDate": NOON, "idTag": "TAG", "parentIdTag": "GROUP", "reservationId": 4},
        ACCEPTED,
    ),
    (
        "ReserveNow",
        {"connectorId": 0, "expiryDate": NOON, "idTag": "TAG", "reservationId": 4},
        {"status": "Occupied"},
    ),
    ("SendLocalList", {"listVersion": 1, "updateType": "Full"}, {"status": "NotSupported"}),
    (
        "SendLocalList",
        {
            "listVersion": 2,
            "updateType": "Differential",
            "localAuthorizationList": [
                {"idTag": "TAG", "idTagInfo": {"status": "Accepted", "expiryDate": NOON}},
                {"idTag": "GONE"},
            ],
        },
        {"status": "VersionMismatch"},
    ),
    ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": PROFILE}, ACCEPTED),
    ("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": PROFILE}, {"status": "NotSupported"}),
    (
        "RemoteStartTransaction",
        {
            "idTag": "TAG",
            "connectorId": 1,
            "chargingProfile": PROFILE | {"chargingProfilePurpose": "TxProfile"},
        },
        ACCEPTED,
    ),
    (
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "connectorId": 1},
        {"status": "NotImplemented"},
    ),
    ("UnlockConnector", {"connectorId": 1}, {"status": "UnlockFailed"}),
    ("UpdateFirmware", {"location": "http://127.0.0.1/firmware.bin", "retrieveDate": NOON}, {}),
    (
        "ExtendedTriggerMessage",
        {"requestedMessage": "SignChargePointCertificate"},
        ACCEPTED,
    ),
    (
        "GetLog",
        {"logType": "SecurityLog", "requestId": 3, "log": {"remoteLocation": "http://127.0.0.1/logs/"}},
        ACCEPTED | {"filename": "security.log"},
    ),
    (
        "GetLog",
        {"logType": "DiagnosticsLog", "requestId": 4, "log": {"remoteLocation": "http://127.0.0.1/logs/"}},
        {"status": "AcceptedCanceled"},
    ),
    ("SignedUpdateFirmware", {"requestId": 5, "firmware": FIRMWARE}, {"status": "InvalidCertificate"}),
    (
        "InstallCertificate",
        {"certificateType": "CentralSystemRootCertificate", "certificate": CERTIFICATE},
        {"status": "Failed"},
    ),
    ("DeleteCertificate", {"certificateHashData": HASH}, {"status": "NotFound"}),
    (
        "GetInstalledCertificateIds",
        {"certificateType": "ManufacturerRootCertificate"},
        ACCEPTED | {"certificateHashData": [HASH]},
    ),
    (
        "GetInstalledCertificateIds",
        {"certificateType": "CentralSystemRootCertificate"},
        {"status": "NotFound"},
    ),
    ("CertificateSigned", {"certificateChain": CERTIFICATE}, {"status": "Rejected"}),
]


@pytest.mark.parametrize(("action", "payload", "answer"), COMMANDS)
async def test_chapter_5_a_command_leaves_as_it_was_given_and_its_answer_comes_back_as_it_was(
    central_system: CentralSystem,
    station_id: str,
    commands: CommandSender,
    action: str,
    payload: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    async with raw_station(central_system.url, station_id, answers={action: answer}) as station:
        await station.call("BootNotification", BOOT)
        reply = await commands.to_station(station_id, action, payload)

        assert station.calls(action) == [payload]
        assert reply.outcome is CommandOutcome.DONE, reply
        assert json.loads(bytes(reply.payload)) == answer


@pytest.mark.parametrize(
    "frame",
    [
        '[3,"{id}"]',
        '[3,"{id}",{{"status":"Accepted"}},{{}}]',
        '[3,"{id}",[]]',
        '[3,"{id}",{{}}]',
        '[3,"{id}",{{"status":null}}]',
        '[3,"{id}",{{"status":"accepted"}}]',
        '[3,"{id}",{{"status":"Accepted","colour":"red"}}]',
        '[4,"{id}"]',
        '[4,"{id}","NotImplemented"]',
        '[4,"{id}","NotImplemented",null,null]',
        '[4,"{id}","SomethingElse","",{{}}]',
        '[4,"{id}","","",{{}}]',
    ],
)
async def test_j_4_2_whatever_the_answer_looks_like_the_command_is_not_done_and_the_next_one_is_served(
    central_system: CentralSystem, station_id: str, commands: CommandSender, frame: str
) -> None:
    async with raw_station(central_system.url, station_id, answers={"Reset": ACCEPTED}) as station:
        await station.call("BootNotification", BOOT)
        asked = asyncio.create_task(commands.to_station(station_id, "ClearCache", {}))
        call = await station.next_call("ClearCache")
        await station.send(frame.format(id=call[1]))
        assert (await asked).outcome not in (CommandOutcome.DONE, CommandOutcome.TIMEOUT)
        assert (
            await commands.to_station(station_id, "Reset", {"type": "Soft"})
        ).outcome is CommandOutcome.DONE
        assert (await station.call("Heartbeat", {}))[0] == 3


async def test_j_4_1_1_both_sides_may_have_a_call_open_at_the_same_time(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.call("BootNotification", BOOT)
        asked = asyncio.create_task(commands.to_station(station_id, "GetConfiguration", {}))
        command = await station.next_call("GetConfiguration")
        assert (await station.call("Authorize", {"idTag": "TAG"}))[0] == 3
        await station.answer(command, {"configurationKey": []})
        assert (await asked).outcome is CommandOutcome.DONE
