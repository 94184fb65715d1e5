"""The lasting state of a station as one small blob, and back (decision 5 of docs/architecture.md: who runs what).

Everything that follows from these numbers by itself (positions of timers, energy since then) is not stored: who
resumes the station lives through the time in between.
"""

from math import inf

import msgspec
from ocpp.v16.enums import Action, ChargePointErrorCode, ChargePointStatus, ReadingContext

from evswarm_shared.bus.messages import StationCommit, StoredStation
from evswarm_shared.bus.station_ledger import (
    BookRebuilt,
    LedgerFact,
    StartLanded,
    TransactionBegan,
    TransactionEnded,
)
from evswarm_shared.ocpp16.actions import Sender
from evswarm_shared.ocpp16.datatypes import MeterValue
from evswarm_shared.ocpp16.frames import encode_payload
from evswarm_shared.ocpp16.messages import MeterValues
from evswarm_shared.ocpp16.payloads import decode_request
from evswarm_worker.behaviour.car import Car
from evswarm_worker.behaviour.visits import Visit
from evswarm_worker.station.authorization_cache import CachedTag
from evswarm_worker.station.cabinet import FIRST_FIRMWARE, Cabinet
from evswarm_worker.station.charging_profiles import InstalledProfile
from evswarm_worker.station.connector import Connector, IntervalMark, TagState
from evswarm_worker.station.errors import CheckpointError
from evswarm_worker.station.firmware_update import FirmwareUpdate
from evswarm_worker.station.local_list import LocalList
from evswarm_worker.station.log_upload import LogUpload
from evswarm_worker.station.outbox import UNKNOWN_TRANSACTION
from evswarm_worker.station.reservation import Reservation
from evswarm_worker.station.security import Security
from evswarm_worker.station.transaction import Transaction, TransactionState

VERSION = 1


class TransactionCheckpoint(msgspec.Struct, array_like=True, frozen=True):
    """An open transaction. `stop_at_mwh` None: no bound."""

    serial: int
    transaction_id: int
    state: TransactionState
    id_tag: str
    parent_id_tag: str
    meter_start_mwh: int
    started_at: float
    stop_at_mwh: float | None
    told_started_at: float | None = None
    earned_units_before: int = 0
    granted_w: float | None = None
    samples: bytes | None = None


class ConnectorCheckpoint(msgspec.Struct, array_like=True, frozen=True):
    """One connector at the simulated time `at`. The car is that of the visit unless `hand_car` says another.

    `times`: arrive, tag, leave, sample, aligned, retry, timeout; None where nothing is due.
    """

    status: ChargePointStatus
    error_code: ChargePointErrorCode
    operative: bool
    reported: ChargePointStatus | None
    reported_error: ChargePointErrorCode
    at: float
    register_mwh: int
    earned_units: int
    limit_w: float
    plugged: bool
    plugged_soc: float
    plugged_register_mwh: int
    times: tuple[float | None, ...]
    visit: Visit | None
    hand_car: Car | None
    settled: bool
    id_tag: str
    parent_id_tag: str
    tag_state: TagState
    transaction: TransactionCheckpoint | None
    reservation: Reservation | None = None
    remote_profile: InstalledProfile | None = None
    interval_marks: dict[ReadingContext, IntervalMark] | None = None


class Checkpoint(msgspec.Struct, array_like=True, frozen=True):
    """A station. `draws` is how many random numbers it has taken."""

    version: int
    draws: int
    accepted_ever: bool
    booted: bool
    switched_off: bool
    operative: bool
    reported: ChargePointStatus | None
    clock_offset: float
    next_serial: int
    next_sequence: int
    transaction_ids: dict[int, int]
    configuration: dict[str, str]
    cache: dict[str, CachedTag]
    connectors: tuple[ConnectorCheckpoint, ...]
    autonomous: bool | None = None
    reservation: Reservation | None = None
    local_list: LocalList | None = None
    profiles: tuple[InstalledProfile, ...] | None = None
    firmware_version: str = FIRST_FIRMWARE
    firmware: FirmwareUpdate | None = None
    log_upload: LogUpload | None = None
    security: Security | None = None
    diagnostics_upload: LogUpload | None = None
    error_code: ChargePointErrorCode = ChargePointErrorCode.no_error
    creation: int = 0


class _Beginning(msgspec.Struct, array_like=True, frozen=True):
    """The first fields of a Checkpoint."""

    version: int
    draws: int
    accepted_ever: bool
    booted: bool


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Checkpoint)
_BEGINNING_DECODER = msgspec.msgpack.Decoder(_Beginning)

_TIMES = ("arrive_at", "tag_at", "leave_at", "sample_at", "aligned_at", "retry_at", "timeout_at")


def commit_of(cabinet: Cabinet, *, checkpoint: bool) -> StationCommit:
    """The next step for the store: what entered and left the outbox, and the checkpoint if it changed."""
    added, removed = cabinet.outbox.take_changes()
    return StationCommit(
        cabinet.config.station_id,
        _encode(cabinet) if checkpoint else None,
        added,
        removed,
        cabinet.outbox.take_facts(),
    )


def whole_of(cabinet: Cabinet) -> StationCommit:
    """Everything lasting about the station, for a store that has forgotten it.

    Of its book what still runs, or is over and not yet told; the register's share of what is gone is in its first line.
    """
    outbox = cabinet.outbox
    facts: list[LedgerFact] = [*outbox.take_facts(), *outbox.ended_facts()]
    elsewhere = sum(connector.meter.register_mwh for connector in cabinet.connectors)
    for connector in cabinet.connectors:
        open_one = connector.transaction
        if open_one is None:
            continue
        facts.append(open_one.began(connector.connector_id))
        if open_one.transaction_id != UNKNOWN_TRANSACTION:
            facts.append(StartLanded(open_one.serial, open_one.transaction_id))
        elsewhere -= connector.meter.register_mwh - open_one.meter_start_mwh
    told = {fact.serial for fact in facts if isinstance(fact, TransactionBegan)}
    ended = {fact.serial: fact for fact in facts if isinstance(fact, TransactionEnded)}
    elsewhere -= sum(fact.energy_mwh for serial, fact in ended.items() if serial in told)
    facts.append(BookRebuilt(0, min(told, default=cabinet.next_serial), elsewhere))
    return StationCommit(cabinet.config.station_id, _encode(cabinet), outbox.entries(), (), tuple(facts))


def restore(cabinet: Cabinet, stored: StoredStation) -> bool:
    """Take over what was stored; False when the station never ran, or is a new one of an old name.

    A new one has its meters and its numbers from the one before, lest a register falls or an id comes twice. One whose
    predecessor could not end its transactions goes on as that one.

    Raises:
        CheckpointError: the checkpoint is not one, or of another version.
    """
    if stored.checkpoint is None:
        return False
    try:
        checkpoint = _DECODER.decode(stored.checkpoint)
    except msgspec.DecodeError as error:
        raise CheckpointError(f"checkpoint of {stored.station_id}: {error}") from None
    if checkpoint.version != VERSION:
        raise CheckpointError(f"checkpoint of {stored.station_id} has version {checkpoint.version}")
    cabinet.draws.counter = checkpoint.draws
    cabinet.next_serial = checkpoint.next_serial
    cabinet.outbox.next_sequence = checkpoint.next_sequence
    cabinet.outbox.restore(stored.outbox, checkpoint.transaction_ids)
    if checkpoint.creation != cabinet.config.creation and not any(
        state.transaction for state in checkpoint.connectors
    ):
        for connector, state in zip(cabinet.connectors, checkpoint.connectors, strict=False):
            connector.meter.register_mwh = state.register_mwh
            connector.meter.earned_units = state.earned_units
        return False
    cabinet.accepted_ever = checkpoint.accepted_ever
    cabinet.booted = checkpoint.booted
    cabinet.switched_off = checkpoint.switched_off
    cabinet.operative = checkpoint.operative
    cabinet.reported = checkpoint.reported
    cabinet.clock_offset = checkpoint.clock_offset
    cabinet.configuration.changes = dict(checkpoint.configuration) or None
    cabinet.take_message_timeout()
    cabinet.cache.restore(checkpoint.cache)
    if checkpoint.autonomous is not None:
        cabinet.autonomous = checkpoint.autonomous
    cabinet.reservation = checkpoint.reservation
    cabinet.local_list = checkpoint.local_list
    cabinet.profiles = checkpoint.profiles
    cabinet.firmware_version = checkpoint.firmware_version
    cabinet.firmware = checkpoint.firmware
    cabinet.log_upload = checkpoint.log_upload
    cabinet.diagnostics_upload = checkpoint.diagnostics_upload
    cabinet.security = checkpoint.security
    cabinet.error_code = checkpoint.error_code
    # Whoever fetched and stored files for it is gone; that begins anew.
    if cabinet.firmware is not None:
        cabinet.firmware.transfer = 0
    for upload in (cabinet.log_upload, cabinet.diagnostics_upload):
        if upload is not None:
            upload.transfer = 0
    for connector, state in zip(cabinet.connectors, checkpoint.connectors, strict=False):
        _restore_connector(connector, state)
    return True


def boots(stored: StoredStation) -> bool:
    """Whether the station begins with a boot when it goes on from what is stored, and not with a reconnect."""
    if stored.checkpoint is None:
        return True
    try:
        return not _BEGINNING_DECODER.decode(stored.checkpoint).booted
    except msgspec.DecodeError:
        # It does not start at all: `restore` says why.
        return False


def _encode(cabinet: Cabinet) -> bytes:
    return _ENCODER.encode(
        Checkpoint(
            VERSION,
            cabinet.draws.counter,
            cabinet.accepted_ever,
            # The next owner begins the new life that is about to begin.
            cabinet.booted and cabinet.ending is None,
            cabinet.switched_off,
            cabinet.operative,
            cabinet.reported,
            cabinet.clock_offset,
            cabinet.next_serial,
            cabinet.outbox.next_sequence,
            cabinet.outbox.transaction_ids or {},
            cabinet.configuration.changes or {},
            cabinet.cache.entries(),
            tuple(_connector_state(connector) for connector in cabinet.connectors),
            autonomous=cabinet.autonomous,
            reservation=cabinet.reservation,
            local_list=cabinet.local_list,
            profiles=cabinet.profiles,
            firmware_version=cabinet.firmware_version,
            firmware=cabinet.firmware,
            log_upload=cabinet.log_upload,
            security=cabinet.security,
            diagnostics_upload=cabinet.diagnostics_upload,
            error_code=cabinet.error_code,
            creation=cabinet.config.creation,
        )
    )


def _connector_state(connector: Connector) -> ConnectorCheckpoint:
    meter = connector.meter
    visit = connector.visit
    plugged_soc, plugged_register = meter.plugged_state()
    hand_car = meter.car if visit is None or visit.car is not meter.car else None
    transaction = connector.transaction
    return ConnectorCheckpoint(
        connector.status,
        connector.error_code,
        connector.operative,
        connector.reported,
        connector.reported_error,
        meter.at,
        meter.register_mwh,
        meter.earned_units,
        meter.limit_w,
        connector.plugged,
        plugged_soc,
        plugged_register,
        tuple(None if (time := getattr(connector, name)) == inf else time for name in _TIMES),
        visit,
        hand_car,
        connector.settled,
        connector.id_tag,
        connector.parent_id_tag,
        connector.tag_state,
        None
        if transaction is None
        else TransactionCheckpoint(
            transaction.serial,
            transaction.transaction_id,
            transaction.state,
            transaction.id_tag,
            transaction.parent_id_tag,
            transaction.meter_start_mwh,
            transaction.started_at,
            None if transaction.stop_at_mwh == inf else transaction.stop_at_mwh,
            transaction.told_started_at,
            transaction.earned_units_before,
            granted_w=None if transaction.granted_w == inf else transaction.granted_w,
            samples=_stored_samples(transaction),
        ),
        reservation=connector.reservation,
        remote_profile=connector.remote_profile,
        interval_marks=connector.interval_marks,
    )


def _stored_samples(transaction: Transaction) -> bytes | None:
    if not transaction.samples:
        return None if transaction.samples is None else b""
    return encode_payload(MeterValues(0, transaction.samples))


def _restored_samples(stored: bytes) -> list[MeterValue]:
    if not stored:
        return []
    message = decode_request(Action.meter_values.value, msgspec.Raw(stored), receiver=Sender.CSMS)
    assert isinstance(message, MeterValues)
    return list(message.meter_value)


def _restore_connector(connector: Connector, state: ConnectorCheckpoint) -> None:
    connector.status = state.status
    connector.error_code = state.error_code
    connector.operative = state.operative
    connector.reported = state.reported
    connector.reported_error = state.reported_error
    meter = connector.meter
    meter.at = state.at
    meter.register_mwh = state.register_mwh
    meter.earned_units = state.earned_units
    meter.limit_w = state.limit_w
    for name, time in zip(_TIMES, state.times, strict=True):
        setattr(connector, name, inf if time is None else time)
    connector.visit = state.visit
    car = (
        state.hand_car if state.hand_car is not None else state.visit.car if state.visit is not None else None
    )
    if state.plugged and car is not None:
        meter.resume(car, state.plugged_soc, state.plugged_register_mwh)
    connector.settled = state.settled
    connector.id_tag = state.id_tag
    connector.parent_id_tag = state.parent_id_tag
    connector.tag_state = state.tag_state
    if state.tag_state is TagState.ASKED:
        # The question died with its connection; the driver presents the tag again.
        connector.forget_tag()
    connector.reservation = state.reservation
    connector.remote_profile = state.remote_profile
    connector.interval_marks = state.interval_marks
    kept = state.transaction
    if kept is not None:
        transaction = Transaction(
            kept.serial, kept.id_tag, kept.parent_id_tag, kept.meter_start_mwh, kept.started_at
        )
        transaction.transaction_id = kept.transaction_id
        transaction.state = kept.state
        transaction.stop_at_mwh = inf if kept.stop_at_mwh is None else kept.stop_at_mwh
        if kept.told_started_at is not None:
            transaction.told_started_at = kept.told_started_at
        transaction.earned_units_before = kept.earned_units_before
        transaction.granted_w = inf if kept.granted_w is None else kept.granted_w
        if kept.samples is not None:
            transaction.samples = _restored_samples(kept.samples)
        connector.transaction = transaction
    connector.schedule()
