"""The Firmware Management profile (OCPP 1.6 §4.4, §4.5, §5.9, §5.19)."""

from typing import Final

from msgspec import UNSET, UnsetType
from ocpp.v16.enums import DiagnosticsStatus, FirmwareStatus

from evswarm_shared.ocpp16.datatypes import CiString255, Integer
from evswarm_shared.ocpp16.messages.payload import Request, Response, refuse_unless_among
from evswarm_shared.ocpp16.timestamps import Timestamp

UNSIGNED_FIRMWARE_STATUSES: Final = frozenset(
    {
        FirmwareStatus.downloaded,
        FirmwareStatus.download_failed,
        FirmwareStatus.downloading,
        FirmwareStatus.idle,
        FirmwareStatus.installation_failed,
        FirmwareStatus.installing,
        FirmwareStatus.installed,
    }
)
"""The statuses of an update without a signature (OCPP 1.6 §7.25); the others came with the security extension."""


class DiagnosticsStatusNotification(Request, frozen=True):
    """How far an upload of diagnostics is (OCPP 1.6 §4.4)."""

    status: DiagnosticsStatus


class DiagnosticsStatusNotificationResponse(Response, frozen=True):
    """Received."""


class FirmwareStatusNotification(Request, frozen=True):
    """How far a firmware update is (OCPP 1.6 §4.5)."""

    status: FirmwareStatus

    def __post_init__(self) -> None:
        refuse_unless_among("status", self.status, UNSIGNED_FIRMWARE_STATUSES)


class FirmwareStatusNotificationResponse(Response, frozen=True):
    """Received."""


class GetDiagnostics(Request, frozen=True):
    """Upload diagnostics to `location`; `retry_interval` in seconds (OCPP 1.6 §5.9)."""

    location: str
    retries: Integer | UnsetType = UNSET
    retry_interval: Integer | UnsetType = UNSET
    start_time: Timestamp | UnsetType = UNSET
    stop_time: Timestamp | UnsetType = UNSET


class GetDiagnosticsResponse(Response, frozen=True):
    """The file's name; none when there is nothing to upload."""

    file_name: CiString255 | UnsetType = UNSET


class UpdateFirmware(Request, frozen=True):
    """Fetch and install the firmware at `location` from `retrieve_date` on (OCPP 1.6 §5.19)."""

    location: str
    retrieve_date: Timestamp
    retries: Integer | UnsetType = UNSET
    retry_interval: Integer | UnsetType = UNSET


class UpdateFirmwareResponse(Response, frozen=True):
    """Received."""
