"""From the records of the streams to the rows of the tables. Pure.

A row's id is made from its place in the stream, so writing a record twice is writing the same row twice; ids grow with
time and are what pages are turned by.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from evswarm_shared.bus.messages import HistoryEntry
from evswarm_shared.history.log_kinds import classify
from evswarm_shared.history.readable import (
    ROW_OVERHEAD,
    Row,
    clean,
    first_id,
    message_row,
    milliseconds,
    payload,
)
from evswarm_shared.history.records import (
    CentralRecord,
    EventRecord,
    LedgerRecord,
    LogRecord,
    MessageRecord,
    RunRecord,
    decode_batch,
)

TransactionKey = tuple[str, int, int, int]


@dataclass(slots=True)
class Rows:
    """What a number of entries comes to. `transactions` are merged by their key; `unreadable` counts lost records."""

    logs: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    transactions: dict[TransactionKey, Row] = field(default_factory=dict)
    runs: dict[str, Row] = field(default_factory=dict)
    unreadable: int = 0


def rows_of(entries: Iterable[HistoryEntry], current_run: str, part: range | None = None) -> Rows:
    """The rows of these entries. `current_run` is the run of records whose producer does not know it.

    `part` takes these records alone, by their places in their entry.
    """
    rows = Rows()
    for entry in entries:
        try:
            batch = decode_batch(entry.data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            rows.unreadable += entry.count
            continue
        run_id = batch.run_id or current_run
        number = first_id(entry.milliseconds, entry.sequence)
        records = batch.records
        if part is not None:
            number, records = number + part.start, records[part.start : part.stop]
        for row_id, record in enumerate(records, start=number):
            match record:
                case MessageRecord():
                    rows.messages.append(message_row(row_id, run_id, record))
                case LogRecord():
                    rows.logs.append(_log(row_id, run_id, record))
                case LedgerRecord():
                    _merge(rows, _ledger(row_id, run_id, record))
                case CentralRecord():
                    _merge(rows, _central(row_id, run_id, record))
                case EventRecord():
                    rows.events.append(_event(row_id, run_id, record))
                case RunRecord():
                    rows.runs[record.run_id] = _run(row_id, record)
    return rows


def _log(row_id: int, run_id: str, record: LogRecord) -> Row:
    level, kind = classify(record.text)
    text = clean(record.text)
    return {
        "id": row_id,
        "at_ms": milliseconds(record.at),
        "run_id": run_id,
        "station_id": record.station_id,
        "level": level.value,
        "kind": kind.value,
        "text": text,
        "bytes": ROW_OVERHEAD + len(text.encode()),
    }


def _event(row_id: int, run_id: str, record: EventRecord) -> Row:
    detail = payload(record.detail)
    return {
        "id": row_id,
        "at_ms": milliseconds(record.at),
        "run_id": run_id,
        "kind": record.kind.value,
        "name": clean(record.name),
        "station_id": record.station_id,
        "status": clean(record.status),
        "duration_ms": record.duration_ms,
        "detail": detail,
        "bytes": ROW_OVERHEAD + len(detail.encode()),
    }


def _run(row_id: int, record: RunRecord) -> Row:
    return {
        "run_id": record.run_id,
        "id": row_id,
        "started_ms": milliseconds(record.started_at),
        "updated_ms": milliseconds(record.at),
        "seed": record.seed,
        "stations": record.stations,
        "configuration": payload(record.configuration),
    }


def _transaction(
    row_id: int, run_id: str, at: float, key: TransactionKey, id_tag: str, transaction_id: int | None
) -> Row:
    station_id, connector_id, started_ms, meter_start = key
    return {
        "id": row_id,
        "run_id": run_id,
        "station_id": station_id,
        "connector_id": connector_id,
        "started_ms": started_ms,
        "meter_start": meter_start,
        "id_tag": clean(id_tag),
        "transaction_id": transaction_id,
        "updated_ms": milliseconds(at),
        "bytes": ROW_OVERHEAD * 3,
        **dict.fromkeys(SIDE_COLUMNS),
    }


SIDE_COLUMNS: Final = (
    "station_seen",
    "station_stopped_ms",
    "station_meter_stop",
    "station_reason",
    "energy_mwh",
    "earnings_micro",
    "price_micro",
    "csms_seen",
    "csms_stopped_ms",
    "csms_meter_stop",
    "csms_reason",
    "csms_flags",
)
"""What each side says of a transaction; NULL until it has said it."""


def _ledger(row_id: int, run_id: str, record: LedgerRecord) -> Row:
    key = (record.station_id, record.connector_id, milliseconds(record.started_at), record.meter_start)
    stopped = record.stopped_at
    return _transaction(row_id, run_id, record.at, key, record.id_tag, record.transaction_id) | {
        "station_seen": 1,
        "station_stopped_ms": None if stopped is None else milliseconds(stopped),
        "station_meter_stop": record.meter_stop,
        "station_reason": record.reason,
        "energy_mwh": record.energy_mwh,
        "earnings_micro": record.earnings_micro,
        "price_micro": record.price_micro,
    }


def _central(row_id: int, run_id: str, record: CentralRecord) -> Row:
    told = record.transaction
    key = (told.station_id, told.connector_id, milliseconds(told.started_at), told.meter_start)
    stopped = told.stopped_at
    return _transaction(row_id, run_id, record.at, key, told.id_tag, told.transaction_id) | {
        "csms_seen": 1,
        "csms_stopped_ms": None if stopped is None else milliseconds(stopped),
        "csms_meter_stop": told.meter_stop,
        "csms_reason": told.reason,
        "csms_flags": ",".join(told.flags) if told.flags else None,
    }


def _merge(rows: Rows, row: Row) -> None:
    key = (row["station_id"], row["connector_id"], row["started_ms"], row["meter_start"])
    known = rows.transactions.get(key)
    if known is None:
        rows.transactions[key] = row
        return
    for name, value in row.items():
        if value is not None and name not in ("id", "run_id"):
            known[name] = value
    # As in the database: who tells of its end may do so in another run.
    known["run_id"] = known["run_id"] or row["run_id"]
