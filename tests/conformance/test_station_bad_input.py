"""What our stations answer to frames that are wrong (OCPP-J 1.6 §4.1, §4.2; its errata §5; RFC 6455)."""

from typing import Any

import pytest

from tests.conformance.swarm_of_one import StationDriver, WorkerProcess, accepted
from tests.support.ocpp_peers.raw_connection import CALL_ERROR, RawCentralSystem, RawConnection, utc_now


@pytest.fixture
async def connection(system: RawCentralSystem, stations: StationDriver) -> RawConnection:
    """The connection of one of our stations, booted and idle."""
    return await accepted(system, await stations.start(system.url))


async def lives_on(connection: RawConnection) -> None:
    """The connection still serves, and nothing came that was not asked for."""
    waiting = len(connection.received)
    assert (await connection.call("ClearCache", {}))[0] == 3
    assert len(connection.received) == waiting + 1


@pytest.mark.parametrize(
    "frame",
    [
        '[2,"bad","ClearCache"]',
        '[2,"bad"]',
        '[2,"bad","ClearCache",{},{}]',
        '[2,"bad",7,{}]',
        '[2,"bad","ClearCache",{"a":}]',
        '[2,"bad","ClearCa',
        '[2,"bad","ClearCache",[]]',
    ],
)
async def test_j_4_2_a_malformed_call_is_answered_with_formation_violation(
    connection: RawConnection, frame: str
) -> None:
    await connection.send(frame)
    answer = await connection.answer_to("bad")
    assert answer[2] == "FormationViolation"
    assert len(answer) == 5 and isinstance(answer[3], str) and answer[4] == {}
    await lives_on(connection)


@pytest.mark.parametrize(("unique_id", "answered_to"), [("i" * 37, "i" * 37), (17, "17"), (None, "-1")])
async def test_j_4_1_4_a_message_id_of_37_characters_or_no_string_is_a_formation_violation(
    connection: RawConnection, unique_id: Any, answered_to: str
) -> None:
    await connection.send_message(2, unique_id, "ClearCache", {})
    assert (await connection.answer_to(answered_to))[2] == "FormationViolation"
    await lives_on(connection)


@pytest.mark.parametrize(
    "frame",
    [
        *("", "hello", "{}", "[]", "null", "[2]", "[" * 50_000),
        *('[0,"odd","ClearCache",{}]', '[5,"odd"]', '["2","odd","ClearCache",{}]', '[null,"odd"]'),
        *('[3,"nobody-asked",{}]', '[4,"nobody-asked","GenericError","",{}]', '[3,"x"]', "[3]", "[4,7]"),
    ],
)
async def test_j_4_1_what_is_no_message_or_no_answer_to_a_call_of_ours_is_ignored(
    connection: RawConnection, frame: str
) -> None:
    await connection.send(frame)
    await lives_on(connection)


async def test_j_4_2_3_an_unknown_action_is_not_implemented(connection: RawConnection) -> None:
    assert (await connection.call("MakeCoffee", {}))[2] == "NotImplemented"
    assert (await connection.call("clearCache", {}))[2] == "NotImplemented"
    await lives_on(connection)


async def test_j_4_2_3_an_action_that_goes_the_other_way_is_not_supported(
    connection: RawConnection,
) -> None:
    assert (await connection.call("Heartbeat", {}))[2] == "NotSupported"
    assert (await connection.call("StartTransaction", {}))[2] == "NotSupported"
    assert (await connection.call("SignCertificate", {"csr": "c"}))[2] == "NotSupported"
    await lives_on(connection)


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Reset", {}, "OccurenceConstraintViolation"),
        ("ChangeConfiguration", {"key": "HeartbeatInterval"}, "OccurenceConstraintViolation"),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": 60}, "TypeConstraintViolation"),
        ("UnlockConnector", {"connectorId": "1"}, "TypeConstraintViolation"),
        ("UnlockConnector", {"connectorId": 1.5}, "TypeConstraintViolation"),
        ("RemoteStartTransaction", {"idTag": None}, "TypeConstraintViolation"),
        ("RemoteStartTransaction", {"idTag": "x" * 21}, "PropertyConstraintViolation"),
        ("Reset", {"type": "Gentle"}, "PropertyConstraintViolation"),
        (
            "TriggerMessage",
            {"requestedMessage": "SignChargePointCertificate"},
            "PropertyConstraintViolation",
        ),
        ("Reset", {"type": "Soft", "colour": "red"}, "FormationViolation"),
        ("ClearCache", {"colour": "red"}, "FormationViolation"),
    ],
)
async def test_j_4_2_3_a_payload_against_the_schema_gets_the_code_of_its_fault(
    connection: RawConnection, action: str, payload: dict[str, Any], code: str
) -> None:
    answer = await connection.call(action, payload)
    assert answer[0] == 4
    assert answer[2] == code
    await lives_on(connection)


async def test_j_4_2_a_payload_of_null_is_an_empty_one(connection: RawConnection) -> None:
    assert "configurationKey" in (await connection.call("GetConfiguration", None))[2]
    assert (await connection.call("Reset", None))[2] == "OccurenceConstraintViolation"


async def test_rfc_6455_a_binary_frame_closes_with_1003(connection: RawConnection) -> None:
    await connection.send(b'[2,"1","ClearCache",{}]')
    assert await connection.closed() == 1003


async def test_rfc_6455_a_frame_over_the_limit_closes_with_1009(connection: RawConnection) -> None:
    fitting = {"vendorId": "v", "data": "x" * 60_000}
    assert (await connection.call("DataTransfer", fitting))[0] == 3
    await connection.send_message(2, "big", "DataTransfer", {"vendorId": "v", "data": "x" * 65_536})
    assert await connection.closed() == 1009


async def test_rfc_6455_text_that_is_not_utf_8_closes_with_1007(connection: RawConnection) -> None:
    await connection.socket.send(b'[2,"1","Clear\xff",{}]', text=True)
    assert await connection.closed() == 1007


async def test_rfc_6455_fragments_are_joined_and_pings_are_answered(connection: RawConnection) -> None:
    await connection.socket.send(['[2,"frag', 'ments","Clear', 'Cache",{}]'])
    assert (await connection.answer_to("fragments"))[0] == 3
    await (await connection.socket.ping())


async def test_j_4_2_a_malformed_call_is_never_executed(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    connection = await accepted(system, await stations.start(system.url))
    for number, frame in enumerate(
        (
            '[2,"{id}","Reset",{{"type":"Hard"}},{{}}]',
            '[2,"{id}","Reset",{{"type":"Hard","colour":"red"}}]',
            '[2,"{id}","ChangeConfiguration",{{"key":"HeartbeatInterval","value":"7"}},1]',
        )
    ):
        await connection.send(frame.format(id=number))
        assert (await connection.answer_to(str(number)))[2] == "FormationViolation"
    read = await connection.call("GetConfiguration", {"key": ["HeartbeatInterval"]})
    assert read[2]["configurationKey"][0]["value"] != "7"
    await connection.silence(0.5)
    assert connection.close_code is None


@pytest.mark.parametrize(
    "frame",
    [
        '[2,"bad","Heartbeat"]',
        '[2,"bad","MakeCoffee",{}]',
        '[2,"bad","Reset",{"type":"Gentle"}]',
        '[2,"bad","ClearCache",{}',
    ],
)
async def test_j_4_2_a_station_that_waits_for_its_boot_answers_wrong_frames_too(
    system: RawCentralSystem, stations: StationDriver, frame: str
) -> None:
    system.answers["BootNotification"] = {"status": "Pending", "currentTime": utc_now(), "interval": 300}
    station = await stations.start(system.url)
    connection = await system.next_connection(station.station_id)
    await connection.next_call("BootNotification")
    await connection.send(frame)
    assert (await connection.answer_to("bad"))[0] == CALL_ERROR
    assert (await connection.call("GetConfiguration", {}))[0] == 3


async def test_unknown_fields_are_dropped_by_a_lenient_station(valkey_url: str) -> None:
    worker = WorkerProcess(valkey_url, station_strict="false")
    async with RawCentralSystem().listening() as system:
        system.answers["Heartbeat"] = {"currentTime": "2031-05-06T07:08:09Z", "vendorsOwn": [1]}
        with worker.process:
            stations = await StationDriver.of(worker)
            connection = await accepted(system, await stations.start(system.url))
            answer = await connection.call(
                "GetConfiguration", {"key": ["ConnectionTimeOut"], "colour": "red"}
            )
            assert answer[2]["configurationKey"][0]["key"] == "ConnectionTimeOut"
            await connection.call("TriggerMessage", {"requestedMessage": "Heartbeat", "vendorsOwn": {}})
            await connection.next_call("Heartbeat")
            await connection.call("TriggerMessage", {"requestedMessage": "StatusNotification"})
            told = (await connection.next_call("StatusNotification"))[3]
            assert told["timestamp"].startswith("2031-05-06")
            await stations.close()
