"""From switched on to accepted: boot, heartbeats, reconnecting, the clock (OCPP 1.6 §4.2, §4.6)."""

from typing import Any

import pytest

from evswarm_shared.clock import SimulatedClock
from evswarm_shared.ocpp16.timestamps import format_timestamp, parse_timestamp
from evswarm_shared.telemetry.counts import DisconnectReason
from evswarm_worker.station.registration import DEFAULT_BOOT_RETRY_SECONDS
from tests.support.station_rig import NOON, StationRig, charging_rig


def boot_answer(rig: StationRig, status: str, interval: int) -> dict[str, Any]:
    return {"status": status, "currentTime": format_timestamp(rig.now), "interval": interval}


def test_after_boot_every_status_is_told_connector_0_first() -> None:
    rig = StationRig().start()
    assert rig.actions() == ["BootNotification", *["StatusNotification"] * 3]
    assert [p["connectorId"] for p in rig.sent("StatusNotification")] == [0, 1, 2]
    assert rig.snapshot().running


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
def test_a_refused_boot_is_retried_after_the_interval_and_nothing_else_is_sent(status: str) -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = boot_answer(rig, status, 90)
    rig.start()
    rig.run(89.0)
    assert rig.actions() == ["BootNotification"]
    rig.run(2.0)
    assert rig.actions() == ["BootNotification"] * 2
    assert not rig.snapshot().running


def test_an_interval_of_zero_is_replaced_by_one_of_our_own() -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = boot_answer(rig, "Pending", 0)
    rig.start()
    rig.run(DEFAULT_BOOT_RETRY_SECONDS - 1)
    assert len(rig.calls) == 1
    rig.run(2.0)
    assert len(rig.calls) == 2


def test_a_boot_without_an_answer_or_with_an_error_is_retried() -> None:
    rig = StationRig(call_timeout_seconds=10.0)
    rig.answers["BootNotification"] = None
    rig.start()
    rig.run(11.0)
    assert rig.counts.call_timeouts["BootNotification"] == 1
    rig.answers["BootNotification"] = ("InternalError", "")
    rig.run(31.0)
    assert len(rig.calls) == 2
    del rig.answers["BootNotification"]
    rig.run(31.0)
    assert rig.snapshot().running


def test_a_pending_station_answers_commands_and_sends_what_it_is_asked_for() -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = boot_answer(rig, "Pending", 600)
    rig.start()
    assert rig.command("GetConfiguration", {"key": ["HeartbeatInterval"]})["configurationKey"]
    assert rig.command("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}) == {
        "status": "Accepted"
    }
    assert rig.actions() == ["BootNotification", "StatusNotification"]
    assert rig.command("RemoteStartTransaction", {"idTag": "T", "connectorId": 1}) == {"status": "Rejected"}
    del rig.answers["BootNotification"]
    assert rig.command("TriggerMessage", {"requestedMessage": "BootNotification"}) == {"status": "Accepted"}
    assert rig.snapshot().running


def test_what_a_pending_station_was_asked_for_does_not_keep_it_from_booting() -> None:
    rig = StationRig(connectors=10)
    rig.answers["BootNotification"] = boot_answer(rig, "Pending", 20)
    rig.answers["StatusNotification"] = None
    rig.start()
    while rig.command("TriggerMessage", {"requestedMessage": "StatusNotification"}) == {"status": "Accepted"}:
        pass
    while rig.command("TriggerMessage", {"requestedMessage": "Heartbeat"}) == {"status": "Accepted"}:
        pass
    del rig.answers["BootNotification"], rig.answers["StatusNotification"]
    rig.run(60.0)
    assert rig.snapshot().running


def test_a_rejected_station_is_deaf() -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = boot_answer(rig, "Rejected", 600)
    rig.start()
    assert rig.command("GetConfiguration") is None
    assert rig.counts.dropped_frames["not_registered"] == 1


def test_a_reconnect_is_not_a_boot() -> None:
    rig = StationRig().start()
    rig.forget()
    rig.lose()
    rig.reachable()
    rig.run(10.0)
    assert rig.connected
    assert "BootNotification" not in rig.actions()


def test_attempts_come_apart_and_never_closer_than_the_floor() -> None:
    rig = StationRig().start()
    rig.lose()
    attempts = []
    for _ in range(12):
        due = rig.station.next_wakeup()
        assert due is not None
        attempts.append(due - rig.now)
        rig.run(due - rig.now)
    assert all(wait >= 2.0 for wait in attempts)
    assert attempts[0] <= 4.0 and max(attempts) <= 60.0
    assert min(attempts[6:]) >= 30.0


def test_two_stations_that_lose_the_same_server_do_not_return_together() -> None:
    waits = set()
    for index in range(2, 30):
        rig = StationRig(index=index).start()
        rig.lose()
        waits.add(rig.station.next_wakeup())
    assert len(waits) > 20


def test_a_refused_station_knocks_slowly() -> None:
    rig = StationRig().start()
    rig.lose(DisconnectReason.AUTHENTICATION_REFUSED)
    due = rig.station.next_wakeup()
    assert due is not None and due - rig.now >= 60.0
    assert any("authentication refused" in line for line in rig.log)


def test_a_quiet_station_beats_at_the_interval_and_a_fleet_not_in_phase() -> None:
    first_beats = set()
    for index in range(2, 11):
        rig = StationRig(index=index).start()
        rig.forget()
        rig.run(300.0)
        assert rig.actions() == ["Heartbeat"]
        first_beats.add(rig.snapshot().last_message_at)
        rig.run(300.0)
        assert rig.actions() == ["Heartbeat"] * 2
    assert len(first_beats) == 9


def test_other_traffic_makes_heartbeats_unnecessary() -> None:
    rig = charging_rig()
    rig.heartbeat_interval = 300
    rig.run(301.0)
    rig.forget()
    rig.run(3000.0)
    assert "Heartbeat" not in rig.actions() and "MeterValues" in rig.actions()


def test_at_factor_one_the_clock_follows_the_central_system() -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = {
        "status": "Accepted",
        "currentTime": format_timestamp(NOON + 3600),
        "interval": 300,
    }
    rig.start()
    told = parse_timestamp(rig.sent("StatusNotification")[0]["timestamp"])
    assert abs(told - (rig.now + 3600)) < 1.0


def test_at_another_factor_the_central_systems_time_is_ignored_and_that_is_logged_once() -> None:
    rig = StationRig(clock=SimulatedClock(NOON, 1e9, 60.0))
    rig.heartbeat_interval = 10
    rig.start()
    rig.run(40.0)
    assert abs(parse_timestamp(rig.sent("StatusNotification")[0]["timestamp"]) - 1e9) < 1.0
    assert len(rig.sent("Heartbeat")) >= 3
    assert sum("ignored" in line for line in rig.log) == 1


@pytest.mark.parametrize("nonsense", ["9999-12-31T23:59:59Z", "9950-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_time_that_no_clock_shows_is_ignored_and_that_is_logged_once(nonsense: str) -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = {"status": "Accepted", "currentTime": nonsense, "interval": 60}
    rig.answers["Heartbeat"] = {"currentTime": nonsense}
    rig.start()
    rig.run(600.0)
    (line,) = [line for line in rig.log if "time ignored" in line]
    assert nonsense[:10] in line
    for owner in (rig, rig.heir().start()):
        owner.station.plug_in(1, owner.now)
        owner.settle()
        assert owner.sent("StatusNotification")[-1]["timestamp"] == format_timestamp(owner.now)


def test_a_first_boot_is_stored_before_anything_else_is_sent() -> None:
    rig = StationRig().start()
    boot = rig.order.index("BootNotification")
    assert rig.order[boot + 1 : boot + 3] == ["Persist", "StatusNotification"]


def test_pings_keep_the_usual_rhythm_until_it_is_changed() -> None:
    rig = StationRig().start()
    assert rig.rhythms == []
    key = "WebSocketPingInterval"
    assert rig.command("GetConfiguration", {"key": [key]})["configurationKey"][0]["value"] == "60"
    for value, status in (("30", "Accepted"), ("0", "Accepted"), ("-1", "Rejected"), ("60", "Accepted")):
        assert rig.command("ChangeConfiguration", {"key": key, "value": value}) == {"status": status}
    assert rig.rhythms == [30, 0, 60]


def test_a_rhythm_of_pings_holds_for_every_later_connection() -> None:
    rig = StationRig(configuration={"WebSocketPingInterval": "15"}).start()
    assert rig.rhythms == [15]
    heir = rig.heir().start()
    assert heir.rhythms == [15]
