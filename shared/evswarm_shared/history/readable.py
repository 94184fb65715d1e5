"""Messages as people read them, the same in the live feed and out of the database. Pure.

A message's id is made from the place of its record in the stream: whoever sees one twice knows it again.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from evswarm_shared.history.records import MessageRecord
from evswarm_shared.telemetry.secrets import without_keys

SEQUENCE_BITS: Final = 13
ORDINAL_BITS: Final = 9
"""A batch holds at most 500 records."""
PLACE_BITS: Final = SEQUENCE_BITS + ORDINAL_BITS
ROW_OVERHEAD: Final = 64
"""Bytes of the columns that every row has, about."""

Row = dict[str, Any]
Item = dict[str, Any]

_TAG_FIELD: Final = re.compile(r'("(?:idTag|parentIdTag|id_tag)"\s*:\s*")((?:[^"\\]|\\.)*)')
_QUOTED_TAG_FIELD: Final = re.compile(r'(\\+"(?:idTag|parentIdTag|id_tag)\\+"\s*:\s*\\+")([^"\\]*)')
"""The same within a text that is JSON itself: the data of a DataTransfer, or a frame that is none."""


def first_id(milliseconds: int, sequence: int = 0) -> int:
    """The id of the first record of an entry; with the sequence 0, the least id of that millisecond."""
    return (milliseconds << PLACE_BITS) + (sequence << ORDINAL_BITS)


def milliseconds(at: float) -> int:
    """Unix seconds in whole milliseconds."""
    return round(at * 1000)


def moment(milliseconds: int | None) -> str | None:
    """Unix milliseconds as RFC 3339 in UTC."""
    if milliseconds is None:
        return None
    return (
        datetime.fromtimestamp(milliseconds / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def masked(tag: str) -> str:
    """A tag as it may be shown: its last two characters, and of a tag that has no more than these none."""
    shown = tag[-2:] if len(tag) > 2 else ""
    return "*" * (len(tag) - len(shown)) + shown


def message_row(row_id: int, run_id: str, record: MessageRecord) -> Row:
    """The row of an exchange."""
    request, response = payload(record.request), payload(record.response)
    return {
        "id": row_id,
        "at_ms": milliseconds(record.at),
        "run_id": run_id,
        "station_id": record.station_id,
        "side": record.side.value,
        "direction": record.direction.value,
        "action": clean(record.action)[:64],
        "unique_id": clean(record.unique_id),
        "outcome": record.outcome.value,
        "round_trip_us": record.round_trip_us,
        "error_code": clean(record.error_code)[:64],
        "request": request,
        "response": response,
        "bytes": ROW_OVERHEAD + len(record.request) + len(record.response) + len(record.unique_id),
    }


def message_item(row: Mapping[str, Any], show_tags: bool, parsed: bool) -> Item:
    """A row as it is shown: the fields of docs/history.md. `parsed` gives payloads as JSON values, else as text."""
    took = row["round_trip_us"]
    return {
        "id": str(row["id"]),
        "at": moment(row["at_ms"]),
        "station_id": row["station_id"],
        "side": row["side"],
        "direction": row["direction"],
        "action": row["action"],
        "unique_id": row["unique_id"],
        "outcome": row["outcome"],
        "round_trip_ms": None if took is None else took / 1000,
        "error_code": row["error_code"],
        "request": shown_payload(row["request"], show_tags, parsed),
        "response": shown_payload(row["response"], show_tags, parsed),
        "run_id": row["run_id"],
    }


def shown_payload(text: str, show_tags: bool, parsed: bool) -> Any:
    """JSON text as it is shown, its id tags masked unless they are asked for."""
    if not show_tags and ("dTag" in text or "id_tag" in text):
        text = _TAG_FIELD.sub(lambda found: found[1] + _masked_inside(found[2]), text)
        text = _QUOTED_TAG_FIELD.sub(lambda found: found[1] + masked(found[2]), text)
    return msgspec.Raw(text.encode()) if parsed else text


def _masked_inside(escaped: str) -> str:
    """A tag as it stands between the quotes of JSON. Cut by its characters, half an escape would end up shown."""
    try:
        tag = msgspec.json.decode(f'"{escaped}"', type=str)
    except (msgspec.MsgspecError, UnicodeError):
        return "*" * len(escaped)
    return msgspec.json.encode(masked(tag)).decode()[1:-1]


def payload(raw: msgspec.Raw) -> str:
    """JSON as text that every database takes, with the stations' passwords made unreadable."""
    text = clean(bytes(raw).decode("utf-8", "replace"))
    return without_keys(text) if "AuthorizationKey" in text else text


def clean(text: str) -> str:
    """Without what Postgres has no room for in a text: NUL and halves of surrogate pairs."""
    if text.isascii():
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
