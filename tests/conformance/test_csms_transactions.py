"""Transactions and authorisation at our central system (OCPP 1.6 §3, §4)."""

import asyncio
from typing import Any

import pytest
from ocpp.v16.enums import ChargePointStatus, RegistrationStatus

from evswarm_shared.bus.messages import IdTagRecord, TransactionRecord
from evswarm_shared.bus.redis import RedisBus
from tests.conformance.conftest import CentralSystem, running_central_system
from tests.support.ocpp_peers.charge_point import peer_charge_point
from tests.support.ocpp_peers.raw_connection import RawConnection, raw_station

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
NOON = "2026-11-22T12:00:00.000Z"
LATER = "2026-11-22T12:30:00.000Z"
START: dict[str, Any] = {"connectorId": 1, "idTag": "TAG", "meterStart": 1000, "timestamp": NOON}


async def result(station: RawConnection, action: str, payload: dict[str, Any]) -> Any:
    answer = await station.call(action, payload)
    assert answer[0] == 3, answer
    return answer[2]


async def stored(bus: RedisBus, transaction_id: int) -> TransactionRecord:
    record = await bus.read_transaction(transaction_id)
    assert record is not None
    return record


async def test_a_station_that_is_not_ours_charges_at_our_central_system(
    central_system: CentralSystem, station_id: str, bus: RedisBus
) -> None:
    async with peer_charge_point(central_system.url, station_id) as station:
        assert (await station.boot()).status == RegistrationStatus.accepted
        await station.report_status(ChargePointStatus.available)
        transaction_id = await station.charge("TAG", meter_start=1000, energy_wh=500)

    record = await stored(bus, transaction_id)
    assert (record.station_id, record.meter_start, record.meter_stop) == (station_id, 1000, 1500)
    assert record.flags == ()


async def test_4_2_boot_is_answered_with_the_time_in_utc_and_an_interval(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        answer = await result(station, "BootNotification", BOOT)
    assert answer["status"] == "Accepted"
    assert answer["currentTime"].endswith("Z")
    assert answer["interval"] > 0


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("StatusNotification", {"connectorId": 0, "errorCode": "NoError", "status": "Available"}, {}),
        (
            "MeterValues",
            {"connectorId": 1, "meterValue": [{"timestamp": NOON, "sampledValue": [{"value": "1"}]}]},
            {},
        ),
        ("FirmwareStatusNotification", {"status": "Idle"}, {}),
        ("DiagnosticsStatusNotification", {"status": "Idle"}, {}),
        ("SecurityEventNotification", {"type": "StartupOfTheDevice", "timestamp": NOON}, {}),
        ("LogStatusNotification", {"status": "Idle"}, {}),
        ("SignedFirmwareStatusNotification", {"status": "Idle"}, {}),
        ("SignCertificate", {"csr": "nothing to sign"}, {"status": "Rejected"}),
        ("DataTransfer", {"vendorId": "nobody"}, {"status": "UnknownVendorId"}),
        ("Authorize", {"idTag": "TAG"}, {"idTagInfo": {"status": "Accepted"}}),
    ],
)
async def test_chapter_4_every_message_of_a_station_is_served(
    central_system: CentralSystem,
    station_id: str,
    action: str,
    payload: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await result(station, "BootNotification", BOOT)
        assert await result(station, action, payload) == answer


async def test_4_8_a_start_that_is_sent_again_gets_the_same_transaction(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await result(station, "BootNotification", BOOT)
        first = await result(station, "StartTransaction", START)
    async with raw_station(central_system.url, station_id) as station:
        again = await result(station, "StartTransaction", START)
        another = await result(station, "StartTransaction", START | {"timestamp": LATER})
    assert again == first
    assert another["transactionId"] != first["transactionId"]


async def test_4_8_retries_that_cross_on_two_connections_make_one_transaction(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await result(station, "BootNotification", BOOT)
        ids = [f"retry-{number}" for number in range(8)]
        for unique_id in ids:
            await station.send_message(2, unique_id, "StartTransaction", START)
        answers = [await station.answer_to(unique_id) for unique_id in ids]
    assert len({answer[2]["transactionId"] for answer in answers}) == 1


async def test_4_8_ids_are_unique_over_all_stations(central_system: CentralSystem, station_id: str) -> None:
    async def start(number: int) -> int:
        async with raw_station(central_system.url, f"{station_id}-{number}") as station:
            await result(station, "BootNotification", BOOT)
            given: int = (await result(station, "StartTransaction", START))["transactionId"]
            return given

    ids = await asyncio.gather(*(start(number) for number in range(10)))
    assert len(set(ids)) == 10


async def test_4_10_a_stop_that_is_sent_again_changes_nothing(
    central_system: CentralSystem, station_id: str, bus: RedisBus
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await result(station, "BootNotification", BOOT)
        transaction_id = (await result(station, "StartTransaction", START))["transactionId"]
        stop = {
            "transactionId": transaction_id,
            "meterStop": 3000,
            "timestamp": LATER,
            "reason": "EVDisconnected",
        }
        assert await result(station, "StopTransaction", stop) == {}
        closed = await stored(bus, transaction_id)
        assert await result(station, "StopTransaction", stop | {"meterStop": 9999, "reason": "Other"}) == {}
    assert (closed.meter_stop, closed.reason) == (3000, "EVDisconnected")
    assert await stored(bus, transaction_id) == closed


async def test_4_10_a_stop_with_a_tag_is_answered_with_what_the_tag_may(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await result(station, "BootNotification", BOOT)
        transaction_id = (await result(station, "StartTransaction", START))["transactionId"]
        answer = await result(
            station,
            "StopTransaction",
            {"transactionId": transaction_id, "meterStop": 3000, "timestamp": LATER, "idTag": "TAG"},
        )
    assert answer == {"idTagInfo": {"status": "Accepted"}}


async def test_4_10_a_stop_of_an_unknown_transaction_is_answered_and_flagged(
    central_system: CentralSystem, station_id: str, bus: RedisBus
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await result(station, "BootNotification", BOOT)
        stop = {"transactionId": 987654321, "meterStop": 3000, "timestamp": LATER}
        assert await result(station, "StopTransaction", stop) == {}
        assert await result(station, "StopTransaction", stop) == {}
    (record,) = await bus.list_transactions(station_id=station_id)
    assert record.meter_stop == 3000
    assert record.flags == ("unknown_transaction=987654321",)


async def test_4_10_a_stop_cannot_close_another_stations_transaction(
    central_system: CentralSystem, station_id: str, bus: RedisBus
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await result(station, "BootNotification", BOOT)
        transaction_id = (await result(station, "StartTransaction", START))["transactionId"]
    async with raw_station(central_system.url, f"{station_id}-B") as thief:
        await result(thief, "BootNotification", BOOT)
        await result(
            thief, "StopTransaction", {"transactionId": transaction_id, "meterStop": 1, "timestamp": LATER}
        )
    assert (await stored(bus, transaction_id)).stopped_at is None


async def test_4_10_transaction_data_without_readings_does_not_lose_the_stop(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await result(station, "BootNotification", BOOT)
        data = [
            {"timestamp": NOON, "sampledValue": []},
            {"timestamp": NOON, "sampledValue": [{"value": "1"}]},
        ]
        stop = {"transactionId": 1, "meterStop": 3000, "timestamp": LATER, "transactionData": data}
        await result(station, "StopTransaction", stop)


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (IdTagRecord("BLOCKED", status="Blocked"), "Blocked"),
        (IdTagRecord("EXPIRED", expiry_date=1.0), "Expired"),
        (IdTagRecord("INVALID", status="Invalid"), "Invalid"),
    ],
)
async def test_7_2_the_list_decides_about_a_tag(
    central_system: CentralSystem, station_id: str, bus: RedisBus, record: IdTagRecord, status: str
) -> None:
    await bus.write_tag(record)
    async with raw_station(central_system.url, station_id) as station:
        await result(station, "BootNotification", BOOT)
        authorized = await result(station, "Authorize", {"idTag": record.id_tag})
        started = await result(station, "StartTransaction", START | {"idTag": record.id_tag})
    assert authorized["idTagInfo"]["status"] == status
    assert started["idTagInfo"]["status"] == status
    assert isinstance(started["transactionId"], int)


async def test_7_2_an_unknown_tag_is_invalid_where_only_known_ones_may_charge(
    lenient_central_system: CentralSystem, registered_station: str
) -> None:
    async with raw_station(lenient_central_system.url, registered_station) as station:
        await result(station, "BootNotification", BOOT)
        answer = await result(station, "Authorize", {"idTag": "NOBODY"})
    assert answer["idTagInfo"]["status"] == "Invalid"


async def test_messages_that_are_sent_ahead_are_answered_in_their_order(
    central_system: CentralSystem, station_id: str
) -> None:
    async with raw_station(central_system.url, station_id) as station:
        await station.send_message(2, "1", "BootNotification", BOOT)
        await station.send_message(2, "2", "StartTransaction", START)
        await station.send_message(2, "3", "Heartbeat", {})
        await station.send_message(2, "4", "Authorize", {"idTag": "TAG"})
        await station.send_message(2, "5", "Heartbeat", {})
        await station.answer_to("5")
    assert [message[:2] for message in station.received] == [[3, number] for number in "12345"]


async def test_nothing_stored_is_lost_when_the_central_system_restarts(
    valkey_url: str, station_id: str
) -> None:
    with running_central_system(valkey_url) as system:
        async with raw_station(system.url, station_id) as station:
            await result(station, "BootNotification", BOOT)
            first = await result(station, "StartTransaction", START)
            await asyncio.to_thread(system.process.restart)
            assert await station.closed() == 1001
        await asyncio.to_thread(system.wait_until_listening)
        async with raw_station(system.url, station_id) as station:
            assert await result(station, "StartTransaction", START) == first
