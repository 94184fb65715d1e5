"""Firmware, logs, certificates and their triggers at our stations, with a real server for the files (OCPP 1.6 §5.9, §5.19; security)."""

from collections.abc import Iterator
from typing import Any

import pytest

from evswarm_cli.ports import free_port
from tests.conformance.swarm_of_one import StationDriver, accepted
from tests.support.file_servers import FileServer, http_files
from tests.support.ocpp_peers.raw_connection import CALL, RawCentralSystem, RawConnection

AT_ONCE = "2020-01-01T00:00:00Z"
NOTIFICATIONS = (
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "SecurityEventNotification",
    "SignedFirmwareStatusNotification",
)


@pytest.fixture
def server() -> Iterator[FileServer]:
    """Where files are fetched from and stored to."""
    with http_files() as server:
        yield server


@pytest.fixture
def system_of_upkeep(system: RawCentralSystem) -> RawCentralSystem:
    """A central system that takes these notifications."""
    system.answers.update({action: {} for action in NOTIFICATIONS})
    return system


@pytest.fixture
async def connection(system_of_upkeep: RawCentralSystem, stations: StationDriver) -> RawConnection:
    """The connection of one of our stations, booted and idle."""
    return await accepted(system_of_upkeep, await stations.start(system_of_upkeep.url))


async def command(connection: RawConnection, action: str, payload: dict[str, Any]) -> Any:
    answer = await connection.call(action, payload)
    assert answer[0] == 3, answer
    return answer[2]


async def walk(connection: RawConnection, action: str, last: str) -> list[str]:
    """The statuses told by these notifications, up to the last one."""
    told: list[str] = []
    while last not in told:
        told.append((await connection.next_call(action))[3]["status"])
    return told


async def test_5_19_firmware_is_downloaded_installed_and_told_after_the_reboot(
    system_of_upkeep: RawCentralSystem, stations: StationDriver, server: FileServer
) -> None:
    server.files["/box-9.8.7.bin"] = b"an image"
    station = await stations.start(system_of_upkeep.url)
    old = await accepted(system_of_upkeep, station)
    before = old.calls("BootNotification")[0]["firmwareVersion"]
    request = {"location": f"{server.url}/box-9.8.7.bin", "retrieveDate": AT_ONCE}
    assert await command(old, "UpdateFirmware", request) == {}
    assert await walk(old, "FirmwareStatusNotification", "Installing") == [
        "Downloading",
        "Downloaded",
        "Installing",
    ]
    new = await accepted(system_of_upkeep, station)
    after = new.calls("BootNotification")[0]["firmwareVersion"]
    assert (before != after, after) == (True, "9.8.7")
    assert await walk(new, "FirmwareStatusNotification", "Installed") == ["Installed"]
    assert len(server.of("GET")) == 1


@pytest.mark.parametrize("kind", ["not there", "nobody listens", "no scheme of ours"])
async def test_5_19_firmware_that_cannot_be_had_fails_and_the_station_serves_on(
    connection: RawConnection, server: FileServer, kind: str
) -> None:
    location = {
        "not there": f"{server.url}/missing.bin",
        "nobody listens": f"http://127.0.0.1:{free_port()}/image.bin",
        "no scheme of ours": "gopher:image.bin",
    }[kind]
    request = {"location": location, "retrieveDate": AT_ONCE, "retries": 1, "retryInterval": 1}
    assert await command(connection, "UpdateFirmware", request) == {}
    told = await walk(connection, "FirmwareStatusNotification", "DownloadFailed")
    assert set(told) <= {"Downloading", "DownloadFailed"}
    assert (await connection.call("ClearCache", {}))[0] == 3


async def test_5_9_diagnostics_are_uploaded_under_the_name_that_was_answered(
    connection: RawConnection, server: FileServer
) -> None:
    answer = await command(connection, "GetDiagnostics", {"location": f"{server.url}/inbox/"})
    told = await walk(connection, "DiagnosticsStatusNotification", "Uploaded")
    assert told == ["Uploading", "Uploaded"]
    ((path, _, body),) = server.of("PUT")
    assert path == f"/inbox/{answer['fileName']}"
    assert body


async def test_5_9_an_upload_that_fails_is_said_to(connection: RawConnection) -> None:
    request = {"location": f"http://127.0.0.1:{free_port()}/", "retries": 1, "retryInterval": 1}
    await command(connection, "GetDiagnostics", request)
    told = await walk(connection, "DiagnosticsStatusNotification", "UploadFailed")
    assert set(told) <= {"Uploading", "UploadFailed"}


@pytest.mark.parametrize("kind", ["DiagnosticsLog", "SecurityLog"])
async def test_n01_a_log_is_uploaded_and_its_request_is_named(
    connection: RawConnection, server: FileServer, kind: str
) -> None:
    request = {"logType": kind, "requestId": 41, "log": {"remoteLocation": f"{server.url}/logs/"}}
    answer = await command(connection, "GetLog", request)
    assert answer["status"] == "Accepted"
    assert await walk(connection, "LogStatusNotification", "Uploaded") == ["Uploading", "Uploaded"]
    assert {told["requestId"] for told in connection.calls("LogStatusNotification")} == {41}
    assert [path for path, _, _ in server.of("PUT")] == [f"/logs/{answer['filename']}"]


@pytest.mark.parametrize(
    ("action", "requested"),
    [
        ("TriggerMessage", "DiagnosticsStatusNotification"),
        ("TriggerMessage", "FirmwareStatusNotification"),
        ("ExtendedTriggerMessage", "LogStatusNotification"),
        ("ExtendedTriggerMessage", "FirmwareStatusNotification"),
        ("ExtendedTriggerMessage", "BootNotification"),
        ("ExtendedTriggerMessage", "Heartbeat"),
        ("ExtendedTriggerMessage", "MeterValues"),
        ("ExtendedTriggerMessage", "StatusNotification"),
    ],
)
async def test_5_17_a_triggered_message_of_upkeep_follows_the_answer(
    connection: RawConnection, action: str, requested: str
) -> None:
    seen = len(connection.received)
    assert await command(connection, action, {"requestedMessage": requested}) == {"status": "Accepted"}
    extended = action == "ExtendedTriggerMessage" and requested == "FirmwareStatusNotification"
    triggered = await connection.next_call("SignedFirmwareStatusNotification" if extended else requested)
    assert connection.received[seen][0] != CALL
    if "Status" in requested and requested != "StatusNotification":
        assert triggered[3]["status"] == "Idle"


async def test_m03_a_station_without_certificates_knows_none(connection: RawConnection) -> None:
    for kind in ("CentralSystemRootCertificate", "ManufacturerRootCertificate"):
        answer = await command(connection, "GetInstalledCertificateIds", {"certificateType": kind})
        assert answer == {"status": "NotFound"}
    unknown = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "00" * 32,
        "issuerKeyHash": "11" * 32,
        "serialNumber": "2a",
    }
    answer = await command(connection, "DeleteCertificate", {"certificateHashData": unknown})
    assert answer == {"status": "NotFound"}


async def test_m05_what_is_no_certificate_is_not_installed(connection: RawConnection) -> None:
    wrong = {"certificateType": "CentralSystemRootCertificate", "certificate": "-----BEGIN CERTIFICATE-----"}
    answer = await command(connection, "InstallCertificate", wrong)
    assert answer["status"] in ("Rejected", "Failed")


async def test_a02_a_chain_that_was_not_asked_for_is_rejected(connection: RawConnection) -> None:
    answer = await command(
        connection, "CertificateSigned", {"certificateChain": "-----BEGIN CERTIFICATE-----"}
    )
    assert answer == {"status": "Rejected"}


async def test_l01_firmware_whose_signing_certificate_is_none_is_not_fetched(
    connection: RawConnection, server: FileServer
) -> None:
    request = {
        "requestId": 5,
        "firmware": {
            "location": f"{server.url}/image.bin",
            "retrieveDateTime": AT_ONCE,
            "signingCertificate": "nothing of the kind",
            "signature": "c2lnbmF0dXJl",
        },
    }
    answer = await command(connection, "SignedUpdateFirmware", request)
    assert answer == {"status": "InvalidCertificate"}
    assert server.of("GET") == []


async def test_a01_the_key_is_never_told(connection: RawConnection) -> None:
    answer = await command(connection, "GetConfiguration", {"key": ["AuthorizationKey"]})
    (entry,) = answer.get("configurationKey", [{}]) or [{}]
    assert not entry.get("value")
    everything = await command(connection, "GetConfiguration", {})
    keys = {entry["key"]: entry.get("value") for entry in everything["configurationKey"]}
    assert not keys.get("AuthorizationKey")
