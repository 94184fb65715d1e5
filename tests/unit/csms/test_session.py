"""The conversation with one station: answers, order, both directions, and newer connections."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from ocpp.v16.enums import MessageTrigger, ResetType

from evswarm_csms.dispatch import AT_ONCE, WITH_STORE
from evswarm_csms.handlers.acceptance import Acceptance
from evswarm_csms.session import INBOX_HIGH
from evswarm_shared.bus.messages import CommandOutcome, IdTagRecord, StationRecord
from evswarm_shared.ocpp16.actions import ACTIONS, Sender
from evswarm_shared.ocpp16.messages import (
    ClearCache,
    RemoteStartTransaction,
    Reset,
    TriggerMessage,
)
from tests.unit.csms.conversation import BOOT, NOON, START, MemoryWire, Replica, Station, until


def test_every_message_that_a_station_may_send_is_served() -> None:
    served = {kind.__name__ for kind in (*AT_ONCE, *WITH_STORE)}
    assert served == {name for name, spec in ACTIONS.items() if spec.sender is not Sender.CSMS}


# --- acceptance ---------------------------------------------------------------------------------------------


async def test_a_boot_is_accepted_with_the_interval() -> None:
    replica = Replica()
    station = await replica.connect()
    answer = await station.call("BootNotification", BOOT)
    assert answer[2] == {"status": "Accepted", "currentTime": "2027-01-15T08:00:00.000Z", "interval": 60}
    assert replica.counts.boots["Accepted"] == 1


async def test_a_call_before_acceptance_is_a_security_error() -> None:
    station = await Replica().connect()
    assert (await station.call("Heartbeat", {}))[2] == "SecurityError"


async def test_a_station_without_a_record_is_asked_to_boot_once() -> None:
    station = await Replica().connect()
    await station.call("Heartbeat", {})
    [trigger] = station.wire.take()
    assert trigger[2:] == ["TriggerMessage", {"requestedMessage": "BootNotification"}]
    station.say(3, trigger[1], {"status": "Accepted"})
    await station.call("Heartbeat", {})
    assert station.wire.take() == []


async def test_transaction_messages_of_a_forgotten_station_are_taken() -> None:
    station = await Replica().connect()
    assert (await station.call("StartTransaction", START))[2]["transactionId"] == 1
    assert len(station.wire.take()) == 1


async def test_a_registered_station_must_boot_first() -> None:
    replica = Replica()
    await replica.bus.write_station(StationRecord("CP-1", accepted=False))
    station = await replica.connect()
    assert (await station.call("StartTransaction", START))[2] == "SecurityError"
    assert station.wire.take() == []
    await station.call("BootNotification", BOOT)
    assert (await station.call("StartTransaction", START))[0] == 3


async def test_commands_do_not_wait_long_for_a_station_that_boots_without_answering_that_it_shall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("evswarm_csms.session.ASKED_TO_BOOT_SECONDS", 0.0)
    station = await Replica().connect()
    assert (await station.call("Heartbeat", {}))[2] == "SecurityError"
    assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
    station.session.call(ClearCache())
    await until(lambda: len(station.wire.sent) == 2)
    assert [frame[2] for frame in station.wire.take()] == ["TriggerMessage", "ClearCache"]


def trigger(station: Station, request: TriggerMessage, status: str = "Accepted") -> None:
    """Ask the station for a message, and have it answer that."""
    station.session.call(request)
    [call] = station.wire.take()
    station.say(3, call[1], {"status": status})


async def test_a_message_that_was_triggered_is_taken_once_before_acceptance() -> None:
    replica = Replica()
    await replica.bus.write_station(StationRecord("CP-1", accepted=False))
    station = await replica.connect()
    trigger(station, TriggerMessage(MessageTrigger.heartbeat))
    assert (await station.call("Heartbeat", {}))[0] == 3
    assert (await station.call("Heartbeat", {}))[2] == "SecurityError"


async def test_the_status_of_every_connector_is_taken_when_it_was_triggered_for_none_in_particular() -> None:
    replica = Replica()
    await replica.bus.write_station(StationRecord("CP-1", accepted=False))
    station = await replica.connect()
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    trigger(station, TriggerMessage(MessageTrigger.status_notification, connector_id=1))
    assert [(await station.call("StatusNotification", status))[0] for _ in range(2)] == [3, 4]
    trigger(station, TriggerMessage(MessageTrigger.status_notification))
    assert [(await station.call("StatusNotification", status))[0] for _ in range(2)] == [3, 3]


@pytest.mark.parametrize("status", ["Rejected", "NotImplemented"])
async def test_a_trigger_that_the_station_does_not_accept_opens_nothing(status: str) -> None:
    replica = Replica()
    await replica.bus.write_station(StationRecord("CP-1", accepted=False))
    station = await replica.connect()
    trigger(station, TriggerMessage(MessageTrigger.heartbeat), status)
    assert (await station.call("Heartbeat", {}))[2] == "SecurityError"


async def test_a_trigger_ends_with_the_connection() -> None:
    replica = Replica()
    await replica.bus.write_station(StationRecord("CP-1", accepted=False))
    trigger(await replica.connect(), TriggerMessage(MessageTrigger.heartbeat))
    newer = await replica.connect()
    assert (await newer.call("Heartbeat", {}))[2] == "SecurityError"


async def test_acceptance_outlives_the_connection() -> None:
    replica = Replica()
    station = await replica.booted()
    station.leave()
    assert replica.directory.session("CP-1") is None
    again = await replica.connect()
    assert (await again.call("Heartbeat", {}))[0] == 3


async def test_acceptance_is_known_to_other_replicas() -> None:
    one = Replica("csms-1")
    await one.booted()
    other = await Replica("csms-2", one.store).connect()
    assert (await other.call("Heartbeat", {}))[0] == 3


async def test_calls_wait_until_the_store_has_said_what_it_knows() -> None:
    replica = Replica()
    await replica.bus.write_station(StationRecord("CP-1", accepted=True))
    station = Station(replica, "CP-1")
    station.say(2, "1", "Heartbeat", {})
    station.say(2, "2", "Heartbeat", {})
    assert station.wire.take() == []
    await replica.directory.flush()
    assert [frame[:2] for frame in station.wire.take()] == [[3, "1"], [3, "2"]]


async def test_a_late_lookup_does_not_take_back_an_acceptance() -> None:
    replica = Replica()
    station = Station(replica, "CP-1")
    station.session.acceptance_known(Acceptance.STORE_AWAY)
    await station.call("BootNotification", BOOT)
    station.session.acceptance_known(Acceptance.NO_RECORD)
    assert (await station.call("Heartbeat", {}))[0] == 3


async def test_a_remote_start_is_refused_before_acceptance() -> None:
    station = await Replica().connect()
    answer = await station.session.call(RemoteStartTransaction("TAG"))
    assert answer.outcome is CommandOutcome.REFUSED
    assert station.wire.take() == []


# --- bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('[2,"1","Nonsense",{}]', ["1", "NotImplemented"]),
        ('[2,"1","Reset",{"type":"Hard"}]', ["1", "NotSupported"]),
        ('[2,"1","Heartbeat"]', ["1", "FormationViolation"]),
        ('[2,"1","Heartbeat",{},0]', ["1", "FormationViolation"]),
        ('[2,"1","Heartbeat",[]]', ["1", "FormationViolation"]),
        ('[2,"1","Heartbeat",{"extra":1}]', ["1", "FormationViolation"]),
        ('[2,"1","Authorize",{}]', ["1", "OccurenceConstraintViolation"]),
        ('[2,"1","Authorize",{"idTag":1}]', ["1", "TypeConstraintViolation"]),
        ('[2,"1","Authorize",{"idTag":"123456789012345678901"}]', ["1", "PropertyConstraintViolation"]),
        (f'[2,"{"x" * 37}","Heartbeat",{{}}]', ["x" * 37, "FormationViolation"]),
        ('[2,1,"Heartbeat",{}]', ["1", "FormationViolation"]),
        ('[2,"1","Heartbeat",{', ["1", "FormationViolation"]),
    ],
)
async def test_bad_input_gets_the_right_error_and_the_conversation_lives(
    text: str, answer: list[str]
) -> None:
    station = await Replica().booted()
    station.say_text(text)
    [error] = station.wire.take()
    assert error[0] == 4
    if answer[1] == "FormationViolation" and "[]" in text:
        assert error[2] in ("FormationViolation", "TypeConstraintViolation")
    else:
        assert error[1:3] == answer
    assert (await station.call("Heartbeat", {}))[0] == 3


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("not json", "malformed"),
        ("{}", "malformed"),
        ("[]", "malformed"),
        ("[2]", "malformed"),
        ('[7,"1","Heartbeat",{}]', "unknown_type"),
        ('[3,"nobody asked",{}]', "unsolicited"),
        ('[4,"nobody asked","GenericError","",{}]', "unsolicited"),
    ],
)
async def test_what_cannot_be_answered_is_counted(text: str, kind: str) -> None:
    replica = Replica()
    station = await replica.booted()
    station.say_text(text)
    assert station.wire.take() == []
    assert replica.counts.dropped_frames[kind] == 1
    assert (await station.call("Heartbeat", {}))[0] == 3


async def test_a_null_payload_is_an_empty_one() -> None:
    station = await Replica().booted()
    assert (await station.call("Heartbeat", None))[0] == 3


async def test_extra_fields_are_ignored_when_lenient() -> None:
    station = await Replica(strict=False).booted()
    assert (await station.call("Heartbeat", {"extra": 1}))[0] == 3


async def test_our_own_failure_is_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    replica = Replica()
    station = await replica.booted()
    monkeypatch.setattr(replica.office.desk, "clock", broken)
    assert (await station.call("Heartbeat", {}))[2] == "InternalError"
    assert (await station.call("Authorize", {"idTag": "TAG"}))[2] == "InternalError"
    monkeypatch.undo()
    assert (await station.call("Heartbeat", {}))[0] == 3
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 2
    assert replica.counts.call_errors_sent["Heartbeat"] == 1
    assert replica.failures["message"] == 2


async def test_an_answer_that_cannot_be_written_is_an_internal_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    replica = Replica()
    await replica.bus.write_tag(IdTagRecord("NEVER", expiry_date=253402300800.0))
    station = await replica.booted()
    assert (await station.call("Authorize", {"idTag": "NEVER"}))[2] == "InternalError"
    assert "Authorize of CP-1 could not be handled" in caplog.text
    assert replica.failures["message"] == 1
    assert (await station.call("Authorize", {"idTag": "TAG"}))[0] == 3


# --- transactions and the store -------------------------------------------------------------------------------


async def test_a_transaction_is_started_and_stopped() -> None:
    replica = Replica()
    station = await replica.booted()
    started = await station.call("StartTransaction", START)
    assert started[2] == {"idTagInfo": {"status": "Accepted"}, "transactionId": 1}
    stop = {"transactionId": 1, "meterStop": 6000, "timestamp": NOON, "reason": "EVDisconnected"}
    assert (await station.call("StopTransaction", stop))[2] == {}
    [record] = await replica.bus.list_transactions()
    assert (record.meter_stop, record.reason, record.flags) == (6000, "EVDisconnected", ())


async def test_a_repeated_start_gets_the_same_transaction() -> None:
    replica = Replica()
    station = await replica.booted()
    first = await station.call("StartTransaction", START)
    station.leave()
    again = await replica.connect()
    assert (await again.call("StartTransaction", START))[2] == first[2]
    assert len(await replica.bus.list_transactions()) == 1


async def test_a_start_on_a_connector_whose_transaction_was_not_stopped_is_flagged() -> None:
    replica = Replica()
    station = await replica.booted()
    for minute in range(3):
        start = {**START, "timestamp": f"2027-01-15T12:0{minute}:00Z"}
        for _ in range(2):
            await station.call("StartTransaction", start)
        if minute == 1:
            stop = {"transactionId": 2, "meterStop": 6000, "timestamp": "2027-01-15T12:01:30Z"}
            await station.call("StopTransaction", stop)
    transactions = sorted(await replica.bus.list_transactions(), key=lambda each: each.transaction_id)
    assert [each.flags for each in transactions] == [(), ("connector_in_use",), ()]


async def test_a_repeated_stop_changes_nothing() -> None:
    replica = Replica()
    station = await replica.booted()
    await station.call("StartTransaction", START)
    stop = {"transactionId": 1, "meterStop": 6000, "timestamp": NOON}
    await station.call("StopTransaction", stop)
    assert (await station.call("StopTransaction", {**stop, "meterStop": 7000}))[0] == 3
    [record] = await replica.bus.list_transactions()
    assert record.meter_stop == 6000


async def test_a_stop_of_an_unknown_transaction_is_answered_and_flagged_once() -> None:
    replica = Replica()
    station = await replica.booted()
    stop = {"transactionId": 77, "meterStop": 6000, "timestamp": NOON, "idTag": "TAG"}
    for _ in range(2):
        assert (await station.call("StopTransaction", stop))[2] == {"idTagInfo": {"status": "Accepted"}}
    [record] = await replica.bus.list_transactions()
    assert record.flags == ("unknown_transaction=77",)
    assert record.stopped_at is not None


async def test_a_stop_cannot_end_another_stations_transaction() -> None:
    replica = Replica()
    await (await replica.booted("CP-1")).call("StartTransaction", START)
    thief = await replica.booted("CP-2")
    stop = {"transactionId": 1, "meterStop": 6000, "timestamp": NOON}
    assert (await thief.call("StopTransaction", stop))[0] == 3
    assert [each.transaction_id for each in await replica.bus.open_transactions_of("CP-1")] == [1]


async def test_a_listed_tag_may_charge_once_at_a_time() -> None:
    replica = Replica()
    await replica.bus.write_tag(IdTagRecord("TAG"))
    await (await replica.booted("CP-1")).call("StartTransaction", START)
    second = await (await replica.booted("CP-2")).call("StartTransaction", START)
    assert second[2]["idTagInfo"]["status"] == "ConcurrentTx"


async def test_unknown_tags_are_invalid_when_only_listed_ones_may_charge() -> None:
    station = await Replica(accept_unknown_tags=False).booted()
    assert (await station.call("Authorize", {"idTag": "TAG"}))[2] == {"idTagInfo": {"status": "Invalid"}}


async def test_meter_values_reach_the_store_only_with_the_batch() -> None:
    replica = Replica()
    station = await replica.booted()
    await station.call("StartTransaction", START)
    for value in ("1100", "1200"):
        sample = {"timestamp": NOON, "sampledValue": [{"value": value}]}
        payload = {"connectorId": 1, "transactionId": 1, "meterValue": [sample]}
        assert (await station.call("MeterValues", payload))[2] == {}
    assert (await replica.bus.list_transactions())[0].last_meter_wh is None
    await replica.meters.flush()
    assert (await replica.bus.list_transactions())[0].last_meter_wh == 1200


async def test_a_reading_that_falls_is_flagged_at_the_stop() -> None:
    replica = Replica()
    station = await replica.booted()
    await station.call("StartTransaction", START)
    for value in ("2000", "1500"):
        sample = {"timestamp": NOON, "sampledValue": [{"value": value}]}
        await station.call("MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [sample]})
    await station.call("StopTransaction", {"transactionId": 1, "meterStop": 6000, "timestamp": NOON})
    assert (await replica.bus.list_transactions())[0].flags == ("meter_fell",)


async def test_transaction_messages_are_sent_back_while_the_store_is_away() -> None:
    replica = Replica()
    station = await replica.booted()
    replica.store.available = False
    assert (await station.call("StartTransaction", START))[2] == "InternalError"
    assert (await station.call("Heartbeat", {}))[0] == 3
    replica.store.available = True
    assert (await station.call("StartTransaction", START))[2]["transactionId"] == 1


# --- order, and both directions -------------------------------------------------------------------------------


async def test_messages_are_answered_in_order_although_some_wait_for_the_store() -> None:
    replica = Replica()
    station = await replica.booted()
    station.say(2, "1", "StartTransaction", START)
    station.say(2, "2", "Heartbeat", {})
    station.say(2, "3", "Authorize", {"idTag": "TAG"})
    station.say(2, "4", "Heartbeat", {})
    assert station.wire.take() == []
    await replica.settle()
    assert [frame[1] for frame in station.wire.take()] == ["1", "2", "3", "4"]


async def test_a_station_that_says_too_much_is_held_until_it_is_worked_off() -> None:
    replica = Replica()
    station = await replica.booted()
    station.say(2, "0", "StartTransaction", START)
    for number in range(INBOX_HIGH):
        assert station.wire.held is False
        station.say(2, str(number), "Heartbeat", {})
    held = station.wire.held
    await replica.settle()
    assert (held, station.wire.held) == (True, False)
    assert len(station.wire.take()) == INBOX_HIGH + 1


async def test_both_sides_may_have_a_call_open() -> None:
    replica = Replica()
    station = await replica.booted()
    answer = station.session.call(ClearCache())
    [call] = station.wire.take()
    assert (await station.call("StartTransaction", START))[0] == 3
    assert not answer.done()
    station.say(2, "x", "Authorize", {"idTag": "TAG"})
    station.say(3, call[1], {"status": "Accepted"})
    assert (await answer).outcome is CommandOutcome.DONE
    await replica.settle()
    assert [frame[1] for frame in station.wire.take()] == ["x"]


@pytest.mark.parametrize(
    "frame",
    [
        lambda call: json.dumps([4, call[1], "NotSupported", "", {}]),
        lambda call: json.dumps([3, call[1], {}, "too long"]),
        lambda call: f'[3,"{call[1]}",{{"status":"Accepted"',
    ],
    ids=["call error", "broken result", "cut off"],
)
async def test_a_refused_command_is_told(frame: Callable[[Any], str]) -> None:
    station = await Replica().booted()
    answer = station.session.call(ClearCache())
    [call] = station.wire.take()
    station.say_text(frame(call))
    assert answer.done()
    assert (await answer).outcome is CommandOutcome.CALL_ERROR


@pytest.mark.parametrize(
    ("words", "told"), [("1009 too big", ": it closed with 1009 too big"), ("", "")], ids=["closed", "lost"]
)
async def test_a_command_that_meets_the_end_of_the_connection_tells_the_stations_last_words(
    words: str, told: str
) -> None:
    station = await Replica().booted()
    answer = station.session.call(ClearCache())
    station.wire.last_words = words
    station.leave()
    assert (await answer).description == f"the connection ended before the station answered{told}"


# --- connections ------------------------------------------------------------------------------------------------


async def test_a_newer_connection_wins_and_nothing_is_lost() -> None:
    replica = Replica()
    old = await replica.booted()
    lost = old.session.call(ClearCache())
    kept = old.session.call(Reset(ResetType.soft))
    old.say(2, "1", "StartTransaction", START)
    old.say(2, "2", "StopTransaction", {"transactionId": 1, "meterStop": 6000, "timestamp": NOON})
    new = Station(replica, "CP-1")
    assert not old.wire.open and new.wire.open
    assert (await lost).outcome is CommandOutcome.NOT_CONNECTED
    await replica.settle()
    [reset] = new.wire.take()
    assert reset[2] == "Reset"
    new.say(3, reset[1], {"status": "Accepted"})
    assert (await kept).outcome is CommandOutcome.DONE
    [record] = await replica.bus.list_transactions()
    assert record.meter_stop == 6000
    assert replica.directory.connections == 1


async def test_the_end_of_the_older_connection_does_not_touch_the_newer() -> None:
    replica = Replica()
    old = await replica.booted()
    new = Station(replica, "CP-1")
    old.leave()
    assert replica.directory.connections == 1
    assert (await new.call("Heartbeat", {}))[0] == 3


async def test_what_waits_when_the_station_leaves_is_still_written() -> None:
    replica = Replica()
    station = await replica.booted()
    station.say(2, "1", "StartTransaction", START)
    station.wire.open = False
    station.leave()
    await replica.settle()
    assert len(await replica.bus.open_transactions_of("CP-1")) == 1


async def test_a_station_that_left_cannot_be_called() -> None:
    station = await Replica().booted()
    station.leave()
    assert (await station.session.call(ClearCache())).outcome is CommandOutcome.NOT_CONNECTED


async def test_the_wire_in_use_is_the_newest() -> None:
    station = await Replica().booted()
    wire = MemoryWire()
    station.session.attach(wire)
    station.session.call(ClearCache())
    assert [frame[2] for frame in wire.take()] == ["ClearCache"]
