"""Firmware, diagnostics and logs on request (OCPP 1.6 §5.9, §5.19; security whitepaper §3, §4)."""

from msgspec import UnsetType
from ocpp.v16.enums import Log, LogStatus, UpdateFirmwareStatus

from evswarm_shared.ocpp16.errors import ErrorCode, PayloadError
from evswarm_shared.ocpp16.messages import (
    GetDiagnostics,
    GetDiagnosticsResponse,
    GetLog,
    GetLogResponse,
    SignedUpdateFirmware,
    SignedUpdateFirmwareResponse,
    UpdateFirmware,
    UpdateFirmwareResponse,
)
from evswarm_worker.station import firmware, log_upload, security_events
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.firmware_update import IRREVOCABLE, FirmwareUpdate, under_way
from evswarm_worker.station.log_upload import LogUpload
from evswarm_worker.station.security import BASIC, SecurityEventType, security_profile


def update_firmware(cabinet: Cabinet, request: UpdateFirmware) -> UpdateFirmwareResponse:
    """Fetch and install an image without a signature; one that is being installed already is finished first.

    Raises:
        PayloadError: a security profile is in use, and with it only signed firmware (L01.FR.20).
    """
    if security_profile(cabinet) >= BASIC:
        raise PayloadError(
            ErrorCode.NOT_SUPPORTED, "with a security profile only SignedUpdateFirmware is taken"
        )
    former = under_way(cabinet)
    if former is not None and former.stage in IRREVOCABLE:
        cabinet.log("Firmware update ignored: another one is being installed")
        return UpdateFirmwareResponse()
    firmware.begin(
        cabinet,
        FirmwareUpdate(
            request.location,
            float(request.retrieve_date),
            _at_least_one(request.retries, firmware.DEFAULT_ATTEMPTS),
            _seconds(request.retry_interval, firmware.DEFAULT_RETRY_SECONDS),
        ),
    )
    return UpdateFirmwareResponse()


def signed_update_firmware(cabinet: Cabinet, request: SignedUpdateFirmware) -> SignedUpdateFirmwareResponse:
    """The same with a signature; the certificate that made it is checked before anything else (L01.FR.23)."""
    from evswarm_worker.station import certificates

    wanted = request.firmware
    roots = [] if cabinet.security is None else cabinet.security.manufacturer_roots
    try:
        certificates.check_signing_certificate(
            wanted.signing_certificate, roots, cabinet.now, cabinet.config.revocations
        )
    except certificates.CertificateFaultError as fault:
        cabinet.log(f"Firmware update refused: its signing certificate is {fault}")
        kind = SecurityEventType.INVALID_FIRMWARE_SIGNING_CERTIFICATE
        security_events.record(cabinet, kind, str(fault))
        revoked = isinstance(fault, certificates.CertificateRevokedError)
        return SignedUpdateFirmwareResponse(
            UpdateFirmwareStatus.revoked_certificate if revoked else UpdateFirmwareStatus.invalid_certificate
        )
    former = under_way(cabinet)
    if former is not None and former.stage in IRREVOCABLE:
        return SignedUpdateFirmwareResponse(UpdateFirmwareStatus.rejected)
    firmware.begin(
        cabinet,
        FirmwareUpdate(
            wanted.location,
            float(wanted.retrieve_date_time),
            _at_least_one(request.retries, firmware.DEFAULT_ATTEMPTS),
            _seconds(request.retry_interval, firmware.DEFAULT_RETRY_SECONDS),
            request_id=request.request_id,
            install_at=None
            if isinstance(wanted.install_date_time, UnsetType)
            else float(wanted.install_date_time),
            signing_certificate=wanted.signing_certificate,
            signature=wanted.signature,
        ),
    )
    return SignedUpdateFirmwareResponse(
        UpdateFirmwareStatus.accepted if former is None else UpdateFirmwareStatus.accepted_canceled
    )


def get_diagnostics(cabinet: Cabinet, request: GetDiagnostics) -> GetDiagnosticsResponse:
    """Upload what the station knows of itself and the part of its log that is asked for."""
    name = log_upload.file_name(cabinet, Log.diagnostics_log)
    retries = request.retries if isinstance(request.retries, int) else log_upload.DEFAULT_RETRIES
    log_upload.begin(
        cabinet,
        LogUpload(
            request.location,
            name,
            # Here it is said how often to try again (errata §3.50).
            1 + max(0, retries),
            _seconds(request.retry_interval, log_upload.DEFAULT_RETRY_SECONDS),
            None if isinstance(request.start_time, UnsetType) else float(request.start_time),
            None if isinstance(request.stop_time, UnsetType) else float(request.stop_time),
        ),
    )
    return GetDiagnosticsResponse(name)


def get_log(cabinet: Cabinet, request: GetLog) -> GetLogResponse:
    """Upload the security log or the diagnostics (N01)."""
    name = log_upload.file_name(cabinet, request.log_type)
    oldest, latest = request.log.oldest_timestamp, request.log.latest_timestamp
    cancelled = log_upload.begin(
        cabinet,
        LogUpload(
            request.log.remote_location,
            name,
            _at_least_one(request.retries, 1 + log_upload.DEFAULT_RETRIES),
            _seconds(request.retry_interval, log_upload.DEFAULT_RETRY_SECONDS),
            None if isinstance(oldest, UnsetType) else float(oldest),
            None if isinstance(latest, UnsetType) else float(latest),
            request.request_id,
            request.log_type,
        ),
    )
    return GetLogResponse(LogStatus.accepted_canceled if cancelled else LogStatus.accepted, name)


def _at_least_one(attempts: int | UnsetType, default: int) -> int:
    return max(1, attempts) if isinstance(attempts, int) else default


def _seconds(interval: int | UnsetType, default: float) -> float:
    return float(max(0, interval)) if isinstance(interval, int) else default
