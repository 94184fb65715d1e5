"""Stations that are slow, half there, silent, restless or doubled, at our central system."""

import contextlib
import json

import pytest
from websockets.exceptions import ConnectionClosed

from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.bus.redis import RedisBus
from tests.conformance.command_sender import CommandSender
from tests.conformance.conftest import CentralSystem, running_central_system
from tests.support.ocpp_peers.bare_socket import bare_socket, frame, station_handshake
from tests.support.ocpp_peers.raw_connection import RawConnection, raw_station

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
BOOT_CALL = json.dumps([2, "boot", "BootNotification", BOOT]).encode()


async def serves(system: CentralSystem, station_id: str) -> None:
    """An ordinary station is served meanwhile."""
    async with raw_station(system.url, station_id) as station:
        assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"


async def test_a_handshake_and_a_frame_that_come_byte_by_byte_are_understood(
    central_system: CentralSystem, station_id: str
) -> None:
    async with bare_socket(central_system.port) as socket:
        await socket.dribble(station_handshake(station_id), 0.001)
        assert "101" in (await socket.head()).splitlines()[0]
        await socket.dribble(frame(BOOT_CALL, masked=True), 0.002)
        _, answer = await socket.frame()
        await serves(central_system, f"{station_id}-B")
    assert json.loads(answer)[2]["status"] == "Accepted"


async def test_half_a_handshake_is_not_waited_for_without_end(valkey_url: str, station_id: str) -> None:
    with running_central_system(valkey_url, csms_ping_interval_seconds=0.2) as system:
        async with bare_socket(system.port) as socket:
            await socket.send(station_handshake(station_id)[:40])
            await serves(system, station_id)
            await socket.ended()


async def test_a_station_that_answers_no_ping_is_given_up_and_its_command_fails(
    valkey_url: str, station_id: str
) -> None:
    with running_central_system(valkey_url, csms_ping_interval_seconds=0.4) as system:
        bus = RedisBus.connect(system.redis_url, system.key_prefix)
        async with bare_socket(system.port) as socket:
            await socket.open_station(station_id)
            await socket.send(frame(BOOT_CALL, masked=True))
            reply = await CommandSender(bus).to_station(station_id, "ClearCache", {}, seconds=60)
            assert reply.outcome is CommandOutcome.NOT_CONNECTED
            await socket.ended()
        await bus.close()


async def test_a_station_that_never_answers_costs_its_command_and_nothing_else(
    valkey_url: str, station_id: str
) -> None:
    with running_central_system(valkey_url, csms_call_timeout_seconds=1) as system:
        bus = RedisBus.connect(system.redis_url, system.key_prefix)
        commands = CommandSender(bus)
        async with raw_station(system.url, station_id, answers={"Reset": {"status": "Accepted"}}) as station:
            await station.call("BootNotification", BOOT)
            assert (await commands.to_station(station_id, "ClearCache", {})).outcome is CommandOutcome.TIMEOUT
            assert (await station.call("Heartbeat", {}))[0] == 3
            done = await commands.to_station(station_id, "Reset", {"type": "Soft"})
            assert done.outcome is CommandOutcome.DONE
        await bus.close()


async def test_a_station_that_reads_nothing_hinders_nobody(
    central_system: CentralSystem, station_id: str
) -> None:
    calls = [frame(b'[2,"%d","MakeCoffee",{}]' % number, masked=True) for number in range(1000)]
    async with bare_socket(central_system.port) as socket:
        await socket.open_station(station_id)
        await socket.send(b"".join(calls))
        await serves(central_system, f"{station_id}-B")


async def test_a_station_that_flaps_is_served_every_time(
    central_system: CentralSystem, station_id: str, commands: CommandSender
) -> None:
    for _ in range(30):
        async with raw_station(central_system.url, station_id) as station:
            await station.send_message(2, "boot", "BootNotification", BOOT)
    async with raw_station(
        central_system.url, station_id, answers={"ClearCache": {"status": "Accepted"}}
    ) as station:
        assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
        reply = await commands.to_station(station_id, "ClearCache", {})
    assert reply.outcome is CommandOutcome.DONE


async def test_of_many_connections_with_one_identity_the_newest_stays(
    central_system: CentralSystem, station_id: str
) -> None:
    older: list[RawConnection] = []
    async with raw_station(central_system.url, station_id) as first:
        await first.call("BootNotification", BOOT)
        older.append(first)
        for _ in range(4):
            newer = raw_station(central_system.url, station_id)
            station = await newer.__aenter__()
            older.append(station)
        newest = older.pop()
        for station in older:
            assert await station.closed() is not None
            with pytest.raises(ConnectionClosed):
                await station.send("late")
        assert (await newest.call("Heartbeat", {}))[0] == 3
        await newest.close()


@pytest.mark.parametrize(
    "data",
    [
        frame(b'[2,"1","Heartbeat",{}]', masked=False),
        frame(b'[2,"1","Heartbeat",{}]', first=0xC1, masked=True),
        frame(b'[2,"1","Heartbeat",{}]', first=0x83, masked=True),
        frame(b"going on", first=0x80, masked=True),
    ],
    ids=["unmasked", "reserved bit", "unknown opcode", "continuation of nothing"],
)
async def test_rfc_6455_a_frame_that_breaks_the_protocol_closes_with_1002(
    central_system: CentralSystem, station_id: str, data: bytes
) -> None:
    async with bare_socket(central_system.port) as socket:
        await socket.open_station(station_id)
        await socket.send(data)
        first, payload = await socket.frame()
        assert (first, int.from_bytes(payload[:2], "big")) == (0x88, 1002)


@pytest.mark.parametrize(
    "request_head",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",
        b"POST /CP-1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /CP-1 HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["TLS at the plain port", "not a GET", "an endless header"],
)
async def test_what_is_no_handshake_is_refused_and_the_next_station_served(
    central_system: CentralSystem, station_id: str, request_head: bytes
) -> None:
    async with bare_socket(central_system.port) as socket:
        with contextlib.suppress(ConnectionError):
            await socket.send(request_head)
        await socket.ended()
    await serves(central_system, station_id)
