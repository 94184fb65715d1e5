"""One station of one's own in a running swarm: created by API, driven by hand, steered by the central system."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.compose import eventually
from tests.support.swarm import SwarmProcess

ID = "GARAGE-7"


@pytest.fixture(scope="module")
def swarm() -> Iterator[SwarmProcess]:
    with SwarmProcess("--stations", "1", "--workers", "1") as running:
        running.wait_for_running(1)
        yield running


@pytest.fixture
def garage(swarm: SwarmProcess) -> Iterator[SwarmProcess]:
    """The swarm with one station that only hands move."""
    created = swarm.api.post(
        "/stations",
        json={
            "station_id": ID,
            "profile": "workplace",
            "connectors": 2,
            "configuration": {"MeterValueSampleInterval": "1"},
            "autonomous": False,
        },
    )
    assert created.status_code == 201 and created.json()["running"]
    assert created.json()["connectors"] == ["Available", "Available"]
    yield swarm
    assert swarm.api.delete(f"/stations/{ID}").status_code == 204
    assert swarm.api.get(f"/stations/{ID}").status_code == 404


def act(swarm: SwarmProcess, action: str, **body: Any) -> Any:
    return swarm.post(f"/stations/{ID}/actions/{action}", body)


def ask(swarm: SwarmProcess, action: str, **body: Any) -> Any:
    return swarm.post(f"/csms/stations/{ID}/commands/{action}", body)


def power_kw(swarm: SwarmProcess) -> float:
    return float(swarm.get(f"/stations/{ID}")["power_kw"])


def test_the_state_after_an_action_comes_with_its_answer(garage: SwarmProcess) -> None:
    assert act(garage, "plug_in", connector_id=2)["connectors"] == ["Available", "Preparing"]
    assert act(garage, "fault", connector_id=1, error_code="GroundFailure", info="relay")["connectors"] == [
        "Faulted",
        "Preparing",
    ]
    assert act(garage, "clear_fault", connector_id=1)["connectors"][0] == "Available"
    assert act(garage, "unplug", connector_id=2)["connectors"] == ["Available", "Available"]
    assert act(garage, "open_door")["station_id"] == ID
    act(garage, "set_configuration", key="ConnectionTimeOut", value="77")
    told = ask(garage, "GetConfiguration", key=["ConnectionTimeOut"])
    assert told["configurationKey"][0]["value"] == "77"
    refused = garage.api.post(f"/stations/{ID}/actions/press_stop", json={})
    assert refused.status_code == 409 and "no transaction" in refused.json()["detail"]


def test_the_power_follows_a_charging_profile_and_the_composite_schedule_agrees(garage: SwarmProcess) -> None:
    act(garage, "plug_in")
    act(garage, "authorize", id_tag="HAND-1")
    before = eventually(lambda: power_kw(garage), lambda kw: kw > 2.0, 20, "power flows")
    limit = round(before * 0.7, 1)
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit * 1000}],
        },
    }
    assert (
        ask(garage, "SetChargingProfile", connectorId=1, csChargingProfiles=profile)["status"] == "Accepted"
    )
    eventually(
        lambda: power_kw(garage),
        lambda kw: kw == pytest.approx(limit, abs=0.01),
        10,
        "the power follows",
    )
    told = ask(garage, "GetCompositeSchedule", connectorId=1, duration=60, chargingRateUnit="W")
    assert told["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": limit * 1000}]
    assert ask(garage, "ClearChargingProfile", id=1)["status"] == "Accepted"
    eventually(
        lambda: power_kw(garage), lambda kw: kw == pytest.approx(before, rel=0.05), 10, "the power returns"
    )
    assert act(garage, "press_stop", reason="EmergencyStop")["connectors"][0] == "Finishing"
    assert act(garage, "unplug")["connectors"][0] == "Available"


def test_a_station_under_the_name_of_a_deleted_one_is_a_new_one(swarm: SwarmProcess) -> None:
    commands = "/csms/stations/GARAGE-8/commands/"
    for seconds in ("44", "55"):
        body = {
            "station_id": "GARAGE-8",
            "connectors": 1,
            "configuration": {"ConnectionTimeOut": seconds},
            "autonomous": False,
        }
        assert swarm.api.post("/stations", json=body).is_success
        row = eventually(
            lambda: swarm.api.get("/stations/GARAGE-8").json(), lambda row: row.get("running"), 60, "it runs"
        )
        assert row["connectors"] == ["Available"]
        told = swarm.post(f"{commands}GetConfiguration", {"key": ["ConnectionTimeOut"]})
        assert told["configurationKey"][0]["value"] == seconds
        assert swarm.post("/stations/GARAGE-8/actions/plug_in", {})["connectors"] == ["Preparing"]
        fault = {"connector_id": 0, "error_code": "GroundFailure"}
        assert swarm.post("/stations/GARAGE-8/actions/fault", fault)["status"] == "Faulted"
        assert swarm.api.delete("/stations/GARAGE-8").is_success
        eventually(
            lambda: swarm.api.get("/stations/GARAGE-8").status_code,
            lambda code: code == 404,
            60,
            "it is gone",
        )


def test_a_numbered_station_is_held_still_and_let_go_again(swarm: SwarmProcess) -> None:
    for autonomous in (False, True):
        answer = swarm.api.patch("/stations/CP-000001", json={"autonomous": autonomous})
        assert answer.status_code == 200 and answer.json()["station_id"] == "CP-000001"
    eventually(
        lambda: swarm.get("/stations/CP-000001/logs")["logs"],
        lambda log: any("Left to the hand" in line for line in log),
        10,
        "the log tells it",
    )


def test_a_station_that_cannot_be_created_is_refused_with_what_to_do(swarm: SwarmProcess) -> None:
    def problem(answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, str(answer.json()["detail"])

    assert problem(swarm.api.post("/stations", json={"station_id": "CP-000001"}))[0] == 409
    assert problem(swarm.api.post("/stations", json={"station_id": "GARAGE 7"}))[0] == 422
    status, detail = problem(swarm.api.delete("/stations/CP-000001"))
    assert status == 409 and "scale the swarm" in detail


def test_a_station_is_delivered_with_keys_of_its_maker_and_obeys_changes_of_them(swarm: SwarmProcess) -> None:
    body = {
        "station_id": "MOTORWAY-1",
        "profile": "highway",
        "configuration": {"PowerModules": "6"},
        "autonomous": False,
    }
    assert swarm.api.post("/stations", json=body).status_code == 201
    commands = "/csms/stations/MOTORWAY-1/commands/"
    told = swarm.post(f"{commands}GetConfiguration", {"key": ["PowerModules", "CoolingFanPercentMax"]})
    assert [(key["value"], key["readonly"]) for key in told["configurationKey"]] == [
        ("6", True),
        ("100", False),
    ]
    for key, value, status in (
        ("CoolingFanPercentMax", "60", "RebootRequired"),
        ("CoolingFanPercentMax", "fast", "Rejected"),
        ("PowerModules", "7", "Rejected"),
        ("DisplayLanguage", "nl", "Accepted"),
        ("HouseFuseAmperes", "25", "NotSupported"),
    ):
        answer = swarm.post(f"{commands}ChangeConfiguration", {"key": key, "value": value})
        assert answer["status"] == status
    assert swarm.api.delete("/stations/MOTORWAY-1").status_code == 204


def test_raw_frames_are_sent_and_the_wire_is_shown_from_the_boot_on(garage: SwarmProcess) -> None:
    def frames() -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = garage.get(f"/stations/{ID}/messages?limit=100")["messages"]
        return messages

    told = eventually(
        frames,
        lambda found: any(each["action"] == "BootNotification" for each in found),
        20,
        "the history tells of the boot",
    )
    boot = [each for each in told if each["action"] == "BootNotification"]
    assert [(each["type"], each["source"]) for each in boot[:2]] == [
        ("CALL", "history"),
        ("CALLRESULT", "history"),
    ]
    sent = garage.post(f"/stations/{ID}/send", {"action": "Heartbeat", "unique_id": "raw-1"})
    assert (sent["outcome"], '"currentTime"' in sent["answer"]) == ("answered", True)
    refused = garage.post(f"/stations/{ID}/send", {"frame": '[2,"raw-2","Heartbeat"'})
    assert (refused["outcome"], refused["unique_id"]) == ("error", "raw-2")
    # The station's own calls go on, one at a time, and what is seen of them has round trips.
    assert ask(garage, "TriggerMessage", requestedMessage="Heartbeat")["status"] == "Accepted"
    after = eventually(
        frames,
        lambda found: any(
            each["action"] == "Heartbeat" and each["type"] == "CALLRESULT" and each["unique_id"] != "raw-1"
            for each in found
        ),
        10,
        "the station's own heartbeat is answered",
    )
    by_hand = [each for each in after if each["raw"]]
    assert [each["unique_id"] for each in by_hand] == ["raw-1", "raw-2"]
    answer = next(each for each in after if each["unique_id"] == "raw-1" and each["type"] == "CALLRESULT")
    assert answer["round_trip_ms"] >= 0
    act(garage, "network_down")
    offline = garage.api.post(f"/stations/{ID}/send", json={"frame": "x"})
    assert offline.status_code == 409 and "not connected" in offline.json()["detail"]
    act(garage, "network_up")
