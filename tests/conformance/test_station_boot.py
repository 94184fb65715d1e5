"""How our stations connect, introduce themselves and keep in touch (OCPP 1.6 §4.2, §4.6, §4.9; OCPP-J 1.6 §3)."""

import asyncio
import base64
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import pytest

from tests.conformance.swarm_of_one import StationDriver, StationUnderTest, WorkerProcess, accepted
from tests.support.ocpp_peers.raw_connection import (
    ACCEPTED,
    CALL,
    RawCentralSystem,
    RawConnection,
    utc_now,
)

FLOOR_SECONDS = 2.0
"""No station comes back faster than this after it lost its connection."""


def boot_answer(status: str, interval: int) -> dict[str, Any]:
    return {"status": status, "currentTime": utc_now(), "interval": interval}


def actions(connection: RawConnection) -> list[str]:
    return [message[2] for message in connection.received if message[0] == CALL]


async def test_j_3_1_the_identity_is_the_last_path_segment_percent_encoded_and_ocpp16_is_offered(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    await system.next_connection(station.station_id)
    ((path, headers),) = system.requests
    assert " " in station.station_id
    assert path == "/" + station.station_id.replace(" ", "%20")
    assert headers["Sec-WebSocket-Protocol"] == "ocpp1.6"
    assert "Authorization" not in headers


async def test_j_3_2_a_station_sends_nothing_and_closes_when_no_subprotocol_is_selected(
    stations: StationDriver,
) -> None:
    async with RawCentralSystem(subprotocols=()).listening() as system:
        station = await stations.start(system.url)
        connection = await system.next_connection(station.station_id)
        assert await connection.closed() is not None
        assert connection.received == []


async def test_4_2_a_station_boots_and_tells_the_status_of_every_connector(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, connectors=2)
    connection = await accepted(system, station, connectors=2)

    assert actions(connection) == ["BootNotification", *["StatusNotification"] * 3]
    (boot,) = connection.calls("BootNotification")
    assert boot["chargePointVendor"] and boot["chargePointModel"]
    assert [
        (s["connectorId"], s["status"], s["errorCode"]) for s in connection.calls("StatusNotification")
    ] == [
        (0, "Available", "NoError"),
        (1, "Available", "NoError"),
        (2, "Available", "NoError"),
    ]


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_4_2_nothing_but_boot_notification_is_sent_until_accepted_and_the_interval_is_kept(
    system: RawCentralSystem, stations: StationDriver, status: str
) -> None:
    del system.answers["BootNotification"]
    station = await stations.start(system.url)
    connection = await system.next_connection(station.station_id)
    sent_at = []
    for _ in range(2):
        await connection.answer(await connection.next_call("BootNotification"), boot_answer(status, 1))
        sent_at.append(connection.received_at[-1])
    last = await connection.next_call("BootNotification")
    sent_at.append(connection.received_at[-1])
    assert actions(connection) == ["BootNotification"] * 3
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(sent_at))

    await connection.answer(last, boot_answer("Accepted", 300))
    await connection.next_call("StatusNotification", {"connectorId": 0})


async def test_4_2_a_pending_station_serves_commands(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["BootNotification"] = boot_answer("Pending", 300)
    station = await stations.start(system.url)
    connection = await system.next_connection(station.station_id)
    await connection.next_call("BootNotification")

    changed = await connection.call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "77"})
    assert changed[2] == {"status": "Accepted"}
    read = await connection.call("GetConfiguration", {"key": ["HeartbeatInterval"]})
    assert read[2]["configurationKey"][0]["value"] == "77"
    refused = await connection.call("RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1})
    assert refused[2] == {"status": "Rejected"}
    assert actions(connection) == ["BootNotification"]


async def test_4_2_a_pending_station_that_is_triggered_sends_its_boot_notification_at_once(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["BootNotification"] = boot_answer("Pending", 300)
    station = await stations.start(system.url)
    connection = await system.next_connection(station.station_id)
    await connection.next_call("BootNotification")
    connection.answers["BootNotification"] = boot_answer("Accepted", 300)

    triggered = await connection.call("TriggerMessage", {"requestedMessage": "BootNotification"})
    assert triggered[2] == {"status": "Accepted"}
    await connection.next_call("BootNotification")
    await connection.next_call("StatusNotification", {"connectorId": 1})


async def test_4_2_a_rejected_station_answers_nothing(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["BootNotification"] = boot_answer("Rejected", 300)
    station = await stations.start(system.url)
    connection = await system.next_connection(station.station_id)
    await connection.next_call("BootNotification")
    await asyncio.sleep(0.2)
    await connection.send_message(CALL, "unheard", "ClearCache", {})
    await asyncio.sleep(0.5)
    assert [message[1] for message in connection.received if message[0] != CALL] == []


async def test_4_6_heartbeats_come_at_the_interval_that_the_boot_was_answered_with(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["BootNotification"] = boot_answer("Accepted", 1)
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    for _ in range(3):
        await connection.next_call("Heartbeat")
    read = await connection.call("GetConfiguration", {"key": ["HeartbeatInterval"]})
    assert read[2]["configurationKey"] == [{"key": "HeartbeatInterval", "readonly": False, "value": "1"}]


async def reconnected(
    system: RawCentralSystem, station: StationUnderTest, old: RawConnection
) -> RawConnection:
    """Close the connection from our side; the next one."""
    loop = asyncio.get_running_loop()
    await old.close()
    closed_at = loop.time()
    connection = await system.next_connection(station.station_id)
    assert loop.time() - closed_at >= FLOOR_SECONDS * 0.95
    return connection


async def test_a_lost_connection_comes_back_after_the_floor_and_is_no_boot(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await reconnected(system, station, await accepted(system, station))

    assert (await connection.call("ClearCache", {}))[0] == 3
    assert "BootNotification" not in actions(connection)
    await stations.wait_for_log(station, "Connection lost")


async def test_j_4_1_4_message_ids_are_strings_of_at_most_36_characters_that_no_reconnect_repeats(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    first = await accepted(system, station)
    second = await reconnected(system, station, first)
    await second.call("TriggerMessage", {"requestedMessage": "StatusNotification"})
    await second.next_call("StatusNotification")
    ids = [message[1] for message in [*first.received, *second.received] if message[0] == CALL]
    assert len(set(ids)) == len(ids)
    assert all(isinstance(unique_id, str) and 0 < len(unique_id) <= 36 for unique_id in ids)


async def test_4_9_what_changed_while_offline_is_told_once_and_what_did_not_is_not(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, connectors=2)
    old = await accepted(system, station, connectors=2)
    await station.do("network_down")
    assert await old.closed() is not None
    await station.do("plug_in", connector_id=2)
    await station.do("unplug", connector_id=2)
    await station.do("plug_in", connector_id=1)
    await station.do("network_up")

    new = await system.next_connection(station.station_id)
    await new.next_call("StatusNotification")
    await new.call("ClearCache", {})
    told = [(status["connectorId"], status["status"]) for status in new.calls("StatusNotification")]
    assert told == [(1, "Preparing")]


async def test_a_refused_handshake_is_called_so_and_tried_again_slowly(stations: StationDriver) -> None:
    async with AsyncExitStack() as stack:
        systems = [await stack.enter_async_context(RawCentralSystem().listening()) for _ in range(3)]
        tried = []
        for system, status in zip(systems, (401, 403, 404), strict=True):
            system.refuse_with = status
            tried.append(await stations.start(system.url))
        for station in tried:
            await stations.wait_for_log(station, "refused")
        await asyncio.sleep(FLOOR_SECONDS * 2.5)
        assert [len(system.requests) for system in systems] == [1, 1, 1]


async def test_security_profile_1_sends_the_identity_and_the_key(valkey_url: str) -> None:
    worker = WorkerProcess(valkey_url, csms_auth_key="a key of 16 chars")
    async with RawCentralSystem().listening() as system:
        with worker.process:
            stations = await StationDriver.of(worker)
            station = await stations.start(system.url)
            await system.next_connection(station.station_id)
            await stations.close()
    credentials = base64.b64encode(f"{station.station_id}:a key of 16 chars".encode()).decode()
    assert system.requests[0][1]["Authorization"] == f"Basic {credentials}"


async def test_a_central_system_that_answers_nothing_is_waited_for_without_a_second_call(
    stations: StationDriver,
) -> None:
    async with RawCentralSystem({}).listening() as system:
        station = await stations.start(system.url)
        connection = await system.next_connection(station.station_id)
        await connection.next_call("BootNotification")
        await connection.silence(3.0)


async def test_a_boot_that_is_answered_with_nonsense_does_not_count(stations: StationDriver) -> None:
    answers = {**ACCEPTED, "BootNotification": {"status": "Perhaps", "currentTime": utc_now(), "interval": 1}}
    async with RawCentralSystem(answers).listening() as system:
        station = await stations.start(system.url)
        connection = await system.next_connection(station.station_id)
        await connection.next_call("BootNotification")
        await connection.silence(1.0)
        assert actions(connection) == ["BootNotification"]
