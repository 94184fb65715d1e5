"""Every command of OCPP 1.6 and of the security extension, from our central system to a station that is not ours."""

import asyncio
import json
from typing import Any

import pytest

from evswarm_shared.bus.messages import CommandOutcome
from tests.conformance.command_sender import CommandSender
from tests.conformance.conftest import CentralSystem
from tests.support.ocpp_peers.example_messages import ACCEPTED, COMMANDS
from tests.support.ocpp_peers.raw_connection import raw_station

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}


@pytest.mark.parametrize(("action", "payload", "answer"), COMMANDS)
async def test_chapter_5_a_command_leaves_as_it_was_given_and_its_answer_comes_back_as_it_was(
    central_system: CentralSystem,
    station_id: str,
    commands: CommandSender,
    action: str,
    payload: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    async with raw_station(central_system.url, station_id, answers={action: answer}) as station:
        await station.call("BootNotification", BOOT)
        reply = await commands.to_station(station_id, action, payload)

        assert station.calls(action) == [payload]
        assert reply.outcome is CommandOutcome.DONE, reply
        assert json.loads(bytes(reply.payload)) == answer


@pytest.mark.parametrize(
    "frame",
    [
        '[3,"{id}"]',
        '[3,"{id}",{{"status":"Accepted"}},{{}}]',
        '[3,"{id}",[]]',
        '[3,"{id}",{{}}]',
        '[3,"{id}",{{"status":null}}]',
        '[3,"{id}",{{"status":"accepted"}}]',
        '[3,"{id}",{{"status":"Accepted","colour":"red"}}]',
        '[4,"{id}"]',
        '[4,"{id}","NotImplemented"]',
        '[4,"{id}","NotImplemented",null,null]',
        '[4,"{id}","SomethingElse","",{{}}]',
        '[4,"{id}","","",{{}}]',
    ],
)
async def test_j_4_2_whatever_the_answer_looks_like_the_command_is_not_done_and_the_next_one_is_served(
    central_system: CentralSystem, station_id: str, commands: CommandSender, frame: str
) -> None:
    async with raw_station(central_system.url, station_id, answers={"Reset": ACCEPTED}) as station:
        await station.call("BootNotification", BOOT)
        asked = asyncio.create_task(commands.to_station(station_id, "ClearCache", {}))
        call = await station.next_call("ClearCache")
        await station.send(frame.format(id=call[1]))
        assert (await asked).outcome not in (CommandOutcome.DONE, CommandOutcome.TIMEOUT)
        assert (
            await commands.to_station(station_id, "Reset", {"type": "Soft"})
        ).outcome is CommandOutcome.DONE
        assert (await station.call("Heartbeat", {}))[0] == 3


async def test_j_4_1_1_both_sides_may_have_a_call_open_at_the_same_time(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.call("BootNotification", BOOT)
        asked = asyncio.create_task(commands.to_station(station_id, "GetConfiguration", {}))
        command = await station.next_call("GetConfiguration")
        assert (await station.call("Authorize", {"idTag": "TAG"}))[0] == 3
        await station.answer(command, {"configurationKey": []})
        assert (await asked).outcome is CommandOutcome.DONE
