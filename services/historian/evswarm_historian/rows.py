"""From the records of the streams to the rows of the tables. Pure.

A row's id is made from its place in the stream, so writing a record twice is writing the same row twice; ids grow with
time and are what pages are turned by.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from evswarm_historian.log_kinds import classify
from evswarm_shared.bus.messages import HistoryEntry
from evswarm_shared.history.records import (
    CentralRecord,
    EventRecord,
    LedgerRecord,
    LogRecord,
    MessageRecord,
    RunRecord,
    decode_batch,
)

SEQUENCE_BITS: Final = 13
ORDINAL_BITS: Final = 9
"""A batch holds at most 500 records."""
PLACE_BITS: Final = SEQUENCE_BITS + ORDINAL_BITS
ROW_OVERHEAD: Final = 64
"""Bytes of the columns that every row has, about."""

Row = dict[str, Any]
TransactionKey = tuple[str, int, int, int]

_SECRET_KEY: Final = re.compile(
    r'("key"\s*:\s*"AuthorizationKey"(?:\s*,[^{}]*?)?,?\s*"value"\s*:\s*)"(?:[^"\\]|\\.)*"'
)
_SECRET_VALUE: Final = re.compile(r'("value"\s*:\s*)"(?:[^"\\]|\\.)*"(\s*,\s*"key"\s*:\s*"AuthorizationKey")')


@dataclass(slots=True)
class Rows:
    """What a number of entries comes to. `transactions` are merged by their key; `unreadable` counts lost records."""

    logs: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    transactions: dict[TransactionKey, Row] = field(default_factory=dict)
    runs: dict[str, Row] = field(default_factory=dict)
    unreadable: int = 0


def first_id(milliseconds: int, sequence: int = 0) -> int:
    """The id of the first record of an entry; with the sequence 0, the least id of that millisecond."""
    return (milliseconds << PLACE_BITS) + (sequence << ORDINAL_BITS)


def milliseconds(at: float) -> int:
    """Unix seconds in whole milliseconds."""
    return round(at * 1000)


def rows_of(entries: Iterable[HistoryEntry], current_run: str) -> Rows:
    """The rows of these entries. `current_run` is the run of records whose producer does not know it."""
    rows = Rows()
    for entry in entries:
        try:
            batch = decode_batch(entry.data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            rows.unreadable += entry.count
            continue
        run_id = batch.run_id or current_run
        number = first_id(entry.milliseconds, entry.sequence)
        for row_id, record in enumerate(batch.records, start=number):
            match record:
                case MessageRecord():
                    rows.messages.append(_message(row_id, run_id, record))
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
    text = _clean(record.text)
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


def _message(row_id: int, run_id: str, record: MessageRecord) -> Row:
    request, response = _payload(record.request), _payload(record.response)
    return {
        "id": row_id,
        "at_ms": milliseconds(record.at),
        "run_id": run_id,
        "station_id": record.station_id,
        "side": record.side.value,
        "direction": record.direction.value,
        "action": _clean(record.action)[:64],
        "unique_id": _clean(record.unique_id),
        "outcome": record.outcome.value,
        "round_trip_us": record.round_trip_us,
        "error_code": _clean(record.error_code)[:64],
        "request": request,
        "response": response,
        "bytes": ROW_OVERHEAD + len(record.request) + len(record.response) + len(record.unique_id),
    }


def _event(row_id: int, run_id: str, record: EventRecord) -> Row:
    detail = _payload(record.detail)
    return {
        "id": row_id,
        "at_ms": milliseconds(record.at),
        "run_id": run_id,
        "kind": record.kind.value,
        "name": _clean(record.name),
        "station_id": record.station_id,
        "status": _clean(record.status),
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
        "configuration": _payload(record.configuration),
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
        "id_tag": _clean(id_tag),
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
        if value is not None and name != "id":
            known[name] = value


def _payload(raw: msgspec.Raw) -> str:
    """JSON as text that every database takes, with the stations' passwords made unreadable."""
    text = _clean(bytes(raw).decode("utf-8", "replace"))
    if "AuthorizationKey" in text:
        text = _SECRET_KEY.sub(r'\1"***"', text)
        text = _SECRET_VALUE.sub(r'\1"***"\2', text)
    return text


def _clean(text: str) -> str:
    """Without what Postgres has no room for in a text: NUL and halves of surrogate pairs."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
