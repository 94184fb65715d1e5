"""Cars come and go by themselves, at any speed of the clock."""

import pytest

from evswarm_shared.bus.messages import ProfileName
from evswarm_shared.clock import SimulatedClock
from evswarm_worker.behaviour.profiles import PRESETS
from tests.support.station_rig import NOON, StationRig, charging_rig


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_the_first_station_charges_within_ten_seconds_at_any_hour(hour: int) -> None:
    rig = StationRig(profile=PRESETS[ProfileName.PUBLIC], index=1, now=NOON + hour * 3600.0).start()
    rig.run(10.0)
    assert rig.snapshot().state == "Charging"


def test_a_tag_that_came_before_the_first_boot_is_presented_after_it() -> None:
    rig = StationRig(profile=PRESETS[ProfileName.PUBLIC], index=1)
    rig.online = False
    rig.start()
    rig.run(60.0)
    assert rig.snapshot().transactions == 0
    rig.reachable()
    rig.run(60.0)
    assert rig.snapshot().transactions == 1


@pytest.mark.parametrize("name", list(ProfileName))
def test_a_day_is_a_row_of_whole_visits(name: ProfileName) -> None:
    rig = StationRig(
        profile=PRESETS[name], index=11, configuration={"MeterValueSampleInterval": "600"}
    ).start()
    rig.run(3 * 86400.0, limit=200_000)
    starts, stops = rig.sent("StartTransaction"), rig.sent("StopTransaction")
    assert len(starts) >= 2
    assert 0 <= len(starts) - len(stops) == rig.snapshot().transactions
    assert {s["reason"] for s in stops} <= {"Local", "EVDisconnected", "Other"}
    assert rig.snapshot().energy_mwh > 0


def test_a_fast_clock_lives_the_same_day_in_less_time() -> None:
    profile = PRESETS[ProfileName.HIGHWAY]
    configuration = {"MeterValueSampleInterval": "900"}
    slow = StationRig(profile=profile, index=2, configuration=configuration).start()
    fast = StationRig(
        profile=profile, index=2, configuration=configuration, clock=SimulatedClock(NOON, NOON, 600.0)
    ).start()
    slow.run(86400.0, limit=200_000)
    fast.run(144.0, limit=200_000)
    assert [p["timestamp"][:13] for p in fast.sent("StartTransaction")] == [
        p["timestamp"][:13] for p in slow.sent("StartTransaction")
    ]
    assert fast.snapshot().energy_mwh == pytest.approx(slow.snapshot().energy_mwh, rel=0.01)


def test_a_paused_world_stands_still_but_the_link_lives() -> None:
    rig = charging_rig()
    rig.run(60.0)
    rig.station.clock_changed(SimulatedClock(rig.now, rig.now, 0.0), rig.now)
    rig.settle()
    energy = rig.snapshot().energy_mwh
    rig.forget()
    rig.run(3000.0)
    assert set(rig.actions()) == {"Heartbeat"}
    assert rig.snapshot().energy_mwh == energy
    rig.station.clock_changed(SimulatedClock(rig.now, rig.now - 3000.0, 1.0), rig.now)
    rig.run(30.0)
    assert rig.snapshot().energy_mwh > energy


def test_a_visitor_whose_tag_could_not_be_checked_tries_again_after_the_reconnect() -> None:
    rig = StationRig(profile=PRESETS[ProfileName.PUBLIC], index=1)
    rig.answers["Authorize"] = None
    rig.start()
    rig.run(8.0)
    rig.lose()
    del rig.answers["Authorize"]
    rig.reachable()
    rig.run(10.0)
    assert rig.snapshot().transactions == 1


def test_a_visitor_goes_on_when_the_connector_is_taken_broken_or_closed() -> None:
    rig = StationRig(profile=PRESETS[ProfileName.HIGHWAY], index=2).start()
    for connector in (1, 2):
        rig.command("ChangeAvailability", {"connectorId": connector, "type": "Inoperative"})
    rig.run(600.0)
    rig.forget()
    rig.run(2 * 86400.0)
    assert not rig.sent("StartTransaction") and rig.snapshot().state == "Unavailable"


def test_a_connector_that_was_used_by_hand_is_visited_again() -> None:
    rig = StationRig(profile=PRESETS[ProfileName.HIGHWAY], index=2).start()
    rig.run(600.0)
    while not any(status == "Available" for status in rig.snapshot().connectors):
        rig.run(600.0)
    connector = rig.snapshot().connectors.index("Available") + 1
    rig.station.plug_in(connector, rig.now)
    rig.station.unplug(connector, rig.now)
    rig.settle()
    rig.forget()
    rig.run(86400.0, limit=200_000)
    assert any(p["connectorId"] == connector for p in rig.sent("StartTransaction"))
