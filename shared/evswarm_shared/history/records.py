"""The shapes of the history, as they travel from the services to the historian. Pure data and its encoding.

Encoded as JSON arrays with a tag in front, many in one batch. Times are real unix seconds where nothing else is said.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from evswarm_shared.bus.messages import HistoryStream, TransactionRecord
from evswarm_shared.ocpp16.frames import Call

BATCH_BYTES: Final = 64 * 1024
"""A batch ends before it is larger than this, unless a single record is."""
BATCH_RECORDS: Final = 500
LIFE_SECONDS: Final[Mapping[HistoryStream, float]] = {
    HistoryStream.TRAFFIC: 120.0,
    HistoryStream.FACTS: 3600.0,
}
"""What could not be given to the store for so long is dropped, so that the order of writing is nearly that of time.

Short for what comes by the thousand a second: who asks for a minute of the past has to look over that many rows more.
"""


class Side(StrEnum):
    """Who saw a message pass."""

    STATION = "station"
    CSMS = "csms"


class Direction(StrEnum):
    """Who sent the CALL of an exchange."""

    FROM_STATION = "from_station"
    TO_STATION = "to_station"


class Outcome(StrEnum):
    """What became of a CALL."""

    ANSWERED = "answered"
    ERROR = "error"
    """Answered with a CALLERROR."""
    UNANSWERED = "unanswered"
    """The next CALL went out, or the connection ended, before there was an answer."""
    MALFORMED = "malformed"
    """No frame of OCPP-J at all; the request holds the beginning of the text."""


class EventKind(StrEnum):
    """What an event is about."""

    COMMAND = "command"
    """An OCPP call that was asked for by API."""
    ACTION = "action"
    """Something done by hand at a station."""
    FAULT = "fault"
    """Something made to go wrong by hand."""
    SCALE = "scale"
    OPERATION = "operation"
    """Any other long-running wish."""
    PRICE = "price"


class LogRecord(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="l"):
    """A line of a station's log, with the simulated time in front as the station wrote it."""

    at: float
    station_id: str
    text: str


class MessageRecord(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="m"):
    """A CALL and what became of it. `at` is when it passed; the payloads are JSON as it stood in the frames.

    `round_trip_us` is None without an answer, `error_code` empty unless the outcome is ERROR.
    """

    at: float
    station_id: str
    side: Side
    direction: Direction
    action: str
    unique_id: str
    outcome: Outcome
    round_trip_us: int | None
    error_code: str
    request: msgspec.Raw
    response: msgspec.Raw


class AnsweredRecord(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="a"):
    """What nearly every message is: a CALL of a station that was answered with a CALLRESULT, as the station saw it.

    Shorter to make than a MessageRecord, which is what whoever reads the batch gets. `call` is the whole frame.
    """

    at: float
    station_id: str
    round_trip_us: int
    call: msgspec.Raw
    response: msgspec.Raw


class LedgerRecord(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="s"):
    """A transaction as its station has it: once when it starts and once when it stops.

    `started_at` and `stopped_at` are the timestamps on the wire (simulated unix seconds), `transaction_id` is None
    until the central system has given one. Energy in mWh, money in millionths of the currency, meters in Wh.
    """

    at: float
    station_id: str
    connector_id: int
    started_at: float
    meter_start: int
    id_tag: str
    transaction_id: int | None = None
    stopped_at: float | None = None
    meter_stop: int | None = None
    reason: str | None = None
    energy_mwh: int | None = None
    earnings_micro: int | None = None
    price_micro: int | None = None


class CentralRecord(msgspec.Struct, frozen=True, array_like=True, tag="c"):
    """A transaction as our central system has it, when it was opened or closed."""

    at: float
    transaction: TransactionRecord


class EventRecord(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="e"):
    """Something that was done to the swarm. `detail` is a JSON object; `duration_ms` None where nothing took time."""

    at: float
    kind: EventKind
    name: str
    station_id: str
    status: str
    duration_ms: int | None
    detail: msgspec.Raw


class RunRecord(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="r"):
    """A run of the swarm as it is now: `configuration` is a JSON object; a later record of the same run replaces it."""

    at: float
    run_id: str
    started_at: float
    seed: int
    stations: int
    configuration: msgspec.Raw


Record = LogRecord | MessageRecord | LedgerRecord | CentralRecord | EventRecord | RunRecord


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """Records of one producer. `run_id` is empty where the producer does not know it."""

    run_id: str
    producer_id: str
    records: list[Record]


class _Answered(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="a"):
    """An AnsweredRecord with its CALL read."""

    at: float
    station_id: str
    round_trip_us: int
    call: Call
    response: msgspec.Raw

    def message(self) -> MessageRecord:
        return MessageRecord(
            self.at,
            self.station_id,
            Side.STATION,
            Direction.FROM_STATION,
            self.call.action,
            self.call.unique_id,
            Outcome.ANSWERED,
            self.round_trip_us,
            "",
            self.call.payload,
            self.response,
        )


class _Beginning(msgspec.Struct, frozen=True, array_like=True):
    """What all records begin with; the rest is passed over."""

    kind: str
    at: float


class _WrittenBatch(msgspec.Struct, frozen=True, array_like=True):
    run_id: str
    producer_id: str
    records: list[
        _Answered | LogRecord | MessageRecord | LedgerRecord | CentralRecord | EventRecord | RunRecord
    ]


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_WrittenBatch)
_BEGINNING: Final = msgspec.json.Decoder(_Beginning)


def encode_record(record: Record | AnsweredRecord) -> bytes:
    """One record, as it stands in a batch."""
    return _ENCODER.encode(record)


def recorded_at(encoded: bytes) -> float:
    """The time of a record that `encode_record` wrote."""
    return _BEGINNING.decode(encoded).at


def encode_batches(
    run_id: str, producer_id: str, records: Iterable[Record | AnsweredRecord | bytes]
) -> list[tuple[bytes, int]]:
    """The records, some of them encoded already, as encoded batches, in order, with the number of records of each."""
    head = _ENCODER.encode((run_id, producer_id))[:-1] + b",["
    batches: list[tuple[bytes, int]] = []
    parts: list[bytes] = []
    size = 0
    for record in records:
        part = record if type(record) is bytes else _ENCODER.encode(record)
        if parts and (size + len(part) > BATCH_BYTES or len(parts) == BATCH_RECORDS):
            batches.append((head + b",".join(parts) + b"]]", len(parts)))
            parts, size = [], 0
        parts.append(part)
        size += len(part) + 1
    if parts:
        batches.append((head + b",".join(parts) + b"]]", len(parts)))
    return batches


def decode_batch(data: bytes) -> Batch:
    """Read a batch.

    Raises:
        msgspec.MsgspecError: it is none.
        UnicodeDecodeError: a payload is no text.
    """
    batch = _DECODER.decode(data)
    records = [record.message() if isinstance(record, _Answered) else record for record in batch.records]
    return Batch(batch.run_id, batch.producer_id, records)
