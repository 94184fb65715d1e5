"""Made-up logs, calls and days, as the routes of the history answer."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

LINES: Final = (
    ("life", "info", "Started: profile public, 2 connector(s)"),
    ("boot", "info", "Boot accepted; heartbeat every 60 s"),
    ("connector", "info", "Connector 1: car plugged in"),
    ("authorization", "info", "Tag ************17 authorized"),
    ("transaction", "info", "Transaction started: connector 1, tag ************17"),
    ("policy", "info", "Price too high (0.42 > 0.35)"),
    ("connection", "warning", "Connection lost"),
    ("fault", "error", "Connector 1 faulted: GroundFailure"),
)
CALLS: Final[tuple[tuple[str, str, str, dict[str, Any], Any], ...]] = (
    ("from_station", "MeterValues", "answered", {"connectorId": 1, "transactionId": 4711}, {}),
    ("from_station", "Heartbeat", "answered", {}, {"currentTime": "2026-11-22T12:00:00Z"}),
    ("to_station", "Reset", "answered", {"type": "Soft"}, {"status": "Rejected"}),
    ("from_station", "StatusNotification", "unanswered", {"connectorId": 1, "status": "Faulted"}, None),
    ("to_station", "UnlockConnector", "error", {"connectorId": 3}, {}),
)
STEP_SECONDS: Final = 7.0


def stamp(at: float) -> str:
    """RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def line(number: int, at: float) -> dict[str, Any]:
    """The `number`th line of a station's life as an entry."""
    kind, level, text = LINES[number % len(LINES)]
    clock = datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
    return {"at": at, "time": clock, "kind": kind, "level": level, "text": f"{text} ({number})"}


def call(number: int, at: float) -> dict[str, Any]:
    """The `number`th call of a station's life as an entry."""
    direction, action, outcome, request, response = CALLS[number % len(CALLS)]
    return {
        "at": at, "time": datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S"), "kind": "call",
        "level": {"answered": "info", "unanswered": "warning"}.get(outcome, "error"),
        "text": f"{action} {outcome}", "id": f"m{number}", "direction": direction, "action": action,
        "unique_id": f"u-{number}", "outcome": outcome, "side": "station",
        "round_trip_ms": None if outcome == "unanswered" else 3.2,
        "error_code": "NotSupported" if outcome == "error" else "", "request": request, "response": response,
    }  # fmt: skip


class FakeHistory:
    """A past of `length` lines and as many calls for every station, seven seconds apart, ending when it was made."""

    def __init__(self, length: int = 300) -> None:
        self.length = length
        self.end = time.time()

    def entries(self, count: int) -> list[dict[str, Any]]:
        """The newest `count` lines and calls, newest last."""
        numbers = range(self.length - count // 2, self.length)
        return [
            entry
            for number in numbers
            for entry in (line(number, self._at(number)), call(number, self._at(number) + 1))
        ]

    def page(self, topic: str, until: float, cursor: str, limit: int) -> dict[str, Any]:
        """A page of /history/logs or /history/messages, newest first."""
        offset = 0.0 if topic == "logs" else 1.0
        start = int(cursor) if cursor else self.length - 1
        numbers = [n for n in range(start, -1, -1) if self._at(n) + offset < until]
        made = [
            (line if topic == "logs" else call)(number, self._at(number) + offset)
            for number in numbers[:limit]
        ]
        items = [
            entry | {"id": f"{topic[0]}{n}", "at": stamp(entry["at"])}
            for n, entry in zip(numbers, made, strict=False)
        ]
        more = len(numbers) > limit
        return {"items": items, "next_cursor": str(numbers[limit]) if more else None}

    def days(self) -> dict[str, Any]:
        """Sums of the last ten days."""
        today = datetime.fromtimestamp(self.end, UTC).date()
        return {
            "items": [
                {
                    "day": (today - timedelta(days=n)).isoformat(),
                    "sessions": 120 + 17 * (n % 4),
                    "energy_wh": 2_100_000 + 310_000 * (n % 3),
                    "earnings": 640.0 + 55 * (n % 5),
                }
                for n in range(10)
            ]
        }

    def _at(self, number: int) -> float:
        return self.end - STEP_SECONDS * (self.length - number)
