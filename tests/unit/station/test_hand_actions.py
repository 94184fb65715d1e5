"""What people and the world do to a station, and what it says when that is not possible."""

from collections.abc import Callable

import pytest
from ocpp.v16.enums import AuthorizationStatus, ChargePointErrorCode, Reason

from evswarm_shared.bus.messages import ProfileName, StationState, Tariff, TariffChange
from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_worker.behaviour.profiles import PRESETS
from evswarm_worker.station import StationActionError
from tests.support.station_rig import StationRig, charging_rig, only

DEAR = Tariff(1, (TariffChange(0.0, 9_000_000),))
GROUND = ChargePointErrorCode.ground_failure


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        (lambda r: r.station.plug_in(9, r.now), "there is no connector 9: the station has 1 to 2"),
        (lambda r: r.station.plug_in(1, r.now), "has a car already"),
        (lambda r: r.station.unplug(2, r.now), "has no car to unplug"),
        (lambda r: r.station.press_stop(2, r.now), "has no transaction to stop"),
        (lambda r: r.station.clear_fault(1, r.now), "is not faulted"),
        (lambda r: r.station.network_up(r.now), "the network is not down"),
        (lambda r: r.station.authorize(2, "", r.now), "1 to 20 characters"),
        (lambda r: r.station.authorize(2, "x" * 21, r.now), "1 to 20 characters"),
        (lambda r: r.station.fault(1, ChargePointErrorCode.no_error, r.now), "NoError is no fault"),
        (lambda r: r.station.set_configuration("Colour", "red", r.now), "no configuration key 'Colour'"),
        (
            lambda r: r.station.set_configuration("ConnectionTimeOut", "soon", r.now),
            "a whole number .*, not 'soon'",
        ),
        (lambda r: r.station.set_configuration("NumberOfConnectors", "9", r.now), "read-only"),
    ],
)
def test_what_is_not_possible_is_said_clearly_and_changes_nothing(
    action: Callable[[StationRig], None], sentence: str
) -> None:
    rig = charging_rig()
    before = rig.snapshot()
    rig.forget()
    with pytest.raises(StationActionError, match=sentence):
        action(rig)
    rig.settle()
    assert rig.snapshot() == before and rig.calls == []


def test_a_station_that_is_off_says_so() -> None:
    rig = StationRig()
    with pytest.raises(StationActionError, match="start it first"):
        rig.station.plug_in(1, rig.now)
    with pytest.raises(StationActionError, match="start it first"):
        rig.station.network_down(rig.now)


def test_a_tag_before_the_first_boot_is_not_possible() -> None:
    rig = StationRig()
    rig.online = False
    rig.start()
    with pytest.raises(StationActionError, match="not accepted the station yet"):
        rig.station.authorize(1, "TAG", rig.now)


def test_a_fault_is_told_with_its_code_ends_the_transaction_and_hides_the_status() -> None:
    rig = charging_rig()
    rig.forget()
    rig.station.fault(1, GROUND, rig.now)
    rig.settle()
    told = rig.sent("StatusNotification")[0]
    assert (told["status"], told["errorCode"]) == ("Faulted", "GroundFailure")
    assert only(rig.sent("StopTransaction"))["reason"] == "Other"
    assert rig.snapshot().state == "Faulted"
    with pytest.raises(StationActionError, match="clear the fault"):
        rig.station.authorize(1, "TAG1", rig.now)
    rig.station.clear_fault(1, rig.now)
    rig.settle()
    assert rig.status() == "Finishing" and rig.statuses()[-1] == "Finishing"


def test_what_happens_behind_a_fault_shows_when_it_is_cleared() -> None:
    rig = charging_rig()
    rig.station.fault(1, GROUND, rig.now)
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert rig.status() == "Faulted"
    rig.station.clear_fault(1, rig.now)
    rig.settle()
    assert rig.statuses()[-1] == "Available"


def test_a_cut_network_stays_cut_until_it_is_given_back() -> None:
    rig = charging_rig()
    rig.station.network_down(rig.now)
    rig.settle()
    assert rig.disconnects and rig.snapshot().state == "Offline"
    rig.forget()
    rig.run(600.0)
    assert rig.calls == [] and rig.snapshot().state == "Offline"
    with pytest.raises(StationActionError, match="down already"):
        rig.station.network_down(rig.now)
    rig.station.network_up(rig.now)
    rig.run(3.0)
    assert "MeterValues" in rig.actions()
    assert rig.status() == "Charging"


def test_a_reconnect_drops_the_connection_and_makes_it_anew_without_a_boot() -> None:
    rig = charging_rig()
    rig.forget()
    rig.station.reconnect(rig.now)
    rig.settle()
    assert (len(rig.disconnects), rig.connected) == (1, False)
    rig.run(3.0)
    assert rig.connected and "BootNotification" not in rig.actions()
    assert rig.status() == "Charging"


def test_a_reconnect_gives_a_cut_network_back() -> None:
    rig = StationRig().start()
    rig.station.network_down(rig.now)
    rig.settle()
    rig.station.reconnect(rig.now)
    rig.run(3.0)
    assert rig.connected


def test_a_cut_network_survives_a_power_cycle() -> None:
    rig = StationRig().start()
    rig.station.network_down(rig.now)
    rig.station.power_cycle(rig.now)
    rig.settle()
    rig.run(100.0)
    assert not rig.connected
    rig.station.network_up(rig.now)
    rig.run(3.0)
    assert rig.actions().count("BootNotification") == 2


def test_what_a_hand_did_is_stored() -> None:
    rig = StationRig().start()
    acts: list[Callable[[], None]] = [
        lambda: rig.station.plug_in(1, rig.now),
        lambda: rig.station.unplug(1, rig.now),
        lambda: rig.station.fault(1, GROUND, rig.now),
        lambda: rig.station.clear_fault(1, rig.now),
    ]
    for act in acts:
        before = len(rig.commits)
        act()
        rig.settle()
        assert len(rig.commits) == before + 1


def test_status_changes_shorter_than_the_minimum_duration_are_not_told() -> None:
    rig = StationRig(configuration={"MinimumStatusDuration": "20"}).start()
    rig.forget()
    rig.station.plug_in(1, rig.now)
    rig.run(10.0)
    rig.station.unplug(1, rig.now)
    rig.run(60.0)
    assert rig.statuses() == []
    rig.station.plug_in(1, rig.now)
    rig.run(19.0)
    assert rig.statuses() == []
    rig.run(2.0)
    assert rig.statuses() == ["Preparing"]


def test_the_button_and_the_power_say_the_reason_they_are_given() -> None:
    rig = charging_rig()
    rig.station.press_stop(1, rig.now, reason=Reason.emergency_stop)
    rig.settle()
    assert rig.sent("StopTransaction")[-1]["reason"] == "EmergencyStop"
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    rig.station.power_cycle(rig.now, reason=Reason.reboot)
    rig.settle()
    rig.run(10.0)
    assert rig.sent("StopTransaction")[-1]["reason"] == "Reboot"


def test_a_fault_is_told_with_its_info() -> None:
    rig = StationRig().start()
    rig.station.fault(1, GROUND, rig.now, info="relay 2")
    rig.settle()
    assert rig.sent("StatusNotification")[-1]["info"] == "relay 2"


def test_a_setting_by_hand_holds_and_survives() -> None:
    rig = charging_rig()
    rig.station.set_configuration("MeterValueSampleInterval", "25", rig.now)
    rig.settle()
    rig.forget()
    rig.run(24.0)
    assert rig.sent("MeterValues") == []
    heir = rig.heir().start()
    asked = heir.command("GetConfiguration", {"key": ["MeterValueSampleInterval"]})
    assert only(asked["configurationKey"])["value"] == "25"


def test_a_tag_put_into_the_cache_by_hand_charges_offline() -> None:
    rig = StationRig().start()
    rig.station.add_to_cache("KNOWN", IdTagInfo(AuthorizationStatus.accepted), rig.now)
    rig.station.plug_in(1, rig.now)
    rig.lose()
    rig.station.authorize(1, "KNOWN", rig.now)
    rig.settle()
    assert rig.status() == "Charging"
    rig.station.set_configuration("AuthorizationCacheEnabled", "false", rig.now)
    with pytest.raises(StationActionError, match="cache is off"):
        rig.station.add_to_cache("KNOWN", IdTagInfo(AuthorizationStatus.accepted), rig.now)


def test_a_station_left_to_the_hand_does_nothing_by_itself() -> None:
    rig = StationRig(profile=PRESETS[ProfileName.HIGHWAY], autonomous=False, tariff=DEAR).start()
    rig.run(86400.0)
    assert rig.sent("StartTransaction") == [] and set(rig.statuses()) == {"Available"}
    rig.station.plug_in(1, rig.now)
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert rig.status() == "Charging"
    rig.run(7200.0)
    assert rig.sent("StopTransaction") == []
    rig.station.unplug(1, rig.now)
    rig.settle()
    assert rig.status() == "Available"


def test_a_busy_station_that_is_left_to_the_hand_keeps_what_is_there_until_it_is_left_to_itself() -> None:
    rig = StationRig(profile=PRESETS[ProfileName.HIGHWAY], index=1).start()
    rig.run(120.0)
    assert rig.sent("StartTransaction")
    rig.station.set_autonomous(False, rig.now)
    rig.settle()
    rig.forget()
    before = rig.snapshot().connectors
    rig.run(6 * 3600.0)
    assert rig.sent("StopTransaction") == [] and rig.sent("StartTransaction") == []
    heir = rig.heir().start()
    heir.run(3600.0)
    assert heir.sent("StopTransaction") == [] and heir.sent("StartTransaction") == []
    assert len(before) == len(heir.snapshot().connectors)
    for connector_id, status in enumerate(heir.snapshot().connectors, 1):
        if status != "Available":
            heir.station.unplug(connector_id, heir.now)
    heir.station.set_autonomous(True, heir.now)
    heir.settle()
    heir.run(12 * 3600.0)
    assert heir.sent("StartTransaction")


def station_statuses(rig: StationRig) -> list[tuple[str, str]]:
    return [(p["status"], p["errorCode"]) for p in rig.sent("StatusNotification") if p["connectorId"] == 0]


def test_a_broken_station_says_so_ends_its_transactions_and_starts_none() -> None:
    rig = charging_rig()
    rig.station.fault(0, GROUND, rig.now, info="main breaker")
    rig.settle()
    assert station_statuses(rig)[-1] == ("Faulted", "GroundFailure")
    assert [p for p in rig.sent("StatusNotification") if p["connectorId"] == 0][-1]["info"] == "main breaker"
    assert only(rig.sent("StopTransaction"))["reason"] == "Other"
    assert rig.station.snapshot(rig.now).state is StationState.FAULTED
    assert rig.command("RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}) == {"status": "Rejected"}
    reserve = {"connectorId": 1, "reservationId": 1, "idTag": "TAG", "expiryDate": "2099-01-01T00:00:00Z"}
    assert rig.command("ReserveNow", reserve) == {"status": "Faulted"}
    with pytest.raises(StationActionError, match="connector 0"):
        rig.station.authorize(1, "TAG", rig.now)
    rig.run(3600.0)
    assert len(rig.sent("StartTransaction")) == 1


def test_a_broken_station_stays_broken_over_a_boot_until_it_is_mended() -> None:
    rig = StationRig().start()
    rig.station.fault(0, GROUND, rig.now)
    rig.settle()
    heir = rig.heir().start()
    heir.station.power_cycle(heir.now)
    heir.run(30.0)
    assert station_statuses(heir)[-1] == ("Faulted", "GroundFailure")
    heir.station.clear_fault(0, heir.now)
    heir.settle()
    assert station_statuses(heir)[-1] == ("Available", "NoError")
    with pytest.raises(StationActionError, match="as a whole is not faulted"):
        heir.station.clear_fault(0, heir.now)


def test_whoever_was_authorised_at_a_broken_station_charges_when_it_is_mended() -> None:
    rig = StationRig(autonomous=False).start()
    rig.station.plug_in(1, rig.now)
    rig.answers["Authorize"] = None
    rig.station.authorize(1, "TAG", rig.now)
    rig.settle()
    rig.station.fault(0, GROUND, rig.now)
    rig.answer_late({"idTagInfo": {"status": "Accepted"}})
    rig.settle()
    assert rig.sent("StartTransaction") == []
    rig.station.clear_fault(0, rig.now)
    rig.settle()
    assert len(rig.sent("StartTransaction")) == 1
