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


def test_no_certificate_is_signed() -> None:
    assert sign_certificate.handle(messages.SignCertificate("csr")).status is GenericStatus.rejected


@pytest.mark.parametrize(
    ("module", "request_"),
    [
        (
            status_notification,
            messages.StatusNotification(0, ChargePointErrorCode.no_error, ChargePointStatus.available),
        ),
        (
            diagnostics_status_notification,
            messages.DiagnosticsStatusNotification(DiagnosticsStatus.uploaded),
        ),
        (firmware_status_notification, messages.FirmwareStatusNotification(FirmwareStatus.installed)),
        (log_status_notification, messages.LogStatusNotification(UploadLogStatus.uploaded)),
        (
            security_event_notification,
            messages.SecurityEventNotification("FirmwareUpdated", Timestamp(NOW)),
        ),
        (
            signed_firmware_status_notification,
            messages.SignedFirmwareStatusNotification(FirmwareStatus.installed),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, messages.Request) else None,
)
def test_a_notification_is_received(module: Any, request_: messages.Request) -> None:
    assert type(module.handle(request_)).__name__ == f"{type(request_).__name__}Response"
