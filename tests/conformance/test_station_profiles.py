"""Local lists, reservations and charging profiles at our stations: what they answer, and that it changes what they do (OCPP 1.6 §5)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conformance.swarm_of_one import StationDriver, StationUnderTest, accepted
from tests.support.ocpp_peers.raw_connection import RawCentralSystem, RawConnection

EVERY_SECOND = {"MeterValueSampleInterval": "1"}


async def command(connection: RawConnection, action: str, payload: dict[str, Any]) -> Any:
    answer = await connection.call(action, payload)
    assert answer[0] == 3, answer
    return answer[2]


def when(seconds: float) -> str:
    """The time so many seconds from now, as OCPP writes it."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def stopped(station: StationUnderTest, connection: RawConnection) -> Any:
    await station.do("unplug")
    return (await connection.next_call("StopTransaction"))[3]


# --- local authorization list ----------------------------------------------------------------------------------


def entry(id_tag: str, status: str = "Accepted") -> dict[str, Any]:
    return {"idTag": id_tag, "idTagInfo": {"status": status}}


async def send_list(
    connection: RawConnection, version: int, *entries: dict[str, Any], differential: bool = False
) -> str:
    payload: dict[str, Any] = {
        "listVersion": version,
        "updateType": "Differential" if differential else "Full",
    }
    if entries:
        payload["localAuthorizationList"] = list(entries)
    status: str = (await command(connection, "SendLocalList", payload))["status"]
    return status


async def version(connection: RawConnection) -> int:
    number: int = (await command(connection, "GetLocalListVersion", {}))["listVersion"]
    return number


async def test_5_10_a_station_without_a_list_has_version_0(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    assert await version(connection) == 0


async def test_5_15_a_full_list_replaces_and_a_differential_one_adds_and_removes(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"LocalPreAuthorize": "true"})
    connection = await accepted(system, station)
    system.answers["Authorize"] = connection.answers["Authorize"] = {"idTagInfo": {"status": "Invalid"}}
    assert await send_list(connection, 1, entry("RED"), entry("BLUE")) == "Accepted"
    assert await send_list(connection, 2, entry("GREEN"), {"idTag": "RED"}, differential=True) == "Accepted"
    assert await version(connection) == 2
    for tag in ("BLUE", "GREEN"):
        await station.charge(connection, id_tag=tag)
        await stopped(station, connection)
    assert connection.calls("Authorize") == []
    await station.do("authorize", id_tag="RED")
    await connection.next_call("Authorize", {"idTag": "RED"})


async def test_5_15_a_differential_list_that_is_not_newer_is_a_version_mismatch(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    assert await send_list(connection, 5, entry("RED")) == "Accepted"
    for number in (4, 5):
        assert await send_list(connection, number, entry("BLUE"), differential=True) == "VersionMismatch"
    assert await version(connection) == 5
    assert await send_list(connection, 3, entry("BLUE")) == "Accepted"
    assert await version(connection) == 3


async def test_5_15_a_full_list_without_entries_empties_it(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"LocalPreAuthorize": "true"})
    connection = await accepted(system, station)
    await send_list(connection, 1, entry("RED"))
    assert await send_list(connection, 2) == "Accepted"
    await station.do("plug_in")
    await station.do("authorize", id_tag="RED")
    await connection.next_call("Authorize", {"idTag": "RED"})


async def test_5_15_the_list_outlives_a_reset(system: RawCentralSystem, stations: StationDriver) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await send_list(connection, 7, entry("RED"))
    await command(connection, "Reset", {"type": "Hard"})
    assert await version(await accepted(system, station)) == 7


async def test_3_5_2_a_blocked_tag_of_the_list_is_not_charged_for_offline(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"AllowOfflineTxForUnknownId": "true"})
    old = await accepted(system, station)
    await send_list(old, 1, entry("STOLEN", "Blocked"), entry("RED"))
    await station.do("network_down")
    await old.closed()
    await station.do("plug_in")
    await stations.hand(station.station_id, "authorize", {"connector_id": 1, "id_tag": "STOLEN"})
    await station.do("authorize", id_tag="RED")
    await station.do("network_up")
    new = await system.next_connection(station.station_id)
    assert (await new.next_call("StartTransaction"))[3]["idTag"] == "RED"
    assert len(new.calls("StartTransaction")) == 1


async def test_9_2_a_list_that_is_switched_off_is_not_supported(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"LocalAuthListEnabled": "false"})
    connection = await accepted(system, station)
    assert await send_list(connection, 1, entry("RED")) == "NotSupported"
    assert await version(connection) == -1


# --- reservations ----------------------------------------------------------------------------------------------


async def reserve(connection: RawConnection, **changes: Any) -> str:
    request = {"connectorId": 1, "expiryDate": when(3600), "idTag": "RED", "reservationId": 7}
    status: str = (await command(connection, "ReserveNow", request | changes))["status"]
    return status


async def test_5_13_a_reserved_connector_says_so_and_charges_only_who_reserved_it(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    assert await reserve(connection) == "Accepted"
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Reserved"})
    start = {"idTag": "BLUE", "connectorId": 1}
    assert await command(connection, "RemoteStartTransaction", start) == {"status": "Rejected"}
    started = await station.charge(connection, id_tag="RED")
    assert (started["idTag"], started["reservationId"]) == ("RED", 7)


async def test_5_1_a_cancelled_reservation_is_over_and_an_unknown_one_is_rejected(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await reserve(connection)
    assert await command(connection, "CancelReservation", {"reservationId": 8}) == {"status": "Rejected"}
    assert await command(connection, "CancelReservation", {"reservationId": 7}) == {"status": "Accepted"}
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Reserved"})
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Available"})
    assert await command(connection, "CancelReservation", {"reservationId": 7}) == {"status": "Rejected"}
    assert "reservationId" not in await station.charge(connection, id_tag="BLUE")


async def test_5_13_a_reservation_ends_when_it_expires(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    assert await reserve(connection, expiryDate=when(1.5)) == "Accepted"
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Reserved"})
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Available"})


async def test_5_13_the_same_reservation_again_replaces_the_first(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    assert await reserve(connection) == "Accepted"
    assert await reserve(connection, idTag="BLUE") == "Accepted"
    assert await reserve(connection, idTag="GREEN", reservationId=9) == "Occupied"
    assert (await station.charge(connection, id_tag="BLUE"))["reservationId"] == 7


@pytest.mark.parametrize("state", ["Occupied", "Faulted", "Unavailable"])
async def test_5_13_a_connector_that_cannot_be_reserved_says_why(
    system: RawCentralSystem, stations: StationDriver, state: str
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    if state == "Occupied":
        await station.charge(connection)
    elif state == "Faulted":
        await station.do("fault", connector_id=1, error_code="GroundFailure")
    else:
        await command(connection, "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    assert await reserve(connection) == state


async def test_5_13_the_group_of_a_reservation_may_use_it(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    assert await reserve(connection, parentIdTag="FAMILY") == "Accepted"
    started = await station.charge(connection, id_tag="COUSIN")
    assert (started["idTag"], started["reservationId"]) == ("COUSIN", 7)


async def test_5_13_a_reservation_of_connector_0_keeps_one_connector_free(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, connectors=2)
    connection = await accepted(system, station, connectors=2)
    assert await reserve(connection, connectorId=0) == "Accepted"
    await station.charge(connection, connector_id=1, id_tag="BLUE")
    start = {"idTag": "GREEN", "connectorId": 2}
    assert await command(connection, "RemoteStartTransaction", start) == {"status": "Rejected"}
    assert (await station.charge(connection, connector_id=2, id_tag="RED"))["reservationId"] == 7


# --- smart charging --------------------------------------------------------------------------------------------


def profile(limit: float, number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "chargingProfileId": number,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": when(-60),
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        },
    } | changes


async def limit(connection: RawConnection, wanted: dict[str, Any], connector_id: int = 1) -> str:
    request = {"connectorId": connector_id, "csChargingProfiles": wanted}
    status: str = (await command(connection, "SetChargingProfile", request))["status"]
    return status


async def power(connection: RawConnection) -> float:
    """The power in the next sample, in watts."""
    (moment,) = (await connection.next_call("MeterValues", {"connectorId": 1}))[3]["meterValue"]
    (sample,) = [s for s in moment["sampledValue"] if s.get("measurand") == "Power.Active.Import"]
    return float(sample["value"]) * (1000.0 if sample["unit"] == "kW" else 1.0)


async def composite(
    connection: RawConnection, unit: str = "W", duration: int = 600
) -> list[tuple[int, float]]:
    request = {"connectorId": 1, "duration": duration, "chargingRateUnit": unit}
    answer = await command(connection, "GetCompositeSchedule", request)
    assert answer["status"] == "Accepted"
    schedule = answer["chargingSchedule"]
    assert schedule["chargingRateUnit"] == unit and "startSchedule" not in schedule
    return [(p["startPeriod"], p["limit"]) for p in schedule["chargingSchedulePeriod"]]


async def test_5_16_the_metered_power_follows_the_profile_within_one_sample(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    await station.charge(connection)
    wanted = round(0.9 * await power(connection), 1)
    assert wanted > 0
    assert await limit(connection, profile(wanted)) == "Accepted"
    await power(connection)
    assert await power(connection) <= wanted * 1.01
    assert await command(connection, "ClearChargingProfile", {"id": 1}) == {"status": "Accepted"}
    await power(connection)
    assert await power(connection) > wanted


async def test_5_16_a_limit_of_0_suspends_the_car_and_the_transaction_goes_on(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    await station.charge(connection)
    await power(connection)
    await limit(connection, profile(0.0))
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "SuspendedEVSE"})
    await command(connection, "ClearChargingProfile", {})
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Charging"})
    assert connection.calls("StopTransaction") == []


@pytest.mark.parametrize(
    ("connector_id", "changes"),
    [
        (1, {"chargingProfilePurpose": "TxProfile", "transactionId": 1}),
        (0, {"chargingProfilePurpose": "TxProfile"}),
        (1, {"chargingProfilePurpose": "ChargePointMaxProfile"}),
        (1, {"stackLevel": 9999}),
    ],
)
async def test_5_16_a_profile_that_cannot_be_is_rejected(
    system: RawCentralSystem, stations: StationDriver, connector_id: int, changes: dict[str, Any]
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    assert await limit(connection, profile(1000.0, **changes), connector_id) == "Rejected"
    assert await command(connection, "ClearChargingProfile", {}) == {"status": "Unknown"}


async def test_5_16_a_profile_for_a_connector_that_is_not_there_is_a_property_constraint_violation(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    wrong = {"connectorId": 9, "csChargingProfiles": profile(1000.0)}
    assert (await connection.call("SetChargingProfile", wrong))[2] == "PropertyConstraintViolation"


async def test_5_16_a_profile_of_the_transaction_ends_with_it(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    await station.charge(connection)
    wanted = profile(1500.0, chargingProfilePurpose="TxProfile", transactionId=1)
    assert await limit(connection, wanted) == "Accepted"
    assert await composite(connection) == [(0, 1500.0)]
    await stopped(station, connection)
    assert await command(connection, "ClearChargingProfile", {"id": 1}) == {"status": "Unknown"}


async def test_3_13_3_the_least_of_the_purposes_and_the_highest_of_a_stack_count(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    await limit(connection, profile(3000.0, 1))
    await limit(connection, profile(5000.0, 2, stackLevel=1))
    assert await composite(connection) == [(0, 5000.0)]
    await limit(connection, profile(4000.0, 3, chargingProfilePurpose="ChargePointMaxProfile"), 0)
    assert await composite(connection) == [(0, 4000.0)]
    assert await command(connection, "ClearChargingProfile", {"stackLevel": 1}) == {"status": "Accepted"}
    assert await composite(connection) == [(0, 3000.0)]


async def test_5_5_the_filters_of_a_clear_are_anded(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    await limit(connection, profile(3000.0))
    for wrong in (
        {"stackLevel": 1, "connectorId": 1},
        {"chargingProfilePurpose": "TxProfile", "stackLevel": 0},
        {"id": 2},
    ):
        assert await command(connection, "ClearChargingProfile", wrong) == {"status": "Unknown"}
    fitting = {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
    assert await command(connection, "ClearChargingProfile", fitting) == {"status": "Accepted"}


async def test_5_7_the_schedule_has_the_periods_of_the_profile_in_whole_seconds(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    schedule: dict[str, Any] = {
        "startSchedule": when(-60),
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 3000.0},
            {"startPeriod": 360, "limit": 2000.0},
        ],
    }
    await limit(connection, profile(0.0, chargingSchedule=schedule))
    request = {"connectorId": 1, "duration": 600, "chargingRateUnit": "W"}
    answer = await command(connection, "GetCompositeSchedule", request)
    first, second = answer["chargingSchedule"]["chargingSchedulePeriod"]
    assert (first["startPeriod"], first["limit"], second["limit"]) == (0, 3000.0, 2000.0)
    assert isinstance(second["startPeriod"], int)
    changes_at = datetime.fromisoformat(answer["scheduleStart"]) + timedelta(seconds=second["startPeriod"])
    drift = changes_at - datetime.fromisoformat(schedule["startSchedule"]) - timedelta(seconds=360)
    assert abs(drift.total_seconds()) <= 1.0


async def test_5_7_a_connector_that_is_not_there_has_no_schedule(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    answer = await command(connection, "GetCompositeSchedule", {"connectorId": 9, "duration": 60})
    assert answer == {"status": "Rejected"}


async def test_5_16_profiles_outlive_a_reset(system: RawCentralSystem, stations: StationDriver) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await limit(connection, profile(3000.0))
    await command(connection, "Reset", {"type": "Soft"})
    assert await composite(await accepted(system, station)) == [(0, 3000.0)]


async def test_5_11_a_remote_start_may_bring_its_profile(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    await station.do("plug_in")
    start: dict[str, Any] = {
        "idTag": "REMOTE",
        "connectorId": 1,
        "chargingProfile": profile(
            1500.0, chargingProfilePurpose="TxProfile", chargingProfileKind="Relative"
        ),
    }
    del start["chargingProfile"]["chargingSchedule"]["startSchedule"]
    assert await command(connection, "RemoteStartTransaction", start) == {"status": "Accepted"}
    await connection.next_call("StartTransaction")
    await power(connection)
    assert await power(connection) <= 1500.0 * 1.01
