"""The calls of the central system to one station: one in flight, the others wait in line (OCPP-J 1.6 §4.1.1)."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from msgspec import Raw, Struct

from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.ocpp16.actions import ACTION_OF
from evswarm_shared.ocpp16.errors import ErrorCode, PayloadError
from evswarm_shared.ocpp16.frames import CallError, CallResult, decode_response, encode_call
from evswarm_shared.ocpp16.messages import Request, Response
from evswarm_shared.telemetry.counts import DroppedFrame, ProtocolCounts

LINE_LENGTH: Final = 16
"""So many calls may wait for one station; a further one is refused."""


class Answer(Struct, frozen=True):
    """How a call ended. `payload` is the station's CALLRESULT payload as it came, `response` what it was read as."""

    outcome: CommandOutcome
    payload: Raw = Raw(b"null")
    response: Response | None = None
    error_code: str = ""
    description: str = ""


@dataclass(slots=True)
class _Call:
    request: Request
    action: str
    expires_at: float
    answer: "asyncio.Future[Answer]"
    timeout_seconds: float
    unique_id: str = ""
    sent_at: float = 0.0
    timer: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True)
class CallRules:
    """What all outgoing calls of this central system have in common. `clock` gives unix seconds."""

    counts: ProtocolCounts
    clock: Callable[[], float]
    timeout_seconds: float
    strict: bool


class OutgoingCalls:
    """The line of calls to one station. `send` says False when there is no open connection."""

    __slots__ = ("_in_flight", "_line", "_rules", "_send")

    def __init__(self, rules: CallRules, send: Callable[[bytes], bool]) -> None:
        self._rules = rules
        self._send = send
        self._line: deque[_Call] = deque()
        self._in_flight: _Call | None = None

    def call(
        self,
        request: Request,
        *,
        expires_at: float = math.inf,
        message_id: str = "",
        patience_seconds: float = math.inf,
    ) -> "asyncio.Future[Answer]":
        """Put a call in line; the future always gets an `Answer`. Not sent any more after `expires_at` (unix).

        Its answer is not waited for longer than `patience_seconds`, nor longer than the rules say.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if len(self._line) >= LINE_LENGTH:
            future.set_result(
                Answer(CommandOutcome.REFUSED, description="too many commands wait for this station already")
            )
            return future
        timeout = min(patience_seconds, self._rules.timeout_seconds)
        action = ACTION_OF[type(request)].value
        self._line.append(_Call(request, action, expires_at, future, timeout, message_id))
        self.go_on()
        return future

    def go_on(self) -> None:
        """Send the next call if none is in flight."""
        while self._in_flight is None and self._line:
            call = self._line[0]
            if call.expires_at <= self._rules.clock():
                self._line.popleft()
                self._settle(
                    call, Answer(CommandOutcome.TIMEOUT, description="the command expired before it was sent")
                )
                continue
            call.unique_id = call.unique_id or str(uuid4())
            if not self._send(encode_call(call.unique_id, call.request)):
                return
            self._line.popleft()
            loop = asyncio.get_running_loop()
            call.sent_at = loop.time()
            call.timer = loop.call_later(call.timeout_seconds, self._timed_out, call)
            self._in_flight = call
            self._rules.counts.calls_sent.add(call.action)
            self._rules.counts.calls_pending += 1

    def result(self, frame: CallResult) -> tuple[Request, Response] | None:
        """A CALLRESULT came: what it answers, and how.

        None when it answers nothing that is in flight, then it is counted and dropped, or when it is not valid.
        """
        call = self._take(frame.unique_id)
        if call is None:
            return None
        counts = self._rules.counts
        counts.call_results_received.add(call.action)
        counts.call_duration.observe(call.action, asyncio.get_running_loop().time() - call.sent_at)
        try:
            response = decode_response(call.action, frame.payload, strict=self._rules.strict)
        except PayloadError as error:
            counts.dropped_frames.add(DroppedFrame.INVALID)
            self._finish(call, _invalid(error.code, error.description))
            return None
        self._finish(call, Answer(CommandOutcome.DONE, payload=Raw(bytes(frame.payload)), response=response))
        return call.request, response

    def error(self, frame: CallError) -> None:
        """A CALLERROR came; if it answers nothing that is in flight it is counted and dropped."""
        call = self._take(frame.unique_id)
        if call is None:
            return
        counts = self._rules.counts
        counts.call_errors_received.add(call.action)
        counts.call_errors.add(call.action, frame.code)
        counts.call_duration.observe(call.action, asyncio.get_running_loop().time() - call.sent_at)
        self._finish(
            call,
            Answer(CommandOutcome.CALL_ERROR, error_code=frame.code, description=frame.description),
        )

    def broken(self, unique_id: str | None, description: str) -> None:
        """Something came that would answer `unique_id` if it were a frame."""
        call = self._in_flight
        if call is not None and call.unique_id == unique_id:
            self._in_flight = None
            self._finish(call, _invalid(ErrorCode.FORMATION_VIOLATION, description))

    def connection_lost(self, *, replaced: bool, last_words: str = "") -> None:
        """The call in flight will not be answered. Those in line stay for a newer connection, if there is one.

        `last_words` are those with which the station closed the connection, if it did.
        """
        call, self._in_flight = self._in_flight, None
        if call is not None:
            self._finish(
                call,
                Answer(
                    CommandOutcome.NOT_CONNECTED,
                    description="the connection ended before the station answered"
                    + (f": it closed with {last_words}" if last_words else ""),
                ),
                go_on=False,
            )
        while self._line and not replaced:
            self._settle(
                self._line.popleft(),
                Answer(CommandOutcome.NOT_CONNECTED, description="the station is not connected"),
            )

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in flight."""
        return self._in_flight is None and not self._line

    def _take(self, unique_id: str) -> _Call | None:
        call = self._in_flight
        if call is None or call.unique_id != unique_id:
            self._rules.counts.dropped_frames.add(DroppedFrame.UNSOLICITED)
            return None
        self._in_flight = None
        return call

    def _timed_out(self, call: _Call) -> None:
        if self._in_flight is not call:
            return
        self._in_flight = None
        self._rules.counts.call_timeouts.add(call.action)
        self._finish(
            call,
            Answer(
                CommandOutcome.TIMEOUT,
                description=f"the station did not answer within {call.timeout_seconds:g} s",
            ),
        )

    def _finish(self, call: _Call, answer: Answer, *, go_on: bool = True) -> None:
        self._rules.counts.calls_pending -= 1
        if call.timer is not None:
            call.timer.cancel()
        self._settle(call, answer)
        if go_on:
            self.go_on()

    @staticmethod
    def _settle(call: _Call, answer: Answer) -> None:
        if not call.answer.done():
            call.answer.set_result(answer)


def _invalid(code: ErrorCode, description: str) -> Answer:
    return Answer(
        CommandOutcome.CALL_ERROR,
        error_code=code.value,
        description=f"the station's answer is not valid: {description}",
    )
