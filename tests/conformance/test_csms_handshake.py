"""Opening and closing connections to our central system (OCPP-J 1.6 §3, §5; RFC 6455)."""

import asyncio
import http.client
import json

import pytest
from websockets.exceptions import InvalidStatus

from tests.conformance.command_sender import CommandSender
from tests.conformance.conftest import CentralSystem
from tests.support.ocpp_peers.raw_connection import raw_station

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}


async def test_j_3_1_the_last_path_segment_is_the_identity_percent_decoded(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    identity = f"{station_id} é#1"
    async with raw_station(
        f"{central_system.url}/some/prefix", identity, answers={"ClearCache": {"status": "Accepted"}}
    ) as station:
        await station.call("BootNotification", BOOT)
        reply = await commands.to_station(identity, "ClearCache", {})
    assert json.loads(bytes(reply.payload)) == {"status": "Accepted"}


@pytest.mark.parametrize("identity", ["", "x" * 49, "a/b", "new\nline", " outer"])
async def test_j_3_2_an_identity_that_cannot_be_is_refused_with_404(
    central_system: CentralSystem, identity: str
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with raw_station(central_system.url, identity):
            pass
    assert caught.value.response.status_code == 404


async def test_j_3_2_a_station_that_may_not_boot_is_refused_with_404(
    lenient_central_system: CentralSystem, station_id: str
) -> None:
    with pytest.raises(InvalidStatus) as caught:
        async with raw_station(lenient_central_system.url, station_id):
            pass
    assert caught.value.response.status_code == 404


async def test_j_3_2_ocpp16_is_selected_among_what_the_station_offers(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id, subprotocols=("ocpp2.0.1", "ocpp1.6")) as station:
        assert station.socket.subprotocol == "ocpp1.6"
        assert (await station.call("BootNotification", BOOT))[0] == 3


@pytest.mark.parametrize("offered", [(), ("ocpp2.0.1",), ("OCPP1.6",)])
async def test_j_3_2_without_ocpp16_the_handshake_completes_without_subprotocol_and_the_connection_is_closed(
    central_system: CentralSystem, station_id: str, offered: tuple[str, ...]
) -> None:
    async with raw_station(central_system.url, station_id, subprotocols=offered) as station:
        assert station.socket.subprotocol is None
        await station.closed()
        assert station.received == []


async def test_rfc_6455_a_binary_frame_closes_with_1003(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.send(b'[2,"1","Heartbeat",{}]')
        assert await station.closed() == 1003


async def test_rfc_6455_a_frame_over_the_limit_closes_with_1009(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.call("BootNotification", BOOT)
        fitting = "x" * 60_000
        assert (await station.call("DataTransfer", {"vendorId": "v", "data": fitting}))[0] == 3
        await station.send_message(2, "big", "DataTransfer", {"vendorId": "v", "data": "x" * 65_536})
        assert await station.closed() == 1009


async def test_rfc_6455_fragments_are_joined(central_system: CentralSystem, station_id: str) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.socket.send(['[2,"frag', 'ments","BootNotif', f'ication",{json.dumps(BOOT)}]'])
        assert (await station.answer_to("fragments"))[2]["status"] == "Accepted"


async def test_rfc_6455_fragments_over_the_limit_together_close_with_1009(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        try:
            await station.socket.send(["x" * 40_000, "x" * 40_000])
        finally:
            assert await station.closed() == 1009


async def test_rfc_6455_text_that_is_not_utf_8_closes_with_1007(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.socket.send(b'[2,"1","Heart\xff",{}]', text=True)
        assert await station.closed() == 1007


async def test_rfc_6455_a_ping_is_answered(central_system: CentralSystem, station_id: str) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await (await station.socket.ping())


async def test_a_second_connection_wins_and_the_first_is_closed(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    async with raw_station(central_system.url, station_id) as old:
        await old.call("BootNotification", BOOT)
        async with raw_station(
            central_system.url, station_id, answers={"Reset": {"status": "Rejected"}}
        ) as new:
            assert await old.closed() is not None
            assert (await new.call("Heartbeat", {}))[0] == 3
            await commands.to_station(station_id, "Reset", {"type": "Soft"})
            assert new.calls("Reset") == [{"type": "Soft"}]
            assert old.calls("Reset") == []


async def test_a_browser_is_told_what_this_is(central_system: CentralSystem) -> None:
    def get() -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", central_system.port, timeout=10)
        connection.request("GET", "/CP-1")
        response = connection.getresponse()
        return response.status, response.read().decode()

    status, text = await asyncio.to_thread(get)

    assert status == 426
    assert "ocpp1.6" in text
