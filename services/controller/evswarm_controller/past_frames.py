"""Exchanges of the history told as the frames that they were made of. Pure.

The frames are written anew: their meaning is that of the wire, their spaces and the order of digits need not be.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from evswarm_shared.history.readable import milliseconds, moment
from evswarm_shared.history.records import Direction, Outcome


def frames_before(items: Iterable[dict[str, Any]], since: str) -> list[dict[str, Any]]:
    """The frames of these messages of the history that passed before `since` (RFC 3339), oldest first."""
    frames = [frame for item in items for frame in _frames(item)]
    until = datetime.fromisoformat(since)
    return sorted(
        (frame for frame in frames if datetime.fromisoformat(frame["at"]) < until),
        key=lambda frame: str(frame["at"]),
    )


def _frames(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    called = Direction(item["direction"])
    outcome = Outcome(item["outcome"])
    if outcome is Outcome.MALFORMED:
        yield _frame(item, item["at"], called, "malformed", None, str(item["request"]))
        return
    unique_id = item["unique_id"]
    yield _frame(
        item, item["at"], called, "CALL", None, _text([2, unique_id, item["action"], item["request"]])
    )
    took = item["round_trip_ms"]
    if took is None:
        return
    answered = Direction.TO_STATION if called is Direction.FROM_STATION else Direction.FROM_STATION
    at = moment(milliseconds(datetime.fromisoformat(item["at"]).timestamp() + took / 1000))
    if outcome is Outcome.ERROR:
        response = item["response"] or {}
        error = [
            4,
            unique_id,
            item["error_code"],
            response.get("description", ""),
            response.get("details", {}),
        ]
        yield _frame(item, at, answered, "CALLERROR", took, _text(error))
    else:
        yield _frame(item, at, answered, "CALLRESULT", took, _text([3, unique_id, item["response"]]))


def _frame(
    item: dict[str, Any], at: str | None, direction: Direction, kind: str, took: float | None, text: str
) -> dict[str, Any]:
    return {
        "at": at,
        "direction": direction,
        "type": kind,
        "action": item["action"],
        "unique_id": item["unique_id"],
        "round_trip_ms": took,
        "raw": False,
        "source": "history",
        "frame": text,
    }


def _text(frame: list[Any]) -> str:
    return msgspec.json.encode(frame).decode()
