"""Uploads of diagnostics and logs: what is in them, their statuses, their retries (OCPP 1.6 §5.9, N01)."""

from typing import Any

import pytest

from evswarm_shared.ocpp16.timestamps import format_timestamp
from evswarm_worker.station import CancelTransfer, Upload
from evswarm_worker.station.transfer import TransferOutcome, TransferResult
from tests.support.station_rig import StationRig, charging_rig, only

DONE = TransferResult(TransferOutcome.DONE)
LOCATION = "http://files.example/inbox/"


def diagnostics(rig: StationRig, **fields: Any) -> Any:
    return rig.command("GetDiagnostics", {"location": LOCATION, **fields})


def get_log(rig: StationRig, kind: str = "SecurityLog", *, request_id: int = 5, **fields: Any) -> Any:
    log = {"remoteLocation": LOCATION, **fields}
    return rig.command("GetLog", {"logType": kind, "requestId": request_id, "log": log})


def walk(rig: StationRig, action: str) -> list[str]:
    return [p["status"] for p in rig.sent(action)]


def upload(rig: StationRig) -> Upload:
    errand = rig.errands[-1]
    assert isinstance(errand, Upload)
    return errand


def test_diagnostics_are_uploaded_under_the_name_of_the_answer() -> None:
    rig = charging_rig()
    name = diagnostics(rig)["fileName"]
    assert name == upload(rig).file_name and name.startswith("CP-000002-diagnostics-")
    rig.fetched(DONE)
    assert walk(rig, "DiagnosticsStatusNotification") == ["Uploading", "Uploaded"]
    assert "connector 1: Charging" in upload(rig).text and "transaction 101" in upload(rig).text


def test_the_password_is_in_no_diagnostics() -> None:
    rig = StationRig(configuration={"AuthorizationKey": "0123456789abcdef"}).start()
    diagnostics(rig)
    assert "HeartbeatInterval" in upload(rig).text
    assert "0123456789abcdef" not in upload(rig).text


def test_an_upload_is_tried_again_as_asked_and_then_failed() -> None:
    rig = StationRig().start()
    diagnostics(rig, retries=1, retryInterval=10)
    rig.fetched(TransferResult(TransferOutcome.UNREACHABLE))
    rig.run(9.0)
    assert len(rig.errands) == 1
    rig.run(2.0)
    assert len(rig.errands) == 2
    rig.fetched(TransferResult(TransferOutcome.UNREACHABLE))
    rig.run(100.0)
    assert walk(rig, "DiagnosticsStatusNotification") == ["Uploading", "UploadFailed"]


def test_the_asked_period_goes_with_the_log() -> None:
    rig = StationRig().start()
    diagnostics(rig, startTime=format_timestamp(rig.now - 60), stopTime=format_timestamp(rig.now + 60))
    part = upload(rig).log
    assert part is not None
    assert part.oldest == pytest.approx(rig.now - 60)
    assert part.latest == pytest.approx(rig.now + 60)


def test_the_security_log_holds_the_events_of_the_asked_period() -> None:
    rig = StationRig().start()
    rig.station.open_door(rig.now)
    rig.run(100.0)
    rig.command("ChangeConfiguration", {"key": "AuthorizationKey", "value": "0123456789abcdef"})
    assert get_log(rig)["status"] == "Accepted"
    assert "TamperDetectionActivated" in upload(rig).text
    assert "ReconfigurationOfSecurityParameters AuthorizationKey changed" in upload(rig).text
    assert upload(rig).log is None
    rig.fetched(DONE)
    get_log(rig, oldestTimestamp=format_timestamp(rig.now - 50))
    assert "TamperDetectionActivated" not in upload(rig).text
    assert "ReconfigurationOfSecurityParameters" in upload(rig).text


def test_every_log_status_has_the_request_id() -> None:
    rig = StationRig().start()
    assert get_log(rig, "DiagnosticsLog", request_id=9)["status"] == "Accepted"
    rig.fetched(DONE)
    assert rig.sent("LogStatusNotification") == [
        {"status": "Uploading", "requestId": 9},
        {"status": "Uploaded", "requestId": 9},
    ]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (TransferOutcome.DENIED, "PermissionDenied"),
        (TransferOutcome.NOT_SUPPORTED, "NotSupportedOperation"),
        (TransferOutcome.BAD_ADDRESS, "BadMessage"),
        (TransferOutcome.TIMEOUT, "UploadFailure"),
    ],
)
def test_a_failed_log_upload_says_why(outcome: TransferOutcome, status: str) -> None:
    rig = StationRig().start()
    log = {"remoteLocation": LOCATION}
    rig.command("GetLog", {"logType": "SecurityLog", "requestId": 5, "log": log, "retries": 1})
    rig.fetched(TransferResult(outcome))
    assert walk(rig, "LogStatusNotification") == ["Uploading", status]


def test_a_new_request_cancels_the_upload_under_way() -> None:
    rig = StationRig().start()
    get_log(rig, request_id=1)
    assert get_log(rig, request_id=2)["status"] == "AcceptedCanceled"
    assert [type(e) for e in rig.errands] == [Upload, CancelTransfer, Upload]
    rig.station.transferred(1, DONE, rig.now)
    rig.fetched(DONE)
    assert rig.sent("LogStatusNotification")[-1] == {"status": "Uploaded", "requestId": 2}
    assert len(walk(rig, "LogStatusNotification")) == 3


def test_a_log_does_not_stop_the_diagnostics_nor_they_the_log() -> None:
    rig = StationRig().start()
    diagnostics(rig)
    assert get_log(rig)["status"] == "Accepted"
    diagnostics_file, log_file = rig.errands
    assert isinstance(diagnostics_file, Upload) and isinstance(log_file, Upload)
    rig.station.transferred(diagnostics_file.transfer, DONE, rig.now)
    rig.station.transferred(log_file.transfer, TransferResult(TransferOutcome.UNREACHABLE), rig.now)
    rig.run(100.0)
    assert walk(rig, "DiagnosticsStatusNotification") == ["Uploading", "Uploaded"]
    assert get_log(rig, request_id=6)["status"] == "AcceptedCanceled"
    diagnostics(rig)
    rig.fetched(DONE)
    assert [type(e) for e in rig.errands].count(CancelTransfer) == 1
    assert walk(rig, "DiagnosticsStatusNotification")[2:] == ["Uploading", "Uploaded"]


def test_new_diagnostics_stop_those_under_way() -> None:
    rig = StationRig().start()
    diagnostics(rig)
    diagnostics(rig)
    assert [type(e) for e in rig.errands] == [Upload, CancelTransfer, Upload]
    rig.fetched(DONE)
    assert walk(rig, "DiagnosticsStatusNotification") == [
        "Uploading",
        "UploadFailed",
        "Uploading",
        "Uploaded",
    ]


def test_a_triggered_status_is_that_of_its_own_upload() -> None:
    rig = StationRig().start()
    diagnostics(rig)
    get_log(rig)
    rig.command("TriggerMessage", {"requestedMessage": "DiagnosticsStatusNotification"})
    rig.command("ExtendedTriggerMessage", {"requestedMessage": "LogStatusNotification"})
    assert walk(rig, "DiagnosticsStatusNotification") == ["Uploading", "Uploading"]
    assert rig.sent("LogStatusNotification") == [{"status": "Uploading", "requestId": 5}] * 2


def test_a_heir_of_the_station_uploads_both_again() -> None:
    rig = StationRig().start()
    diagnostics(rig)
    get_log(rig)
    heir = rig.heir().start()
    assert [type(e) for e in heir.errands] == [Upload, Upload]


def test_a_heir_of_the_station_uploads_again() -> None:
    rig = StationRig().start()
    get_log(rig)
    heir = rig.heir().start()
    assert len(heir.errands) == 1
    heir.fetched(DONE)
    heir.run(5.0)
    assert walk(heir, "LogStatusNotification") == ["Uploaded"]


def test_triggered_statuses_are_idle_when_nothing_is_uploaded() -> None:
    rig = StationRig().start()
    rig.command("TriggerMessage", {"requestedMessage": "DiagnosticsStatusNotification"})
    rig.command("ExtendedTriggerMessage", {"requestedMessage": "LogStatusNotification"})
    assert walk(rig, "DiagnosticsStatusNotification") == ["Idle"]
    assert only(rig.sent("LogStatusNotification")) == {"status": "Idle"}
    get_log(rig)
    rig.command("ExtendedTriggerMessage", {"requestedMessage": "LogStatusNotification"})
    assert rig.sent("LogStatusNotification")[-1] == {"status": "Uploading", "requestId": 5}
