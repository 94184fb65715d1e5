"""The security extension (OCPP 1.6 security whitepaper, edition 3, §4 and §5)."""

from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType
from ocpp.v16.enums import (
    CertificateSignedStatus,
    CertificateStatus,
    CertificateUse,
    DeleteCertificateStatus,
    FirmwareStatus,
    GenericStatus,
    GetInstalledCertificateStatus,
    Log,
    LogStatus,
    MessageTrigger,
    TriggerMessageStatus,
    UpdateFirmwareStatus,
    UploadLogStatus,
)

from evswarm_shared.ocpp16.datatypes import (
    CertificateHashData,
    CiString50,
    CiString255,
    Firmware,
    Integer,
    LogParameters,
)
from evswarm_shared.ocpp16.messages.payload import Request, Response, refuse_unless_among
from evswarm_shared.ocpp16.timestamps import Timestamp

EXTENDED_TRIGGERS: Final = frozenset(
    {
        MessageTrigger.boot_notification,
        MessageTrigger.log_status_notification,
        MessageTrigger.firmware_status_notification,
        MessageTrigger.heartbeat,
        MessageTrigger.meter_values,
        MessageTrigger.sign_charge_point_certificate,
        MessageTrigger.status_notification,
    }
)
"""What ExtendedTriggerMessage can ask for: no diagnostics, but logs and certificates."""

CertificateText = Annotated[str, Meta(max_length=5500)]


# --- a station asks ------------------------------------------------------------------------------------------


class LogStatusNotification(Request, frozen=True):
    """How far an upload of a log is."""

    status: UploadLogStatus
    request_id: Integer | UnsetType = UNSET


class LogStatusNotificationResponse(Response, frozen=True):
    """Received."""


class SecurityEventNotification(Request, frozen=True):
    """Something happened that an auditor wants to know."""

    type: CiString50
    timestamp: Timestamp
    tech_info: CiString255 | UnsetType = UNSET


class SecurityEventNotificationResponse(Response, frozen=True):
    """Received."""


class SignCertificate(Request, frozen=True):
    """Sign this certificate request (PEM)."""

    csr: CertificateText


class SignCertificateResponse(Response, frozen=True):
    """Whether a CertificateSigned will follow."""

    status: GenericStatus


class SignedFirmwareStatusNotification(Request, frozen=True):
    """How far a signed firmware update is."""

    status: FirmwareStatus
    request_id: Integer | UnsetType = UNSET


class SignedFirmwareStatusNotificationResponse(Response, frozen=True):
    """Received."""


# --- the central system asks ---------------------------------------------------------------------------------


class CertificateSigned(Request, frozen=True):
    """The signed certificate with its chain (PEM)."""

    certificate_chain: Annotated[str, Meta(max_length=10000)]


class CertificateSignedResponse(Response, frozen=True):
    """Whether the station will use it."""

    status: CertificateSignedStatus


class DeleteCertificate(Request, frozen=True):
    """Remove a root certificate."""

    certificate_hash_data: CertificateHashData


class DeleteCertificateResponse(Response, frozen=True):
    """Whether it is gone."""

    status: DeleteCertificateStatus


class ExtendedTriggerMessage(Request, frozen=True):
    """Send this message now; knows the messages of the security extension."""

    requested_message: MessageTrigger
    connector_id: Integer | UnsetType = UNSET

    def __post_init__(self) -> None:
        refuse_unless_among("requestedMessage", self.requested_message, EXTENDED_TRIGGERS)


class ExtendedTriggerMessageResponse(Response, frozen=True):
    """Whether the message will come, after this answer."""

    status: TriggerMessageStatus


class GetInstalledCertificateIds(Request, frozen=True):
    """Which root certificates of this use are installed?"""

    certificate_type: CertificateUse


class GetInstalledCertificateIdsResponse(Response, frozen=True):
    """The certificates, when there are any."""

    status: GetInstalledCertificateStatus
    certificate_hash_data: Annotated[list[CertificateHashData], Meta(min_length=1)] | UnsetType = UNSET


class GetLog(Request, frozen=True):
    """Upload a log; `retry_interval` in seconds."""

    log: LogParameters
    log_type: Log
    request_id: Integer
    retries: Integer | UnsetType = UNSET
    retry_interval: Integer | UnsetType = UNSET


class GetLogResponse(Response, frozen=True):
    """Whether the upload will start, and under which name."""

    status: LogStatus
    filename: CiString255 | UnsetType = UNSET


class InstallCertificate(Request, frozen=True):
    """Trust this root certificate (PEM)."""

    certificate_type: CertificateUse
    certificate: CertificateText


class InstallCertificateResponse(Response, frozen=True):
    """Whether it is trusted now."""

    status: CertificateStatus


class SignedUpdateFirmware(Request, frozen=True):
    """Fetch, verify and install a signed firmware; `retry_interval` in seconds."""

    request_id: Integer
    firmware: Firmware
    retries: Integer | UnsetType = UNSET
    retry_interval: Integer | UnsetType = UNSET


class SignedUpdateFirmwareResponse(Response, frozen=True):
    """Whether the update will be tried."""

    status: UpdateFirmwareStatus
