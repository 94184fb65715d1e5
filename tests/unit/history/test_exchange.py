"""Calls and their answers, paired by somebody who only listens."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ocpp.v16.enums import DataTransferStatus

from evswarm_shared.history.exchange import OPEN_CALLS, ExchangeTap, Selection
from evswarm_shared.history.masking import CARRIERS
from evswarm_shared.history.records import (
    AnsweredRecord,
    Direction,
    MessageRecord,
    Outcome,
    Record,
    Side,
    decode_batch,
    encode_batches,
)
from evswarm_shared.ocpp16.actions import ACTIONS, Sender
from evswarm_shared.ocpp16.errors import ErrorCode
from evswarm_shared.ocpp16.frames import encode_call, encode_call_error, encode_call_result
from evswarm_shared.ocpp16.messages import Authorize, DataTransferResponse
from evswarm_shared.settings import HistoryMessages


class Listener:
    """A tap, and what it took down."""

    def __init__(
        self,
        side: Side = Side.STATION,
        messages: HistoryMessages = HistoryMessages.ALL,
        sample_every: int = 10,
    ) -> None:
        self._told: list[MessageRecord | AnsweredRecord] = []
        self.tap = ExchangeTap("CP-1", side, Selection(messages, sample_every, self._told.append))

    @property
    def heard(self) -> list[MessageRecord]:
        """What whoever reads the batches gets."""
        return [record for record in self.read() if isinstance(record, MessageRecord)]

    def read(self) -> list[Record]:
        """All records, through the stream."""
        return [
            record
            for data, _ in encode_batches("run", "w", self._told)
            for record in decode_batch(data).records
        ]


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


IDS = st.sampled_from([f"0a1b2c3d-11aa-4abc-8def-{number:012x}" for number in range(3)])


def read_frame(tap: ExchangeTap, frame: bytes, now: float, _: str) -> None:
    tap.sent(frame, now)


def as_a_station_writes(tap: ExchangeTap, frame: bytes, now: float, _: str) -> None:
    tap.wrote(frame, now)


def as_the_central_system_replies(tap: ExchangeTap, frame: bytes, now: float, unique_id: str) -> None:
    if frame.startswith(b"[2,"):
        tap.sent(frame, now)
    else:
        tap.replied(unique_id, frame, now)


Way = Callable[[ExchangeTap, bytes, float, str], None]


def frames_of(kind: str, unique_id: str, tag: str) -> bytes:
    match kind:
        case "call":
            return encode_call(unique_id, Authorize(id_tag=tag))
        case "error":
            return encode_call_error(unique_id, ErrorCode.GENERIC_ERROR, tag)
        case _:
            return encode_call_result(
                unique_id, DataTransferResponse(status=DataTransferStatus.accepted, data=tag)
            )


@pytest.mark.parametrize(
    ("side", "way"),
    [(Side.STATION, as_a_station_writes), (Side.CSMS, as_a_station_writes)]
    + [(side, as_the_central_system_replies) for side in Side],
)
@settings(database=None, derandomize=True, deadline=None, max_examples=60)
@given(
    messages=st.sampled_from([HistoryMessages.ALL, HistoryMessages.SAMPLED, HistoryMessages.ERRORS]),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["sent", "heard", "closed"]),
            st.sampled_from(["call", "result", "error"]),
            IDS,
            st.text(st.characters(codec="utf-8"), max_size=5),
        ),
        max_size=25,
    ),
)
def test_what_our_encoder_wrote_is_told_as_what_was_read(
    side: Side, way: Way, messages: HistoryMessages, steps: list[tuple[str, str, str, str]]
) -> None:
    told: list[list[Record]] = []
    for each in (read_frame, way):
        listener = Listener(side, messages, sample_every=3)
        for number, (happens, kind, unique_id, tag) in enumerate(steps):
            now = 1000.0 + number / 8
            if happens == "closed":
                listener.tap.closed(now)
            elif happens == "heard":
                listener.tap.heard(frames_of(kind, unique_id, tag), now)
            else:
                each(listener.tap, frames_of(kind, unique_id, tag), now, unique_id)
        told.append(listener.read())
    assert told[0] == told[1]


def test_an_answer_to_the_beginning_of_an_id_is_no_answer() -> None:
    listener = Listener()
    listener.tap.wrote(encode_call("0a1b2c3d", Authorize(id_tag="A")), 1.0)
    listener.tap.heard(result("0a1b"), 2.0)
    assert listener.heard == []
    listener.tap.heard(result("0a1b2c3d"), 3.0)
    assert [record.round_trip_us for record in listener.heard] == [2_000_000]


def test_no_call_that_a_station_sends_by_itself_can_carry_a_password() -> None:
    """What is recorded without being read is not masked."""
    assert not [name for name, spec in ACTIONS.items() if spec.sender is Sender.STATION and name in CARRIERS]
    assert {"ChangeConfiguration", "GetConfiguration"} <= CARRIERS & ACTIONS.keys()
