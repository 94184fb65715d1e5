"""Bad input, unsolicited answers, one call at a time (OCPP-J 1.6 §4)."""

from typing import Any

import pytest

from evswarm_worker.station.commands import HANDLERS
from tests.support.station_rig import StationRig, charging_rig


@pytest.mark.parametrize(
    ("frame", "unique_id", "code"),
    [
        ([2, "a", "Reset", {"type": "Hard"}, 1], "a", "FormationViolation"),
        ([2, "a", "Reset"], "a", "FormationViolation"),
        ([2, "x" * 37, "ClearCache", {}], "x" * 37, "FormationViolation"),
        (b'[2,"a","ClearCache",{]', "a", "FormationViolation"),
        ([2, "a", "Dance", {}], "a", "NotImplemented"),
        ([2, "a", "Heartbeat", {}], "a", "NotSupported"),
        ([2, "a", "Reset", {}], "a", "OccurenceConstraintViolation"),
        ([2, "a", "Reset", {"type": 1}], "a", "TypeConstraintViolation"),
        ([2, "a", "Reset", {"type": "Warm"}], "a", "PropertyConstraintViolation"),
        ([2, "a", "ClearCache", {"extra": 1}], "a", "FormationViolation"),
    ],
)
def test_a_bad_call_is_answered_with_its_error_and_changes_nothing(
    frame: Any, unique_id: str, code: str
) -> None:
    rig = StationRig().start()
    before = rig.snapshot()
    rig.forget()
    rig.frame(frame)
    assert rig.replies.pop(unique_id)[0] == code
    assert rig.snapshot().connectors == before.connectors and not rig.disconnects
    assert rig.calls == []


@pytest.mark.parametrize(
    "frame",
    [b"hello", [], {}, 7, [9, "a", {}], [3, "nobody", {}], [4, "nobody", "GenericError", "", {}], [2], None],
)
def test_what_cannot_be_answered_is_counted_and_forgotten(frame: Any) -> None:
    rig = StationRig().start()
    frames = len(rig.frames)
    rig.frame(frame)
    assert len(rig.frames) == frames
    assert sum(rig.counts.dropped_frames.values()) == 1


def test_an_unknown_message_type_is_counted_apart_from_noise() -> None:
    rig = StationRig().start()
    rig.frame([9, "a", {}])
    rig.frame(b"hello")
    rig.frame([])
    assert rig.counts.dropped_frames["unknown_type"] == 1
    assert rig.counts.dropped_frames["malformed"] == 2


def test_an_unknown_message_type_leaves_the_call_in_flight_alone() -> None:
    rig = StationRig()
    rig.answers["StartTransaction"] = None
    rig.start()
    assert rig.command("ChangeConfiguration", {"key": "TransactionMessageAttempts", "value": "1"})
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    rig.frame([5, rig.unique_ids[-1], {}])
    rig.answer_late({"transactionId": 7, "idTagInfo": {"status": "Accepted"}})
    assert rig.command("RemoteStopTransaction", {"transactionId": 7}) == {"status": "Accepted"}


def test_a_null_payload_is_read_as_an_empty_one() -> None:
    rig = StationRig().start()
    rig.frame([2, "a", "ClearCache", None])
    assert rig.replies["a"] == {"status": "Accepted"}


def test_a_lenient_station_overlooks_unknown_fields() -> None:
    rig = StationRig(strict=False).start()
    assert rig.command("ClearCache", {"extra": 1}) == {"status": "Accepted"}


def test_an_answer_with_another_id_does_not_answer_the_call() -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = None
    rig.start()
    rig.frame(
        [3, "somebody-else", {"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 1}]
    )
    assert not rig.snapshot().running
    assert rig.counts.dropped_frames["unsolicited"] == 1


def waits_for_an_answer(rig: StationRig, seconds: float) -> bool:
    """Whether a call is given up after so many seconds and not before."""
    rig.answers["Heartbeat"] = None
    before = rig.counts.call_timeouts["Heartbeat"]
    rig.command("TriggerMessage", {"requestedMessage": "Heartbeat"})
    rig.run(seconds - 0.1)
    early = rig.counts.call_timeouts["Heartbeat"] - before
    rig.run(0.2)
    rig.unanswered = None
    return early == 0 and rig.counts.call_timeouts["Heartbeat"] == before + 1


def test_the_message_timeout_of_the_configuration_goes_before_that_of_the_worker() -> None:
    rig = StationRig(call_timeout_seconds=12.5).start()
    told = rig.command("GetConfiguration", {"key": ["MessageTimeout"]})["configurationKey"]
    assert told == [{"key": "MessageTimeout", "readonly": False, "value": "13"}]
    assert waits_for_an_answer(rig, 12.5)
    for value, status in (("0", "Rejected"), ("4", "Accepted")):
        assert rig.command("ChangeConfiguration", {"key": "MessageTimeout", "value": value}) == {
            "status": status
        }
    assert waits_for_an_answer(rig, 4.0)
    assert waits_for_an_answer(rig.heir(call_timeout_seconds=12.5).start(), 4.0)


def test_a_late_answer_is_dropped_and_the_next_call_keeps_its_own() -> None:
    rig = StationRig(call_timeout_seconds=5.0).start()
    rig.answers["Heartbeat"] = None
    rig.run(300.0)
    assert rig.counts.call_timeouts["Heartbeat"] == 1
    late = rig.unique_ids[-1]
    rig.unanswered = None
    rig.frame([3, late, {"currentTime": "2026-01-01T00:00:00Z"}])
    assert rig.counts.dropped_frames["unsolicited"] == 1
    assert rig.counts.calls_pending == 0


def test_an_answer_that_cannot_be_read_ends_the_call() -> None:
    rig = charging_rig()
    rig.answers["MeterValues"] = {"surprise": 1}
    rig.run(15.0)
    assert rig.counts.dropped_frames["invalid"] == 1
    assert rig.unanswered is None


def test_commands_are_answered_while_a_call_of_ours_is_open() -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = None
    rig.start()
    assert rig.command("ClearCache") == {"status": "Accepted"}


def test_a_callerror_is_logged_and_counted_and_life_goes_on() -> None:
    rig = StationRig()
    rig.answers["StatusNotification"] = ("NotSupported", "we do not do that")
    rig.start()
    assert rig.counts.call_errors["StatusNotification", "NotSupported"] == 3
    assert any("NotSupported" in line for line in rig.log)
    assert rig.snapshot().running


def test_frames_without_a_connection_are_dropped() -> None:
    rig = StationRig()
    rig.online = False
    rig.start()
    rig.frame([2, "a", "ClearCache", {}])
    assert not rig.replies and rig.counts.dropped_frames["unsolicited"] == 1


def test_what_changes_lasting_state_is_answered_after_it_is_stored() -> None:
    rig = StationRig().start()
    rig.forget()
    rig.command("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "77"})
    assert rig.order == ["Persist", "CallResult"]


def test_a_fault_of_ours_in_a_command_is_answered_and_the_station_lives_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a mistake of ours")

    rig = StationRig().start()
    rig.forget()
    with monkeypatch.context() as patch:
        patch.setitem(HANDLERS, "ClearCache", broken)
        rig.frame([2, "a", "ClearCache", {}])
    assert rig.replies.pop("a")[0] == "InternalError"
    assert [failure.action for failure in rig.failures] == ["ClearCache"]
    assert not rig.disconnects
    rig.frame([2, "b", "ClearCache", {}])
    assert rig.replies.pop("b") == {"status": "Accepted"}


def test_a_status_and_a_start_leave_in_the_order_in_which_they_happened() -> None:
    rig = charging_rig()
    rig.station.press_stop(1, rig.now)
    rig.settle()
    rig.forget()
    rig.latency = 0.5
    rig.station.authorize(1, "NEXT", rig.now)
    rig.settle()
    told = [payload.get("status", action) for action, payload in rig.calls]
    assert told == ["Authorize", "Preparing", "StartTransaction", "Charging"]


def test_a_stop_goes_before_the_status_that_came_with_it() -> None:
    rig = charging_rig()
    rig.answers["MeterValues"] = None
    rig.run(10.1)
    rig.station.press_stop(1, rig.now)
    rig.forget()
    rig.answer_late({})
    assert [payload.get("status", action) for action, payload in rig.calls] == [
        "StopTransaction",
        "Finishing",
    ]
