"""The row of a station: one word for all of it, the worst news first."""

from collections.abc import Callable

import pytest
from ocpp.v16.enums import ChargePointErrorCode

from evswarm_shared.bus.messages import StationState
from tests.support.station_rig import StationRig, charging_rig

S = StationState


def _fault(rig: StationRig) -> None:
    rig.station.fault(2, ChargePointErrorCode.other_error, rig.now)


def _close_other(rig: StationRig) -> None:
    rig.command("ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})


def _nothing(_: StationRig) -> None:
    pass


@pytest.mark.parametrize(
    ("happens", "state"),
    [
        (_nothing, S.CHARGING),
        (_close_other, S.CHARGING),
        (_fault, S.FAULTED),
        (lambda rig: rig.station.press_stop(1, rig.now), S.OCCUPIED),
        (lambda rig: rig.station.unplug(1, rig.now), S.AVAILABLE),
        (lambda rig: rig.lose(), S.OFFLINE),
        (lambda rig: rig.station.stop(rig.now), S.STOPPED),
    ],
)
def test_one_word_tells_the_most_important_thing(
    happens: Callable[[StationRig], None], state: StationState
) -> None:
    rig = charging_rig()
    happens(rig)
    rig.settle()
    assert rig.snapshot().state is state


def test_a_station_that_is_not_accepted_yet_is_booting_and_not_running() -> None:
    rig = StationRig()
    rig.answers["BootNotification"] = None
    rig.start()
    assert rig.snapshot().state is S.BOOTING and not rig.snapshot().running


def test_looking_changes_nothing() -> None:
    rig = charging_rig()
    rig.run(25.0)
    before = rig.snapshot()
    for later in (1.0, 100.0, 10_000.0):
        assert rig.station.snapshot(rig.now + later) == before
    assert rig.station.effects() == []


def test_every_change_of_the_row_is_announced() -> None:
    rig = charging_rig()
    for act in (rig.station.press_stop, rig.station.unplug, rig.station.plug_in):
        before, told = rig.snapshot(), rig.snapshots
        act(1, rig.now)
        rig.settle()
        assert rig.snapshot() != before and rig.snapshots == told + 1
