"""The frames of the live feed as text, as `dashboard/live.schema.json` describes them. Pure.

Rows arrive encoded and are joined, never encoded again: a frame of 10,000 rows costs about a millisecond.
"""

from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from evswarm_controller.fleet import Changes
from evswarm_controller.live_tail import MessageFilter
from evswarm_controller.live_window import WindowQuery
from evswarm_controller.log_entries import line_entry
from evswarm_shared.bus.messages import ROW_FIELDS, OperationSnapshot, ProfileName, StationState
from evswarm_shared.history.log_lines import LogLine

PROTOCOL_VERSION: Final = 1
SNAPSHOT_PART_ROWS: Final = 2000
RING_FRAMES: Final = 30
TREND_FIELDS: Final = (
    "t",
    "stations",
    "desired",
    "running",
    "charging",
    "power_w",
    "energy_mwh",
    "earnings_micro",
    "price",
    "messages_per_second",
    "round_trip_p95_ms",
)

_encode = msgspec.json.Encoder().encode


class ResyncReason(StrEnum):
    """Why a client gets a fresh snapshot."""

    ASKED = "asked"
    BEHIND = "behind"
    """It takes patches more slowly than they are made."""
    PACED = "paced"
    """It asked for them less often, and a snapshot is shorter."""


class Mode(StrEnum):
    """How a client gets the rows."""

    ALL = "all"
    """Every row, and every change of one."""
    WINDOW = "window"
    """Only what it shows: there are too many."""


class Aggregates(msgspec.Struct, frozen=True):
    """The swarm in numbers: `agg` of the schema."""

    stations: int
    desired: int
    count: int
    id_prefix: str
    running: int
    charging: int
    transactions: int
    power_w: int
    energy_mwh: int
    earnings_micro: int
    price: float
    price_version: int
    states: dict[str, int]
    profiles: dict[str, int]
    workers: dict[str, int]
    lost_workers: list[str]
    messages_per_second: float
    round_trip_p95_ms: float | None
    generation: int
    store: bool
    store_lost_at: float | None = None


class ClientHello(msgspec.Struct, tag_field="type", tag="hello", frozen=True, forbid_unknown_fields=True):
    """The client's first message; with both fields it asks to go on where it was."""

    epoch: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    seq: Annotated[int, msgspec.Meta(ge=0)] | None = None


StationId = Annotated[str, msgspec.Meta(min_length=1, max_length=48)]


class Subscribe(msgspec.Struct, tag_field="type", tag="sub", frozen=True, forbid_unknown_fields=True):
    """Follow a station's log, or watch the messages of the swarm: one of the two."""

    log: StationId | None = None
    messages: MessageFilter | None = None


class Unsubscribe(msgspec.Struct, tag_field="type", tag="unsub", frozen=True, forbid_unknown_fields=True):
    """Follow or watch no longer."""

    log: StationId | None = None
    messages: bool = False


class Rate(msgspec.Struct, tag_field="type", tag="rate", frozen=True, forbid_unknown_fields=True):
    """How many times a second patches are delivered."""

    hz: Annotated[float, msgspec.Meta(ge=0.1, le=2)]


class AskResync(msgspec.Struct, tag_field="type", tag="resync", frozen=True, forbid_unknown_fields=True):
    """Send a fresh snapshot."""


ClientMessage = ClientHello | Subscribe | Unsubscribe | Rate | AskResync | WindowQuery

_client_decoder: Final = msgspec.json.Decoder[ClientMessage](ClientMessage)


def decode_client(text: str) -> ClientMessage:
    """What a client sent.

    Raises:
        msgspec.ValidationError: it is none of the messages a client may send.
        msgspec.DecodeError: it is not JSON.
    """
    message: ClientMessage = _client_decoder.decode(text)
    if isinstance(message, ClientHello) and (message.epoch is None) != (message.seq is None):
        raise msgspec.ValidationError("epoch and seq go together")
    if isinstance(message, Subscribe) and (message.log is None) == (message.messages is None):
        raise msgspec.ValidationError("sub names either a log or messages")
    if isinstance(message, Unsubscribe) and (message.log is None) != message.messages:
        raise msgspec.ValidationError("unsub names either a log or messages")
    return message


class Greeting(msgspec.Struct, frozen=True):
    """What hello says that stays the same. `grafana` is its address for browsers; `history`: records are kept."""

    version: str
    currency: str
    window_above: int
    grafana: str | None
    history: bool


def hello(
    greeting: Greeting,
    *,
    epoch: str,
    seq: int,
    tick: float,
    mode: Mode,
    trend: Sequence[Sequence[float | None]],
) -> str:
    """The server's first frame. `trend` holds points in the order of TREND_FIELDS, oldest first."""
    return _encode(
        {
            "type": "hello",
            "v": PROTOCOL_VERSION,
            **msgspec.structs.asdict(greeting),
            "epoch": epoch,
            "seq": seq,
            "tick": tick,
            "mode": mode,
            "fields": ROW_FIELDS,
            "states": list(StationState),
            "profiles": list(ProfileName),
            "trend": {"fields": TREND_FIELDS, "points": trend},
        }
    ).decode()


def snapshot(seq: int, rows: Sequence[str], aggregates: Aggregates) -> list[str]:
    """Everything, in parts."""
    parts = max(1, -(-len(rows) // SNAPSHOT_PART_ROWS))
    frames = []
    for part in range(1, parts + 1):
        chunk = ",".join(rows[(part - 1) * SNAPSHOT_PART_ROWS : part * SNAPSHOT_PART_ROWS])
        last = f',"agg":{_encode(aggregates).decode()}' if part == parts else ""
        frames.append(
            f'{{"type":"snapshot","seq":{seq},"part":{part},"parts":{parts},"rows":[{chunk}]{last}}}'
        )
    return frames


def patch(seq: int, at: float, changes: Changes, aggregates: Aggregates) -> str:
    """What changed."""
    rows = f',"rows":[{",".join(changes.rows)}]' if changes.rows else ""
    added = f',"add":[{",".join(changes.added)}]' if changes.added else ""
    deleted = f',"del":{_encode(changes.deleted).decode()}' if changes.deleted else ""
    return (
        f'{{"type":"patch","seq":{seq},"t":{at:.3f}{rows}{added}{deleted}'
        f',"agg":{_encode(aggregates).decode()}}}'
    )


def log_frame(station_id: str, lines: Sequence[LogLine], calls: Sequence[bytes] = ()) -> str:
    """A station's whole kept log, and the exchanges (encoded) that were not sent yet."""
    frame = {
        "type": "log",
        "id": station_id,
        "events": [line.line for line in lines],
        "entries": [line_entry(line) for line in lines],
        "calls": [msgspec.Raw(call) for call in calls],
    }
    return _encode(frame).decode()


def messages_frame(items: Sequence[bytes], skipped: int, kept: str) -> str:
    """Messages that passed (encoded), how many more there were, and which are kept at all (HistoryMessages)."""
    return f'{{"type":"messages","items":[{b",".join(items).decode()}],"skipped":{skipped},"kept":"{kept}"}}'


def window_frame(seq: int, shown: str) -> str:
    """What a window shows, as the window's shelf gives it."""
    return f'{{"type":"window","seq":{seq},{shown}}}'


def operation_frame(operation: OperationSnapshot) -> str:
    """How far an operation has come."""
    return _encode(
        {
            "type": "op",
            "id": operation.operation_id,
            "kind": operation.kind,
            "action": operation.action,
            "station_ids": operation.station_ids,
            "state": operation.state,
            "cancelling": operation.cancelling,
            "done": operation.done,
            "total": operation.target,
            "failed": operation.failed,
            "message": operation.message,
            "created_at": operation.created_at,
            "updated_at": operation.updated_at,
        }
    ).decode()


def resync(reason: ResyncReason) -> str:
    """Says that a snapshot follows."""
    return f'{{"type":"resync","reason":"{reason}"}}'


class Ring:
    """The patches last made, for clients that were away or slow for a moment."""

    def __init__(self) -> None:
        self.seq = 0
        self._frames: deque[str] = deque(maxlen=RING_FRAMES)

    def append(self, frame: str) -> None:
        """Remember the patch numbered `seq + 1`."""
        self._frames.append(frame)
        self.seq += 1

    def since(self, seq: int) -> list[str] | None:
        """The patches after number `seq`, or None when one of them is forgotten or `seq` is yet to come."""
        missed = self.seq - seq
        if missed < 0 or missed > len(self._frames):
            return None
        return list(self._frames)[len(self._frames) - missed :]
