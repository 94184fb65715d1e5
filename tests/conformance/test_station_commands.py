"""What our stations do on the central system's commands, and on what happens to them (OCPP 1.6 §4.9, §5)."""

from typing import Any

import pytest

from tests.conformance.swarm_of_one import StationDriver, accepted
from tests.support.ocpp_peers.raw_connection import CALL, CALL_RESULT, RawCentralSystem, RawConnection


async def command(connection: RawConnection, action: str, payload: dict[str, Any]) -> Any:
    answer = await connection.call(action, payload)
    assert answer[0] == CALL_RESULT, answer
    return answer[2]


async def test_5_8_get_configuration_tells_all_keys_some_keys_and_unknown_ones(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url, connectors=2))
    everything = await command(connection, "GetConfiguration", {})
    values = {entry["key"]: entry for entry in everything["configurationKey"]}
    required_of_core = {
        *(
            "AuthorizeRemoteTxRequests",
            "ClockAlignedDataInterval",
            "ConnectionTimeOut",
            "GetConfigurationMaxKeys",
        ),
        *("HeartbeatInterval", "LocalAuthorizeOffline", "LocalPreAuthorize", "MeterValuesAlignedData"),
        *("MeterValuesSampledData", "MeterValueSampleInterval", "NumberOfConnectors", "ResetRetries"),
        *("ConnectorPhaseRotation", "StopTransactionOnEVSideDisconnect", "StopTransactionOnInvalidId"),
        *(
            "StopTxnAlignedData",
            "StopTxnSampledData",
            "SupportedFeatureProfiles",
            "TransactionMessageAttempts",
        ),
        *("TransactionMessageRetryInterval", "UnlockConnectorOnEVSideDisconnect"),
    }
    assert required_of_core <= set(values)
    assert values["NumberOfConnectors"] == {"key": "NumberOfConnectors", "readonly": True, "value": "2"}
    assert "Core" in values["SupportedFeatureProfiles"]["value"].split(",")

    some = await command(connection, "GetConfiguration", {"key": ["HeartbeatInterval", "Nonsense"]})
    assert [entry["key"] for entry in some["configurationKey"]] == ["HeartbeatInterval"]
    assert some["unknownKey"] == ["Nonsense"]


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("HeartbeatInterval", "120", "Accepted"),
        ("HeartbeatInterval", "soon", "Rejected"),
        ("HeartbeatInterval", "-1", "Rejected"),
        ("NumberOfConnectors", "3", "Rejected"),
        ("LocalPreAuthorize", "maybe", "Rejected"),
        ("MeterValuesSampledData", "Phlogiston", "Rejected"),
        ("Nonsense", "1", "NotSupported"),
    ],
)
async def test_5_3_change_configuration_sets_what_may_be_set_to_what_it_may_be(
    system: RawCentralSystem, stations: StationDriver, key: str, value: str, status: str
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    before = await command(connection, "GetConfiguration", {"key": [key]})
    assert await command(connection, "ChangeConfiguration", {"key": key, "value": value}) == {
        "status": status
    }
    after = await command(connection, "GetConfiguration", {"key": [key]})
    if status == "Accepted":
        assert after["configurationKey"][0]["value"] == value
    else:
        assert after == before


async def test_5_2_availability_changes_at_once_when_nothing_runs(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url, connectors=2))
    out = {"connectorId": 2, "type": "Inoperative"}
    assert await command(connection, "ChangeAvailability", out) == {"status": "Accepted"}
    await connection.next_call("StatusNotification", {"connectorId": 2, "status": "Unavailable"})
    assert await command(connection, "ChangeAvailability", out) == {"status": "Accepted"}
    assert await command(connection, "ChangeAvailability", out | {"type": "Operative"}) == {
        "status": "Accepted"
    }
    await connection.next_call("StatusNotification", {"connectorId": 2, "status": "Available"})
    assert await command(connection, "ChangeAvailability", out | {"connectorId": 9}) == {"status": "Rejected"}
    assert [s["connectorId"] for s in connection.calls("StatusNotification")[3:]] == [2, 2]


async def test_5_2_availability_of_connector_0_is_the_whole_stations(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, connectors=2)
    connection = await accepted(system, station, connectors=2)
    answer = await command(connection, "ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    assert answer == {"status": "Accepted"}
    for connector_id in (0, 1, 2):
        where = {"connectorId": connector_id, "status": "Unavailable"}
        await connection.next_call("StatusNotification", where)


async def test_5_2_availability_waits_for_the_end_of_a_transaction(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.charge(connection)
    answer = await command(connection, "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    assert answer == {"status": "Scheduled"}
    await station.do("unplug")
    await connection.next_call("StopTransaction")
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Unavailable"})


@pytest.mark.parametrize(("kind", "reason"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
async def test_5_14_a_reset_ends_the_transaction_and_boots_again(
    system: RawCentralSystem, stations: StationDriver, kind: str, reason: str
) -> None:
    station = await stations.start(system.url)
    old = await accepted(system, station)
    await station.charge(old)
    assert await command(old, "Reset", {"type": kind}) == {"status": "Accepted"}
    assert await old.closed() is not None
    new = await accepted(system, station)
    stops = [*old.calls("StopTransaction"), *new.calls("StopTransaction")]
    if not stops:
        stops = [(await new.next_call("StopTransaction"))[3]]
    assert [(stop["transactionId"], stop["reason"]) for stop in stops] == [(1, reason)]
    if kind == "Soft":
        assert len(old.calls("StopTransaction")) == 1


async def test_5_2_unavailable_outlives_a_reset(system: RawCentralSystem, stations: StationDriver) -> None:
    station = await stations.start(system.url)
    old = await accepted(system, station)
    await command(old, "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
    await old.next_call("StatusNotification", {"connectorId": 1, "status": "Unavailable"})
    await command(old, "Reset", {"type": "Hard"})
    await old.closed()
    new = await accepted(system, station)
    assert [s["status"] for s in new.calls("StatusNotification") if s["connectorId"] == 1] == ["Unavailable"]


async def test_5_18_unlock_ends_the_transaction_with_its_own_reason(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.charge(connection)
    assert await command(connection, "UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert (await connection.next_call("StopTransaction"))[3]["reason"] == "UnlockCommand"
    assert await command(connection, "UnlockConnector", {"connectorId": 9}) == {"status": "NotSupported"}


@pytest.mark.parametrize(
    ("requested", "where"),
    [
        ("BootNotification", {}),
        ("Heartbeat", {}),
        ("StatusNotification", {"connectorId": 1}),
        ("MeterValues", {"connectorId": 1}),
    ],
)
async def test_5_17_a_triggered_message_follows_the_answer(
    system: RawCentralSystem, stations: StationDriver, requested: str, where: dict[str, Any]
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    seen = len(connection.received)
    answer = await command(connection, "TriggerMessage", {"requestedMessage": requested, **where})
    assert answer == {"status": "Accepted"}
    triggered = await connection.next_call(requested, where)
    news = connection.received[seen:]
    assert [message[0] for message in news[:2]] == [CALL_RESULT, CALL]
    assert news[1] == triggered


async def test_5_17_a_trigger_that_cannot_be_is_refused(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    for requested in ("StatusNotification", "MeterValues"):
        trigger = {"requestedMessage": requested, "connectorId": 9}
        assert await command(connection, "TriggerMessage", trigger) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("ClearCache", {}, {"status": "Accepted"}),
        ("DataTransfer", {"vendorId": "nobody"}, {"status": "UnknownVendorId"}),
        ("RemoteStopTransaction", {"transactionId": 1}, {"status": "Rejected"}),
        ("RemoteStartTransaction", {"idTag": "TAG", "connectorId": 9}, {"status": "Rejected"}),
        ("RemoteStartTransaction", {"idTag": "TAG", "connectorId": 0}, {"status": "Rejected"}),
    ],
)
async def test_chapter_5_commands_without_a_lasting_effect_are_answered(
    system: RawCentralSystem,
    stations: StationDriver,
    action: str,
    payload: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    assert await command(connection, action, payload) == answer


async def test_4_9_a_fault_is_told_with_its_code_and_ends_when_it_is_mended(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.do("fault", connector_id=1, error_code="GroundFailure")
    fault = await connection.next_call("StatusNotification", {"status": "Faulted"})
    assert (fault[3]["connectorId"], fault[3]["errorCode"]) == (1, "GroundFailure")
    answer = await command(connection, "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1})
    assert answer == {"status": "Rejected"}
    await station.do("clear_fault", connector_id=1)
    mended = await connection.next_call("StatusNotification", {"status": "Available"})
    assert mended[3]["errorCode"] == "NoError"


async def test_4_10_after_a_power_failure_the_station_boots_and_closes_what_was_open(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    old = await accepted(system, station)
    await station.charge(old)
    await station.do("power_cycle")
    new = await accepted(system, station)
    stopped = (await new.next_call("StopTransaction"))[3]
    assert (stopped["transactionId"], stopped["reason"]) == (1, "PowerLoss")


async def test_five_configuration_changes_and_a_data_transfer_in_the_middle_of_a_start_disturb_nothing(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    del connection.answers["StartTransaction"]
    await station.do("plug_in")
    await station.do("authorize", id_tag="TAG")
    started = await connection.next_call("StartTransaction")
    for number in range(5):
        change = {"key": "HeartbeatInterval", "value": str(100 + number)}
        assert await command(connection, "ChangeConfiguration", change) == {"status": "Accepted"}
    await command(connection, "DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"})
    await connection.answer(started, {"transactionId": 9, "idTagInfo": {"status": "Accepted"}})
    assert await command(connection, "RemoteStopTransaction", {"transactionId": 9}) == {"status": "Accepted"}
    assert (await connection.next_call("StopTransaction"))[3]["transactionId"] == 9
