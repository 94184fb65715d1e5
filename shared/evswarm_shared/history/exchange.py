"""Pairs the CALLs of one connection with their answers, both ways, from the frames that pass. Pure.

A tap only listens: nothing it sees or fails to understand changes what the two sides do.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Raw
from msgspec.json import encode

from evswarm_shared.history.records import Direction, MessageRecord, Outcome, Side
from evswarm_shared.ocpp16.errors import FrameError
from evswarm_shared.ocpp16.frames import Call, CallError, CallResult, decode_frame
from evswarm_shared.settings import HistoryMessages

OPEN_CALLS: Final = 32
"""CALLs of the peer that may wait for our answer; the oldest of more counts as unanswered."""
MALFORMED_CHARACTERS: Final = 500
"""How much is kept of a frame that is none."""

_NOTHING: Final = Raw(b"null")
_OTHER_WAY: Final = {
    Side.STATION: (Direction.FROM_STATION, Direction.TO_STATION),
    Side.CSMS: (Direction.TO_STATION, Direction.FROM_STATION),
}


class Selection:
    """Which exchanges of one process are recorded, and where they go. What went wrong is always kept unless OFF."""

    __slots__ = ("_answered", "_every", "_record")

    def __init__(
        self, messages: HistoryMessages, sample_every: int, record: Callable[[MessageRecord], None]
    ) -> None:
        self._every = {HistoryMessages.ALL: 1, HistoryMessages.SAMPLED: sample_every}.get(messages, 0)
        self._answered = 0
        self._record = record

    def report(self, message: MessageRecord) -> None:
        """Record the exchange if it is wanted."""
        if message.outcome is Outcome.ANSWERED:
            self._answered += 1
            if not self._every or self._answered % self._every:
                return
        self._record(message)


class ExchangeTap:
    """Listens to one station's connection on one side of it. Times are real unix seconds."""

    __slots__ = ("_in", "_in_way", "_out", "_out_way", "_selection", "_side", "_station_id")

    def __init__(self, station_id: str, side: Side, selection: Selection) -> None:
        self._station_id = station_id
        self._side = side
        self._selection = selection
        self._out_way, self._in_way = _OTHER_WAY[side]
        self._out: tuple[Call, float] | None = None
        self._in: dict[str, tuple[Call, float]] | None = None

    def sent(self, data: bytes, now: float) -> None:
        """We sent this frame."""
        try:
            frame = decode_frame(data)
        except FrameError:
            self._malformed(data, now, self._out_way)
            return
        if type(frame) is Call:
            self._give_up(now)
            self._out = (frame, now)
        elif self._in:
            asked = self._in.pop(frame.unique_id, None)
            if asked is not None:
                self._report(self._in_way, *asked, frame, now)

    def heard(self, data: bytes | str, now: float) -> None:
        """This arrived."""
        try:
            frame = decode_frame(data)
        except FrameError:
            self.malformed(data, now)
            return
        self.received(frame, now)

    def received(self, frame: Call | CallResult | CallError, now: float) -> None:
        """This frame arrived."""
        if type(frame) is Call:
            if self._in is None:
                self._in = {}
            elif len(self._in) >= OPEN_CALLS:
                oldest = next(iter(self._in))
                self._report(self._in_way, *self._in.pop(oldest), None, now)
            self._in[frame.unique_id] = (frame, now)
        elif self._out is not None and self._out[0].unique_id == frame.unique_id:
            asked, self._out = self._out, None
            self._report(self._out_way, *asked, frame, now)

    def malformed(self, data: bytes | str, now: float) -> None:
        """Something arrived that is no frame."""
        self._malformed(data, now, self._in_way)

    def _malformed(self, data: bytes | str, now: float, direction: Direction) -> None:
        text = data if isinstance(data, str) else data[: MALFORMED_CHARACTERS * 4].decode("utf-8", "replace")
        kept = Raw(encode(text[:MALFORMED_CHARACTERS]))
        self._selection.report(
            MessageRecord(
                now,
                self._station_id,
                self._side,
                direction,
                "",
                "",
                Outcome.MALFORMED,
                None,
                "",
                kept,
                _NOTHING,
            )
        )

    def closed(self, now: float) -> None:
        """The connection ended: what is open will not be answered over it."""
        self._give_up(now)
        if self._in:
            for asked in self._in.values():
                self._report(self._in_way, *asked, None, now)
            self._in = None

    def _give_up(self, now: float) -> None:
        if self._out is not None:
            asked, self._out = self._out, None
            self._report(self._out_way, *asked, None, now)

    def _report(
        self,
        direction: Direction,
        call: Call,
        at: float,
        answer: Call | CallResult | CallError | None,
        now: float,
    ) -> None:
        outcome, took, code, response = Outcome.UNANSWERED, None, "", _NOTHING
        if type(answer) is CallResult:
            outcome, took, response = Outcome.ANSWERED, round((now - at) * 1e6), answer.payload
        elif type(answer) is CallError:
            outcome, took, code = Outcome.ERROR, round((now - at) * 1e6), answer.code
            response = Raw(encode({"description": answer.description, "details": answer.details}))
        self._selection.report(
            MessageRecord(
                at,
                self._station_id,
                self._side,
                direction,
                call.action,
                call.unique_id,
                outcome,
                took,
                code,
                call.payload,
                response,
            )
        )
