"""Everything about one station, for a reader."""

import json
from typing import Any

import msgspec
import pytest
from ocpp.v16.enums import ChargePointErrorCode

from evswarm_worker.station.config import StationSecurity
from tests.support.station_rig import NOON, StationRig, charging_rig

DAY = 86_400
NIGHT = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 7,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "startSchedule": "2026-01-01T00:00:00.000Z",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6000.0}],
        },
    },
}


def detail(rig: StationRig, after: float = 0.0, *, seconds: int = 0, full_tags: bool = False) -> Any:
    read = rig.station.detail(rig.now + after, schedule_seconds=seconds, full_tags=full_tags)
    return json.loads(msgspec.json.encode(read))


def test_a_charging_connector_shows_its_car_its_power_and_its_transaction() -> None:
    rig = charging_rig("CAFE0001")
    rig.run(60.0)
    first, second = detail(rig)["connectors"]
    assert first["status"] == "Charging"
    assert 0 < first["power_kw"] <= first["limit_kw"] == 22.08
    assert first["car"]["soc_percent"] < first["car"]["target_soc_percent"]
    assert first["transaction"]["transaction_id"] == rig.given_ids[0]
    assert first["transaction"]["started_at"].startswith("2026-")
    assert first["transaction"]["energy_kwh"] == pytest.approx(first["energy_kwh"])
    assert (second["status"], second["car"], second["transaction"], second["limit_kw"]) == (
        "Available",
        None,
        None,
        None,
    )


def test_a_fault_of_the_whole_station_is_told() -> None:
    rig = charging_rig()
    assert detail(rig)["error_code"] == "NoError"
    rig.station.fault(0, ChargePointErrorCode.ground_failure, rig.now)
    assert (detail(rig)["error_code"], detail(rig)["status"]) == ("GroundFailure", "Faulted")


def test_energy_and_state_of_charge_go_on_since_the_last_event_without_moving_the_station() -> None:
    rig = charging_rig()
    rig.run(3.0)
    now, later = detail(rig)["connectors"][0], detail(rig, 5.0)["connectors"][0]
    assert later["energy_kwh"] > now["energy_kwh"]
    assert later["car"]["seconds_to_target"] == pytest.approx(now["car"]["seconds_to_target"] - 5, abs=1)
    assert detail(rig)["connectors"][0] == now
    assert rig.station.effects() == []


def test_id_tags_are_masked_unless_they_are_asked_for() -> None:
    rig = charging_rig("CAFE0001")
    rig.command(
        "ReserveNow",
        {
            "connectorId": 2,
            "expiryDate": "2027-01-01T00:00:00.000Z",
            "idTag": "SECRET42",
            "reservationId": 5,
        },
    )
    text = json.dumps(detail(rig))
    assert "CAFE0001" not in text and "SECRET42" not in text
    shown = detail(rig, full_tags=True)["connectors"]
    assert shown[0]["transaction"]["id_tag"] == "CAFE0001"
    assert shown[1]["reservation"] == {
        "reservation_id": 5,
        "id_tag": "SECRET42",
        "expires_at": "2027-01-01T00:00:00.000Z",
    }


def test_no_password_and_no_private_key_is_told() -> None:
    security = StationSecurity(1, "0123456789abcdefXYZ", (), "CERTIFICATE", "PRIVATE", 2_000_000_000.0)
    rig = StationRig(security=security).start()
    read = detail(rig)
    text = json.dumps(read)
    assert "0123456789abcdefXYZ" not in text and "PRIVATE" not in text
    assert read["security"] == {
        "profile": 1,
        "password_set": True,
        "trusted_roots": 0,
        "certificate_valid_until": "2033-05-18T03:33:20.000Z",
    }
    key = next(each for each in read["configuration"] if each["key"] == "AuthorizationKey")
    assert (key["value"], key["write_only"]) == (None, True)


def test_configuration_says_what_may_be_changed_and_what_has_been() -> None:
    rig = StationRig().start()
    rig.command("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "77"})
    keys = {each["key"]: each for each in detail(rig)["configuration"]}
    assert (keys["HeartbeatInterval"]["value"], keys["HeartbeatInterval"]["changed"]) == ("77", True)
    assert keys["NumberOfConnectors"]["readonly"] and not keys["NumberOfConnectors"]["changed"]


def test_a_charging_profile_is_told_as_the_request_that_would_install_it_again() -> None:
    rig = charging_rig()
    rig.command("SetChargingProfile", NIGHT)
    assert [each["request"] for each in detail(rig)["charging_profiles"]] == [NIGHT]


def test_composite_schedules_reach_as_far_as_was_asked_and_are_none_without_profiles() -> None:
    rig = charging_rig()
    assert detail(rig, seconds=DAY)["schedules"] == []
    rig.command("SetChargingProfile", NIGHT)
    station, first, _ = detail(rig, seconds=DAY)["schedules"]
    assert (first["connector_id"], first["duration_seconds"]) == (1, DAY)
    assert first["periods"] == [{"start_seconds": 0, "limit_kw": 6.0}]
    assert station["connector_id"] == 0
    assert detail(rig)["schedules"] == []


def test_where_files_go_is_told_without_credentials() -> None:
    rig = StationRig().start()
    rig.command("GetDiagnostics", {"location": "ftp://user:secret@files.example/in/"})
    rig.command(
        "UpdateFirmware",
        {"location": "http://u:p@images.example/box-2.bin", "retrieveDate": "2030-01-01T00:00:00.000Z"},
    )
    read = detail(rig)
    assert "secret" not in json.dumps(read)
    assert read["uploads"][0]["to_host"] == "files.example"
    assert read["firmware"] == {
        "version": "1.0.0",
        "update": {"stage": "scheduled", "from_host": "images.example", "signed": False, "status": None},
    }


def test_a_station_that_is_off_can_be_looked_at() -> None:
    rig = StationRig(stopped=True).start()
    read = detail(rig, 3600.0)
    assert (read["link"], read["connected_since"], read["at"]) == ("off", None, "2026-11-22T13:00:00.000Z")
    assert {each["status"] for each in read["connectors"]} == {"Unavailable"}
    assert rig.now == NOON
