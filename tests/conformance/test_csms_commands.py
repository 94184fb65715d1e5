"""Commands from our central system to stations that are not ours (OCPP 1.6 §5; OCPP-J 1.6 §4.1)."""

import asyncio
import json
from typing import Any

import pytest
from ocpp.v16.enums import RegistrationStatus

from evswarm_shared.bus.messages import CommandOutcome
from tests.conformance.command_sender import CommandSender
from tests.conformance.conftest import CentralSystem
from tests.support.ocpp_peers.charge_point import peer_charge_point
from tests.support.ocpp_peers.raw_connection import raw_station

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
START = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "2026-11-22T12:00:00.000Z"}


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}, {"status": "Accepted"}),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, {"status": "Accepted"}),
        ("ClearCache", {}, {"status": "Accepted"}),
        ("DataTransfer", {"vendorId": "v", "data": "d"}, {"status": "UnknownVendorId"}),
        ("RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}, {"status": "Accepted"}),
        ("RemoteStopTransaction", {"transactionId": 1}, {"status": "Rejected"}),
        ("Reset", {"type": "Soft"}, {"status": "Accepted"}),
        ("TriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": "Accepted"}),
        ("UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}),
    ],
)
async def test_chapter_5_a_command_reaches_the_station_and_its_answer_comes_back(
    central_system: CentralSystem,
    station_id: str,
    commands: CommandSender,
    action: str,
    payload: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    async with peer_charge_point(central_system.url, station_id) as station:
        assert (await station.boot()).status == RegistrationStatus.accepted
        reply = await commands.to_station(station_id, action, payload)

        assert reply.outcome is CommandOutcome.DONE
        assert json.loads(bytes(reply.payload)) == answer
        assert len(station.commands[action]) == 1


async def test_5_8_the_answer_to_get_configuration_is_passed_on_whole(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with peer_charge_point(central_system.url, station_id) as station:
        await station.boot()
        reply = await commands.to_station(
            station_id, "GetConfiguration", {"key": ["HeartbeatInterval", "Nonsense"]}
        )
    assert json.loads(bytes(reply.payload)) == {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
        "unknownKey": ["Nonsense"],
    }


async def test_j_4_2_3_a_call_error_of_the_station_is_passed_on(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.call("BootNotification", BOOT)
        asked = asyncio.create_task(commands.to_station(station_id, "GetLocalListVersion", {}))
        await station.refuse(
            await station.next_call("GetLocalListVersion"), "NotImplemented", "no lists here"
        )
        reply = await asked
    assert (reply.outcome, reply.error_code, reply.description) == (
        CommandOutcome.CALL_ERROR,
        "NotImplemented",
        "no lists here",
    )


async def test_j_4_1_1_one_call_at_a_time_is_sent_to_a_station(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.call("BootNotification", BOOT)
        first = asyncio.create_task(commands.to_station(station_id, "ClearCache", {}))
        call = await station.next_call("ClearCache")
        second = asyncio.create_task(commands.to_station(station_id, "Reset", {"type": "Soft"}))
        # Requests of the station are answered although a CALL to it is open.
        for _ in range(20):
            assert (await station.call("Heartbeat", {}))[0] == 3
            await asyncio.sleep(0.01)
        assert station.calls("Reset") == []
        await station.answer(call, {"status": "Accepted"})
        await station.answer(await station.next_call("Reset"), {"status": "Rejected"})

        assert json.loads(bytes((await first).payload)) == {"status": "Accepted"}
        assert json.loads(bytes((await second).payload)) == {"status": "Rejected"}


async def test_j_4_1_4_message_ids_are_strings_of_at_most_36_characters_and_never_repeat(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    ids = []
    for _ in range(3):
        async with raw_station(
            central_system.url, station_id, answers={"ClearCache": {"status": "Accepted"}}
        ) as station:
            await station.call("BootNotification", BOOT)
            for _ in range(3):
                await commands.to_station(station_id, "ClearCache", {})
            ids += [message[1] for message in station.received if message[0] == 2]
    assert all(isinstance(unique_id, str) and 0 < len(unique_id) <= 36 for unique_id in ids)
    assert len(set(ids)) == len(ids) == 9


async def test_an_answer_that_breaks_the_schema_is_an_error_and_the_next_command_is_served(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(
        central_system.url,
        station_id,
        answers={"ClearCache": {"status": "Maybe"}, "Reset": {"status": "Accepted"}},
    ) as station:
        await station.call("BootNotification", BOOT)
        broken = await commands.to_station(station_id, "ClearCache", {})
        fine = await commands.to_station(station_id, "Reset", {"type": "Hard"})
    assert broken.outcome is not CommandOutcome.DONE
    assert fine.outcome is CommandOutcome.DONE


async def test_a_late_answer_is_not_taken_for_the_answer_to_the_next_call(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.call("BootNotification", BOOT)
        asked = asyncio.create_task(commands.to_station(station_id, "ClearCache", {}))
        late = await station.next_call("ClearCache")
        await station.answer(late, {"status": "Rejected"})
        assert json.loads(bytes((await asked).payload)) == {"status": "Rejected"}

        asked = asyncio.create_task(commands.to_station(station_id, "ClearCache", {}))
        call = await station.next_call("ClearCache")
        await station.answer(late, {"status": "Rejected"})
        await station.answer(call, {"status": "Accepted"})
        assert json.loads(bytes((await asked).payload)) == {"status": "Accepted"}


async def test_a_command_that_breaks_the_schema_is_not_sent(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.call("BootNotification", BOOT)
        reply = await commands.to_station(station_id, "Reset", {"type": "Gentle"})
        assert (await station.call("Heartbeat", {}))[0] == 3
        assert station.calls("Reset") == []
    assert reply.outcome is CommandOutcome.INVALID
    assert "type" in reply.description


async def test_a_station_that_leaves_with_a_call_open_fails_the_command_at_once(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.call("BootNotification", BOOT)
        asked = asyncio.create_task(commands.to_station(station_id, "ClearCache", {}, seconds=60))
        await station.next_call("ClearCache")
    assert (await asked).outcome is CommandOutcome.NOT_CONNECTED


async def test_4_2_remote_start_waits_for_the_boot(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(
        central_system.url, station_id, answers={"TriggerMessage": {"status": "Accepted"}}
    ) as station:
        await station.call("StartTransaction", START)
        reply = await commands.to_station(station_id, "RemoteStartTransaction", {"idTag": "TAG"})
        assert station.calls("RemoteStartTransaction") == []
    assert reply.outcome is CommandOutcome.REFUSED
