"""A station's log as one list: the lines it wrote, and its OCPP calls with their answers. Pure.

An entry is a dict: at (real unix seconds or None), time (HH:MM:SS of the station's own clock, or empty), kind, level,
text; an entry of kind `call` has every field of a message of `/history/messages` besides.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from evswarm_shared.history.log_kinds import Level, LogKind, classify
from evswarm_shared.history.log_lines import LogLine
from evswarm_shared.history.readable import milliseconds, moment
from evswarm_shared.history.records import Direction, Outcome

CALL: Final = "call"
"""The kind of an entry that is an OCPP exchange."""
LINES: Final = frozenset(kind.value for kind in LogKind)
"""The kinds of all that a station wrote itself."""
KINDS: Final = (*(kind.value for kind in LogKind), CALL)
LEVELS: Final = tuple(level.value for level in Level)
"""From good to bad."""

Entry = dict[str, Any]

_LEVEL_OF: Final = {
    Outcome.ANSWERED: Level.INFO,
    Outcome.ERROR: Level.WARNING,
    Outcome.UNANSWERED: Level.WARNING,
    Outcome.MALFORMED: Level.ERROR,
}
_encode = msgspec.json.Encoder().encode


class LogFilter(msgspec.Struct, frozen=True):
    """Which entries are wanted: those that fulfil all of it. `level` is the least bad; `action` and `direction` mean calls."""

    kinds: frozenset[str] = frozenset()
    level: Level = Level.INFO
    action: str = ""
    direction: Direction | None = None
    text: str = ""

    def takes(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry is wanted."""
        if self.kinds and entry["kind"] not in self.kinds:
            return False
        if LEVELS.index(entry["level"]) < LEVELS.index(self.level):
            return False
        if self.action and entry.get("action") != self.action:
            return False
        if self.direction is not None and entry.get("direction") != self.direction:
            return False
        return not self.text or self.text.lower() in _words(entry)

    @property
    def only_lines(self) -> bool:
        """Whether no call can be wanted."""
        return bool(self.kinds) and CALL not in self.kinds


def line_entry(line: LogLine) -> Entry:
    """A line of the log."""
    level, kind = classify(line.line)
    return {"at": line.at, "time": line.time, "kind": kind.value, "level": level.value, "text": line.text}


def call_entry(item: Mapping[str, Any], clock: str) -> Entry:
    """A message of the history. `clock` is HH:MM:SS of the station's own clock when it passed, empty where nobody knows."""
    outcome = Outcome(item["outcome"])
    return {
        **item,
        "at": datetime.fromisoformat(item["at"]).timestamp(),
        "time": clock,
        "kind": CALL,
        "level": _LEVEL_OF[outcome].value,
        "text": _told(item, outcome),
    }


def in_order(lines: Iterable[Entry], calls: Iterable[Entry]) -> list[Entry]:
    """Lines and calls in one list, the oldest first. A line whose time nobody knows stays behind the one before it."""
    merged: list[tuple[float, Entry]] = []
    last = 0.0
    for line in lines:
        last = line["at"] or last
        merged.append((last, line))
    merged += [(call["at"], call) for call in calls]
    merged.sort(key=lambda each: each[0])
    return [entry for _, entry in merged]


COLUMNS: Final = (
    "station_id",
    "at",
    "time",
    "kind",
    "level",
    "text",
    "direction",
    "action",
    "unique_id",
    "outcome",
    "round_trip_ms",
    "error_code",
    "request",
    "response",
)
"""The columns of a log as a table; those from `direction` on are of calls only."""


def file_entry(station_id: str, entry: Mapping[str, Any], *, flat: bool) -> Entry:
    """The entry as a file has it, its time as RFC 3339; `flat` writes payloads as text: for tables."""
    written = {
        "station_id": station_id,
        **entry,
        "at": moment(None if entry["at"] is None else milliseconds(entry["at"])),
    }
    if not flat:
        return written
    for name in ("request", "response"):
        if name in written:
            written[name] = _encode(written[name]).decode()
    return {name: written.get(name) for name in COLUMNS}


def told(entry: Mapping[str, Any]) -> str:
    """The entry as one line of text."""
    return f"[{entry['time']}] {entry['text']}" if entry["time"] else str(entry["text"])


def _told(item: Mapping[str, Any], outcome: Outcome) -> str:
    arrow = "→" if item["direction"] == Direction.FROM_STATION else "←"
    if outcome is Outcome.MALFORMED:
        return f"{arrow} not a frame of OCPP-J: {_encode(item['request']).decode()}"
    if outcome is Outcome.UNANSWERED:
        how = "not answered"
    elif outcome is Outcome.ERROR:
        how = f"answered with {item['error_code']} in {item['round_trip_ms']:.1f} ms"
    else:
        how = f"answered in {item['round_trip_ms']:.1f} ms"
    return f"{arrow} {item['action']} {how}"


def _words(entry: Mapping[str, Any]) -> str:
    """What a text is looked for in, in lower case."""
    words = str(entry["text"])
    if entry["kind"] == CALL:
        payloads = _encode([entry["request"], entry["response"]]).decode()
        words = f"{words} {entry['unique_id']} {payloads}"
    return words.lower()
