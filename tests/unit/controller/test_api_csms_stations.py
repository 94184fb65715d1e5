"""Registration, configuration wishes, events and boot rules by API."""

from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from evswarm_shared import authorization_key
from evswarm_shared.bus.csms_records import (
    BootDecision,
    BootRule,
    ConfigurationReport,
    CsmsNotice,
    StationEvent,
    StationEventKind,
)
from evswarm_shared.bus.messages import CommandTarget, CsmsHeartbeat, StationRecord
from tests.unit.controller.desk import Desk

KEY = "0123456789abcdef"


async def test_a_registered_station_is_shown_without_its_key(desk: Desk) -> None:
    body = {"security_profile": 2, "authorization_key": KEY, "serial_number": "SN-1"}
    answer = await desk.client.put("/csms/stations/VISITOR", json=body)
    assert answer.status_code == 200
    assert (
        answer.json()
        == (await desk.client.get("/csms/stations/VISITOR")).json()
        == {
            "station_id": "VISITOR",
            "registered": True,
            "connected": False,
            "accepted": False,
            "vendor": "",
            "model": "",
            "firmware_version": "",
            "booted_at": None,
            "security_profile": 2,
            "authorization_key": True,
            "serial_number": "SN-1",
        }
    )
    [stored] = await desk.context.bus.read_registrations(["VISITOR"])
    assert stored is not None
    assert KEY not in msgspec.json.encode(stored).decode()
    assert authorization_key.matches(stored.key_salt, stored.key_digests, KEY.encode())
    assert stored.registered_at == desk.clock.at


async def test_a_key_stays_unless_it_is_given_or_taken_away(desk: Desk) -> None:
    path = "/csms/stations/VISITOR"
    await desk.client.put(path, json={"authorization_key": KEY})
    kept = await desk.client.put(path, json={"security_profile": 1})
    assert (kept.json()["authorization_key"], kept.json()["security_profile"]) == (True, 1)
    gone = await desk.client.put(path, json={"authorization_key": None})
    assert (gone.json()["authorization_key"], gone.json()["security_profile"]) == (False, None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"security_profile": 4}, "security_profile"),
        ({"security_profile": "2"}, "security_profile"),
        ({"authorization_key": "too short"}, "authorization_key"),
        ({"authorization_key": "x" * 41}, "authorization_key"),
        ({"authorization_key": "ä" * 20}, "authorization_key"),
        ({"key": KEY}, "key"),
    ],
)
async def test_a_registration_that_makes_no_sense_is_unprocessable(desk: Desk, body: Any, field: str) -> None:
    answer = await desk.client.put("/csms/stations/VISITOR", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_stations_are_listed_in_pages(desk: Desk) -> None:
    bus = desk.context.bus
    for name in ("C", "A"):
        await desk.client.put(f"/csms/stations/{name}", json={})
    await bus.write_station(StationRecord("B", True, "Vendor", "Model", "1.0", 1_800_000_000.0))
    await bus.csms_heartbeat(CsmsHeartbeat("c1"), 10.0)
    await bus.station_connected("c1", "B")
    first = (await desk.client.get("/csms/stations", params={"limit": 2})).json()
    assert [each["station_id"] for each in first["stations"]] == ["A", "B"]
    assert (first["total"], first["next_after"]) == (3, "B")
    shown = first["stations"][1]
    assert (shown["accepted"], shown["connected"], shown["registered"]) == (True, True, False)
    assert (shown["vendor"], shown["booted_at"]) == ("Vendor", "2027-01-15T08:00:00.000Z")
    params = {"limit": "2", "after": first["next_after"]}
    second = (await desk.client.get("/csms/stations", params=params)).json()
    assert [each["station_id"] for each in second["stations"]] == ["C"]
    assert second["next_after"] is None


async def notices(desk: Desk, station_id: str, method: str, path: str, **options: Any) -> list[str]:
    """What the replica that holds the station is told because of a request."""
    bus = desk.context.bus
    await bus.csms_heartbeat(CsmsHeartbeat("c1"), 10.0)
    await bus.station_connected("c1", station_id)
    async with AsyncExitStack() as stack:
        commands = await stack.enter_async_context(bus.commands(CommandTarget.CSMS, "c1"))
        answer = await desk.client.request(method, path, **options)
        assert answer.is_success
        command = await anext(aiter(commands))
        return [command.action, command.station_id]


async def test_a_forgotten_station_is_gone_and_its_replica_told(desk: Desk) -> None:
    await desk.client.put("/csms/stations/VISITOR", json={})
    told = await notices(desk, "VISITOR", "DELETE", "/csms/stations/VISITOR")
    assert told == [CsmsNotice.STATION_FORGOTTEN, "VISITOR"]
    assert (await desk.client.get("/csms/stations/VISITOR")).status_code == 404
    assert (await desk.client.delete("/csms/stations/VISITOR")).status_code == 404


async def test_wishes_are_stored_and_the_replica_told(desk: Desk) -> None:
    path = "/csms/stations/VISITOR/configuration"
    wishes = {"HeartbeatInterval": "120"}
    told = await notices(desk, "VISITOR", "PUT", path, json={"configuration": wishes})
    assert told == [CsmsNotice.CONFIGURATION_WISHED, "VISITOR"]
    await desk.client.put("/csms/stations/VISITOR", json={})
    assert (await desk.client.get(path)).json() == {
        "station_id": "VISITOR",
        "configuration": wishes,
        "report": None,
    }
    report = ConfigurationReport(1_800_000_000.0, {"HeartbeatInterval": "Rejected"})
    await desk.context.bus.write_configuration_report("VISITOR", report)
    assert (await desk.client.get(path)).json()["report"] == {
        "applied_at": "2027-01-15T08:00:00.000Z",
        "results": {"HeartbeatInterval": "Rejected"},
    }


async def test_wishes_of_a_station_that_has_not_come_yet_are_shown(desk: Desk) -> None:
    path = "/csms/stations/LATER/configuration"
    written = await desk.client.put(path, json={"configuration": {"HeartbeatInterval": "120"}})
    read = await desk.client.get(path)
    assert (read.status_code, read.json()) == (200, written.json())


@pytest.mark.parametrize("station_id", ["%20x%0a", "%00", "x%20"])
async def test_nothing_is_stored_of_a_station_that_cannot_connect(desk: Desk, station_id: str) -> None:
    path = f"/csms/stations/{station_id}"
    for answer in (
        await desk.client.put(path, json={}),
        await desk.client.put(f"{path}/configuration", json={"configuration": {"a": "1"}}),
    ):
        assert answer.status_code == 422
        assert [each["field"] for each in answer.json()["errors"]] == ["station_id"]
    assert await desk.context.bus.known_stations() == []


async def test_a_secret_is_no_wish(desk: Desk) -> None:
    answer = await desk.client.put(
        "/csms/stations/VISITOR/configuration", json={"configuration": {"authorizationkey": KEY}}
    )
    assert answer.status_code == 422
    assert "ChangeConfiguration" in answer.json()["detail"]
    assert await desk.context.bus.read_configuration_wishes("VISITOR") == {}


async def test_events_are_shown_newest_last(desk: Desk) -> None:
    events = [
        StationEvent(1_800_000_000.0, StationEventKind.BOOT, "Accepted", "Vendor Model"),
        StationEvent(
            1_800_000_001.5, StationEventKind.SECURITY, "TamperDetectionActivated", "", None, 1_800_000_000.0
        ),
    ]
    await desk.context.bus.append_events([("VISITOR", event) for event in events])
    body = (await desk.client.get("/csms/stations/VISITOR/events")).json()
    assert (body["station_id"], body["count"]) == ("VISITOR", 2)
    assert body["events"][1] == {
        "at": "2027-01-15T08:00:01.500Z",
        "kind": "Security",
        "status": "TamperDetectionActivated",
        "detail": "",
        "request_id": None,
        "reported_at": "2027-01-15T08:00:00.000Z",
    }


async def test_a_station_may_say_that_something_happened_in_the_first_second_of_1970(desk: Desk) -> None:
    event = StationEvent(1_800_000_000.0, StationEventKind.SECURITY, "SettingSystemTime", reported_at=0.0)
    await desk.context.bus.append_events([("VISITOR", event)])
    body = (await desk.client.get("/csms/stations/VISITOR/events")).json()
    assert body["events"][0]["reported_at"] == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize("what", ["", "/events", "/configuration"])
async def test_a_station_that_nobody_knows_is_not_found(desk: Desk, what: str) -> None:
    assert (await desk.client.get(f"/csms/stations/NOPE{what}")).status_code == 404


async def test_a_station_of_ours_has_no_events_before_it_boots(swarm: Desk) -> None:
    answer = await swarm.client.get("/csms/stations/CP-000001/events")
    assert (answer.status_code, answer.json()["count"]) == (200, 0)


async def test_boot_rules_are_replaced_and_shown(desk: Desk) -> None:
    rules = [{"status": "Pending", "station_id": "CP-*", "interval_seconds": 5}, {"status": "Rejected"}]
    answer = await desk.client.put("/csms/boot-rules", json={"rules": rules})
    assert answer.status_code == 200
    assert await desk.context.bus.read_boot_rules() == (
        BootRule(BootDecision.PENDING, "CP-*", interval_seconds=5),
        BootRule(BootDecision.REJECTED),
    )
    shown = (await desk.client.get("/csms/boot-rules")).json()
    assert shown == answer.json()
    assert shown["rules"][0] == {
        "status": "Pending",
        "station_id": "CP-*",
        "vendor": "",
        "model": "",
        "firmware_version": "",
        "interval_seconds": 5,
    }


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"status": "Maybe"}, "rules.0.status"),
        ({"status": "Pending", "interval_seconds": -1}, "rules.0.interval_seconds"),
        ({}, "rules.0.status"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_unprocessable(desk: Desk, rule: Any, field: str) -> None:
    answer = await desk.client.put("/csms/boot-rules", json={"rules": [rule]})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
