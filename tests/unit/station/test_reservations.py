"""Reservations: kept for a tag, refused to others, over in time (OCPP 1.6 §5.1, §5.13)."""

from typing import Any

import pytest
from ocpp.v16.enums import ChargePointErrorCode

from evswarm_shared.ocpp16.timestamps import format_timestamp
from tests.support.station_rig import StationRig, charging_rig, only, quiet_profile

ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}


def reserve(
    rig: StationRig, connector_id: int = 1, *, number: int = 7, seconds: float = 600.0, **fields: Any
) -> Any:
    return rig.command(
        "ReserveNow",
        {
            "connectorId": connector_id,
            "expiryDate": format_timestamp(rig.now + seconds),
            "idTag": "MINE",
            "reservationId": number,
        }
        | fields,
    )


def reserved(**fields: Any) -> StationRig:
    rig = StationRig().start()
    assert reserve(rig, **fields) == ACCEPTED
    return rig


def charge(rig: StationRig, id_tag: str, connector_id: int = 1) -> None:
    if rig.status(connector_id) in ("Available", "Reserved"):
        rig.station.plug_in(connector_id, rig.now)
    rig.station.authorize(connector_id, id_tag, rig.now)
    rig.settle()


def test_a_reserved_connector_says_so_and_charges_the_tag_it_is_kept_for() -> None:
    rig = reserved()
    assert rig.statuses()[-1] == "Reserved" and rig.snapshot().state == "Reserved"
    rig.forget()
    charge(rig, "mine")
    assert only(rig.sent("StartTransaction"))["reservationId"] == 7
    assert rig.statuses() == ["Preparing", "Charging"]
    assert rig.command("CancelReservation", {"reservationId": 7}) == REJECTED


def test_another_tag_gets_nothing_and_the_connector_stays_reserved() -> None:
    rig = reserved()
    rig.forget()
    charge(rig, "OTHER")
    assert rig.sent("StartTransaction") == [] and rig.sent("Authorize") == []
    assert rig.status() == "Reserved"
    rig.station.authorize(1, "MINE", rig.now)
    rig.settle()
    assert rig.status() == "Charging"


def test_an_ordinary_transaction_names_no_reservation() -> None:
    assert "reservationId" not in only(charging_rig().sent("StartTransaction"))


def test_a_tag_of_the_group_may_use_it_and_is_asked_about_first() -> None:
    rig = reserved(parentIdTag="FAMILY")
    rig.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    charge(rig, "SISTER")
    assert only(rig.sent("StartTransaction"))["reservationId"] == 7


def test_a_tag_of_another_group_may_not() -> None:
    rig = reserved(parentIdTag="FAMILY")
    rig.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "OTHERS"}}
    charge(rig, "STRANGER")
    assert rig.sent("Authorize") and rig.sent("StartTransaction") == []
    assert rig.status() == "Reserved"


def test_a_tag_before_the_car_is_given_its_time_and_the_connector_is_reserved_again() -> None:
    rig = reserved()
    rig.forget()
    rig.station.authorize(1, "MINE", rig.now)
    rig.settle()
    rig.run(121.0)
    assert rig.statuses() == ["Preparing", "Available", "Reserved"]


def test_a_reservation_ends_with_its_time_and_the_connector_is_told_available() -> None:
    rig = reserved(seconds=60.0)
    rig.run(59.0)
    assert rig.status() == "Reserved"
    rig.run(2.0)
    assert rig.statuses()[-1] == "Available"
    charge(rig, "OTHER")
    assert rig.status() == "Charging"


def test_a_car_that_waited_at_a_reserved_connector_may_begin_when_the_time_is_over() -> None:
    rig = reserved(seconds=60.0)
    rig.station.plug_in(1, rig.now)
    rig.run(61.0)
    assert rig.status() == "Preparing"


def test_a_reservation_is_cancelled_by_its_id() -> None:
    rig = reserved()
    assert rig.command("CancelReservation", {"reservationId": 8}) == REJECTED
    assert rig.command("CancelReservation", {"reservationId": 7}) == ACCEPTED
    assert rig.statuses()[-1] == "Available"


def test_the_same_id_replaces_the_reservation_also_at_another_connector() -> None:
    rig = reserved()
    assert reserve(rig, idTag="YOURS") == ACCEPTED
    charge(rig, "MINE")
    assert rig.status() == "Reserved"
    assert reserve(rig, 2) == ACCEPTED
    # A car is at connector 1, though not one that it was kept for.
    assert (rig.status(1), rig.status(2)) == ("Preparing", "Reserved")


def _fault(rig: StationRig) -> None:
    rig.station.fault(1, ChargePointErrorCode.ground_failure, rig.now)
    rig.settle()


def _close(rig: StationRig) -> None:
    rig.command("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})


def _plug(rig: StationRig) -> None:
    rig.station.plug_in(1, rig.now)
    rig.settle()


@pytest.mark.parametrize(
    ("before", "status"),
    [(_fault, "Faulted"), (_close, "Unavailable"), (_plug, "Occupied"), (reserve, "Occupied")],
)
def test_a_connector_that_cannot_be_reserved_says_why(before: Any, status: str) -> None:
    rig = StationRig().start()
    before(rig)
    assert reserve(rig, number=8) == {"status": status}


@pytest.mark.parametrize(("before", "visible"), [(_fault, "Faulted"), (_close, "Unavailable")])
def test_a_fault_or_going_out_of_service_ends_the_reservation(before: Any, visible: str) -> None:
    rig = reserved()
    before(rig)
    assert rig.status() == visible
    assert rig.command("CancelReservation", {"reservationId": 7}) == REJECTED


def test_a_reserved_connector_goes_out_of_service_without_being_told_available() -> None:
    rig = reserved()
    rig.forget()
    _close(rig)
    assert rig.statuses() == ["Unavailable"]


@pytest.mark.parametrize("fields", [{"connector_id": 9}, {"connector_id": -1}, {"seconds": -5.0}])
def test_a_reservation_that_makes_no_sense_is_rejected(fields: dict[str, Any]) -> None:
    assert reserve(StationRig().start(), **fields) == REJECTED


def test_a_remote_start_at_a_reserved_connector_is_for_its_tag_only() -> None:
    rig = reserved()
    for tag, status in (("OTHER", "Rejected"), ("MINE", "Accepted")):
        answer = rig.command("RemoteStartTransaction", {"connectorId": 1, "idTag": tag})
        assert answer == {"status": status}


def test_a_reservation_survives_a_reset_and_a_change_of_owner_and_still_ends_in_time() -> None:
    rig = reserved(seconds=100.0)
    rig.command("Reset", {"type": "Hard"})
    rig.run(20.0)
    assert rig.status() == "Reserved"
    heir = rig.heir().start()
    assert heir.status() == "Reserved"
    heir.run(100.0)
    assert heir.statuses()[-1] == "Available"


# --- connector 0 --------------------------------------------------------------------------------------------


def test_connector_0_is_rejected_where_that_is_not_supported() -> None:
    rig = StationRig(configuration={"ReserveConnectorZeroSupported": "false"}).start()
    assert reserve(rig, 0) == REJECTED


def test_with_connector_0_one_connector_stays_free_for_the_tag() -> None:
    rig = reserved(connector_id=0)
    assert (rig.status(1), rig.status(2)) == ("Available", "Available")
    charge(rig, "OTHER", 1)
    assert rig.status(1) == "Charging"
    charge(rig, "THIRD", 2)
    assert rig.status(2) != "Charging"
    charge(rig, "MINE", 2)
    assert rig.status(2) == "Charging"
    assert rig.sent("StartTransaction")[-1]["reservationId"] == 7


def test_the_last_free_connector_is_not_reserved_twice() -> None:
    rig = reserved(connector_id=0)
    assert reserve(rig, 0, number=8) == {"status": "Occupied"}
    assert reserve(rig, 1, number=8) == ACCEPTED
    assert reserve(rig, 2, number=9) == {"status": "Occupied"}


def test_a_reservation_of_any_connector_ends_with_its_time() -> None:
    rig = reserved(connector_id=0, seconds=60.0)
    charge(rig, "OTHER", 1)
    rig.run(61.0)
    charge(rig, "THIRD", 2)
    assert rig.status(2) == "Charging"
    assert rig.command("CancelReservation", {"reservationId": 7}) == REJECTED


def test_connector_0_of_a_station_that_is_broken_closed_or_taken_says_so() -> None:
    rig = StationRig().start()
    for connector_id in (1, 2):
        rig.station.fault(connector_id, ChargePointErrorCode.ground_failure, rig.now)
    assert reserve(rig, 0) == {"status": "Faulted"}
    for connector_id in (1, 2):
        rig.station.clear_fault(connector_id, rig.now)
    rig.settle()
    rig.command("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    assert reserve(rig, 0) == {"status": "Unavailable"}
    rig.command("ChangeAvailability", {"connectorId": 0, "type": "Operative"})
    for connector_id in (1, 2):
        rig.station.plug_in(connector_id, rig.now)
    rig.settle()
    assert reserve(rig, 0) == {"status": "Occupied"}


@pytest.mark.parametrize("how", ["moved to the other connector", "lost to a fault"])
def test_a_car_at_a_connector_that_is_no_longer_reserved_prepares(how: str) -> None:
    rig = reserved()
    rig.station.plug_in(1, rig.now)
    rig.settle()
    rig.forget()
    if how == "lost to a fault":
        rig.station.fault(1, ChargePointErrorCode.ground_failure, rig.now)
        rig.station.clear_fault(1, rig.now)
        rig.settle()
        assert rig.statuses() == ["Faulted", "Preparing"]
    else:
        assert reserve(rig, 2) == ACCEPTED
        assert rig.statuses() == ["Available", "Preparing"]
    rig.run(121.0)
    assert rig.status() == "Finishing"


@pytest.mark.parametrize("connector_id", [0, 2], ids=["any connector", "one connector"])
@pytest.mark.parametrize("named", [True, False])
def test_a_remote_start_for_the_tag_that_reserved_brings_its_driver(connector_id: int, named: bool) -> None:
    rig = StationRig(profile=quiet_profile(connectors=2 if connector_id else 1)).start()
    assert reserve(rig, connector_id) == ACCEPTED
    start = {"idTag": "MINE"} | ({"connectorId": connector_id or 1} if named else {})
    assert rig.command("RemoteStartTransaction", start) == ACCEPTED
    rig.run(60.0)
    started = only(rig.sent("StartTransaction"))
    assert (started["connectorId"], started["reservationId"]) == (connector_id or 1, 7)


@pytest.mark.parametrize(("group", "started"), [("FAMILY", 1), ("OTHERS", 0)])
def test_a_remote_start_that_is_authorized_first_learns_the_group_of_its_tag(
    group: str, started: int
) -> None:
    rig = StationRig(configuration={"AuthorizeRemoteTxRequests": "true"}).start()
    assert reserve(rig, parentIdTag="FAMILY") == ACCEPTED
    rig.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": group}}
    answer = rig.command("RemoteStartTransaction", {"connectorId": 1, "idTag": "SISTER"})
    assert answer == ACCEPTED
    rig.run(60.0)
    assert len(rig.sent("StartTransaction")) == started
    assert rig.status() == ("Charging" if started else "Reserved")
