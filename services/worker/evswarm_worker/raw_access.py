"""Raw access to one station's connection: frames sent as they are, and the frames that passed. The station knows nothing of it.

The station's own CALL in flight, its counts and its timers stay as they are; the answer to a CALL of ours is taken out
before it reaches the station, which has never heard of that CALL.
"""

import asyncio
import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from evswarm_shared.history.exchange import ExchangeTap
from evswarm_shared.history.readable import milliseconds, moment
from evswarm_shared.history.records import Direction
from evswarm_shared.ocpp16.errors import FrameError
from evswarm_shared.ocpp16.frames import Call, CallError, decode_frame
from evswarm_worker.errors import InvalidActionError
from evswarm_worker.passed_frames import FRAMES_KEPT, PassedFrames, shown
from evswarm_worker.station.errors import StationActionError

SEND: Final = "send"
MESSAGES: Final = "messages"
MOST_WAIT_SECONDS: Final = 20.0
AWAITED: Final = 32
"""CALLs of ours whose answers are told from others, the last ones: an answer may come after nobody waits any more."""


class Outcome(StrEnum):
    """What became of a frame that was sent."""

    SENT = "sent"
    """It asks for no answer, or none was waited for."""
    ANSWERED = "answered"
    ERROR = "error"
    """Answered with a CALLERROR."""
    UNANSWERED = "unanswered"
    DISCONNECTED = "disconnected"
    """The connection ended before there was an answer."""


class FrameWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `send`: one of `frame` (any text), `json` (any value) and `action` (a CALL with its payload)."""

    frame: str | UnsetType = UNSET
    json: Raw | UnsetType = UNSET
    action: str | UnsetType = UNSET
    payload: Raw = Raw(b"{}")
    unique_id: str | UnsetType = UNSET
    wait_seconds: Annotated[float, Meta(ge=0, le=MOST_WAIT_SECONDS)] = 10.0
    full_tags: bool = False

    def text(self) -> bytes:
        """The frame to send.

        Raises:
            InvalidActionError: none or several are asked for, or it is no text.
        """
        given = [self.frame is not UNSET, self.json is not UNSET, self.action is not UNSET]
        if sum(given) != 1:
            raise InvalidActionError("give one of frame (text), json (any value) and action (with a payload)")
        if self.action is UNSET and self.unique_id is not UNSET:
            raise InvalidActionError("unique_id goes with action; a frame or json holds its own")
        if isinstance(self.frame, str):
            try:
                return self.frame.encode()
            except UnicodeEncodeError:
                raise InvalidActionError("frame is no text: it holds half of a surrogate pair") from None
        if isinstance(self.json, Raw):
            return bytes(self.json)
        unique_id = self.unique_id if isinstance(self.unique_id, str) else f"raw-{secrets.token_hex(8)}"
        return msgspec.json.encode((2, unique_id, self.action, self.payload))


class FramesWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `messages`: at most how many of the last frames, and whether id tags are masked."""

    limit: Annotated[int, Meta(ge=0, le=FRAMES_KEPT)] = FRAMES_KEPT
    full_tags: bool = False


class _Awaited(NamedTuple):
    at: float
    answer: "asyncio.Future[tuple[bytes, float] | None]"
    tap: ExchangeTap | None


class RawAccess:
    """What passes on one station's connections since `since`, and the CALLs that a hand sent on them."""

    __slots__ = ("_awaited", "frames")

    def __init__(self, since: float) -> None:
        self.frames = PassedFrames(since)
        self._awaited: dict[str, _Awaited] = {}

    def sent(self, data: bytes, now: float) -> None:
        """The station sent this."""
        self.frames.add(now, Direction.FROM_STATION, data)

    def heard(self, data: bytes, now: float, own: Callable[[str], bool]) -> bool:
        """This arrived; whether it answers a CALL of ours and is none of the station's business.

        `own` says whether the station itself waits for the answer to a CALL of that id.
        """
        self.frames.add(now, Direction.TO_STATION, data)
        if not self._awaited:
            return False
        unique_id = answered_id(data)
        awaited = None if unique_id is None else self._awaited.pop(unique_id, None)
        if unique_id is None or awaited is None:
            return False
        if awaited.tap is not None:
            awaited.tap.heard(data, now)
        if not awaited.answer.done():
            awaited.answer.set_result((data, now))
        return not own(unique_id)

    def closed(self, now: float) -> None:
        """The connection ended: nothing of ours is answered any more."""
        for awaited in self._awaited.values():
            _forget(awaited, now)
        self._awaited.clear()

    def send(
        self, link_send: Callable[[bytes], bool], data: bytes, now: float, tap: ExchangeTap | None
    ) -> "asyncio.Future[tuple[bytes, float] | None] | None":
        """Send a frame of the hand's; what its answer and the time of that come to, None if it asks for none.

        The future holds None when the connection ends first. `tap` tells the history of it.

        Raises:
            StationActionError: there is no open connection.
        """
        if not link_send(data):
            raise StationActionError("the station is not connected: nothing can be sent")
        self.frames.add(now, Direction.FROM_STATION, data, raw=True)
        if tap is not None:
            tap.sent(data, now)
        unique_id = call_id(data)
        if unique_id is None:
            return None
        answer: asyncio.Future[tuple[bytes, float] | None] = asyncio.get_running_loop().create_future()
        earlier = self._awaited.pop(unique_id, None)
        if earlier is None and len(self._awaited) >= AWAITED:
            earlier = self._awaited.pop(next(iter(self._awaited)))
        if earlier is not None:
            _forget(earlier, now)
        self._awaited[unique_id] = _Awaited(now, answer, tap)
        return answer


def call_id(data: bytes) -> str | None:
    """The id under which an answer to this frame is due; None when none is."""
    try:
        frame = decode_frame(data)
    except FrameError as error:
        return None if error.code is None else error.unique_id
    return frame.unique_id if type(frame) is Call else None


def answered_id(data: bytes) -> str | None:
    """The id of the CALL that this frame answers, well or badly; None when it answers none."""
    try:
        frame = decode_frame(data)
    except FrameError as error:
        return error.unique_id if error.code is None else None
    return None if type(frame) is Call else frame.unique_id


def sent_report(
    data: bytes, at: float, answer: tuple[bytes, float] | None, outcome: Outcome, *, full_tags: bool
) -> Raw:
    """What is told of a frame that was sent at `at` and of its answer, as JSON."""
    if answer is not None:
        outcome = Outcome.ANSWERED
        try:
            if type(decode_frame(answer[0])) is CallError:
                outcome = Outcome.ERROR
        except FrameError:
            outcome = Outcome.ERROR
    return Raw(
        msgspec.json.encode(
            {
                "sent": shown(data, full_tags=full_tags),
                "sent_at": moment(milliseconds(at)),
                "unique_id": call_id(data),
                "outcome": outcome,
                "answer": None if answer is None else shown(answer[0], full_tags=full_tags),
                "round_trip_ms": None if answer is None else round((answer[1] - at) * 1000, 3),
            }
        )
    )


def frames_report(station_id: str, access: RawAccess, wanted: FramesWanted) -> Raw:
    """What is told of the frames that passed, as JSON."""
    messages = access.frames.told(wanted.limit, full_tags=wanted.full_tags)
    return Raw(
        msgspec.json.encode(
            {
                "station_id": station_id,
                "since": moment(milliseconds(access.frames.since)),
                "dropped": access.frames.dropped,
                "count": len(messages),
                "messages": messages,
            }
        )
    )


def _forget(awaited: _Awaited, now: float) -> None:
    if awaited.tap is not None:
        awaited.tap.closed(now)
    if not awaited.answer.done():
        awaited.answer.set_result(None)
