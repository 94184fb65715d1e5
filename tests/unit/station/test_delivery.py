"""Transaction messages through bad times: offline, refused, unanswered (OCPP 1.6 §3.7, errata §3.18)."""

import pytest
from ocpp.v16.enums import ChargePointStatus

from tests.support.station_rig import NOON, StationRig, charging_rig, only


def stored_actions(rig: StationRig) -> list[str]:
    return [rig.outbox[s].message.decode().split('"')[1] for s in sorted(rig.outbox)]


def test_offline_messages_wait_in_the_store_and_are_replayed_in_order() -> None:
    rig = charging_rig()
    rig.forget()
    rig.lose()
    rig.run(35.0)
    rig.station.press_stop(1, rig.now)
    rig.settle()
    assert stored_actions(rig) == ["MeterValues"] * 3 + ["StopTransaction"]
    rig.reachable()
    rig.run(70.0)
    assert [a for a in rig.actions() if a != "Heartbeat"] == [
        "StatusNotification",
        *["MeterValues"] * 3,
        "StopTransaction",
    ]
    assert rig.outbox == {}


def test_what_changed_while_offline_is_told_once_and_what_did_not_is_not() -> None:
    rig = charging_rig()
    rig.forget()
    rig.lose()
    rig.station.unplug(1, rig.now)
    rig.station.plug_in(1, rig.now)
    rig.settle()
    rig.reachable()
    rig.run(10.0)
    assert rig.statuses(1) == ["Preparing"] and rig.statuses(2) == [] and rig.statuses(0) == []


def test_a_transaction_started_offline_gets_its_id_when_it_lands() -> None:
    rig = charging_rig()
    rig.station.press_stop(1, rig.now)
    rig.settle()
    rig.lose()
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert rig.status() == "Charging"
    rig.run(25.0)
    rig.forget()
    rig.reachable()
    rig.run(70.0)
    start = only(rig.sent("StartTransaction"))
    assert start["timestamp"] < rig.sent("MeterValues")[0]["meterValue"][0]["timestamp"]
    assert {m["transactionId"] for m in rig.sent("MeterValues")} == {102}


def test_a_start_that_is_in_flight_when_the_link_breaks_is_sent_again_with_a_new_id() -> None:
    rig = StationRig()
    rig.answers["StartTransaction"] = None
    rig.start()
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    rig.lose()
    del rig.answers["StartTransaction"]
    rig.reachable()
    rig.run(10.0)
    first, second = rig.sent("StartTransaction")
    assert first == second
    assert len(set(rig.unique_ids)) == len(rig.unique_ids)


def test_a_refused_start_is_retried_with_growing_pauses_then_given_up_and_the_stop_says_minus_one() -> None:
    rig = StationRig(configuration={"TransactionMessageRetryInterval": "20", "MeterValueSampleInterval": "0"})
    times: list[float] = []

    def refuse(_: object) -> tuple[str, str]:
        times.append(rig.now - NOON)
        return ("InternalError", "")

    rig.answers["StartTransaction"] = refuse
    rig.start()
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    rig.run(100.0)
    assert [round(t) for t in times] == [0, 20, 60]
    assert any("given up" in line for line in rig.log)
    rig.station.press_stop(1, rig.now)
    rig.settle()
    assert only(rig.sent("StopTransaction"))["transactionId"] == -1
    assert rig.outbox == {}


def test_a_start_without_an_answer_is_repeated_as_long_as_it_takes() -> None:
    rig = StationRig(call_timeout_seconds=10.0, configuration={"TransactionMessageAttempts": "2"})
    rig.answers["StartTransaction"] = None
    rig.start()
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    rig.run(65.0)
    assert len(rig.sent("StartTransaction")) >= 6
    assert rig.counts.call_timeouts["StartTransaction"] >= 5
    rig.answer_late({"transactionId": 9, "idTagInfo": {"status": "Accepted"}})
    rig.run(5.0)
    assert {m["transactionId"] for m in rig.sent("MeterValues")} == {9}


def test_meter_values_that_nobody_answers_enter_the_store_soon() -> None:
    rig = charging_rig()
    rig.answers["MeterValues"] = None
    rig.run(10.5)
    assert rig.outbox == {}
    rig.run(2.0)
    assert stored_actions(rig) == ["MeterValues"]
    rig.answer_late({})
    assert rig.outbox == {}


def test_answered_meter_values_never_touch_the_store() -> None:
    rig = charging_rig()
    before = len(rig.commits)
    rig.run(290.0)
    assert len(rig.sent("MeterValues")) == 29
    assert len(rig.commits) == before


def test_the_backlog_of_a_long_outage_is_bounded_and_what_was_dropped_is_counted() -> None:
    rig = charging_rig()
    rig.lose()
    rig.run(7200.0)
    rig.station.press_stop(1, rig.now)
    rig.settle()
    assert len(rig.outbox) <= 61
    dropped = rig.counts.dropped_frames["queue_full"]
    assert dropped + len(rig.outbox) == 721
    rig.reachable()
    rig.forget()
    rig.run(120.0)
    assert only(rig.sent("StopTransaction")) and rig.outbox == {}


def test_statuses_do_not_wait_for_a_backlog() -> None:
    rig = charging_rig()
    rig.lose()
    rig.run(100.0)
    rig.station.unplug(1, rig.now)
    rig.settle()
    rig.reachable()
    rig.forget()
    rig.run(70.0)
    assert rig.actions()[0] == "StatusNotification"
    assert rig.status() == ChargePointStatus.available


def test_a_stop_without_id_tag_info_is_fine_and_one_with_it_reaches_the_cache() -> None:
    rig = charging_rig()
    rig.answers["StopTransaction"] = {"idTagInfo": {"status": "Blocked"}}
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    rig.lose()
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert len(rig.sent("StartTransaction")) == 1
    assert any("not authorized" in line for line in rig.log)


def test_a_refused_stop_waits_the_interval_times_the_attempt_and_is_given_up_after_the_last() -> None:
    rig = charging_rig(
        configuration={"TransactionMessageAttempts": "4", "TransactionMessageRetryInterval": "30"}
    )
    rig.answers["StopTransaction"] = ("InternalError", "")
    rig.station.press_stop(1, rig.now)
    rig.settle()
    begun = rig.now
    times = [0.0]
    for _ in range(2000):
        rig.run(0.5)
        if len(rig.sent("StopTransaction")) > len(times):
            times.append(rig.now - begun)
    assert times == pytest.approx([0.0, 30.0, 90.0, 180.0], abs=1.0)
    assert rig.outbox == {}


def test_meter_values_and_stop_of_a_start_that_was_given_up_carry_minus_one() -> None:
    rig = StationRig(
        configuration={"TransactionMessageAttempts": "1", "MeterValueSampleInterval": "10"}
    ).start()
    rig.answers["StartTransaction"] = ("InternalError", "")
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    rig.run(11.0)
    rig.station.press_stop(1, rig.now)
    rig.settle()
    assert {m["transactionId"] for m in rig.sent("MeterValues")} == {-1}
    assert only(rig.sent("StopTransaction"))["transactionId"] == -1


@pytest.mark.parametrize("told", [{"parentIdTag": "FAMILY"}, {}])
def test_the_answer_to_a_start_tells_the_group_that_may_stop_the_transaction(told: dict[str, str]) -> None:
    rig = StationRig()
    rig.answers["StartTransaction"] = {"transactionId": 7, "idTagInfo": {"status": "Accepted", **told}}
    rig.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    rig.start()
    rig.station.plug_in(1, rig.now)
    rig.command("RemoteStartTransaction", {"connectorId": 1, "idTag": "MUM"})
    heir = rig.heir().start()
    heir.station.authorize(1, "DAD", heir.now)
    heir.settle()
    assert [stop["idTag"] for stop in heir.sent("StopTransaction")] == (["DAD"] if told else [])
