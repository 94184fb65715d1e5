"""Updating the firmware: fetch, verify, wait for the cars, install, restart (OCPP 1.6 §4.5, §5.19; whitepaper L01).

One update at a time, stored whole in the checkpoint. The stages are a literal table; the image itself never comes here, only its
digest. The version a station runs afterwards is read from the image's file name.
"""

from math import inf
from typing import Final

from msgspec import UNSET
from ocpp.v16.enums import Action, FirmwareStatus, Reason

from evswarm_shared.ocpp16.messages import FirmwareStatusNotification, SignedFirmwareStatusNotification
from evswarm_worker.station import security_events
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.commands.availability import come_into_service, go_out_of_service
from evswarm_worker.station.effects import CancelTransfer, Download
from evswarm_worker.station.firmware_update import (
    FirmwareUpdate,
    Stage,
    UpdateEvent,
    host_of,
    under_way,
    version_of,
)
from evswarm_worker.station.rebooting import begin_reboot
from evswarm_worker.station.security import SecurityEventType
from evswarm_worker.station.transfer import TransferOutcome, TransferResult

INSTALL_SECONDS: Final = 5.0
"""Real seconds that writing an image takes."""
DEFAULT_ATTEMPTS: Final = 3
DEFAULT_RETRY_SECONDS: Final = 30.0
"""When the central system leaves it to the station (OCPP 1.6 §6.55)."""
LOOK_AGAIN_SECONDS: Final = 1.0
"""How often it is looked whether the last transaction has ended."""

_S: Final = FirmwareStatus


def begin(cabinet: Cabinet, update: FirmwareUpdate) -> None:
    """Take on an update, in place of one that was under way."""
    former = under_way(cabinet)
    if former is not None:
        _let_go(cabinet, former)
        _give_back(cabinet, former)
    cabinet.firmware = update
    cabinet.lasting_changed = True
    cabinet.log(f"Firmware update from {host_of(update.location)}")
    if update.request_id is not None and float(cabinet.timestamp()) < update.retrieve_at:
        tell(cabinet, update, _S.download_scheduled)
    cabinet.look_soon()


def transferred(cabinet: Cabinet, transfer: int, result: TransferResult) -> bool:
    """A download ended; False when it is not ours."""
    update = cabinet.firmware
    if update is None or not transfer or update.transfer != transfer:
        return False
    update.transfer = 0
    if update.stage is not Stage.DOWNLOADING:
        return True
    cabinet.look_soon()
    if result.outcome is TransferOutcome.DONE:
        update.apply(UpdateEvent.FETCHED)
        cabinet.log(f"Firmware downloaded: {result.size} bytes")
        tell(cabinet, update, _S.downloaded)
        _verify(cabinet, update, result)
        return True
    update.attempts_left -= 1
    cabinet.log(f"Firmware download failed: {result.in_words}; {update.attempts_left} attempt(s) left")
    cabinet.lasting_changed = True
    if update.attempts_left > 0:
        update.apply(UpdateEvent.BROKE)
        update.due = cabinet.now + update.retry_seconds
        if update.request_id is not None:
            tell(cabinet, update, _S.download_paused)
    else:
        update.apply(UpdateEvent.GIVEN_UP)
        _fail(cabinet, update, _S.download_failed)
    return True


def look(cabinet: Cabinet) -> float:
    """Do what is due; returns when to look again, in real unix seconds."""
    while (update := under_way(cabinet)) is not None:
        due = _step(cabinet, update)
        if due > cabinet.now:
            return due
    return inf


def tell(
    cabinet: Cabinet, update: FirmwareUpdate | None, status: FirmwareStatus, *, asked_for: bool = False
) -> None:
    """Put a status in line, in the message that belongs to the kind of update."""
    request_id = None if update is None else update.request_id
    if update is not None:
        update.status = status
        cabinet.lasting_changed = True
    if update is None or request_id is None:
        call = PendingCall(
            Action.firmware_status_notification,
            FirmwareStatusNotification(status),
            allowed_while_pending=asked_for,
        )
    else:
        call = PendingCall(
            Action.signed_firmware_status_notification,
            SignedFirmwareStatusNotification(status, request_id),
            allowed_while_pending=asked_for,
        )
    cabinet.call(call)


def tell_again(cabinet: Cabinet, *, signed: bool) -> None:
    """A status was asked for: the last one, Idle when there was none or the update is through (L01.FR.28)."""
    update = cabinet.firmware
    if update is not None and (update.request_id is None) is signed:
        update = None
    status = _S.idle if update is None or update.status is None else update.status
    if status is _S.installed:
        status = _S.idle
    if signed:
        request_id = UNSET if update is None or status is _S.idle else update.request_id
        request = SignedFirmwareStatusNotification(status, UNSET if request_id is None else request_id)
        cabinet.call(
            PendingCall(Action.signed_firmware_status_notification, request, allowed_while_pending=True)
        )
    else:
        cabinet.call(
            PendingCall(
                Action.firmware_status_notification,
                FirmwareStatusNotification(status),
                allowed_while_pending=True,
            )
        )


def _step(cabinet: Cabinet, update: FirmwareUpdate) -> float:
    """One step of the update if it is due; returns when the next one is."""
    match update.stage:
        case Stage.SCHEDULED:
            due = _real(cabinet, update.retrieve_at)
            if due > cabinet.now:
                return due
            _download(cabinet, update)
        case Stage.PAUSED:
            if update.due > cabinet.now:
                return update.due
            _download(cabinet, update)
        case Stage.DOWNLOADING:
            if update.transfer:
                return inf
            # The worker that fetched it is gone.
            _fetch(cabinet, update)
        case Stage.DOWNLOADED:
            if update.install_at is None or _real(cabinet, update.install_at) <= cabinet.now:
                _try_to_install(cabinet, update)
            else:
                update.apply(UpdateEvent.INSTALL_LATER)
                tell(cabinet, update, _S.install_scheduled)
        case Stage.INSTALL_SCHEDULED:
            due = cabinet.now if update.install_at is None else _real(cabinet, update.install_at)
            if due > cabinet.now:
                return due
            _try_to_install(cabinet, update)
        case Stage.WAITING:
            if _in_use(cabinet):
                return cabinet.now + LOOK_AGAIN_SECONDS
            _install(cabinet, update)
        case Stage.INSTALLING:
            if update.due > cabinet.now:
                return update.due
            if cabinet.ending is not None:
                return cabinet.now + LOOK_AGAIN_SECONDS
            _written(cabinet, update)
        case Stage.REBOOTING:
            if not (cabinet.online and cabinet.booted) or cabinet.ending is not None:
                return inf
            _booted(cabinet, update)
        case _:
            return inf
    return cabinet.now


def _download(cabinet: Cabinet, update: FirmwareUpdate) -> None:
    update.apply(UpdateEvent.RETRIEVE)
    if update.status is not _S.downloading:
        tell(cabinet, update, _S.downloading)
    _fetch(cabinet, update)


def _fetch(cabinet: Cabinet, update: FirmwareUpdate) -> None:
    update.transfer = cabinet.new_transfer()
    cabinet.effects.append(Download(update.transfer, update.location))


def _verify(cabinet: Cabinet, update: FirmwareUpdate, result: TransferResult) -> None:
    update.fault = _image_fault(result)
    if update.request_id is None:
        return
    from evswarm_worker.station.certificates import signature_holds

    if signature_holds(update.signing_certificate, update.signature, result.sha256):
        tell(cabinet, update, _S.signature_verified)
        return
    update.apply(UpdateEvent.REFUSED)
    security_events.record(cabinet, SecurityEventType.INVALID_FIRMWARE_SIGNATURE, host_of(update.location))
    _fail(cabinet, update, _S.invalid_signature)


def _image_fault(result: TransferResult) -> str:
    """Why the file is no image: what a server sends instead of one is an error page, or nothing."""
    if result.size == 0:
        return "the file is empty"
    start = result.head.lstrip()[:15].lower()
    return "the file is a web page" if start.startswith((b"<!doctype html", b"<html")) else ""


def _in_use(cabinet: Cabinet) -> bool:
    return any(connector.transaction is not None for connector in cabinet.connectors)


def _try_to_install(cabinet: Cabinet, update: FirmwareUpdate) -> None:
    """Take the connectors out of service; install when nobody charges, else when that is over (L01.FR.06, FR.07)."""
    update.held = tuple(c.connector_id for c in cabinet.connectors if c.operative)
    for connector in cabinet.connectors:
        connector.operative = False
        if connector.transaction is None:
            go_out_of_service(cabinet, connector)
    cabinet.lasting_changed = True
    if _in_use(cabinet):
        update.apply(UpdateEvent.IN_USE)
        cabinet.log("Firmware update waits for the transactions to end")
    else:
        _install(cabinet, update)


def _install(cabinet: Cabinet, update: FirmwareUpdate) -> None:
    update.apply(UpdateEvent.INSTALL)
    update.due = cabinet.now + INSTALL_SECONDS
    tell(cabinet, update, _S.installing)


def _written(cabinet: Cabinet, update: FirmwareUpdate) -> None:
    if update.fault:
        update.apply(UpdateEvent.REFUSED)
        cabinet.log(f"Firmware not installed: {update.fault}")
        _fail(cabinet, update, _S.installation_failed)
        return
    update.apply(UpdateEvent.WRITTEN)
    cabinet.firmware_version = version_of(update.location)
    if update.request_id is not None:
        tell(cabinet, update, _S.install_rebooting)
    cabinet.lasting_changed = True
    begin_reboot(cabinet, Reason.reboot, at_once=False)


def _booted(cabinet: Cabinet, update: FirmwareUpdate) -> None:
    update.apply(UpdateEvent.BOOTED)
    cabinet.log(f"Firmware {cabinet.firmware_version} installed")
    tell(cabinet, update, _S.installed)
    security_events.record(cabinet, SecurityEventType.FIRMWARE_UPDATED, cabinet.firmware_version)
    _give_back(cabinet, update)
    _close(update)


def _fail(cabinet: Cabinet, update: FirmwareUpdate, status: FirmwareStatus) -> None:
    tell(cabinet, update, status)
    _give_back(cabinet, update)
    _close(update)


def _close(update: FirmwareUpdate) -> None:
    """What is over is remembered by its status alone."""
    update.signing_certificate = update.signature = update.location = ""


def _let_go(cabinet: Cabinet, update: FirmwareUpdate) -> None:
    if update.transfer:
        cabinet.effects.append(CancelTransfer(update.transfer))
        update.transfer = 0


def _give_back(cabinet: Cabinet, update: FirmwareUpdate) -> None:
    held, update.held = update.held, ()
    for connector_id in held:
        connector = cabinet.connector(connector_id)
        if connector is not None:
            connector.operative = True
            come_into_service(cabinet, connector)
    cabinet.lasting_changed = True


def _real(cabinet: Cabinet, at: float) -> float:
    """When the station's own clock shows this, in real unix seconds."""
    return cabinet.clock.real(at - cabinet.clock_offset)
