"""What our central system answers to frames that are wrong (OCPP-J 1.6 §4.1, §4.2; its errata §5)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from evswarm_shared.bus.redis import RedisBus
from tests.conformance.command_sender import CommandSender
from tests.conformance.conftest import CentralSystem, running_central_system
from tests.support.ocpp_peers.raw_connection import PATIENCE, RawConnection, raw_station
from tests.support.valkey import embedded_valkey

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
NOON = "2026-11-22T12:00:00.000Z"


@asynccontextmanager
async def booted(system: CentralSystem, station_id: str) -> AsyncIterator[RawConnection]:
    async with raw_station(system.url, station_id) as station:
        assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
        yield station


async def lives_on(station: RawConnection) -> None:
    """The connection still serves, and nothing came that was not asked for."""
    waiting = len(station.received)
    assert (await station.call("Heartbeat", {}))[0] == 3
    assert len(station.received) == waiting + 1


@pytest.mark.parametrize(
    "frame",
    [
        '[2,"bad","Heartbeat"]',
        '[2,"bad"]',
        '[2,"bad","Heartbeat",{},{}]',
        '[2,"bad",7,{}]',
        '[2,"bad","Heartbeat",{"a":}]',
        '[2,"bad","Heartbe',
        '[2,"bad","Heartbeat",[]]',
        '[2,"bad","Heartbeat","{}"]',
    ],
)
async def test_j_4_2_a_malformed_call_is_answered_with_formation_violation(
    central_system: CentralSystem, station_id: str, frame: str
) -> None:
    async with booted(central_system, station_id) as station:
        await station.send(frame)
        answer = await station.answer_to("bad")
        assert answer[2] == "FormationViolation"
        assert len(answer) == 5 and isinstance(answer[3], str) and answer[4] == {}
        await lives_on(station)


@pytest.mark.parametrize(("unique_id", "answered_to"), [("i" * 37, "i" * 37), (17, "17"), (None, "-1")])
async def test_j_4_1_4_a_message_id_of_37_characters_or_no_string_is_a_formation_violation(
    central_system: CentralSystem, station_id: str, unique_id: Any, answered_to: str
) -> None:
    async with booted(central_system, station_id) as station:
        await station.send_message(2, unique_id, "Heartbeat", {})
        assert (await station.answer_to(answered_to))[2] == "FormationViolation"
        await lives_on(station)


async def test_j_4_1_4_a_message_id_of_36_characters_is_fine(
    central_system: CentralSystem, station_id: str
) -> None:
    async with booted(central_system, station_id) as station:
        assert (await station.call("Heartbeat", {}, "é" * 36))[0] == 3


@pytest.mark.parametrize("frame", ["", "hello", "{}", "[]", "null", "[2]", '"[]"', "[" * 50_000])
async def test_j_4_2_what_is_no_message_is_ignored(
    central_system: CentralSystem, station_id: str, frame: str
) -> None:
    async with booted(central_system, station_id) as station:
        await station.send(frame)
        await lives_on(station)


@pytest.mark.parametrize("kind", [0, 1, 5, 2.5, "2", None])
async def test_j_4_1_3_an_unknown_message_type_is_ignored(
    central_system: CentralSystem, station_id: str, kind: Any
) -> None:
    async with booted(central_system, station_id) as station:
        await station.send_message(kind, "odd", "Heartbeat", {})
        await lives_on(station)


@pytest.mark.parametrize(
    "frame",
    [
        '[3,"nobody-asked",{}]',
        '[4,"nobody-asked","GenericError","",{}]',
        '[3,"nobody-asked"]',
        "[3]",
        "[4,7]",
    ],
)
async def test_j_4_1_an_answer_that_nobody_waits_for_is_ignored(
    central_system: CentralSystem, station_id: str, commands: CommandSender, frame: str
) -> None:
    async with booted(central_system, station_id) as station:
        await station.send(frame)
        station.answers["ClearCache"] = {"status": "Rejected"}
        reply = await commands.to_station(station_id, "ClearCache", {})
        assert json.loads(bytes(reply.payload)) == {"status": "Rejected"}
        await lives_on(station)


async def test_j_4_2_3_an_unknown_action_is_not_implemented(
    central_system: CentralSystem, station_id: str
) -> None:
    async with booted(central_system, station_id) as station:
        assert (await station.call("MakeCoffee", {}))[2] == "NotImplemented"
        assert (await station.call("heartbeat", {}))[2] == "NotImplemented"
        await lives_on(station)


async def test_j_4_2_3_an_action_that_goes_the_other_way_is_not_supported(
    central_system: CentralSystem, station_id: str
) -> None:
    async with booted(central_system, station_id) as station:
        for action in ("Reset", "RemoteStartTransaction", "GetLog"):
            assert (await station.call(action, {}))[2] == "NotSupported"
        await lives_on(station)


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Authorize", {}, "OccurenceConstraintViolation"),
        (
            "StartTransaction",
            {"connectorId": 1, "idTag": "T", "meterStart": 1},
            "OccurenceConstraintViolation",
        ),
        ("MeterValues", {"connectorId": 1, "meterValue": []}, "OccurenceConstraintViolation"),
        ("Authorize", {"idTag": 12}, "TypeConstraintViolation"),
        ("Authorize", {"idTag": None}, "TypeConstraintViolation"),
        (
            "StartTransaction",
            {"connectorId": "1", "idTag": "T", "meterStart": 1, "timestamp": NOON},
            "TypeConstraintViolation",
        ),
        (
            "StartTransaction",
            {"connectorId": 1, "idTag": "T", "meterStart": 1.5, "timestamp": NOON},
            "TypeConstraintViolation",
        ),
        ("Authorize", {"idTag": "x" * 21}, "PropertyConstraintViolation"),
        (
            "StatusNotification",
            {"connectorId": 1, "errorCode": "NoError", "status": "Sleeping"},
            "PropertyConstraintViolation",
        ),
        (
            "StopTransaction",
            {"meterStop": 1, "timestamp": "yesterday", "transactionId": 1},
            "PropertyConstraintViolation",
        ),
        ("Authorize", {"idTag": "T", "colour": "red"}, "FormationViolation"),
        ("Heartbeat", {"colour": "red"}, "FormationViolation"),
    ],
)
async def test_j_4_2_3_a_payload_against_the_schema_gets_the_code_of_its_fault(
    central_system: CentralSystem, station_id: str, action: str, payload: dict[str, Any], code: str
) -> None:
    async with booted(central_system, station_id) as station:
        answer = await station.call(action, payload)
        assert answer[0] == 4
        assert answer[2] == code
        await lives_on(station)


async def test_j_4_2_a_payload_of_null_is_an_empty_one(
    central_system: CentralSystem, station_id: str
) -> None:
    async with booted(central_system, station_id) as station:
        assert "currentTime" in (await station.call("Heartbeat", None))[2]
        assert (await station.call("Authorize", None))[2] == "OccurenceConstraintViolation"


async def test_4_2_a_call_of_a_station_that_was_never_accepted_is_a_security_error_and_it_is_asked_to_boot(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(
        central_system.url, station_id, answers={"TriggerMessage": {"status": "Accepted"}}
    ) as station:
        assert (await station.call("Heartbeat", {}))[2] == "SecurityError"
        asked = await station.next_call("TriggerMessage")
        assert asked[3] == {"requestedMessage": "BootNotification"}
        assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
        assert (await station.call("Heartbeat", {}))[0] == 3


async def test_4_2_acceptance_outlives_the_connection(central_system: CentralSystem, station_id: str) -> None:
    async with booted(central_system, station_id):
        pass
    async with raw_station(central_system.url, station_id) as station:
        assert (await station.call("Heartbeat", {}))[0] == 3


async def test_4_8_transaction_messages_are_taken_even_before_the_boot(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(
        central_system.url, station_id, answers={"TriggerMessage": {"status": "NotImplemented"}}
    ) as station:
        started = await station.call(
            "StartTransaction", {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": NOON}
        )
        assert started[0] == 3


async def test_unknown_fields_are_dropped_by_a_lenient_central_system(
    lenient_central_system: CentralSystem, registered_station: str
) -> None:
    async with raw_station(lenient_central_system.url, registered_station) as station:
        answer = await station.call("BootNotification", BOOT | {"vendorsOwn": {"a": [1]}})
        assert answer[2]["status"] == "Accepted"


async def test_j_4_2_a_malformed_call_is_never_executed(
    central_system: CentralSystem, station_id: str, bus: RedisBus
) -> None:
    async with booted(central_system, station_id) as station:
        start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": NOON}
        await station.send_message(2, "long", "StartTransaction", start, {})
        assert (await station.answer_to("long"))[2] == "FormationViolation"
        assert (await station.call("StartTransaction", start | {"colour": "red"}))[2] == "FormationViolation"
        assert (await station.call("StartTransaction", start, "i" * 37))[2] == "FormationViolation"
        await lives_on(station)
    assert list(await bus.list_transactions(station_id=station_id)) == []


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00.000000Z",
        "2026-11-22T13:00:00+01:00",
        "2026-11-22T12:00:00.0000000Z",
        "2026-11-22T06:30:00-05:30",
    ],
)
async def test_3_15_every_notation_of_a_time_is_the_same_time(
    central_system: CentralSystem, station_id: str, timestamp: str
) -> None:
    async with booted(central_system, station_id) as station:
        start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": NOON}
        first = await station.call("StartTransaction", start)
        again = await station.call("StartTransaction", start | {"timestamp": timestamp})
    assert again[2] == first[2]


async def test_our_failure_is_an_internal_error_and_the_connection_lives(
    tmp_path: Path, station_id: str
) -> None:
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": NOON}
    store = embedded_valkey(tmp_path, appendonly=True)
    store.start()
    port = store.port
    with running_central_system(store.connection_url) as system:
        async with booted(system, station_id) as station:
            assert (await station.call("StartTransaction", start))[0] == 3
            await asyncio.to_thread(store.stop)
            assert (await station.call("StartTransaction", start))[2] == "InternalError"
            assert (await station.call("Heartbeat", {}))[0] == 3
            with embedded_valkey(tmp_path, port=port, appendonly=True):
                await until_answered(station, start)


async def until_answered(station: RawConnection, start: dict[str, Any]) -> None:
    """Try again as a station does, until the answer is no error."""
    async with asyncio.timeout(PATIENCE):
        while (await station.call("StartTransaction", start))[0] != 3:  # noqa: ASYNC110 - as a station does
            await asyncio.sleep(0.2)
