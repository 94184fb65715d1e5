"""The book of transactions: how one is opened, recognised when it is sent again, closed, and what looks wrong in it.

Pure. What is implausible is flagged, never refused: the energy has flowed, and a refusal would only make the
station send the same message again.
"""

from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace
from ocpp.v16.enums import Location, Measurand, Reason, ValueFormat

from evswarm_shared.bus.books import StationBook
from evswarm_shared.bus.messages import TransactionRecord
from evswarm_shared.ocpp16.datatypes import MeterValue, SampledValue, UnitOfMeasure
from evswarm_shared.ocpp16.messages import StartTransaction, StopTransaction
from evswarm_shared.ocpp16.timestamps import format_timestamp

WH_PER_KWH: Final = 1000
WATCHED_TRANSACTIONS: Final = 64
MOST_WATTS: Final = 1_000_000
SHORTEST_SECONDS: Final = 60.0
"""No connector delivers more than a megawatt on average; shorter transactions are judged as if they took this long."""
SECONDS_PER_HOUR: Final = 3600
FAR_SECONDS: Final = 366 * 86_400.0
"""A start further from now than this is not told late: no queue of a station holds that long."""

NOT_GIVEN_YET: Final = 0
"""The id of a transaction that the store has not numbered."""


class Flag(StrEnum):
    """What can look wrong about a transaction."""

    ID_TAG_REFUSED = "id_tag_refused"
    NEGATIVE_METER = "negative_meter"
    METER_FELL = "meter_fell"
    STOPPED_BEFORE_STARTED = "stopped_before_started"
    TOO_MUCH_ENERGY = "too_much_energy"
    UNKNOWN_TRANSACTION = "unknown_transaction"
    NO_SUCH_CONNECTOR = "no_such_connector"
    """A transaction is on connector 1 or higher (OCPP 1.6 §6.45)."""
    CONNECTOR_IN_USE = "connector_in_use"
    """The transaction before on this connector was not stopped."""
    FAR_FROM_NOW = "far_from_now"
    """The station's clock was never set, or time in it runs another way than here."""
    RESTORED = "restored"
    """The store lost it, and it is booked again as the station's own book has it."""


def opened(
    request: StartTransaction, station_id: str, *, accepted: bool, now: float, in_use: bool = False
) -> tuple[TransactionRecord, str]:
    """The transaction that a StartTransaction opens, and the key under which its retry is recognised.

    A retry repeats station, connector, tag, timestamp and meter value, whatever its message id (OCPP 1.6 §3.7.1).
    `accepted` says whether the tag may charge; the transaction is written down even if not, since the station ends
    it with a StopTransaction of its own. `in_use` tells that another transaction is open on the connector. Its id is
    `NOT_GIVEN_YET`. `now` in unix seconds.
    """
    flags = []
    if not accepted:
        flags.append(Flag.ID_TAG_REFUSED)
    if request.meter_start < 0:
        flags.append(Flag.NEGATIVE_METER)
    if request.connector_id < 1:
        flags.append(Flag.NO_SUCH_CONNECTOR)
    if abs(request.timestamp - now) > FAR_SECONDS:
        flags.append(Flag.FAR_FROM_NOW)
    if in_use:
        flags.append(Flag.CONNECTOR_IN_USE)
    record = TransactionRecord(
        transaction_id=NOT_GIVEN_YET,
        station_id=station_id,
        connector_id=request.connector_id,
        id_tag=request.id_tag,
        meter_start=request.meter_start,
        started_at=float(request.timestamp),
        flags=tuple(flags),
    )
    key = _digest(
        "start",
        station_id,
        request.connector_id,
        request.id_tag,
        format_timestamp(request.timestamp),
        request.meter_start,
    )
    return record, key


def closed(
    found: TransactionRecord,
    request: StopTransaction,
    *,
    last_meter_wh: int | None = None,
    fell: bool = False,
) -> TransactionRecord:
    """The transaction `found` as a StopTransaction closes it; unchanged when it was closed before.

    `last_meter_wh` is a reading newer than the stored one, `fell` tells that its readings once went down.
    """
    if found.stopped_at is not None:
        return found
    flags = list(found.flags)
    floor = max(wh for wh in (found.meter_start, found.last_meter_wh, last_meter_wh) if wh is not None)
    if fell or request.meter_stop < floor:
        flags.append(Flag.METER_FELL)
    if request.timestamp < found.started_at:
        flags.append(Flag.STOPPED_BEFORE_STARTED)
    seconds = max(SHORTEST_SECONDS, request.timestamp - found.started_at)
    if request.meter_stop - found.meter_start > MOST_WATTS * seconds / SECONDS_PER_HOUR:
        flags.append(Flag.TOO_MUCH_ENERGY)
    return replace(
        found,
        stopped_at=float(request.timestamp),
        meter_stop=request.meter_stop,
        reason=_reason(request),
        flags=tuple(flags),
    )


def orphan(request: StopTransaction, station_id: str) -> tuple[TransactionRecord, str]:
    """The record of a StopTransaction whose start nobody knows, still open, and the key that recognises its retry.

    It gets an id of its own, because the one the station sent may be another station's; that one is in the flag.
    """
    record = TransactionRecord(
        transaction_id=NOT_GIVEN_YET,
        station_id=station_id,
        connector_id=0,
        id_tag="" if request.id_tag is UNSET else request.id_tag,
        meter_start=request.meter_stop,
        started_at=float(request.timestamp),
        flags=(f"{Flag.UNKNOWN_TRANSACTION}={request.transaction_id}",),
    )
    key = _digest(
        "orphan", station_id, request.transaction_id, format_timestamp(request.timestamp), request.meter_stop
    )
    return record, key


def restored(book: StationBook) -> list[TransactionRecord]:
    """The transactions that should be open here by what the station's own book says, for a store that lost them."""
    return [
        TransactionRecord(
            transaction_id=mine.transaction_id,
            station_id=book.station_id,
            connector_id=mine.connector_id,
            id_tag=mine.id_tag,
            meter_start=mine.meter_start,
            started_at=mine.started_at,
            flags=(Flag.RESTORED,),
        )
        for mine in book.transactions
        if mine.transaction_id is not None and not mine.stop_landed
    ]


def register_wh(moments: Iterable[MeterValue]) -> int | None:
    """The newest reading of the imported-energy register among `moments`, in Wh; None if there is none."""
    newest: int | None = None
    for moment in moments:
        for sample in moment.sampled_value:
            if _is_register(sample):
                reading = _wh(sample)
                if reading is not None:
                    newest = reading
    return newest


class MeterWatch:
    """The last reading of each open transaction of one station, to see one that goes down.

    Ids are the station's word, so only the `WATCHED_TRANSACTIONS` that began to report last are watched.
    """

    __slots__ = ("_fell", "_last")

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._fell: set[int] = set()

    def note(self, transaction_id: int, wh: int) -> None:
        """A reading came."""
        last = self._last.get(transaction_id)
        if last is None:
            if len(self._last) >= WATCHED_TRANSACTIONS:
                self.forget(next(iter(self._last)))
        elif wh < last:
            self._fell.add(transaction_id)
        self._last[transaction_id] = wh

    def seen(self, transaction_id: int) -> tuple[int | None, bool]:
        """The last reading of a transaction in Wh, and whether its readings ever went down."""
        return self._last.get(transaction_id), transaction_id in self._fell

    def forget(self, transaction_id: int) -> None:
        """The transaction has ended."""
        self._last.pop(transaction_id, None)
        self._fell.discard(transaction_id)


class OpenConnectors:
    """The transactions that one station has begun and not stopped, by connector, as far as this session has seen.

    What came before it is not known; so this only ever misses a connector that is in use. The numbers are the station's
    word, so no more than `WATCHED_TRANSACTIONS` are kept.
    """

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[int, TransactionRecord] = {}

    def on(self, connector_id: int) -> TransactionRecord | None:
        """The transaction that is open on a connector."""
        return self._open.get(connector_id)

    def opened(self, record: TransactionRecord) -> None:
        """A transaction was booked. One with a refused tag is not kept: some stations never stop what never began."""
        if Flag.ID_TAG_REFUSED in record.flags or record.stopped_at is not None:
            return
        if len(self._open) < WATCHED_TRANSACTIONS or record.connector_id in self._open:
            self._open[record.connector_id] = record

    def closed(self, transaction_id: int) -> None:
        """A transaction was stopped."""
        for connector_id, record in self._open.items():
            if record.transaction_id == transaction_id:
                del self._open[connector_id]
                return


def _is_register(sample: SampledValue) -> bool:
    return (
        (sample.measurand is UNSET or sample.measurand is Measurand.energy_active_import_register)
        and sample.phase is UNSET
        and (sample.location is UNSET or sample.location is Location.outlet)
        and sample.format is not ValueFormat.signed_data
    )


def _wh(sample: SampledValue) -> int | None:
    try:
        value = float(sample.value)
        if sample.unit is UnitOfMeasure.kwh:
            value *= WH_PER_KWH
        return round(value)
    except (ValueError, OverflowError):
        return None  # not a number, or none that is finite


def _reason(request: StopTransaction) -> str:
    return str(Reason.local.value if request.reason is UNSET else request.reason.value)


def _digest(*parts: object) -> str:
    return sha256("\x1f".join(map(str, parts)).encode()).hexdigest()
