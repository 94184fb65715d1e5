"""Transactions of our stations, judged by the frames (OCPP 1.6 §3.4 to §3.8, §4.7 to §4.10)."""

import asyncio
from datetime import datetime
from itertools import pairwise
from typing import Any

from evswarm_cli.ports import free_port
from tests.conformance.swarm_of_one import StationDriver, accepted
from tests.support.ocpp_peers.central_system import PeerCentralSystem
from tests.support.ocpp_peers.raw_connection import CALL, RawCentralSystem, RawConnection

EVERY_SECOND = {"MeterValueSampleInterval": "1"}


def readings(meter_values: dict[str, Any], measurand: str) -> float:
    (moment,) = meter_values["meterValue"]
    (sample,) = [s for s in moment["sampledValue"] if s.get("measurand") == measurand]
    return float(sample["value"])


def statuses(connection: RawConnection, connector_id: int = 1) -> list[str]:
    return [s["status"] for s in connection.calls("StatusNotification") if s["connectorId"] == connector_id]


async def test_our_station_charges_at_a_central_system_that_is_not_ours(stations: StationDriver) -> None:
    async with PeerCentralSystem().listening() as system:
        station = await stations.start(system.url, configuration=EVERY_SECOND)
        await system.messages(station.station_id, "StatusNotification", 2)
        await station.do("plug_in")
        await station.do("authorize", id_tag="TAG")
        (started,) = await system.messages(station.station_id, "StartTransaction")
        metered = await system.messages(station.station_id, "MeterValues", 2)
        await station.do("unplug")
        (stopped,) = await system.messages(station.station_id, "StopTransaction")

    assert started["id_tag"] == "TAG"
    assert all(values["transaction_id"] == 1 for values in metered)
    assert stopped["transaction_id"] == 1
    assert stopped["meter_stop"] >= started["meter_start"]


async def test_4_a_local_transaction_runs_from_the_plug_to_the_unplug(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    started = await station.charge(connection)
    await connection.next_call("StatusNotification", {"status": "Charging"})
    for _ in range(3):
        await connection.next_call("MeterValues", {"connectorId": 1, "transactionId": 1})
    await station.do("unplug")
    stopped = (await connection.next_call("StopTransaction"))[3]
    await connection.next_call("StatusNotification", {"status": "Available"})

    assert connection.calls("Authorize") == [{"idTag": "TAG"}]
    assert started["idTag"] == "TAG" and isinstance(started["meterStart"], int)
    assert (stopped["transactionId"], stopped["reason"]) == (1, "EVDisconnected")
    assert statuses(connection) == ["Available", "Preparing", "Charging", "Finishing", "Available"]

    metered = connection.calls("MeterValues")
    energy = [readings(values, "Energy.Active.Import.Register") for values in metered]
    assert sorted(energy) == energy
    assert started["meterStart"] <= energy[0] and energy[-1] <= stopped["meterStop"]
    assert all(readings(values, "Power.Active.Import") > 0 for values in metered)
    times = [started["timestamp"], *(v["meterValue"][0]["timestamp"] for v in metered), stopped["timestamp"]]
    assert all(text.endswith("Z") for text in times)
    moments = [datetime.fromisoformat(text) for text in times]
    assert sorted(moments) == moments


async def test_4_7_no_meter_value_follows_the_stop(system: RawCentralSystem, stations: StationDriver) -> None:
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    await station.charge(connection)
    await connection.next_call("MeterValues")
    await station.do("press_stop")
    stopped = await connection.next_call("StopTransaction")
    await asyncio.sleep(2.0)
    actions = [message[2] for message in connection.received if message[0] == CALL]
    assert stopped[3].get("reason", "Local") == "Local"
    assert "MeterValues" not in actions[actions.index("StopTransaction") :]


async def test_4_1_a_tag_that_is_refused_starts_nothing(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["Authorize"] = {"idTagInfo": {"status": "Blocked"}}
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.do("plug_in")
    await station.do("authorize", id_tag="STOLEN")
    await connection.next_call("Authorize")
    await connection.silence(0.5)
    assert connection.calls("StartTransaction") == []


async def test_4_8_a_start_that_is_answered_with_invalid_is_stopped_as_deauthorized(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["StartTransaction"] = {"transactionId": 5, "idTagInfo": {"status": "Invalid"}}
    station = await stations.start(system.url, configuration={"StopTransactionOnInvalidId": "true"})
    connection = await accepted(system, station)
    await station.charge(connection)
    stopped = (await connection.next_call("StopTransaction"))[3]
    assert (stopped["transactionId"], stopped["reason"]) == (5, "DeAuthorized")


async def test_5_11_a_remote_start_is_authorized_and_starts_when_the_car_is_plugged_in(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"AuthorizeRemoteTxRequests": "true"})
    connection = await accepted(system, station)
    answer = await connection.call("RemoteStartTransaction", {"idTag": "REMOTE", "connectorId": 1})
    assert answer[2] == {"status": "Accepted"}
    await connection.next_call("Authorize", {"idTag": "REMOTE"})
    await connection.next_call("StatusNotification", {"status": "Preparing"})
    await station.do("plug_in")
    assert (await connection.next_call("StartTransaction"))[3]["idTag"] == "REMOTE"


async def test_5_12_a_remote_stop_right_after_the_start_is_obeyed(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    await station.charge(connection)
    assert (await connection.call("RemoteStopTransaction", {"transactionId": 99}))[2] == {
        "status": "Rejected"
    }
    assert (await connection.call("RemoteStopTransaction", {"transactionId": 1}))[2] == {"status": "Accepted"}
    stopped = (await connection.next_call("StopTransaction"))[3]
    assert (stopped["transactionId"], stopped["reason"]) == (1, "Remote")


async def test_3_7_1_a_start_that_is_not_answered_is_sent_again_with_the_same_content_and_a_fresh_id(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    del system.answers["StartTransaction"]
    station = await stations.start(system.url, configuration={"TransactionMessageRetryInterval": "1"})
    connection = await accepted(system, station)
    await station.do("plug_in")
    await station.do("authorize", id_tag="TAG")
    first = await connection.next_call("StartTransaction")
    second = await connection.next_call("StartTransaction")
    assert second[3] == first[3]
    assert second[1] != first[1]

    # The answer to the first, come late, is nobody's; the one to the second counts.
    await connection.answer(first, {"transactionId": 1111, "idTagInfo": {"status": "Accepted"}})
    await connection.answer(second, {"transactionId": 2222, "idTagInfo": {"status": "Accepted"}})
    await station.do("unplug")
    assert (await connection.next_call("StopTransaction"))[3]["transactionId"] == 2222


async def test_3_7_1_a_transaction_message_that_is_refused_is_sent_again_and_then_given_up(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    del system.answers["StopTransaction"]
    station = await stations.start(
        system.url,
        configuration={"TransactionMessageAttempts": "2", "TransactionMessageRetryInterval": "1"},
    )
    connection = await accepted(system, station)
    await station.charge(connection)
    await station.do("unplug")
    payloads = []
    for _ in range(2):
        call = await connection.next_call("StopTransaction")
        payloads.append(call[3])
        await connection.refuse(call, "InternalError")
    await connection.silence(3.0)
    assert payloads[0] == payloads[1]


async def test_3_7_a_transaction_that_ends_while_the_central_system_is_away_is_told_when_it_is_back(
    stations: StationDriver,
) -> None:
    port, before, after = free_port(), RawCentralSystem(), RawCentralSystem()
    async with before.listening(port):
        station = await stations.start(before.url, configuration=EVERY_SECOND)
        connection = await accepted(before, station)
        await station.charge(connection)
        await connection.next_call("MeterValues")
    await stations.wait_for_log(station, "Connection lost")
    await station.do("unplug")
    await asyncio.sleep(1.0)
    async with after.listening(port):
        connection = await after.next_connection(station.station_id)
        stopped = (await connection.next_call("StopTransaction"))[3]
        now = datetime.fromisoformat(await connection_time(connection))
    assert stopped["transactionId"] == 1
    assert stopped["reason"] == "EVDisconnected"
    assert (now - datetime.fromisoformat(stopped["timestamp"])).total_seconds() >= 1.0


async def connection_time(connection: RawConnection) -> str:
    """The station's clock now, as it tells it."""
    await connection.call("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
    told: str = (await connection.next_call("StatusNotification", {"connectorId": 1}))[3]["timestamp"]
    return told


async def test_3_6_a_transaction_that_was_lived_offline_is_told_in_order_and_gets_its_id_when_it_lands(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["StartTransaction"] = {"transactionId": 77, "idTagInfo": {"status": "Accepted"}}
    station = await stations.start(
        system.url,
        configuration={
            **EVERY_SECOND,
            "AllowOfflineTxForUnknownId": "true",
            "LocalAuthorizeOffline": "true",
        },
    )
    old = await accepted(system, station)
    await station.do("network_down")
    await old.closed()
    await station.do("plug_in")
    await station.do("authorize", id_tag="STRANGER")
    await asyncio.sleep(1.5)
    await station.do("unplug")
    await station.do("network_up")

    connection = await system.next_connection(station.station_id)
    stopped = await connection.next_call("StopTransaction")
    (started,) = connection.calls("StartTransaction")
    told = [message for message in connection.received if message[0] == CALL]
    order = [
        message[2] for message in told if message[2] in ("StartTransaction", "MeterValues", "StopTransaction")
    ]
    assert order[0] == "StartTransaction" and order[-1] == "StopTransaction"
    assert stopped[3]["transactionId"] == 77
    assert all(values["transactionId"] == 77 for values in connection.calls("MeterValues"))
    times = [started["timestamp"], stopped[3]["timestamp"]]
    assert all(earlier < later for earlier, later in pairwise(map(datetime.fromisoformat, times)))


async def test_j_4_1_1_one_call_is_open_at_a_time_while_commands_are_answered(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    del connection.answers["StatusNotification"]
    await station.do("plug_in")
    open_call = await connection.next_call("StatusNotification")
    await station.do("authorize", id_tag="TAG")
    sent = len([message for message in connection.received if message[0] == CALL])
    for _ in range(10):
        assert (await connection.call("ClearCache", {}))[0] == 3
        await asyncio.sleep(0.05)
    assert len([message for message in connection.received if message[0] == CALL]) == sent
    connection.answers["StatusNotification"] = {}
    await connection.answer(open_call, {})
    await connection.next_call("StartTransaction")


async def test_a_call_error_of_the_central_system_is_taken_in_stride(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    del system.answers["StatusNotification"]
    station = await stations.start(system.url)
    connection = await system.next_connection(station.station_id)
    for code in ("NotSupported", "InternalError"):
        await connection.refuse(await connection.next_call("StatusNotification"), code)
    connection.answers["StatusNotification"] = {}
    assert (await station.charge(connection))["idTag"] == "TAG"


async def test_4_10_a_station_that_is_taken_away_ends_its_transaction_first(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.charge(connection)
    await stations.remove(station)
    assert (await connection.next_call("StopTransaction"))[3]["transactionId"] == 1
    assert await connection.closed() == 1000
