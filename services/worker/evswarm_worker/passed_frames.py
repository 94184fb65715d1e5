"""The last frames of one station's connections, both ways, for somebody who looks at the wire. Reads no clock.

Frames are kept as they passed; what they are, and which answers which, is worked out when somebody asks.
"""

from collections import deque
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

import msgspec

from evswarm_shared.history.readable import milliseconds, moment, shown_payload
from evswarm_shared.history.records import Direction
from evswarm_shared.ocpp16.errors import FrameError
from evswarm_shared.ocpp16.frames import Call, CallError, CallResult, decode_frame
from evswarm_shared.telemetry.secrets import HIDDEN, without_keys

FRAMES_KEPT: Final = 100
BYTES_KEPT: Final = 256 * 1024
"""Together they are no larger than this, so that many stations can be looked at."""
_KEY: Final = "authorizationkey"


class FrameType(StrEnum):
    """What a frame is (OCPP-J 1.6 §4.1.3), or that it is none."""

    CALL = "CALL"
    CALL_RESULT = "CALLRESULT"
    CALL_ERROR = "CALLERROR"
    MALFORMED = "malformed"


_TYPE_OF: Final = {
    Call: FrameType.CALL,
    CallResult: FrameType.CALL_RESULT,
    CallError: FrameType.CALL_ERROR,
}


class Passed(msgspec.Struct, frozen=True, gc=False):
    """A frame at the real unix time `at`. `direction` is that of this frame; `raw`: a hand sent it."""

    at: float
    direction: Direction
    data: bytes
    raw: bool = False


class PassedFrames:
    """The last frames since the real unix time `since`."""

    __slots__ = ("_bytes", "_frames", "dropped", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.dropped = 0
        """Frames that made room for later ones."""
        self._frames: deque[Passed] = deque()
        self._bytes = 0

    def add(self, at: float, direction: Direction, data: bytes, *, raw: bool = False) -> None:
        """This frame passed."""
        self._frames.append(Passed(at, direction, data, raw))
        self._bytes += len(data)
        while len(self._frames) > FRAMES_KEPT or (self._bytes > BYTES_KEPT and len(self._frames) > 1):
            self._bytes -= len(self._frames.popleft().data)
            self.dropped += 1

    def told(self, limit: int, *, full_tags: bool) -> list[dict[str, Any]]:
        """The last `limit` frames, oldest first, as they may be shown: with an answer, how long it took."""
        items = list(self._items(full_tags))
        return items[-limit:] if limit else []

    def _items(self, full_tags: bool) -> Iterator[dict[str, Any]]:
        open_calls: dict[tuple[Direction, str], tuple[float, str]] = {}
        for passed in self._frames:
            kind, action, unique_id, round_trip = FrameType.MALFORMED, "", "", None
            try:
                frame = decode_frame(passed.data)
            except FrameError as error:
                unique_id = error.unique_id or ""
            else:
                kind, unique_id = _TYPE_OF[type(frame)], frame.unique_id
                if isinstance(frame, Call):
                    action = frame.action
                    open_calls[passed.direction, unique_id] = passed.at, action
                else:
                    called, action = open_calls.pop((_other(passed.direction), unique_id), (None, ""))
                    round_trip = None if called is None else round((passed.at - called) * 1000, 3)
            yield {
                "at": moment(milliseconds(passed.at)),
                "direction": passed.direction,
                "type": kind,
                "action": action,
                "unique_id": unique_id,
                "round_trip_ms": round_trip,
                "raw": passed.raw,
                "source": "wire",
                "frame": shown(passed.data, full_tags=full_tags),
            }


def shown(data: bytes, *, full_tags: bool) -> str:
    """A frame as it may be shown: without an AuthorizationKey, and its id tags masked unless they are asked for."""
    text = data.decode("utf-8", "replace")
    try:
        decode_frame(data)
    except FrameError:
        if _KEY in text.lower():
            return HIDDEN
    return str(shown_payload(without_keys(text), full_tags, parsed=False))


def _other(direction: Direction) -> Direction:
    return Direction.TO_STATION if direction is Direction.FROM_STATION else Direction.FROM_STATION
