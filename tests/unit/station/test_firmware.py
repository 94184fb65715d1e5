"""Firmware updates: the walk of their statuses, and everything that can go wrong on it (OCPP 1.6 §5.19, L01)."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from evswarm_shared.certificates import Certified, read_certified, revocation_list
from evswarm_shared.ocpp16.timestamps import format_timestamp
from evswarm_worker.station import CancelTransfer, Download
from evswarm_worker.station.firmware import INSTALL_SECONDS
from evswarm_worker.station.transfer import TransferOutcome, TransferResult
from tests.support.station_certificates import authority, pem, signature, station_pem
from tests.support.station_rig import NOON, StationRig, charging_rig, only

IMAGE = b"new firmware"
FETCHED = TransferResult(
    TransferOutcome.DONE, size=len(IMAGE), sha256=hashlib.sha256(IMAGE).digest(), head=IMAGE
)
MISSING = TransferResult(TransferOutcome.NOT_FOUND, "HTTP 404")
LOCATION = "http://user:secret@files.example/box-2.4.1.bin"
MAKER = authority(NOON, "Maker")


def update(rig: StationRig, *, at: float = 0.0, **fields: Any) -> Any:
    """UpdateFirmware, to be retrieved `at` seconds from now."""
    payload = {"location": LOCATION, "retrieveDate": format_timestamp(rig.now + at), **fields}
    return rig.command("UpdateFirmware", payload)


def statuses(rig: StationRig) -> list[str]:
    return [p["status"] for p in rig.sent("FirmwareStatusNotification")]


def signed_statuses(rig: StationRig) -> list[str]:
    return [p["status"] for p in rig.sent("SignedFirmwareStatusNotification")]


SIGNER = read_certified(station_pem(MAKER, "signer", NOON).encode())


def signed_update(rig: StationRig, *, image: bytes = IMAGE, trusted: bool = True, **fields: Any) -> Any:
    """SignedUpdateFirmware with a certificate below an installed root, or below another one."""
    rig.command(
        "InstallCertificate",
        {"certificateType": "ManufacturerRootCertificate", "certificate": pem(MAKER.certificate)},
    )
    signer = SIGNER
    if not trusted:
        signer = read_certified(station_pem(authority(NOON, "Somebody"), "signer", NOON).encode())
    firmware = {
        "location": LOCATION,
        "retrieveDateTime": format_timestamp(rig.now),
        "signingCertificate": pem(signer.certificate),
        "signature": signature(signer.key, image),
    } | fields
    return rig.command("SignedUpdateFirmware", {"requestId": 7, "firmware": firmware})


def test_an_update_walks_its_statuses_and_boots_with_the_new_version() -> None:
    rig = StationRig().start()
    assert update(rig) == {}
    assert only(rig.errands) == Download(1, LOCATION)
    rig.fetched(FETCHED)
    rig.run(INSTALL_SECONDS + 10)
    assert statuses(rig) == ["Downloading", "Downloaded", "Installing", "Installed"]
    assert [p["firmwareVersion"] for p in rig.sent("BootNotification")] == ["1.0.0", "2.4.1"]
    assert rig.status() == "Available"
    assert [p["type"] for p in rig.sent("SecurityEventNotification")] == ["FirmwareUpdated"]


def test_the_answer_leaves_before_the_first_status() -> None:
    rig = StationRig().start()
    rig.forget()
    update(rig)
    assert rig.order.index("CallResult") < rig.order.index("FirmwareStatusNotification")


def test_nothing_is_fetched_before_the_retrieve_date() -> None:
    rig = StationRig().start()
    update(rig, at=100.0)
    rig.run(99.0)
    assert not rig.errands
    rig.run(2.0)
    assert len(rig.errands) == 1


def test_a_download_is_tried_as_often_and_as_late_as_asked() -> None:
    rig = StationRig().start()
    update(rig, retries=2, retryInterval=20)
    rig.fetched(MISSING)
    rig.run(19.0)
    assert len(rig.errands) == 1
    rig.run(2.0)
    assert len(rig.errands) == 2
    rig.fetched(MISSING)
    rig.run(60.0)
    assert statuses(rig) == ["Downloading", "DownloadFailed"]
    assert len(rig.sent("BootNotification")) == 1


@pytest.mark.parametrize(
    "result",
    [
        TransferResult(TransferOutcome.DONE, size=0, sha256=hashlib.sha256().digest()),
        TransferResult(TransferOutcome.DONE, size=20, sha256=b"", head=b"\n<!DOCTYPE html><p>"),
    ],
)
def test_what_is_no_image_is_not_installed(result: TransferResult) -> None:
    rig = StationRig().start()
    update(rig)
    rig.fetched(result)
    rig.run(60.0)
    assert statuses(rig) == ["Downloading", "Downloaded", "Installing", "InstallationFailed"]
    assert len(rig.sent("BootNotification")) == 1
    assert rig.status() == "Available"


def test_the_installation_waits_for_the_transaction_and_free_connectors_close() -> None:
    rig = charging_rig()
    update(rig)
    rig.fetched(FETCHED)
    rig.run(60.0)
    assert statuses(rig) == ["Downloading", "Downloaded"]
    assert rig.status(1) in ("Charging", "SuspendedEV", "SuspendedEVSE")
    assert rig.status(2) == "Unavailable"
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert rig.status(1) == "Unavailable"
    rig.run(60.0)
    assert statuses(rig)[-1] == "Installed"
    assert (rig.status(1), rig.status(2)) == ("Available", "Available")


def test_a_change_of_availability_during_an_update_holds_afterwards() -> None:
    rig = charging_rig()
    update(rig)
    rig.fetched(FETCHED)
    answer = rig.command("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
    assert answer == {"status": "Scheduled"}
    rig.station.unplug(1, rig.now)
    rig.run(60.0)
    assert (rig.status(1), rig.status(2)) == ("Available", "Unavailable")


def test_a_newer_update_takes_the_place_of_the_older() -> None:
    rig = StationRig().start()
    update(rig)
    update(rig, location="ftp://files.example/box-3.0.bin")
    assert [type(e) for e in rig.errands] == [Download, CancelTransfer, Download]
    rig.station.transferred(1, MISSING, rig.now)
    rig.fetched(FETCHED)
    rig.run(60.0)
    assert rig.sent("BootNotification")[-1]["firmwareVersion"] == "3.0"


def test_a_heir_of_the_station_fetches_again() -> None:
    rig = StationRig().start()
    update(rig)
    heir = rig.heir()
    heir.start()
    assert len(heir.errands) == 1
    heir.fetched(FETCHED)
    heir.run(60.0)
    assert statuses(heir)[-1] == "Installed"
    assert heir.heir().start().config.station_id == "CP-000002"


def test_statuses_of_a_lost_connection_are_told_on_the_next() -> None:
    rig = StationRig().start()
    update(rig)
    rig.lose()
    rig.fetched(FETCHED)
    rig.run(INSTALL_SECONDS + 1)
    rig.reachable()
    rig.run(300.0)
    assert statuses(rig) == ["Downloading", "Downloaded", "Installing", "Installed"]


def test_with_a_security_profile_an_update_without_signature_is_not_supported() -> None:
    rig = StationRig(configuration={"SecurityProfile": "1"}).start()
    assert update(rig)[0] == "NotSupported"
    assert not rig.errands


def test_a_triggered_status_is_the_last_one_and_idle_when_all_is_done() -> None:
    rig = StationRig().start()
    trigger = {"requestedMessage": "FirmwareStatusNotification"}
    rig.command("TriggerMessage", trigger)
    update(rig)
    rig.command("TriggerMessage", trigger)
    rig.fetched(FETCHED)
    rig.run(60.0)
    rig.command("TriggerMessage", trigger)
    assert statuses(rig)[:3] == ["Idle", "Downloading", "Downloading"]
    assert statuses(rig)[-1] == "Idle"


# --- signed -------------------------------------------------------------------------------------------------------


def test_a_signed_update_walks_its_statuses_with_its_request_id() -> None:
    rig = StationRig().start()
    assert signed_update(rig) == {"status": "Accepted"}
    rig.fetched(FETCHED)
    rig.run(60.0)
    assert signed_statuses(rig) == [
        "Downloading",
        "Downloaded",
        "SignatureVerified",
        "Installing",
        "InstallRebooting",
        "Installed",
    ]
    assert {p["requestId"] for p in rig.sent("SignedFirmwareStatusNotification")} == {7}
    assert rig.sent("BootNotification")[-1]["firmwareVersion"] == "2.4.1"
    assert not statuses(rig)
    rig.forget()
    rig.command("ExtendedTriggerMessage", {"requestedMessage": "FirmwareStatusNotification"})
    assert rig.sent("SignedFirmwareStatusNotification") == [{"status": "Idle"}]


def test_a_wrong_signature_ends_the_update_and_is_a_security_event() -> None:
    rig = StationRig().start()
    signed_update(rig, image=b"another image")
    rig.fetched(FETCHED)
    rig.run(60.0)
    assert signed_statuses(rig) == ["Downloading", "Downloaded", "InvalidSignature"]
    assert [p["type"] for p in rig.sent("SecurityEventNotification")] == ["InvalidFirmwareSignature"]
    assert len(rig.sent("BootNotification")) == 1


def test_a_signing_certificate_of_an_unknown_maker_is_refused_at_once() -> None:
    rig = StationRig().start()
    assert signed_update(rig, trusted=False) == {"status": "InvalidCertificate"}
    assert not rig.errands
    assert [p["type"] for p in rig.sent("SecurityEventNotification")] == ["InvalidFirmwareSigningCertificate"]


def test_a_signed_update_can_be_scheduled_in_both_parts() -> None:
    rig = StationRig().start()
    signed_update(
        rig,
        retrieveDateTime=format_timestamp(rig.now + 50),
        installDateTime=format_timestamp(rig.now + 500),
    )
    rig.run(51.0)
    rig.fetched(FETCHED)
    rig.run(400.0)
    assert signed_statuses(rig) == [
        "DownloadScheduled",
        "Downloading",
        "Downloaded",
        "SignatureVerified",
        "InstallScheduled",
    ]
    rig.run(200.0)
    assert signed_statuses(rig)[-1] == "Installed"


def test_a_second_signed_update_cancels_the_first_until_that_is_installed() -> None:
    rig = StationRig().start()
    signed_update(rig)
    assert signed_update(rig) == {"status": "AcceptedCanceled"}
    rig.fetched(FETCHED)
    rig.run(1.0)
    assert signed_update(rig) == {"status": "Rejected"}


def revocations(issuer: Certified, *numbers: int) -> str:
    return revocation_list(issuer, numbers, now=datetime.fromtimestamp(NOON, UTC), days=1).decode()


def test_a_signing_certificate_that_its_maker_took_back_is_revoked() -> None:
    number = SIGNER.certificate.serial_number
    rig = StationRig(revocations=revocations(MAKER) + revocations(MAKER, 1, number)).start()
    assert signed_update(rig) == {"status": "RevokedCertificate"}
    assert [p["type"] for p in rig.sent("SecurityEventNotification")] == ["InvalidFirmwareSigningCertificate"]
    assert rig.errands == []


def test_only_its_maker_takes_a_signing_certificate_back() -> None:
    number = SIGNER.certificate.serial_number
    namesake = authority(NOON, "Maker")
    lists = (
        revocations(MAKER, number + 1) + revocations(namesake, number) + revocations(authority(NOON), number)
    )
    assert signed_update(StationRig(revocations=lists).start()) == {"status": "Accepted"}


def test_a_revocation_list_that_cannot_be_read_lets_nothing_through() -> None:
    broken = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----"
    assert signed_update(StationRig(revocations=broken).start()) == {"status": "InvalidCertificate"}
