"""Uploading diagnostics and logs, one file of each at a time, tried again as asked (OCPP 1.6 §5.9; whitepaper N01)."""

from math import inf
from typing import Final

import msgspec
from ocpp.v16.enums import Action, ConfigurationKey, DiagnosticsStatus, Log, UploadLogStatus

from evswarm_shared.ocpp16.messages import DiagnosticsStatusNotification, LogStatusNotification
from evswarm_shared.ocpp16.timestamps import format_timestamp
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.configuration import Access
from evswarm_worker.station.effects import CancelTransfer, LogPart, Upload
from evswarm_worker.station.transfer import TransferOutcome, TransferResult

DEFAULT_RETRIES: Final = 2
DEFAULT_RETRY_SECONDS: Final = 30.0
"""When the central system leaves it to the station."""

_FAILURES: Final = {
    TransferOutcome.DENIED: UploadLogStatus.permission_denied,
    TransferOutcome.NOT_SUPPORTED: UploadLogStatus.not_supported_operation,
    TransferOutcome.BAD_ADDRESS: UploadLogStatus.bad_message,
}
"""Reasons of failure that have a status of their own (N01.FR.10)."""


class LogUpload(msgspec.Struct, array_like=True):
    """One upload, stored whole in the checkpoint. `request_id` None: GetDiagnostics asked for it.

    `oldest` and `latest` are on the station's own clock, None without a bound; `retry_seconds` and `retry_at` real seconds. `transfer` 0: no
    transfer is under way. `status` is what the central system was told last.
    """

    location: str
    file_name: str
    attempts_left: int
    retry_seconds: float
    oldest: float | None = None
    latest: float | None = None
    request_id: int | None = None
    log_type: Log = Log.diagnostics_log
    transfer: int = 0
    retry_at: float = 0.0
    status: UploadLogStatus | None = None
    over: bool = False


def under_way(cabinet: Cabinet, *, diagnostics: bool) -> LogUpload | None:
    """The upload that is not over yet: that of GetDiagnostics, or that of GetLog."""
    upload = cabinet.diagnostics_upload if diagnostics else cabinet.log_upload
    return None if upload is None or upload.over else upload


def begin(cabinet: Cabinet, upload: LogUpload) -> bool:
    """Take on an upload; True when another one for the same request was cancelled for it (N01.FR.11).

    GetDiagnostics and GetLog are separate: they have statuses of their own, and neither stops the other.
    """
    diagnostics = upload.request_id is None
    former = under_way(cabinet, diagnostics=diagnostics)
    if former is not None:
        if former.transfer:
            cabinet.effects.append(CancelTransfer(former.transfer))
        if diagnostics:
            # The answer to the new request cannot say it, as AcceptedCanceled does for a log.
            _tell(cabinet, former, UploadLogStatus.upload_failure)
    if diagnostics:
        cabinet.diagnostics_upload = upload
    else:
        cabinet.log_upload = upload
    cabinet.lasting_changed = True
    cabinet.log(f"Upload of {upload.file_name} begins")
    cabinet.look_soon()
    return former is not None


def file_name(cabinet: Cabinet, log_type: Log) -> str:
    """The name a file gets that is made now."""
    station_id = "".join(c if c.isalnum() or c in "-_" else "_" for c in cabinet.config.station_id)
    kind = "security" if log_type is Log.security_log else "diagnostics"
    at = format_timestamp(float(cabinet.timestamp()))[:19].replace(":", "").replace("-", "")
    return f"{station_id}-{kind}-{at}Z.log"


def transferred(cabinet: Cabinet, transfer: int, result: TransferResult) -> bool:
    """An upload ended; False when it is not ours."""
    upload = next((u for u in _uploads(cabinet) if transfer and u.transfer == transfer), None)
    if upload is None:
        return False
    upload.transfer = 0
    if upload.over:
        return True
    if result.outcome is TransferOutcome.DONE:
        cabinet.log(f"Uploaded {upload.file_name}")
        upload.over = True
        _tell(cabinet, upload, UploadLogStatus.uploaded)
        return True
    upload.attempts_left -= 1
    cabinet.log(f"Upload failed: {result.in_words}; {upload.attempts_left} attempt(s) left")
    if upload.attempts_left > 0:
        upload.retry_at = cabinet.now + upload.retry_seconds
        cabinet.look_soon()
    else:
        upload.over = True
        _tell(cabinet, upload, _FAILURES.get(result.outcome, UploadLogStatus.upload_failure))
    return True


def look(cabinet: Cabinet) -> float:
    """Do what is due; returns when to look again, in real unix seconds."""
    return min((_look(cabinet, upload) for upload in _uploads(cabinet)), default=inf)


def _uploads(cabinet: Cabinet) -> tuple[LogUpload, ...]:
    both = (cabinet.log_upload, cabinet.diagnostics_upload)
    return tuple(upload for upload in both if upload is not None)


def _look(cabinet: Cabinet, upload: LogUpload) -> float:
    if upload.over or upload.transfer:
        return inf
    if upload.retry_at > cabinet.now:
        return upload.retry_at
    if upload.status is None:
        _tell(cabinet, upload, UploadLogStatus.uploading)
    upload.transfer = cabinet.new_transfer()
    cabinet.effects.append(_effect(cabinet, upload))
    return inf


def tell_again(cabinet: Cabinet, *, diagnostics: bool) -> None:
    """A status was asked for: the last one while an upload is under way, else Idle."""
    upload = under_way(cabinet, diagnostics=diagnostics)
    if diagnostics:
        known = DiagnosticsStatus.idle if upload is None else DiagnosticsStatus.uploading
        call = PendingCall(
            Action.diagnostics_status_notification,
            DiagnosticsStatusNotification(known),
            allowed_while_pending=True,
        )
    elif upload is None or upload.request_id is None:
        request = LogStatusNotification(UploadLogStatus.idle)
        call = PendingCall(Action.log_status_notification, request, allowed_while_pending=True)
    else:
        request = LogStatusNotification(UploadLogStatus.uploading, upload.request_id)
        call = PendingCall(Action.log_status_notification, request, allowed_while_pending=True)
    cabinet.call(call)


def _tell(cabinet: Cabinet, upload: LogUpload, status: UploadLogStatus) -> None:
    upload.status = status
    cabinet.lasting_changed = True
    if upload.request_id is not None:
        request = LogStatusNotification(status, upload.request_id)
        cabinet.call(PendingCall(Action.log_status_notification, request))
        return
    known = {
        UploadLogStatus.uploading: DiagnosticsStatus.uploading,
        UploadLogStatus.uploaded: DiagnosticsStatus.uploaded,
    }.get(status, DiagnosticsStatus.upload_failed)
    cabinet.call(PendingCall(Action.diagnostics_status_notification, DiagnosticsStatusNotification(known)))


def _effect(cabinet: Cabinet, upload: LogUpload) -> Upload:
    if upload.log_type is Log.security_log:
        text = _security_log(cabinet, upload)
        return Upload(upload.transfer, upload.location, upload.file_name, text)
    offset = cabinet.clock_offset
    part = LogPart(
        cabinet.at,
        cabinet.utc_offset(),
        None if upload.oldest is None else upload.oldest - offset,
        None if upload.latest is None else upload.latest - offset,
    )
    return Upload(upload.transfer, upload.location, upload.file_name, _diagnostics(cabinet), part)


def _head(cabinet: Cabinet, title: str) -> list[str]:
    profile = cabinet.config.profile
    return [
        f"{title} of {cabinet.config.station_id}",
        f"made: {format_timestamp(float(cabinet.timestamp()))}",
        f"vendor: {profile.vendor}",
        f"model: {profile.model}",
        f"firmware: {cabinet.firmware_version}",
    ]


def _diagnostics(cabinet: Cabinet) -> str:
    lines = _head(cabinet, "Diagnostics")
    lines.append(f"link: {cabinet.link.name.lower()}")
    lines.append(f"transaction messages waiting: {len(cabinet.outbox)}")
    for connector in cabinet.connectors:
        transaction = connector.transaction
        lines.append(
            f"connector {connector.connector_id}: {connector.visible_status} {connector.error_code}"
            f" register {connector.meter.register_mwh // 1000} Wh"
            f" transaction {'none' if transaction is None else transaction.transaction_id}"
        )
    lines += [
        f"{name} = {cabinet.configuration.text(name)}"
        for name, spec in cabinet.configuration.keys.items()
        if spec.access is not Access.WRITE_ONLY
    ]
    return "\n".join([*lines, "", ""])


def _security_log(cabinet: Cabinet, upload: LogUpload) -> str:
    lines = _head(cabinet, "Security log")
    profile = cabinet.configuration.text(ConfigurationKey.security_profile)
    lines += [f"security profile: {profile}", ""]
    for event in cabinet.security.journal if cabinet.security is not None else ():
        if (upload.oldest is None or event.at >= upload.oldest) and (
            upload.latest is None or event.at <= upload.latest
        ):
            lines.append(f"{format_timestamp(event.at)} {event.type} {event.info}".rstrip())
    return "\n".join([*lines, ""])
