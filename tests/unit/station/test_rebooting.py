"""Reset, power loss, being stopped (OCPP 1.6 §5.14)."""

import pytest
from ocpp.v16.enums import ChargePointErrorCode

from evswarm_shared.bus.messages import Tariff, TariffChange
from evswarm_worker.station.cabinet import Ending
from evswarm_worker.station.errors import StationActionError
from evswarm_worker.station.rebooting import FAREWELL_SECONDS, StopCause
from tests.support.station_rig import StationRig, charging_rig, only


def test_a_soft_reset_delivers_the_stop_and_then_boots_again() -> None:
    rig = charging_rig()
    rig.forget()
    assert rig.command("Reset", {"type": "Soft"}) == {"status": "Accepted"}
    assert rig.order[:3] == ["Persist", "CallResult", "StopTransaction"]
    assert only(rig.sent("StopTransaction"))["reason"] == "SoftReset"
    assert len(rig.disconnects) == 1
    rig.forget()
    rig.run(5.0)
    assert rig.actions()[:2] == ["BootNotification", "StatusNotification"]


def test_a_hard_reset_reboots_at_once_and_delivers_the_stop_afterwards() -> None:
    rig = charging_rig()
    rig.forget()
    rig.command("Reset", {"type": "Hard"})
    assert rig.actions() == []
    rig.run(5.0)
    assert rig.actions()[0] == "BootNotification"
    assert only(rig.sent("StopTransaction"))["reason"] == "HardReset"
    assert rig.outbox == {}


def test_a_soft_reset_does_not_wait_for_ever() -> None:
    rig = charging_rig()
    rig.answers["StopTransaction"] = None
    rig.command("Reset", {"type": "Soft"})
    assert rig.connected
    rig.run(FAREWELL_SECONDS[Ending.REBOOT] + 0.1)
    assert rig.disconnects and len(rig.outbox) == 1
    del rig.answers["StopTransaction"]
    rig.run(5.0)
    assert rig.outbox == {}


@pytest.mark.parametrize("charging", [True, False])
def test_a_reset_that_its_owner_did_not_live_to_see_is_the_next_ones_boot(charging: bool) -> None:
    rig = charging_rig() if charging else StationRig().start()
    rig.answers["Heartbeat"] = rig.answers["StopTransaction"] = None
    rig.command("TriggerMessage", {"requestedMessage": "Heartbeat"})
    assert rig.command("Reset", {"type": "Soft"}) == {"status": "Accepted"}
    assert rig.connected
    heir = rig.heir(after=1.0)
    heir.answers = {}
    heir.start()
    assert heir.actions()[0] == "BootNotification"
    assert len(heir.sent("StopTransaction")) == charging


def test_after_a_reset_the_car_at_the_cable_can_start_again() -> None:
    rig = charging_rig()
    rig.command("Reset", {"type": "Soft"})
    rig.run(5.0)
    assert rig.status() == "Preparing"
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert rig.status() == "Charging"


def test_after_a_reset_a_car_at_an_inoperative_connector_finds_it_unavailable_until_it_is_operative() -> None:
    rig = charging_rig()
    scheduled = rig.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    assert scheduled == {"status": "Scheduled"}
    rig.command("Reset", {"type": "Hard"})
    rig.forget()
    rig.run(5.0)
    assert rig.statuses() == ["Unavailable"]
    rig.command("ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    assert rig.statuses() == ["Unavailable", "Preparing"]


def test_after_a_reset_a_car_that_waited_with_its_tag_has_all_the_time_again() -> None:
    rig = charging_rig(tariff=Tariff(1, (TariffChange(0.0, 9_000_000),)))
    rig.run(300.0)
    assert rig.status() == "Preparing"
    rig.command("Reset", {"type": "Hard"})
    rig.run(110.0)
    assert rig.status() == "Preparing"
    rig.run(20.0)
    assert rig.status() == "Finishing"


def test_a_tag_without_a_car_does_not_outlive_a_reset() -> None:
    rig = StationRig().start()
    rig.station.authorize(1, "TAG1", rig.now)
    rig.settle()
    assert rig.status() == "Preparing"
    rig.command("Reset", {"type": "Hard"})
    rig.forget()
    rig.run(5.0)
    assert rig.statuses() == ["Available"]


def test_a_power_cycle_is_told_as_power_loss_after_the_boot() -> None:
    rig = charging_rig()
    rig.run(30.0)
    rig.forget()
    rig.station.power_cycle(rig.now)
    rig.settle()
    rig.run(5.0)
    assert rig.actions()[0] == "BootNotification"
    assert only(rig.sent("StopTransaction"))["reason"] == "PowerLoss"


def test_a_fault_and_its_connector_survive_a_reset() -> None:
    rig = StationRig().start()
    rig.station.fault(1, ChargePointErrorCode.ground_failure, rig.now)
    rig.settle()
    rig.forget()
    rig.command("Reset", {"type": "Hard"})
    rig.run(5.0)
    told = only(p for p in rig.sent("StatusNotification") if p["connectorId"] == 1)
    assert told["status"] == "Faulted" and told["errorCode"] == "GroundFailure"


def test_stopping_ends_the_transaction_delivers_it_and_says_so() -> None:
    rig = charging_rig()
    rig.forget()
    rig.station.stop(rig.now)
    rig.settle()
    assert rig.stopped and rig.actions()[0] == "StopTransaction"
    assert rig.outbox == {} and rig.disconnects
    assert rig.snapshot().state == "Stopped" and rig.station.next_wakeup() is None
    assert rig.snapshot().connectors == ("Unavailable", "Unavailable")
    assert any("Shutting down: it was told to stop" in line for line in rig.log)


@pytest.mark.parametrize("online", [True, False])
def test_stopping_without_an_answer_leaves_the_stop_in_the_store(online: bool) -> None:
    rig = charging_rig()
    rig.answers["StopTransaction"] = None
    if not online:
        rig.lose()
    rig.station.stop(rig.now)
    rig.settle()
    assert rig.stopped is not online
    rig.run(FAREWELL_SECONDS[Ending.STOP] + 0.1)
    assert rig.stopped and len(rig.outbox) == 1


def test_who_leaves_ends_only_when_the_central_system_has_heard_of_the_last_transaction() -> None:
    rig = charging_rig()
    rig.lose()
    rig.station.stop(rig.now, StopCause.LEAVING)
    rig.settle()
    assert any("Waits for the central system: 1 message(s)" in line for line in rig.log)
    rig.run(3600.0)
    assert (rig.stopped, len(rig.outbox)) == (False, 1)
    rig.reachable()
    rig.run(120.0)
    assert only(rig.sent("StopTransaction"))["reason"] == "Other"
    assert rig.stopped and rig.outbox == {}


def test_who_leaves_with_nothing_to_tell_does_not_wait_for_a_central_system() -> None:
    rig = StationRig().start()
    rig.lose()
    rig.station.stop(rig.now, StopCause.LEAVING)
    rig.settle()
    assert rig.stopped


def test_who_waits_before_it_leaves_can_be_stopped_at_once_or_handed_over() -> None:
    rig = charging_rig()
    rig.lose()
    rig.station.stop(rig.now, StopCause.LEAVING)
    rig.settle()
    heir = rig.heir(after=1.0)
    rig.station.stop(rig.now, StopCause.WORKER_ENDS)
    rig.settle()
    assert rig.stopped and len(rig.outbox) == 1
    heir.start()
    heir.run(60.0)
    assert only(heir.sent("StopTransaction"))["reason"] == "Other"


def test_stopping_waits_for_a_central_system_that_takes_its_time() -> None:
    rig = charging_rig()
    rig.answers["StopTransaction"] = None
    rig.station.stop(rig.now)
    rig.run(FAREWELL_SECONDS[Ending.REBOOT] * 3)
    assert not rig.stopped


def test_nothing_makes_a_boot_of_a_shutdown() -> None:
    rig = charging_rig()
    rig.answers["StopTransaction"] = None
    rig.station.stop(rig.now)
    rig.settle()
    assert rig.command("Reset", {"type": "Hard"}) == {"status": "Rejected"}
    with pytest.raises(StationActionError, match="switched off"):
        rig.station.power_cycle(rig.now)
    rig.answer_late({})
    assert rig.stopped and rig.snapshot().state == "Stopped"


def test_a_stopped_station_can_be_started_again_and_boots() -> None:
    rig = charging_rig()
    rig.station.stop(rig.now)
    rig.settle()
    heir = rig.heir(after=7200.0).start()
    assert heir.actions()[0] == "BootNotification"
    assert heir.snapshot().energy_mwh == rig.snapshot().energy_mwh
    assert not heir.sent("StartTransaction")


def test_a_station_configured_as_stopped_stays_off() -> None:
    rig = StationRig(stopped=True).start()
    assert rig.stopped and rig.calls == [] and rig.snapshot().state == "Stopped"
    assert rig.station.next_wakeup() is None


def test_a_stopped_station_with_an_open_transaction_ends_it() -> None:
    rig = charging_rig().heir(stopped=True).start()
    assert rig.stopped and rig.snapshot().transactions == 0
    assert len(rig.outbox) == 1


def test_input_to_a_station_that_is_off_changes_nothing() -> None:
    rig = StationRig()
    rig.station.connected(rig.now)
    rig.station.receive(b'[2,"a","Reset",{"type":"Hard"}]', rig.now)
    rig.station.wake(rig.now + 5)
    assert rig.station.effects() == []
    rig.station.stop(rig.now)
    rig.settle()
    assert rig.stopped
