"""The handlers that have nothing to decide, and BootNotification, Heartbeat and MeterValues."""

from typing import Any

import pytest
from ocpp.v16.enums import (
    ChargePointErrorCode,
    ChargePointStatus,
    DataTransferStatus,
    DiagnosticsStatus,
    FirmwareStatus,
    GenericStatus,
    RegistrationStatus,
    UploadLogStatus,
)

from evswarm_csms.handlers import (
    boot_notification,
    data_transfer,
    diagnostics_status_notification,
    firmware_status_notification,
    heartbeat,
    log_status_notification,
    meter_values,
    security_event_notification,
    sign_certificate,
    signed_firmware_status_notification,
    status_notification,
)
from evswarm_shared.bus.csms_records import BootDecision, BootRule, StationEvent, StationEventKind
from evswarm_shared.bus.messages import StationRecord
from evswarm_shared.ocpp16 import messages
from evswarm_shared.ocpp16.datatypes import MeterValue, SampledValue
from evswarm_shared.ocpp16.timestamps import Timestamp

NOW = 1_800_000_000.0


def test_a_boot_is_accepted_and_the_acceptance_is_to_be_stored() -> None:
    request = messages.BootNotification("Vendor", "Model", firmware_version="1.2")
    response, record = boot_notification.handle(request, "CP-1", interval_seconds=300, now=NOW)
    assert response == messages.BootNotificationResponse(RegistrationStatus.accepted, Timestamp(NOW), 300)
    assert record == StationRecord("CP-1", True, "Vendor", "Model", "1.2", NOW)


def test_a_boot_without_a_firmware_version_is_recorded_without() -> None:
    request = messages.BootNotification("Vendor", "Model")
    _, record = boot_notification.handle(request, "CP-1", interval_seconds=300, now=NOW)
    assert record.firmware_version == ""


def test_a_heartbeat_is_told_the_time() -> None:
    assert heartbeat.handle(messages.Heartbeat(), now=NOW).current_time == NOW


def readings(*values: SampledValue, **fields: Any) -> messages.MeterValues:
    return messages.MeterValues(1, [MeterValue(Timestamp(NOW), values)], **fields)


def test_a_reading_of_a_transaction_is_to_be_noted() -> None:
    _, reading = meter_values.handle(readings(SampledValue("1234"), transaction_id=5))
    assert reading == (5, 1234)


def test_a_reading_without_a_transaction_is_only_received() -> None:
    assert meter_values.handle(readings(SampledValue("1234")))[1] is None


def test_readings_without_a_register_are_only_received() -> None:
    assert meter_values.handle(readings(SampledValue("not a number"), transaction_id=5))[1] is None


def test_no_vendor_is_known() -> None:
    assert data_transfer.handle(messages.DataTransfer("org.vendor")).status is (
        DataTransferStatus.unknown_vendor_id
    )


def test_a_certificate_request_is_accepted_unless_there_is_a_reason_against_it() -> None:
    response, event = sign_certificate.answer(None, now=NOW)
    assert response.status is GenericStatus.accepted
    assert event == StationEvent(NOW, StationEventKind.CERTIFICATE, "SignCertificate Accepted")
    response, event = sign_certificate.answer("too weak", now=NOW)
    assert response.status is GenericStatus.rejected
    assert event == StationEvent(NOW, StationEventKind.CERTIFICATE, "SignCertificate Rejected", "too weak")


def test_a_status_is_received() -> None:
    request = messages.StatusNotification(0, ChargePointErrorCode.no_error, ChargePointStatus.available)
    assert status_notification.handle(request, now=NOW) == (messages.StatusNotificationResponse(), None)


def test_an_error_and_a_fault_are_events() -> None:
    request = messages.StatusNotification(
        2,
        ChargePointErrorCode.ground_failure,
        ChargePointStatus.faulted,
        info="phase 2",
        timestamp=Timestamp(NOW - 5),
        vendor_error_code="E17",
    )
    assert status_notification.handle(request, now=NOW)[1] == StationEvent(
        NOW,
        StationEventKind.FAULT,
        "Faulted",
        "connector 2: GroundFailure, E17, phase 2",
        reported_at=NOW - 5,
    )
    warned = messages.StatusNotification(1, ChargePointErrorCode.weak_signal, ChargePointStatus.charging)
    assert status_notification.handle(warned, now=NOW)[1] == StationEvent(
        NOW, StationEventKind.FAULT, "Charging", "connector 1: WeakSignal"
    )
    unsaid = messages.StatusNotification(1, ChargePointErrorCode.no_error, ChargePointStatus.faulted)
    assert status_notification.handle(unsaid, now=NOW)[1] is not None


@pytest.mark.parametrize(
    ("module", "request_", "event"),
    [
        (
            diagnostics_status_notification,
            messages.DiagnosticsStatusNotification(DiagnosticsStatus.uploaded),
            StationEvent(NOW, StationEventKind.DIAGNOSTICS_STATUS, "Uploaded"),
        ),
        (
            firmware_status_notification,
            messages.FirmwareStatusNotification(FirmwareStatus.installed),
            StationEvent(NOW, StationEventKind.FIRMWARE_STATUS, "Installed"),
        ),
        (
            log_status_notification,
            messages.LogStatusNotification(UploadLogStatus.uploaded, request_id=7),
            StationEvent(NOW, StationEventKind.LOG_STATUS, "Uploaded", request_id=7),
        ),
        (
            security_event_notification,
            messages.SecurityEventNotification("FirmwareUpdated", Timestamp(NOW - 5), tech_info="1.2"),
            StationEvent(NOW, StationEventKind.SECURITY, "FirmwareUpdated", "1.2", reported_at=NOW - 5),
        ),
        (
            signed_firmware_status_notification,
            messages.SignedFirmwareStatusNotification(FirmwareStatus.installed),
            StationEvent(NOW, StationEventKind.SIGNED_FIRMWARE_STATUS, "Installed"),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, messages.Request) else None,
)
def test_a_notification_is_received_and_written_down(
    module: Any, request_: messages.Request, event: StationEvent
) -> None:
    response, written = module.handle(request_, now=NOW)
    assert type(response).__name__ == f"{type(request_).__name__}Response"
    assert written == event


BOOT = messages.BootNotification("Vendor", "Model X", firmware_version="1.2")


@pytest.mark.parametrize(
    ("rules", "status", "interval"),
    [
        ([], "Accepted", 300),
        ([BootRule(BootDecision.PENDING)], "Pending", 300),
        ([BootRule(BootDecision.REJECTED, "cp-*", interval_seconds=5)], "Rejected", 5),
        ([BootRule(BootDecision.REJECTED, "XX-*")], "Accepted", 300),
        ([BootRule(BootDecision.PENDING, vendor="vendor", model="model ?")], "Pending", 300),
        ([BootRule(BootDecision.PENDING, vendor="vendor", model="other")], "Accepted", 300),
        ([BootRule(BootDecision.PENDING, firmware_version="1.[01]")], "Accepted", 300),
        ([BootRule(BootDecision.ACCEPTED, "CP-1"), BootRule(BootDecision.REJECTED)], "Accepted", 300),
    ],
)
def test_the_first_boot_rule_that_fits_decides(rules: list[BootRule], status: str, interval: int) -> None:
    response, record = boot_notification.handle(BOOT, "CP-1", rules, interval_seconds=300, now=NOW)
    assert (response.status.value, response.interval) == (status, interval)
    assert record.accepted is (status == "Accepted")
