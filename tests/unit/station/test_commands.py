"""The central system's commands (OCPP 1.6 §5)."""

from typing import Any

import pytest

from evswarm_shared.bus.messages import ProfileName
from evswarm_shared.ocpp16.actions import ACTIONS, Sender
from evswarm_worker.station.commands import HANDLERS
from evswarm_worker.station.configuration import KEYS, MAX_REQUESTED_KEYS
from tests.support.station_rig import StationRig, charging_rig, only, quiet_profile

ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}


def test_every_action_of_the_central_system_is_served_or_not_supported() -> None:
    served = {name for name, spec in ACTIONS.items() if spec.sender is not Sender.STATION}
    assert set(HANDLERS) <= served
    assert set(HANDLERS) == served


# --- configuration ------------------------------------------------------------------------------------------


def test_get_configuration_tells_all_keys_when_none_is_named() -> None:
    answer = StationRig().start().command("GetConfiguration")
    own = {"DisplayLanguage", "SocketHardwareRevision"}
    assert {entry["key"] for entry in answer["configurationKey"]} == set(KEYS) | own
    assert "unknownKey" not in answer
    rig = StationRig(profile=quiet_profile(vendor_keys=())).start()
    assert {entry["key"] for entry in rig.command("GetConfiguration")["configurationKey"]} == set(KEYS)


def test_get_configuration_tells_the_keys_of_the_maker() -> None:
    names = ["SocketHardwareRevision", "DisplayLanguage", "HouseFuseAmperes"]
    assert StationRig().start().command("GetConfiguration", {"key": names}) == {
        "configurationKey": [
            {"key": "SocketHardwareRevision", "readonly": True, "value": "C2"},
            {"key": "DisplayLanguage", "readonly": False, "value": "en"},
        ],
        "unknownKey": ["HouseFuseAmperes"],
    }


def test_get_configuration_sorts_known_from_unknown() -> None:
    answer = StationRig().start().command("GetConfiguration", {"key": ["Colour", "NumberOfConnectors"]})
    assert answer == {
        "configurationKey": [{"key": "NumberOfConnectors", "readonly": True, "value": "2"}],
        "unknownKey": ["Colour"],
    }


def test_too_many_keys_at_once_are_refused() -> None:
    answer = StationRig().start().command("GetConfiguration", {"key": ["X"] * (MAX_REQUESTED_KEYS + 1)})
    assert answer[0] == "OccurenceConstraintViolation"
    rig = StationRig(configuration={"GetConfigurationMaxKeys": "2"}).start()
    assert rig.command("GetConfiguration", {"key": ["X"] * 3})[0] == "OccurenceConstraintViolation"
    assert len(rig.command("GetConfiguration", {"key": ["X"] * 2})["unknownKey"]) == 2
    assert len(rig.command("GetConfiguration")["configurationKey"]) > 2


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("MeterValueSampleInterval", "5", "Accepted"),
        ("NumberOfConnectors", "5", "Rejected"),
        ("MeterValueSampleInterval", "often", "Rejected"),
        ("Colour", "red", "NotSupported"),
        ("DisplayLanguage", "nl", "Accepted"),
        ("SocketHardwareRevision", "C3", "Rejected"),
        ("HouseFuseAmperes", "25", "NotSupported"),
    ],
)
def test_change_configuration_says_what_became_of_it(key: str, value: str, status: str) -> None:
    assert StationRig().start().command("ChangeConfiguration", {"key": key, "value": value}) == {
        "status": status
    }


def test_a_changed_sample_interval_holds_for_the_running_transaction() -> None:
    rig = charging_rig()
    rig.command("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "2"})
    rig.run(10.5)
    assert len(rig.sent("MeterValues")) == 5


def test_a_shorter_heartbeat_interval_holds_at_once() -> None:
    rig = StationRig().start()
    rig.run(400.0)
    rig.forget()
    rig.command("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "10"})
    rig.run(35.0)
    assert len(rig.sent("Heartbeat")) >= 3


def test_a_changed_aligned_interval_holds_at_once() -> None:
    rig = StationRig().start()
    rig.command("ChangeConfiguration", {"key": "ClockAlignedDataInterval", "value": "60"})
    rig.run(125.0)
    assert len(rig.sent("MeterValues")) == 4


def test_clear_cache_forgets_and_is_refused_without_a_cache() -> None:
    rig = charging_rig()
    rig.station.press_stop(1, rig.now)
    assert rig.command("ClearCache") == ACCEPTED
    rig.lose()
    rig.station.authorize(1, "TAG1", rig.now)
    assert rig.snapshot().transactions == 0
    other = StationRig(configuration={"AuthorizationCacheEnabled": "false"}).start()
    assert other.command("ClearCache") == REJECTED


# --- remote start and stop ----------------------------------------------------------------------------------


def test_a_remote_start_at_a_waiting_car_starts_at_once() -> None:
    rig = StationRig().start()
    rig.station.plug_in(1, rig.now)
    rig.settle()
    rig.forget()
    assert rig.command("RemoteStartTransaction", {"idTag": "APP"}) == ACCEPTED
    assert rig.order[:3] == ["Persist", "CallResult", "StartTransaction"]
    assert only(rig.sent("StartTransaction"))["idTag"] == "APP"
    assert not rig.sent("Authorize")


def test_a_remote_start_at_a_free_connector_brings_its_driver() -> None:
    rig = StationRig().start()
    assert rig.command("RemoteStartTransaction", {"idTag": "APP", "connectorId": 2}) == ACCEPTED
    assert rig.status(2) == "Preparing"
    rig.run(45.0)
    assert only(rig.sent("StartTransaction"))["connectorId"] == 2


def test_a_remote_start_is_authorized_first_where_that_is_configured() -> None:
    rig = StationRig(configuration={"AuthorizeRemoteTxRequests": "true"}).start()
    rig.station.plug_in(1, rig.now)
    rig.settle()
    rig.command("RemoteStartTransaction", {"idTag": "APP", "connectorId": 1})
    assert rig.actions()[-3:] == ["Authorize", "StartTransaction", "StatusNotification"]


@pytest.mark.parametrize("connector_id", [0, 3, -1])
def test_a_remote_start_at_a_connector_that_is_not_there_is_rejected(connector_id: int) -> None:
    rig = StationRig().start()
    assert rig.command("RemoteStartTransaction", {"idTag": "A", "connectorId": connector_id}) == REJECTED


def test_a_remote_start_at_a_busy_broken_or_closed_connector_is_rejected() -> None:
    rig = charging_rig()
    start = {"idTag": "A", "connectorId": 1}
    assert rig.command("RemoteStartTransaction", start) == REJECTED
    rig.command("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
    assert rig.command("RemoteStartTransaction", {"idTag": "A", "connectorId": 2}) == REJECTED
    assert rig.command("RemoteStartTransaction", {"idTag": "A"}) == REJECTED


def test_a_remote_stop_ends_the_transaction_after_its_answer() -> None:
    rig = charging_rig()
    rig.forget()
    assert rig.command("RemoteStopTransaction", {"transactionId": 101}) == ACCEPTED
    assert rig.order[:3] == ["Persist", "CallResult", "StopTransaction"]
    assert only(rig.sent("StopTransaction"))["reason"] == "Remote"
    rig.run(600.0)
    assert not rig.sent("StartTransaction")


def test_a_remote_stop_of_another_transaction_is_rejected() -> None:
    assert charging_rig().command("RemoteStopTransaction", {"transactionId": 5}) == REJECTED


def test_a_remote_stop_right_after_the_start_is_obeyed() -> None:
    rig = charging_rig()
    rig.answers["MeterValues"] = None
    rig.run(10.1)
    assert rig.command("RemoteStopTransaction", {"transactionId": 101}) == ACCEPTED
    rig.answer_late({})
    assert only(rig.sent("StopTransaction"))["reason"] == "Remote"


def test_unlocking_stops_the_transaction_first() -> None:
    rig = charging_rig()
    assert rig.command("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert only(rig.sent("StopTransaction"))["reason"] == "UnlockCommand"
    assert rig.command("UnlockConnector", {"connectorId": 9}) == {"status": "NotSupported"}


def test_a_cable_that_belongs_to_the_outlet_has_no_lock_to_open() -> None:
    rig = charging_rig(profile=quiet_profile(ProfileName.HIGHWAY))
    assert rig.command("UnlockConnector", {"connectorId": 1}) == {"status": "NotSupported"}
    assert rig.status() == "Charging" and not rig.sent("StopTransaction")


# --- availability -------------------------------------------------------------------------------------------


def test_a_free_connector_goes_out_of_service_at_once_and_comes_back() -> None:
    rig = StationRig().start()
    assert rig.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}) == ACCEPTED
    assert rig.statuses() == ["Available", "Unavailable"]
    assert rig.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}) == ACCEPTED
    assert rig.command("ChangeAvailability", {"connectorId": 1, "type": "Operative"}) == ACCEPTED
    assert rig.statuses() == ["Available", "Unavailable", "Available"]


def test_a_car_at_a_connector_that_comes_back_into_service_has_connection_time_out_to_show_a_tag() -> None:
    rig = StationRig().start()
    rig.station.plug_in(1, rig.now)
    rig.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    rig.run(300.0)
    rig.command("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    assert rig.status() == "Preparing"
    rig.run(121.0)
    assert rig.statuses()[-3:] == ["Unavailable", "Preparing", "Finishing"]


def test_during_a_transaction_the_change_is_scheduled() -> None:
    rig = charging_rig()
    scheduled = {"status": "Scheduled"}
    assert rig.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}) == scheduled
    assert rig.status() == "Charging"
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert rig.statuses()[-2:] == ["Finishing", "Unavailable"]


def test_a_scheduled_change_can_be_taken_back() -> None:
    rig = charging_rig()
    rig.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    assert rig.command("ChangeAvailability", {"connectorId": 1, "type": "Operative"}) == ACCEPTED
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert rig.status() == "Available"


def test_connector_0_means_the_station_and_all_of_it() -> None:
    rig = charging_rig()
    rig.forget()
    answer = rig.command("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    assert answer == {"status": "Scheduled"}
    assert rig.statuses(0) == ["Unavailable"] and rig.statuses(2) == ["Unavailable"]
    assert rig.status(1) == "Charging"
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert rig.status(1) == "Unavailable" and rig.snapshot().state == "Unavailable"
    rig.command("ChangeAvailability", {"connectorId": 0, "type": "Operative"})
    assert rig.statuses(0)[-1] == "Available" and rig.snapshot().state == "Available"


def test_a_car_that_waits_for_its_tag_loses_its_place_and_gets_it_back() -> None:
    rig = StationRig().start()
    rig.station.plug_in(1, rig.now)
    rig.settle()
    rig.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    assert rig.statuses()[-2:] == ["Available", "Unavailable"]
    rig.command("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    assert rig.status() == "Preparing"


def test_a_connector_that_is_not_there_cannot_change() -> None:
    assert (
        StationRig().start().command("ChangeAvailability", {"connectorId": 9, "type": "Operative"})
        == REJECTED
    )


def test_out_of_service_outlives_a_reset() -> None:
    rig = StationRig().start()
    rig.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    rig.forget()
    rig.command("Reset", {"type": "Hard"})
    rig.run(10.0)
    assert rig.statuses(1) == ["Unavailable"]


# --- trigger, data transfer ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"requestedMessage": "BootNotification"}, ["BootNotification", *["StatusNotification"] * 3]),
        ({"requestedMessage": "Heartbeat", "connectorId": 1}, ["Heartbeat"]),
        ({"requestedMessage": "StatusNotification"}, ["StatusNotification"] * 3),
        ({"requestedMessage": "StatusNotification", "connectorId": 0}, ["StatusNotification"]),
        ({"requestedMessage": "StatusNotification", "connectorId": 2}, ["StatusNotification"]),
        ({"requestedMessage": "MeterValues"}, ["MeterValues"] * 2),
        ({"requestedMessage": "MeterValues", "connectorId": 1}, ["MeterValues"]),
    ],
)
def test_a_triggered_message_comes_after_the_answer(payload: dict[str, Any], expected: list[str]) -> None:
    rig = StationRig().start()
    rig.forget()
    assert rig.command("TriggerMessage", payload) == ACCEPTED
    assert rig.order[0] == "CallResult"
    assert rig.actions() == expected


def test_triggered_meter_values_carry_the_transaction_and_their_context() -> None:
    rig = charging_rig()
    rig.command("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1})
    meter = only(rig.sent("MeterValues"))
    assert meter["transactionId"] == 101
    assert {v["context"] for v in only(meter["meterValue"])["sampledValue"]} == {"Trigger"}


def test_a_trigger_for_a_connector_that_is_not_there_is_rejected() -> None:
    rig = StationRig().start()
    payload = {"requestedMessage": "StatusNotification", "connectorId": 7}
    assert rig.command("TriggerMessage", payload) == REJECTED


@pytest.mark.parametrize(
    ("command", "payload"),
    [
        ("TriggerMessage", {"requestedMessage": "StatusNotification"}),
        ("TriggerMessage", {"requestedMessage": "BootNotification"}),
        ("ExtendedTriggerMessage", {"requestedMessage": "LogStatusNotification"}),
        ("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}),
    ],
)
def test_a_trigger_is_rejected_once_there_is_no_room_for_what_it_asks(
    command: str, payload: dict[str, Any]
) -> None:
    rig = StationRig(connectors=20).start()
    rig.answers["StatusNotification"] = None
    asked_for_all, asked_for_one = (
        {"requestedMessage": "StatusNotification"} | fields for fields in ({}, {"connectorId": 1})
    )
    accepted = 0
    while rig.command("TriggerMessage", asked_for_all) == ACCEPTED:
        accepted += 21
    while rig.command("TriggerMessage", asked_for_one) == ACCEPTED:
        accepted += 1
    assert rig.command(command, payload) == REJECTED
    assert rig.counts.dropped_frames["queue_full"] == 0
    del rig.answers["StatusNotification"]
    rig.forget()
    rig.run(60.0)
    assert len(rig.sent("StatusNotification")) == accepted - 1


def test_no_vendor_is_known() -> None:
    answer = StationRig().start().command("DataTransfer", {"vendorId": "org.example", "data": "x"})
    assert answer == {"status": "UnknownVendorId"}
