"""What our stations make of the answers they get to their own CALLs, right and wrong (OCPP-J 1.6 §4.1, §4.2)."""

import pytest

from tests.conformance.swarm_of_one import StationDriver, StationUnderTest, accepted
from tests.support.ocpp_peers.raw_connection import CALL, RawCentralSystem, RawConnection


async def presented(
    system: RawCentralSystem, stations: StationDriver
) -> tuple[StationUnderTest, RawConnection, list[object]]:
    """A station whose tag waits for its Authorize to be answered: the station, its connection and the CALL."""
    del system.answers["Authorize"]
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.do("plug_in")
    await station.do("authorize", id_tag="TAG")
    return station, connection, await connection.next_call("Authorize")


@pytest.mark.parametrize(
    "frame",
    [
        '[3,"{id}"]',
        '[3,"{id}",{{"idTagInfo":{{"status":"Accepted"}}}},{{}}]',
        '[3,"{id}",[]]',
        '[3,"{id}",null]',
        '[3,"{id}",{{}}]',
        '[3,"{id}",{{"idTagInfo":{{}}}}]',
        '[3,"{id}",{{"idTagInfo":{{"status":"accepted"}}}}]',
        '[3,"{id}",{{"idTagInfo":{{"status":"Accepted","expiryDate":"tomorrow"}}}}]',
        '[3,"{id}",{{"idTagInfo":{{"status":"Accepted"}},"colour":"red"}}]',
        '[4,"{id}"]',
        '[4,"{id}","NotImplemented"]',
        '[4,"{id}","NotImplemented",null,null]',
        '[4,"{id}","SomethingElse","",{{}}]',
        '[4,"{id}","","",{{}}]',
    ],
)
async def test_j_4_2_an_answer_that_cannot_be_read_authorizes_nobody_and_the_station_goes_on(
    system: RawCentralSystem, stations: StationDriver, frame: str
) -> None:
    station, connection, call = await presented(system, stations)
    await connection.send(frame.format(id=call[1]))
    # The call is over: the next one may leave at once, and no transaction began.
    await connection.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await connection.next_call("Heartbeat")
    assert connection.calls("StartTransaction") == []
    connection.answers["Authorize"] = {"idTagInfo": {"status": "Accepted"}}
    await station.do("authorize", id_tag="TAG")
    await connection.next_call("StartTransaction")


@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid", "ConcurrentTx"])
async def test_4_1_only_an_accepted_tag_may_charge(
    system: RawCentralSystem, stations: StationDriver, status: str
) -> None:
    _, connection, call = await presented(system, stations)
    await connection.answer(call, {"idTagInfo": {"status": status}})
    await connection.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await connection.next_call("Heartbeat")
    assert connection.calls("StartTransaction") == []


async def test_j_4_1_the_answer_that_comes_too_late_is_not_the_next_calls(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    _, connection, call = await presented(system, stations)
    await connection.call("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Preparing"})
    # By now the time for Authorize is over.
    await connection.next(
        lambda m: m[0] == CALL and m[2] == "StatusNotification", "the status after the silence"
    )
    await connection.answer(call, {"idTagInfo": {"status": "Accepted"}})
    await connection.silence(0.5)
    assert connection.calls("StartTransaction") == []


async def test_j_4_1_1_a_call_without_an_answer_holds_the_next_one_only_until_its_time_is_over(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    _, connection, call = await presented(system, stations)
    await connection.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await connection.silence(0.5)
    await connection.next_call("Heartbeat")
    sent = [message for message in connection.received if message[0] == CALL]
    assert [message[2] for message in sent[sent.index(call) :]] == ["Authorize", "Heartbeat"]


async def test_j_4_1_an_answer_twice_counts_once(system: RawCentralSystem, stations: StationDriver) -> None:
    station, connection, call = await presented(system, stations)
    await connection.answer(call, {"idTagInfo": {"status": "Accepted"}})
    await connection.answer(call, {"idTagInfo": {"status": "Blocked"}})
    await connection.next_call("StartTransaction")
    await connection.silence(0.3)
    await station.do("unplug")
    assert (await connection.next_call("StopTransaction"))[3]["reason"] == "EVDisconnected"


async def test_4_7_meter_values_that_are_refused_do_not_stop_the_charging(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    del system.answers["MeterValues"]
    station = await stations.start(
        system.url,
        configuration={"MeterValueSampleInterval": "1", "TransactionMessageAttempts": "1"},
    )
    connection = await accepted(system, station)
    await station.charge(connection)
    for code in ("InternalError", "NotSupported"):
        await connection.refuse(await connection.next_call("MeterValues"), code)
    connection.answers["MeterValues"] = {}
    await connection.next_call("MeterValues")
    await station.do("press_stop")
    assert (await connection.next_call("StopTransaction"))[3]["transactionId"] == 1


async def test_4_6_the_clock_is_set_from_the_heartbeat_and_times_follow_it(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["Heartbeat"] = {"currentTime": "2031-05-06T07:08:09.000Z"}
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await connection.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await connection.next_call("Heartbeat")
    # What comes over the connection is heard in order: with this answer, that of the Heartbeat has been heard.
    await connection.call("ClearCache", {})
    await station.do("plug_in")
    told = (await connection.next_call("StatusNotification", {"status": "Preparing"}))[3]
    assert told["timestamp"].startswith("2031-05-06T07:08")
