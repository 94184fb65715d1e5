"""Records and entries of the history, as tests make them."""

import msgspec

from evswarm_shared.bus.messages import HistoryEntry, HistoryStream, TransactionRecord
from evswarm_shared.history.records import (
    CentralRecord,
    Direction,
    EventKind,
    EventRecord,
    LedgerRecord,
    LogRecord,
    MessageRecord,
    Outcome,
    Record,
    Side,
    encode_batches,
)

AT = 1_790_000_000.0


def log(text: str = "[10:00:00] Connected", *, at: float = AT, station: str = "CP-000001") -> LogRecord:
    """A line of a station's log."""
    return LogRecord(at, station, text)


def message(
    action: str = "Heartbeat",
    *,
    at: float = AT,
    station: str = "CP-000001",
    direction: Direction = Direction.FROM_STATION,
    outcome: Outcome = Outcome.ANSWERED,
    request: bytes = b"{}",
    response: bytes = b"{}",
    unique_id: str = "u-1",
) -> MessageRecord:
    """An exchange."""
    took = 1500 if outcome is Outcome.ANSWERED else None
    return MessageRecord(
        at,
        station,
        Side.STATION,
        direction,
        action,
        unique_id,
        outcome,
        took,
        "",
        msgspec.Raw(request),
        msgspec.Raw(response),
    )


def ledger(
    *, stopped: bool = False, at: float = AT, station: str = "CP-000001", tag: str = "TAG-42"
) -> LedgerRecord:
    """A transaction as its station has it."""
    if not stopped:
        return LedgerRecord(at, station, 1, AT - 600, 1000, tag, price_micro=300_000)
    return LedgerRecord(at, station, 1, AT - 600, 1000, tag, 7, AT, 3500, "Local", 2_500_000, 750_000)


def central(
    *, stopped: bool = False, at: float = AT, station: str = "CP-000001", meter_stop: int = 3500
) -> CentralRecord:
    """The same transaction as the central system has it."""
    record = TransactionRecord(7, station, 1, "TAG-42", 1000, AT - 600)
    if stopped:
        record = msgspec.structs.replace(
            record, stopped_at=AT, meter_stop=meter_stop, reason="Local", flags=("odd",)
        )
    return CentralRecord(at, record)


def event(name: str = "Reset", kind: EventKind = EventKind.COMMAND, *, at: float = AT) -> EventRecord:
    """Something that was done."""
    return EventRecord(at, kind, name, "CP-000001", "done", 12, msgspec.Raw(b'{"payload":{}}'))


class Tape:
    """A stream as the store would give it: entries whose ids and numbers go on."""

    def __init__(self, stream: HistoryStream = HistoryStream.TRAFFIC, run_id: str = "run-1") -> None:
        self.stream = stream
        self.run_id = run_id
        self.first = 0
        self.milliseconds = round(AT * 1000)

    def entry(self, *records: Record, later_ms: int = 1) -> HistoryEntry:
        """The next entry, with these records."""
        ((data, count),) = encode_batches(self.run_id, "test", records)
        self.milliseconds += later_ms
        entry = HistoryEntry(self.stream, self.milliseconds, 0, self.first, count, data)
        self.first += count
        return entry

    def lose(self, records: int) -> None:
        """The cap takes so many records."""
        self.first += records
