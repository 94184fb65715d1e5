"""The calls of the central system to one station."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw
from ocpp.v16.enums import ResetStatus, ResetType

from evswarm_csms.outgoing import LINE_LENGTH, Answer, CallRules, OutgoingCalls
from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.ocpp16.frames import CallError, CallResult
from evswarm_shared.ocpp16.messages import ClearCache, GetConfiguration, Reset, ResetResponse
from evswarm_shared.telemetry.counts import ProtocolCounts


class Line:
    """Outgoing calls whose frames are kept."""

    def __init__(self, *, timeout_seconds: float = 30.0) -> None:
        self.sent: list[Any] = []
        self.open = True
        self.now = 1000.0
        self.counts = ProtocolCounts()
        self.calls = OutgoingCalls(
            CallRules(self.counts, lambda: self.now, timeout_seconds, strict=True), self.send
        )

    def send(self, data: bytes) -> bool:
        if self.open:
            self.sent.append(json.loads(data))
        return self.open

    def answer_last(self, payload: bytes = b'{"status":"Accepted"}') -> None:
        self.calls.result(CallResult(self.sent[-1][1], Raw(payload)))


@pytest.fixture
async def line() -> Line:
    """A line to a connected station."""
    return Line()


async def test_a_call_is_sent_and_gets_the_stations_payload(line: Line) -> None:
    answer = line.calls.call(Reset(ResetType.soft))
    [[kind, unique_id, action, payload]] = line.sent
    assert (kind, action, payload) == (2, "Reset", {"type": "Soft"})
    assert len(unique_id) == 36
    line.answer_last(b'{"status": "Accepted"}')
    assert await answer == Answer(
        CommandOutcome.DONE, Raw(b'{"status": "Accepted"}'), ResetResponse(ResetStatus.accepted)
    )
    assert line.counts.calls_pending == 0
    assert line.counts.call_duration["Reset"].count == 1


async def test_only_one_call_is_in_flight(line: Line) -> None:
    first = line.calls.call(ClearCache())
    line.calls.call(Reset(ResetType.soft))
    assert len(line.sent) == 1
    assert line.counts.calls_pending == 1
    line.answer_last()
    assert first.done()
    assert [frame[2] for frame in line.sent] == ["ClearCache", "Reset"]
    assert line.sent[0][1] != line.sent[1][1]


async def test_a_call_error_is_passed_on(line: Line) -> None:
    answer = line.calls.call(ClearCache())
    line.calls.error(CallError(line.sent[0][1], "NotSupported", "no cache"))
    assert await answer == Answer(
        CommandOutcome.CALL_ERROR, error_code="NotSupported", description="no cache"
    )
    assert line.counts.call_errors["ClearCache", "NotSupported"] == 1


@pytest.mark.parametrize(
    "deliver",
    [
        lambda line: line.calls.result(CallResult("another", Raw(b"{}"))),
        lambda line: line.calls.error(CallError("another", "GenericError")),
    ],
    ids=["result", "error"],
)
async def test_an_answer_to_something_else_is_dropped(line: Line, deliver: Callable[[Line], None]) -> None:
    answer = line.calls.call(ClearCache())
    deliver(line)
    assert not answer.done()
    assert line.counts.dropped_frames["unsolicited"] == 1


async def test_a_second_answer_is_dropped(line: Line) -> None:
    line.calls.call(ClearCache())
    line.answer_last()
    line.answer_last()
    assert line.counts.dropped_frames["unsolicited"] == 1


async def test_an_answer_against_the_schema_is_an_error(line: Line) -> None:
    answer = line.calls.call(ClearCache())
    line.answer_last(b'{"status":"Perhaps"}')
    assert (await answer).outcome is CommandOutcome.CALL_ERROR
    assert (await answer).error_code == "PropertyConstraintViolation"
    assert line.counts.dropped_frames["invalid"] == 1


async def test_a_broken_answer_is_an_error(line: Line) -> None:
    answer = line.calls.call(ClearCache())
    line.calls.broken("another", "odd")
    assert not answer.done()
    line.calls.broken(line.sent[0][1], "a malformed answer")
    assert (await answer).error_code == "FormationViolation"


async def test_a_call_without_an_answer_times_out_and_the_next_goes_out() -> None:
    line = Line(timeout_seconds=0.0)
    answer = line.calls.call(ClearCache())
    line.calls.call(GetConfiguration())
    assert (await answer).outcome is CommandOutcome.TIMEOUT
    assert line.sent[1][2] == "GetConfiguration"
    assert line.counts.call_timeouts["ClearCache"] == 1


async def test_an_answer_after_the_time_out_is_not_taken_for_the_next_calls() -> None:
    line = Line(timeout_seconds=0.0)
    first = line.calls.call(ClearCache())
    await first
    late = line.sent[0][1]
    second = line.calls.call(ClearCache())
    line.calls.result(CallResult(late, Raw(b'{"status":"Accepted"}')))
    assert not second.done()
    assert line.counts.dropped_frames["unsolicited"] == 1


async def test_a_call_whose_time_is_over_is_not_sent(line: Line) -> None:
    line.calls.call(ClearCache())
    answer = line.calls.call(Reset(ResetType.hard), expires_at=1005.0)
    line.now = 1005.0
    line.answer_last()
    assert (await answer).outcome is CommandOutcome.TIMEOUT
    assert len(line.sent) == 1


async def test_too_long_a_line_refuses(line: Line) -> None:
    for _ in range(LINE_LENGTH + 1):
        line.calls.call(ClearCache())
    assert (await line.calls.call(ClearCache())).outcome is CommandOutcome.REFUSED


async def test_a_lost_connection_answers_everything(line: Line) -> None:
    answers = [line.calls.call(ClearCache()) for _ in range(3)]
    line.calls.connection_lost(replaced=False)
    assert [(await answer).outcome for answer in answers] == [CommandOutcome.NOT_CONNECTED] * 3
    assert line.calls.idle
    assert line.counts.calls_pending == 0


async def test_calls_in_line_survive_a_newer_connection(line: Line) -> None:
    in_flight = line.calls.call(ClearCache())
    waiting = line.calls.call(Reset(ResetType.soft))
    line.calls.connection_lost(replaced=True)
    assert (await in_flight).outcome is CommandOutcome.NOT_CONNECTED
    line.calls.go_on()
    line.answer_last()
    assert (await waiting).outcome is CommandOutcome.DONE


async def test_a_call_waits_while_nothing_can_be_sent(line: Line) -> None:
    line.open = False
    answer = line.calls.call(ClearCache())
    assert not answer.done() and not line.calls.idle
    line.open = True
    line.calls.go_on()
    line.answer_last()
    assert (await answer).outcome is CommandOutcome.DONE


async def test_nobody_waiting_for_the_answer_is_fine(line: Line) -> None:
    answer: asyncio.Future[Answer] = line.calls.call(ClearCache())
    answer.cancel()
    line.answer_last()
    assert line.calls.idle
