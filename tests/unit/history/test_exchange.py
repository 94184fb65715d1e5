"""Calls and their answers, paired by somebody who only listens."""

import json

import pytest

from evswarm_shared.history.exchange import OPEN_CALLS, ExchangeTap, Selection
from evswarm_shared.history.records import Direction, MessageRecord, Outcome, Side
from evswarm_shared.settings import HistoryMessages


class Listener:
    """A tap, and what it took down."""

    def __init__(
        self,
        side: Side = Side.STATION,
        messages: HistoryMessages = HistoryMessages.ALL,
        sample_every: int = 10,
    ) -> None:
        self.heard: list[MessageRecord] = []
        self.tap = ExchangeTap("CP-1", side, Selection(messages, sample_every, self.heard.append))


def call(unique_id: str = "1", action: str = "Heartbeat", payload: object = None) -> bytes:
    return json.dumps([2, unique_id, action, payload or {}]).encode()


def result(unique_id: str = "1", payload: object = None) -> bytes:
    return json.dumps([3, unique_id, payload or {}]).encode()


def error(unique_id: str = "1") -> bytes:
    return json.dumps([4, unique_id, "InternalError", "no", {}]).encode()


def test_a_call_of_ours_and_its_answer_become_one_record() -> None:
    listener = Listener()
    listener.tap.sent(call(payload={"a": 1}), 10.0)
    listener.tap.heard(result(payload={"b": 2}), 10.25)
    (record,) = listener.heard
    assert (record.at, record.round_trip_us, record.outcome) == (10.0, 250_000, Outcome.ANSWERED)
    assert (record.direction, record.action, record.unique_id) == (Direction.FROM_STATION, "Heartbeat", "1")
    assert (json.loads(bytes(record.request)), json.loads(bytes(record.response))) == ({"a": 1}, {"b": 2})


def test_a_call_of_the_peer_and_our_answer_become_one_record() -> None:
    listener = Listener()
    listener.tap.heard(call(action="Reset"), 10.0)
    listener.tap.sent(error(), 10.5)
    (record,) = listener.heard
    assert (record.direction, record.outcome) == (Direction.TO_STATION, Outcome.ERROR)
    assert record.error_code == "InternalError"


@pytest.mark.parametrize(
    ("side", "ours"), [(Side.STATION, Direction.FROM_STATION), (Side.CSMS, Direction.TO_STATION)]
)
def test_whose_call_it_is_depends_on_where_one_listens(side: Side, ours: Direction) -> None:
    listener = Listener(side)
    listener.tap.sent(call("1"), 1.0)
    listener.tap.heard(result("1"), 2.0)
    listener.tap.heard(call("2"), 3.0)
    listener.tap.sent(result("2"), 4.0)
    assert [record.direction for record in listener.heard] == [
        ours,
        next(d for d in Direction if d is not ours),
    ]
    assert {record.side for record in listener.heard} == {side}


def test_the_next_call_and_the_end_of_the_connection_leave_calls_unanswered() -> None:
    listener = Listener()
    listener.tap.sent(call("1"), 1.0)
    listener.tap.sent(call("2"), 31.0)
    listener.tap.heard(call("3"), 32.0)
    listener.tap.closed(33.0)
    assert [(r.unique_id, r.outcome, r.round_trip_us) for r in listener.heard] == [
        (n, Outcome.UNANSWERED, None) for n in ("1", "2", "3")
    ]
    listener.tap.closed(34.0)
    assert len(listener.heard) == 3


def test_answers_that_nobody_waits_for_are_passed_over() -> None:
    listener = Listener()
    listener.tap.heard(result("late"), 1.0)
    listener.tap.sent(result("unasked"), 1.0)
    listener.tap.sent(call("1"), 1.0)
    listener.tap.heard(result("other"), 2.0)
    assert listener.heard == []


def test_several_calls_of_a_hasty_peer_are_told_apart_and_bounded() -> None:
    listener = Listener()
    for number in range(OPEN_CALLS + 1):
        listener.tap.heard(call(str(number)), float(number))
    assert [record.unique_id for record in listener.heard] == ["0"]
    listener.tap.sent(result("5"), 50.0)
    assert listener.heard[-1].unique_id == "5"


@pytest.mark.parametrize("frame", [b"no json", b"{}", "[9,1]", b"\xff\xfe", b"x" * 5000])
def test_what_is_no_frame_is_kept_as_far_as_it_is_short(frame: bytes | str) -> None:
    listener = Listener()
    listener.tap.heard(frame, 1.0)
    (record,) = listener.heard
    assert record.outcome is Outcome.MALFORMED
    assert len(json.loads(bytes(record.request))) <= 500


@pytest.mark.parametrize(
    ("messages", "kept"),
    [(HistoryMessages.ALL, 20), (HistoryMessages.SAMPLED, 4), (HistoryMessages.ERRORS, 0)],
)
def test_the_setting_says_how_many_answered_calls_are_kept(messages: HistoryMessages, kept: int) -> None:
    listener = Listener(messages=messages, sample_every=5)
    for number in range(20):
        listener.tap.sent(call(str(number)), 1.0)
        listener.tap.heard(result(str(number)), 2.0)
    assert len(listener.heard) == kept


@pytest.mark.parametrize("messages", [HistoryMessages.SAMPLED, HistoryMessages.ERRORS])
def test_what_went_wrong_is_kept_whatever_the_sample(messages: HistoryMessages) -> None:
    listener = Listener(messages=messages)
    listener.tap.sent(call(), 1.0)
    listener.tap.heard(error(), 2.0)
    assert [record.outcome for record in listener.heard] == [Outcome.ERROR]
