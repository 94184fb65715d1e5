"""Pairs the CALLs of one connection with their answers, both ways, from the frames that pass. Pure.

A tap only listens: nothing it sees or fails to understand changes what the two sides do.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Raw
from msgspec.json import encode

from evswarm_shared.history.records import AnsweredRecord, Direction, MessageRecord, Outcome, Side
from evswarm_shared.ocpp16.errors import FrameError
from evswarm_shared.ocpp16.frames import Call, CallError, CallResult, Frame, decode_frame
from evswarm_shared.settings import HistoryMessages

OPEN_CALLS: Final = 32
"""CALLs of the peer that may wait for our answer; the oldest of more counts as unanswered."""
MALFORMED_CHARACTERS: Final = 500
"""How much is kept of a frame that is none."""

_NOTHING: Final = Raw(b"null")
_A_CALL: Final = b'[2,"'
_A_RESULT: Final = b'[3,"'
_ID_BEGINS: Final = len(_A_CALL)
_QUOTE: Final = ord('"')
_OTHER_WAY: Final = {
    Side.STATION: (Direction.FROM_STATION, Direction.TO_STATION),
    Side.CSMS: (Direction.TO_STATION, Direction.FROM_STATION),
}


class Selection:
    """Which exchanges of one process are recorded, and where they go. What went wrong is always kept unless OFF."""

    __slots__ = ("_answered", "_every", "everything", "record")

    def __init__(
        self,
        messages: HistoryMessages,
        sample_every: int,
        record: Callable[[MessageRecord | AnsweredRecord], None],
    ) -> None:
        self._every = {HistoryMessages.ALL: 1, HistoryMessages.SAMPLED: sample_every}.get(messages, 0)
        self._answered = 0
        self.everything = self._every == 1
        self.record = record
        """Takes down what is wanted."""

    def wants_answered(self) -> bool:
        """Whether the exchange that was answered just now is to be recorded; ask once for each."""
        if not self._every:
            return False
        self._answered += 1
        return self._answered % self._every == 0


class ExchangeTap:
    """Listens to one station's connection on one side of it. Times are real unix seconds."""

    __slots__ = ("_in", "_in_way", "_out", "_out_at", "_out_way", "_selection", "_side", "_station_id")

    def __init__(self, station_id: str, side: Side, selection: Selection) -> None:
        self._station_id = station_id
        self._side = side
        self._selection = selection
        self._out_way, self._in_way = _OTHER_WAY[side]
        self._out: Call | bytes | None = None
        """Our open CALL, read or as our encoder wrote it."""
        self._out_at = 0.0
        self._in: dict[str, tuple[Call, float]] | None = None

    def wrote(self, data: bytes, now: float) -> None:
        """We sent this frame, which is one that `ocpp16.frames` has encoded, with an id that needs no escapes.

        Nearly all of them are CALLs that will be answered: a station's is not read again until somebody needs it.
        """
        if self._side is Side.STATION and data.startswith(_A_CALL):
            if self._out is not None:
                self._give_up()
            self._out = data
            self._out_at = now
        else:
            self.sent(data, now)

    def replied(self, unique_id: str, data: bytes, now: float) -> None:
        """We sent this frame, encoded by `ocpp16.frames`, to answer the CALL of that id."""
        asked = self._in.pop(unique_id, None) if self._in else None
        if asked is None or (data.startswith(_A_RESULT) and not self._selection.wants_answered()):
            return
        self._report(self._in_way, *asked, decode_frame(data), now)

    def sent(self, data: bytes, now: float) -> None:
        """We sent this frame."""
        try:
            frame = decode_frame(data)
        except FrameError:
            self._malformed(data, now, self._out_way)
            return
        if type(frame) is Call:
            self._give_up()
            self._out, self._out_at = frame, now
        elif self._in:
            asked = self._in.pop(frame.unique_id, None)
            if asked is not None:
                self._end(self._in_way, *asked, frame, now)

    def heard(self, data: bytes | str, now: float) -> None:
        """This arrived."""
        try:
            frame = decode_frame(data)
        except FrameError:
            self.malformed(data, now)
            return
        self.received(frame, now)

    def received(self, frame: Frame, now: float) -> None:
        """This frame arrived."""
        out = self._out
        if type(frame) is CallResult and type(out) is bytes:
            unique_id = frame.unique_id.encode()
            if out.startswith(unique_id, _ID_BEGINS) and out[_ID_BEGINS + len(unique_id)] == _QUOTE:
                self._out = None
                selection, at = self._selection, self._out_at
                if selection.everything or selection.wants_answered():
                    selection.record(
                        AnsweredRecord(at, self._station_id, round((now - at) * 1e6), Raw(out), frame.payload)
                    )
        elif type(frame) is Call:
            if self._in is None:
                self._in = {}
            elif len(self._in) >= OPEN_CALLS:
                oldest = next(iter(self._in))
                self._report(self._in_way, *self._in.pop(oldest), None, now)
            self._in[frame.unique_id] = (frame, now)
        elif out is not None:
            call = _read(out)
            if call.unique_id == frame.unique_id:
                self._out = None
                self._end(self._out_way, call, self._out_at, frame, now)

    def malformed(self, data: bytes | str, now: float) -> None:
        """Something arrived that is no frame."""
        self._malformed(data, now, self._in_way)

    def _malformed(self, data: bytes | str, now: float, direction: Direction) -> None:
        text = data if isinstance(data, str) else data[: MALFORMED_CHARACTERS * 4].decode("utf-8", "replace")
        kept = Raw(encode(text[:MALFORMED_CHARACTERS]))
        self._selection.record(
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
        self._give_up()
        if self._in:
            for asked in self._in.values():
                self._report(self._in_way, *asked, None, now)
            self._in = None

    def _give_up(self) -> None:
        out, self._out = self._out, None
        if out is not None:
            self._report(self._out_way, _read(out), self._out_at, None, 0.0)

    def _end(self, direction: Direction, call: Call, at: float, answer: Frame, now: float) -> None:
        if type(answer) is not CallResult or self._selection.wants_answered():
            self._report(direction, call, at, answer, now)

    def _report(
        self,
        direction: Direction,
        call: Call,
        at: float,
        answer: Frame | None,
        now: float,
    ) -> None:
        outcome, took, code, response = Outcome.UNANSWERED, None, "", _NOTHING
        if type(answer) is CallResult:
            outcome, took, response = Outcome.ANSWERED, round((now - at) * 1e6), answer.payload
        elif type(answer) is CallError:
            outcome, took, code = Outcome.ERROR, round((now - at) * 1e6), answer.code
            response = Raw(encode({"description": answer.description, "details": answer.details}))
        self._selection.record(
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


def _read(call: Call | bytes) -> Call:
    frame = decode_frame(call) if isinstance(call, bytes) else call
    assert type(frame) is Call, "our encoder wrote it"
    return frame
