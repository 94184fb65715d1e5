"""From a station's request to its answer: which handler, what it reads before, what is written after.

Two tables: messages answered at once without the store, and messages that wait for it. The handlers are pure; the
reading and writing around them stands here.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from msgspec import UNSET

from evswarm_csms import ledger
from evswarm_csms.configuration_desk import ConfigurationDesk, Reachable
from evswarm_csms.event_log import EventLog
from evswarm_csms.handlers import (
    authorize,
    boot_notification,
    data_transfer,
    diagnostics_status_notification,
    firmware_status_notification,
    heartbeat,
    id_tags,
    log_status_notification,
    meter_values,
    security_event_notification,
    sign_certificate,
    signed_firmware_status_notification,
    start_transaction,
    status_notification,
    stop_transaction,
)
from evswarm_csms.history import NO_HISTORY, CentralHistory
from evswarm_csms.meter_batch import MeterBatch
from evswarm_shared.bus.csms_records import BootRule, StationEvent, StationEventKind
from evswarm_shared.bus.messages import StationRecord, TransactionRecord
from evswarm_shared.bus.port import CsmsBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.ocpp16.messages import (
    Authorize,
    BootNotification,
    CertificateSigned,
    CertificateSignedResponse,
    DataTransfer,
    DiagnosticsStatusNotification,
    FirmwareStatusNotification,
    Heartbeat,
    LogStatusNotification,
    MeterValues,
    Request,
    Response,
    SecurityEventNotification,
    SignCertificate,
    SignedFirmwareStatusNotification,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)
from evswarm_shared.telemetry.counts import ProtocolCounts, Tally

RETRY_PAUSES_SECONDS: Final = (0.1, 0.4, 1.5)
"""Pauses between attempts at a store that is away; after the last the station is told to try again itself."""

Result = TypeVar("Result")


class FailedPart(StrEnum):
    """What a failure of our own spoiled."""

    MESSAGE = "message"
    COMMAND = "command"
    ERRAND = "errand"
    """What follows a message or a command, and nobody waits for."""


class CertificateSigner(Protocol):
    """The signing authority, as `signing_authority` has it."""

    def grant(self, csr: str, names: Collection[str], now: float) -> str | None:
        """Why a request cannot be granted to a station with one of these names; None: it can be."""
        ...

    def sign(self, csr: str, now: float) -> str:
        """The certificate chain for a request that was granted (PEM)."""
        ...


@dataclass(slots=True)
class Desk:
    """What handling needs beside the request: the store, the clock and the rules of this central system.

    `clock` gives unix seconds. `failures` counts what failed by our own fault, by `FailedPart`. `remember` takes a station's record to be stored soon, whatever becomes of the store.
    `authority` None: no certificates are signed. `boot_rules` are those read last.
    """

    bus: CsmsBus
    counts: ProtocolCounts
    failures: Tally
    clock: Callable[[], float]
    meters: MeterBatch
    remember: Callable[[StationRecord], None]
    events: EventLog
    configuration: ConfigurationDesk
    authority: CertificateSigner | None
    accept_unknown_tags: bool
    heartbeat_interval_seconds: int
    boot_rules: tuple[BootRule, ...] = ()
    last_transaction_id: int = 0
    """The highest that this replica knows of, so that a store that lost its count gives none twice."""
    retry_pauses_seconds: tuple[float, ...] = RETRY_PAUSES_SECONDS
    history: CentralHistory = NO_HISTORY

    async def book(self, record: TransactionRecord, key: str) -> tuple[TransactionRecord, bool]:
        """Open a transaction in the store, or find the one that this very message opened before.

        Raises:
            BusUnavailableError: as `persistently`.
        """
        stored, new = await self.persistently(
            lambda: self.bus.start_transaction(record, key, after=self.last_transaction_id)
        )
        self.last_transaction_id = max(self.last_transaction_id, stored.transaction_id)
        return stored, new

    async def persistently(self, operation: Callable[[], Awaitable[Result]]) -> Result:
        """The operation's result, trying again while the store is away; every one of them may be repeated.

        Raises:
            BusUnavailableError: it is still away after the last pause.
        """
        for pause in self.retry_pauses_seconds:
            try:
                return await operation()
            except BusUnavailableError:
                await asyncio.sleep(pause)
        return await operation()


Promise = Callable[[Reachable], Coroutine[Any, Any, None]]


class StationFile:
    """What handling keeps of one station between its messages.

    `promised` is what the session has to begin once the answer to the present message is out.
    """

    __slots__ = ("connectors", "promised", "station_id", "watch")

    def __init__(self, station_id: str) -> None:
        self.station_id = station_id
        self.watch = ledger.MeterWatch()
        self.connectors = ledger.OpenConnectors()
        self.promised: Promise | None = None


def _heartbeat(request: Heartbeat, _: StationFile, desk: Desk) -> Response:
    return heartbeat.handle(request, now=desk.clock())


def _meter_values(request: MeterValues, station: StationFile, desk: Desk) -> Response:
    response, reading = meter_values.handle(request)
    if reading is not None:
        station.watch.note(*reading)
        desk.meters.note(station.station_id, *reading)
    return response


def _noted(
    handle: Callable[..., tuple[Response, StationEvent | None]],
) -> Callable[[Any, StationFile, Desk], Response]:
    def answer(request: Request, station: StationFile, desk: Desk) -> Response:
        response, event = handle(request, now=desk.clock())
        if event is not None:
            desk.events.note(station.station_id, event)
        return response

    return answer


def _without_store(handle: Callable[[Any], Response]) -> Callable[[Any, StationFile, Desk], Response]:
    return lambda request, station, desk: handle(request)


async def _boot_notification(request: BootNotification, station: StationFile, desk: Desk) -> Response:
    station_id, now = station.station_id, desk.clock()
    with contextlib.suppress(BusUnavailableError):  # then the rules as they were last
        desk.boot_rules = await desk.bus.read_boot_rules()
    response, record = boot_notification.handle(
        request, station_id, desk.boot_rules, interval_seconds=desk.heartbeat_interval_seconds, now=now
    )
    desk.remember(record)
    desk.counts.boots.add(response.status.value)
    software = f"{record.vendor} {record.model} {record.firmware_version}".strip()
    desk.events.note(station_id, StationEvent(now, StationEventKind.BOOT, response.status.value, software))
    if record.accepted:
        station.promised = lambda reachable: desk.configuration.apply(station_id, reachable)
    return response


async def _sign_certificate(request: SignCertificate, station: StationFile, desk: Desk) -> Response:
    station_id, authority, now = station.station_id, desk.authority, desk.clock()
    refusal: str | None = sign_certificate.NO_AUTHORITY
    if authority is not None:
        [registration] = await desk.persistently(lambda: desk.bus.read_registrations((station_id,)))
        serial = "" if registration is None else registration.serial_number
        refusal = authority.grant(request.csr, {serial or station_id}, now)
        if refusal is None:
            chain = authority.sign(request.csr, now)
            station.promised = lambda reachable: _deliver_certificate(chain, station_id, desk, reachable)
    response, event = sign_certificate.answer(refusal, now=now)
    desk.events.note(station_id, event)
    return response


async def _deliver_certificate(chain: str, station_id: str, desk: Desk, reachable: Reachable) -> None:
    answer = await reachable.call(CertificateSigned(certificate_chain=chain))
    if isinstance(answer.response, CertificateSignedResponse):
        status, detail = answer.response.status.value, ""
    else:
        status, detail = answer.error_code or answer.outcome.value, answer.description
    desk.events.note(
        station_id,
        StationEvent(desk.clock(), StationEventKind.CERTIFICATE, f"CertificateSigned {status}", detail),
    )


def _flagged(record: TransactionRecord, station: StationFile, desk: Desk) -> None:
    if record.flags:
        flags = f"transaction {record.transaction_id}: {', '.join(record.flags)}"
        desk.events.note(
            station.station_id,
            StationEvent(desk.clock(), StationEventKind.TRANSACTION_FLAGGED, detail=flags),
        )


async def _authorize(request: Authorize, _: StationFile, desk: Desk) -> Response:
    tag = await desk.persistently(lambda: desk.bus.read_tag(request.id_tag))
    return authorize.handle(request, tag, accept_unknown=desk.accept_unknown_tags, now=desk.clock())


async def _start_transaction(request: StartTransaction, station: StationFile, desk: Desk) -> Response:
    tag = await desk.persistently(lambda: desk.bus.read_tag(request.id_tag))
    open_of_tag = (
        await desk.persistently(lambda: desk.bus.open_transactions_of_tag(request.id_tag))
        if id_tags.needs_open_transactions(tag)
        else []
    )
    info, record, key = start_transaction.handle(
        request,
        station.station_id,
        tag,
        open_of_tag,
        station.connectors.on(request.connector_id),
        accept_unknown=desk.accept_unknown_tags,
        now=desk.clock(),
    )
    stored, new = await desk.book(record, key)
    if new:
        _flagged(stored, station, desk)
    station.connectors.opened(stored)
    desk.history.transaction(stored, desk.clock())
    return start_transaction.answer(info, stored)


async def _stop_transaction(request: StopTransaction, station: StationFile, desk: Desk) -> Response:
    bus = desk.bus
    found = await desk.persistently(lambda: bus.read_transaction(request.transaction_id))
    if found is None:
        found = await _restored(request.transaction_id, station.station_id, desk)
    last_meter_wh, fell = station.watch.seen(request.transaction_id)
    closing = stop_transaction.handle(
        request, station.station_id, found, last_meter_wh=last_meter_wh, fell=fell
    )
    if closing is None:
        orphan, key = ledger.orphan(request, station.station_id)
        booked, _ = await desk.book(orphan, key)
        found, closing = booked, ledger.closed(booked, request)
    if closing is not found:
        record = closing
        await desk.persistently(lambda: bus.stop_transaction(record))
        desk.history.transaction(record, desk.clock())
        _flagged(record, station, desk)
    station.watch.forget(request.transaction_id)
    station.connectors.closed(request.transaction_id)
    id_tag = request.id_tag
    tag = None if id_tag is UNSET else await desk.persistently(lambda: bus.read_tag(id_tag))
    return stop_transaction.answer(request, tag, accept_unknown=desk.accept_unknown_tags, now=desk.clock())


async def _restored(transaction_id: int, station_id: str, desk: Desk) -> TransactionRecord | None:
    """A transaction that the store has lost and the station's own book still has, open again."""
    bus = desk.bus
    [book] = await desk.persistently(lambda: bus.read_books((station_id,)))
    found = [record for record in ledger.restored(book) if record.transaction_id == transaction_id]
    if not found:
        return None
    await desk.persistently(lambda: bus.restore_transactions(found))
    return found[0]


AT_ONCE: Final[Mapping[type[Request], Callable[[Any, StationFile, Desk], Response]]] = {
    MeterValues: _meter_values,
    Heartbeat: _heartbeat,
    StatusNotification: _noted(status_notification.handle),
    DataTransfer: _without_store(data_transfer.handle),
    DiagnosticsStatusNotification: _noted(diagnostics_status_notification.handle),
    FirmwareStatusNotification: _noted(firmware_status_notification.handle),
    LogStatusNotification: _noted(log_status_notification.handle),
    SecurityEventNotification: _noted(security_event_notification.handle),
    SignedFirmwareStatusNotification: _noted(signed_firmware_status_notification.handle),
}
"""Answered in the same turn of the event loop."""

WITH_STORE: Final[Mapping[type[Request], Callable[[Any, StationFile, Desk], Awaitable[Response]]]] = {
    Authorize: _authorize,
    BootNotification: _boot_notification,
    SignCertificate: _sign_certificate,
    StartTransaction: _start_transaction,
    StopTransaction: _stop_transaction,
}
"""Answered when the store has; raise BusUnavailableError when it stays away."""
