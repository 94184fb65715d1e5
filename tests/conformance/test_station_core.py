"""The Core profile's finer points at our stations: what configuration keys change, what is refused (OCPP 1.6 §3, §5, §9.1)."""

import asyncio
from typing import Any

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from tests.conformance.swarm_of_one import StationDriver, accepted
from tests.support.ocpp_peers.raw_connection import (
    ACCEPTED,
    CALL,
    PATIENCE,
    RawCentralSystem,
    RawConnection,
    accept_starts,
)

EVERY_SECOND = {"MeterValueSampleInterval": "1"}


async def command(connection: RawConnection, action: str, payload: dict[str, Any]) -> Any:
    answer = await connection.call(action, payload)
    assert answer[0] == 3, answer
    return answer[2]


async def configure(connection: RawConnection, **keys: str) -> None:
    for key, value in keys.items():
        assert await command(connection, "ChangeConfiguration", {"key": key, "value": value}) == {
            "status": "Accepted"
        }


def samples(payload: dict[str, Any], of: str = "meterValue") -> list[tuple[str, str]]:
    """Measurand and context of every sample in a payload, defaults filled in."""
    return [
        (
            sample.get("measurand", "Energy.Active.Import.Register"),
            sample.get("context", "Sample.Periodic"),
        )
        for moment in payload[of]
        for sample in moment["sampledValue"]
    ]


def actions(connection: RawConnection) -> list[str]:
    return [message[2] for message in connection.received if message[0] == CALL]


# --- authorization ---------------------------------------------------------------------------------------------


async def test_9_1_13_a_known_tag_starts_without_being_asked_for_when_local_pre_authorize_says_so(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"LocalPreAuthorize": "true"})
    connection = await accepted(system, station)
    await station.charge(connection)
    await station.do("unplug")
    await connection.next_call("StopTransaction")
    await station.charge(connection)
    assert connection.calls("Authorize") == [{"idTag": "TAG"}]


async def test_5_4_a_cleared_cache_knows_nobody(system: RawCentralSystem, stations: StationDriver) -> None:
    station = await stations.start(system.url, configuration={"LocalPreAuthorize": "true"})
    connection = await accepted(system, station)
    await station.charge(connection)
    await station.do("unplug")
    await connection.next_call("StopTransaction")
    assert await command(connection, "ClearCache", {}) == {"status": "Accepted"}
    await station.charge(connection)
    assert connection.calls("Authorize") == [{"idTag": "TAG"}] * 2


async def test_3_5_1_a_tag_that_was_accepted_once_charges_while_the_central_system_is_away(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    old = await accepted(system, station)
    await station.charge(old)
    await station.do("unplug")
    await old.next_call("StopTransaction")
    await station.do("network_down")
    await old.closed()
    await station.do("plug_in")
    await station.do("authorize", id_tag="TAG")
    await station.do("network_up")
    new = await system.next_connection(station.station_id)
    assert (await new.next_call("StartTransaction"))[3]["idTag"] == "TAG"
    assert new.calls("Authorize") == []


async def test_3_5_4_an_unknown_tag_waits_offline_unless_all_are_allowed(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    old = await accepted(system, station)
    await station.do("network_down")
    await old.closed()
    await station.do("plug_in")
    await stations.hand(station.station_id, "authorize", {"connector_id": 1, "id_tag": "STRANGER"})
    await station.do("network_up")
    new = await system.next_connection(station.station_id)
    await new.next_call("StatusNotification", {"status": "Preparing"})
    await new.silence(0.5)
    assert new.calls("StartTransaction") == []


async def test_4_10_the_tag_that_started_also_stops_and_no_other_does(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.charge(connection)
    await station.do("authorize", id_tag="OTHER")
    await connection.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    await connection.next_call("Heartbeat")
    assert connection.calls("StopTransaction") == []
    await station.do("authorize", id_tag="TAG")
    stopped = (await connection.next_call("StopTransaction"))[3]
    assert (stopped["idTag"], stopped.get("reason", "Local")) == ("TAG", "Local")


async def test_3_10_a_tag_of_the_same_group_stops_too(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    system.answers["StartTransaction"] = {
        "transactionId": 8,
        "idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"},
    }
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.charge(connection, id_tag="MOTHER")
    await station.do("authorize", id_tag="FATHER")
    stopped = (await connection.next_call("StopTransaction"))[3]
    assert (stopped["transactionId"], stopped["idTag"]) == (8, "FATHER")


async def test_9_1_6_who_does_not_plug_in_within_the_connection_time_out_starts_nothing(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"ConnectionTimeOut": "1"})
    connection = await accepted(system, station)
    await station.do("authorize", id_tag="TAG")
    await connection.next_call("StatusNotification", {"status": "Preparing"})
    await connection.next_call("StatusNotification", {"status": "Available"})
    await station.do("plug_in")
    await connection.silence(0.5)
    assert connection.calls("StartTransaction") == []


# --- remote control --------------------------------------------------------------------------------------------


async def test_5_11_a_remote_start_asks_nobody_unless_it_is_told_to(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"AuthorizeRemoteTxRequests": "false"})
    connection = await accepted(system, station)
    await station.do("plug_in")
    assert await command(connection, "RemoteStartTransaction", {"idTag": "REMOTE", "connectorId": 1}) == {
        "status": "Accepted"
    }
    assert (await connection.next_call("StartTransaction"))[3]["idTag"] == "REMOTE"
    assert connection.calls("Authorize") == []


async def test_5_11_a_remote_start_that_is_authorized_and_refused_starts_nothing(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["Authorize"] = {"idTagInfo": {"status": "Invalid"}}
    station = await stations.start(system.url, configuration={"AuthorizeRemoteTxRequests": "true"})
    connection = await accepted(system, station)
    await station.do("plug_in")
    await command(connection, "RemoteStartTransaction", {"idTag": "REMOTE", "connectorId": 1})
    await connection.next_call("Authorize", {"idTag": "REMOTE"})
    await connection.silence(0.5)
    assert connection.calls("StartTransaction") == []


async def test_5_11_without_a_connector_the_station_chooses_one(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, connectors=2)
    connection = await accepted(system, station, connectors=2)
    await station.charge(connection, connector_id=1)
    await station.do("plug_in", connector_id=2)
    assert await command(connection, "RemoteStartTransaction", {"idTag": "REMOTE"}) == {"status": "Accepted"}
    assert (await connection.next_call("StartTransaction"))[3]["connectorId"] == 2


async def test_5_11_a_connector_that_is_busy_or_out_of_use_is_not_started(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, connectors=2)
    connection = await accepted(system, station, connectors=2)
    await station.charge(connection, connector_id=1)
    await command(connection, "ChangeAvailability", {"connectorId": 2, "type": "Inoperative"})
    for connector_id in (1, 2):
        start = {"idTag": "REMOTE", "connectorId": connector_id}
        assert await command(connection, "RemoteStartTransaction", start) == {"status": "Rejected"}
    assert await command(connection, "RemoteStartTransaction", {"idTag": "REMOTE"}) == {"status": "Rejected"}


async def test_5_18_unlock_without_a_transaction_unlocks_and_stops_nothing(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    assert await command(connection, "UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    await connection.silence(0.3)
    assert connection.calls("StopTransaction") == []


async def test_5_14_the_answer_to_reset_leaves_before_the_station_does(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    for kind in ("Soft", "Hard"):
        assert await command(connection, "Reset", {"type": kind}) == {"status": "Accepted"}
        await connection.closed()
        assert connection.received[-1] == [3, connection.received[-1][1], {"status": "Accepted"}]
        connection = await accepted(system, station)


async def test_5_2_a_scheduled_change_can_be_taken_back(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.charge(connection)
    for kind, status in (("Inoperative", "Scheduled"), ("Operative", "Accepted")):
        change = {"connectorId": 1, "type": kind}
        assert await command(connection, "ChangeAvailability", change) == {"status": status}
    await station.do("unplug")
    await connection.next_call("StopTransaction")
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Available"})
    assert "Unavailable" not in [s["status"] for s in connection.calls("StatusNotification")]


async def test_5_2_nobody_charges_where_it_is_unavailable(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await command(connection, "ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    await connection.next_call("StatusNotification", {"connectorId": 1, "status": "Unavailable"})
    for action, payload in (("plug_in", {}), ("authorize", {"id_tag": "TAG"})):
        await stations.hand(station.station_id, action, {"connector_id": 1, **payload})
    await connection.silence(0.5)
    assert connection.calls("StartTransaction") == []


# --- meter values ----------------------------------------------------------------------------------------------


async def test_9_1_17_the_sampled_measurands_are_those_of_the_list_in_their_units(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    wanted = ["Power.Active.Import", "SoC", "Energy.Active.Import.Register"]
    station = await stations.start(
        system.url, configuration=EVERY_SECOND | {"MeterValuesSampledData": ",".join(wanted)}
    )
    connection = await accepted(system, station)
    await station.charge(connection)
    metered = (await connection.next_call("MeterValues"))[3]
    assert [measurand for measurand, _ in samples(metered)] == wanted
    units = {s["measurand"]: s["unit"] for m in metered["meterValue"] for s in m["sampledValue"]}
    assert units == {"Power.Active.Import": "W", "SoC": "Percent", "Energy.Active.Import.Register": "Wh"}


async def test_3_16_3_one_phase_is_told_when_one_phase_is_asked_for(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(
        system.url, configuration=EVERY_SECOND | {"MeterValuesSampledData": "Voltage.L1-N"}
    )
    connection = await accepted(system, station)
    await station.charge(connection)
    metered = (await connection.next_call("MeterValues"))[3]
    (sample,) = metered["meterValue"][0]["sampledValue"]
    assert (sample["measurand"], sample["phase"], sample["unit"]) == ("Voltage", "L1-N", "V")
    assert 200 < float(sample["value"]) < 260


async def test_9_1_27_the_stop_carries_the_begin_the_samples_and_the_end_when_it_is_told_to(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(
        system.url,
        configuration=EVERY_SECOND | {"StopTxnSampledData": "Energy.Active.Import.Register"},
    )
    connection = await accepted(system, station)
    started = await station.charge(connection)
    await connection.next_call("MeterValues")
    await connection.next_call("MeterValues")
    await station.do("unplug")
    stopped = (await connection.next_call("StopTransaction"))[3]
    contexts = [context for _, context in samples(stopped, "transactionData")]
    assert contexts[0] == "Transaction.Begin" and contexts[-1] == "Transaction.End"
    assert set(contexts[1:-1]) == {"Sample.Periodic"}
    energy = [
        float(sample["value"]) for moment in stopped["transactionData"] for sample in moment["sampledValue"]
    ]
    assert energy == sorted(energy)
    assert (energy[0], energy[-1]) == (started["meterStart"], stopped["meterStop"])


async def test_9_1_19_a_sample_interval_of_0_means_no_samples(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"MeterValueSampleInterval": "0"})
    connection = await accepted(system, station)
    await station.charge(connection)
    await connection.silence(1.5)
    assert connection.calls("MeterValues") == []


async def test_9_1_19_a_new_sample_interval_counts_at_once(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"MeterValueSampleInterval": "3600"})
    connection = await accepted(system, station)
    await station.charge(connection)
    await configure(connection, MeterValueSampleInterval="1")
    await connection.next_call("MeterValues")
    await connection.next_call("MeterValues")


async def test_9_1_10_a_new_heartbeat_interval_counts_at_once(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    await configure(connection, HeartbeatInterval="1")
    await connection.next_call("Heartbeat")
    await connection.next_call("Heartbeat")


async def test_3_16_2_clock_aligned_values_carry_their_context_at_the_full_interval(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(
        system.url,
        configuration={
            "ClockAlignedDataInterval": "2",
            "MeterValueSampleInterval": "0",
            "MeterValuesAlignedData": "Energy.Active.Import.Register",
        },
    )
    connection = await accepted(system, station)
    await station.charge(connection)
    metered = (await connection.next_call("MeterValues", {"connectorId": 1}))[3]
    assert samples(metered) == [("Energy.Active.Import.Register", "Sample.Clock")]
    seconds = float(metered["meterValue"][0]["timestamp"][17:-1])
    assert seconds % 2 == 0


async def test_3_16_5_without_the_lists_the_stop_carries_no_data(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    await station.charge(connection)
    await connection.next_call("MeterValues")
    await station.do("unplug")
    assert "transactionData" not in (await connection.next_call("StopTransaction"))[3]


async def test_5_17_triggered_meter_values_say_so_and_belong_to_the_transaction_that_runs(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, configuration={"MeterValueSampleInterval": "0"})
    connection = await accepted(system, station)
    trigger = {"requestedMessage": "MeterValues", "connectorId": 1}
    await command(connection, "TriggerMessage", trigger)
    idle = (await connection.next_call("MeterValues"))[3]
    await station.charge(connection)
    await command(connection, "TriggerMessage", trigger)
    charging = (await connection.next_call("MeterValues"))[3]
    assert {context for _, context in samples(idle) + samples(charging)} == {"Trigger"}
    assert "transactionId" not in idle
    assert charging["transactionId"] == 1


async def test_5_17_without_a_connector_every_connectors_status_is_told(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, connectors=2)
    connection = await accepted(system, station, connectors=2)
    await command(connection, "TriggerMessage", {"requestedMessage": "StatusNotification"})
    for connector_id in range(3):
        await connection.next_call("StatusNotification", {"connectorId": connector_id})


# --- transactions ----------------------------------------------------------------------------------------------


async def test_9_1_23_a_transaction_may_outlive_the_cable(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(
        system.url, configuration=EVERY_SECOND | {"StopTransactionOnEVSideDisconnect": "false"}
    )
    connection = await accepted(system, station)
    await station.charge(connection)
    await station.do("unplug")
    await connection.next_call("StatusNotification", {"status": "SuspendedEV"})
    assert connection.calls("StopTransaction") == []
    await station.do("plug_in")
    await connection.next_call("StatusNotification", {"status": "Charging"})
    assert await command(connection, "RemoteStopTransaction", {"transactionId": 1}) == {"status": "Accepted"}
    assert (await connection.next_call("StopTransaction"))[3]["reason"] == "Remote"


async def test_9_1_24_an_invalid_tag_may_stay_without_power(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["StartTransaction"] = {"transactionId": 5, "idTagInfo": {"status": "Invalid"}}
    station = await stations.start(
        system.url, configuration={"StopTransactionOnInvalidId": "false", "MaxEnergyOnInvalidId": "0"}
    )
    connection = await accepted(system, station)
    await station.charge(connection)
    await connection.next_call("StatusNotification", {"status": "SuspendedEVSE"})
    assert connection.calls("StopTransaction") == []
    await station.do("unplug")
    assert (await connection.next_call("StopTransaction"))[3]["transactionId"] == 5


async def test_4_9_a_fault_while_charging_stops_the_transaction(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    await station.charge(connection)
    await station.do("fault", connector_id=1, error_code="OverCurrentFailure")
    await connection.next_call("StatusNotification", {"status": "Faulted", "errorCode": "OverCurrentFailure"})
    assert (await connection.next_call("StopTransaction"))[3]["transactionId"] == 1


async def test_4_9_a_fault_outlives_a_reset(system: RawCentralSystem, stations: StationDriver) -> None:
    station = await stations.start(system.url)
    old = await accepted(system, station)
    await station.do("fault", connector_id=1, error_code="GroundFailure")
    await old.next_call("StatusNotification", {"status": "Faulted"})
    await command(old, "Reset", {"type": "Hard"})
    new = await accepted(system, station)
    (told,) = [s for s in new.calls("StatusNotification") if s["connectorId"] == 1]
    assert (told["status"], told["errorCode"]) == ("Faulted", "GroundFailure")


async def test_4_the_connectors_of_a_station_charge_at_the_same_time_each_with_its_own_transaction(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    station = await stations.start(system.url, connectors=2, configuration=EVERY_SECOND)
    connection = await accepted(system, station, connectors=2)
    await station.charge(connection, 1, "RED")
    await station.charge(connection, 2, "BLUE")
    for connector_id in (1, 2):
        metered = (await connection.next_call("MeterValues", {"connectorId": connector_id}))[3]
        assert metered["transactionId"] == connector_id
    await station.do("unplug", connector_id=1)
    assert (await connection.next_call("StopTransaction"))[3]["transactionId"] == 1
    await connection.next_call("MeterValues", {"connectorId": 2})
    assert len(connection.calls("StopTransaction")) == 1


async def test_3_7_1_a_start_that_was_given_up_leaves_its_transaction_the_id_minus_1(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    del system.answers["StartTransaction"]
    station = await stations.start(
        system.url,
        configuration={"TransactionMessageAttempts": "2", "TransactionMessageRetryInterval": "1"},
    )
    connection = await accepted(system, station)
    await station.do("plug_in")
    await station.do("authorize", id_tag="TAG")
    for _ in range(2):
        await connection.refuse(await connection.next_call("StartTransaction"), "InternalError")
    await station.do("unplug")
    assert (await connection.next_call("StopTransaction"))[3]["transactionId"] == -1


async def test_4_8_transaction_id_0_is_an_id_like_any_other(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["StartTransaction"] = accept_starts(0)
    station = await stations.start(system.url, configuration=EVERY_SECOND)
    connection = await accepted(system, station)
    await station.charge(connection)
    await connection.next_call("MeterValues", {"transactionId": 0})
    assert await command(connection, "RemoteStopTransaction", {"transactionId": 0}) == {"status": "Accepted"}
    assert (await connection.next_call("StopTransaction"))[3]["transactionId"] == 0


async def test_4_10_a_stop_that_is_answered_without_tag_information_is_done(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers = {**ACCEPTED, "StartTransaction": accept_starts(), "StopTransaction": {}}
    station = await stations.start(system.url, configuration={"TransactionMessageRetryInterval": "1"})
    connection = await accepted(system, station)
    await station.charge(connection)
    await station.do("unplug")
    await connection.next_call("StopTransaction")
    await asyncio.sleep(1.5)
    assert actions(connection).count("StopTransaction") == 1


# --- the connection --------------------------------------------------------------------------------------------


async def test_9_1_34_a_web_socket_ping_interval_makes_the_station_ping_in_that_rhythm(
    system: RawCentralSystem, stations: StationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = await stations.start(system.url)
    connection = await accepted(system, station)
    pings: asyncio.Queue[Event] = asyncio.Queue()
    handle = connection.socket.process_event

    def note(event: Event) -> None:
        if isinstance(event, Frame) and event.opcode is Opcode.PING:
            pings.put_nowait(event)
        handle(event)

    monkeypatch.setattr(connection.socket, "process_event", note)
    await configure(connection, WebSocketPingInterval="1")
    async with asyncio.timeout(PATIENCE):
        for _ in range(2):
            await pings.get()
