"""Which station is connected where, and what the store knows of it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from evswarm_csms.directory import BATCH, Known
from evswarm_shared.bus.csms_records import CsmsNotice, StationRegistration
from evswarm_shared.bus.messages import CommandTarget, CsmsHeartbeat, StationRecord
from evswarm_shared.errors import BusUnavailableError
from tests.unit.csms.conversation import BOOT, MemoryWire, Replica, Station, until


async def alive(*replicas: Replica) -> None:
    for replica in replicas:
        await replica.bus.csms_heartbeat(CsmsHeartbeat(replica.name), 10.0)


async def test_a_connection_is_recorded_and_forgotten() -> None:
    replica = Replica()
    await alive(replica)
    station = await replica.connect()
    assert await replica.bus.csms_of("CP-1") == "csms-1"
    station.leave()
    await replica.directory.flush()
    assert await replica.bus.csms_of("CP-1") is None
    assert replica.directory.connections == 0


async def test_a_whole_swarm_takes_few_round_trips(monkeypatch: pytest.MonkeyPatch) -> None:
    replica = Replica()
    trips = {"read_stations": 0, "stations_connected": 0, "write_stations": 0}

    def counted(name: str) -> Any:
        operation = getattr(replica.bus, name)

        async def call(*arguments: Any, **options: Any) -> Any:
            trips[name] += 1
            return await operation(*arguments, **options)

        return call

    for name in trips:
        monkeypatch.setattr(replica.bus, name, counted(name))
    stations = [Station(replica, f"CP-{number}") for number in range(2 * BATCH)]
    await replica.directory.flush()
    for station in stations:
        await station.call("BootNotification", BOOT)
    await replica.directory.flush()
    assert trips == {"read_stations": 2, "stations_connected": 2, "write_stations": 2}
    assert replica.directory.connections == 2 * BATCH


async def test_a_connection_that_ends_while_it_is_being_recorded_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replica = Replica()
    await alive(replica)
    record = replica.bus.stations_connected
    station = Station(replica, "CP-1")

    async def leaves_meanwhile(*arguments: Any, **options: Any) -> Any:
        answer = await record(*arguments, **options)
        station.leave()
        return answer

    monkeypatch.setattr(replica.bus, "stations_connected", leaves_meanwhile)
    await replica.directory.flush()
    await replica.directory.flush()
    assert await replica.bus.csms_of("CP-1") is None


async def test_a_station_that_moves_closes_its_older_connection_elsewhere() -> None:
    one = Replica("csms-1")
    other = Replica("csms-2", one.store)
    await alive(one, other)
    old = await one.connect()
    async with one.bus.commands(CommandTarget.CSMS, "csms-1") as commands:
        await other.connect()
        notice = await anext(aiter(commands))
    assert (notice.action, notice.station_id) == (CsmsNotice.CONNECTION_REPLACED, "CP-1")
    assert await one.bus.csms_of("CP-1") == "csms-2"
    one.directory.replaced_elsewhere("CP-1", epoch=2)
    assert not old.wire.open
    old.leave()
    await one.directory.flush()
    assert await one.bus.csms_of("CP-1") == "csms-2"


async def test_a_notice_that_comes_late_does_not_close_a_newer_connection() -> None:
    replica = Replica()
    await replica.connect()
    newest = await replica.connect()
    replica.directory.replaced_elsewhere("CP-1", epoch=2)
    assert newest.wire.open


async def test_a_session_that_nobody_needs_is_let_go() -> None:
    replica = Replica()
    station = await replica.booted()
    station.leave()
    again = Station(replica, "CP-1")
    assert again.session is not station.session


async def test_records_wait_until_the_store_is_back() -> None:
    replica = Replica()
    station = await replica.connect()
    replica.store.available = False
    assert (await station.call("BootNotification", BOOT))[0] == 3
    with pytest.raises(BusUnavailableError):
        await replica.directory.flush()
    replica.store.available = True
    await replica.directory.flush()
    record = await replica.bus.read_station("CP-1")
    assert record is not None and record.accepted


async def test_a_connection_made_while_the_store_is_away_is_recorded_when_it_is_back() -> None:
    replica = Replica()
    await alive(replica)
    replica.store.available = False
    station = Station(replica, "CP-1")
    station.say(2, "1", "Heartbeat", {})
    assert await replica.directory.catch_up() is False
    assert station.wire.take()[0][0] == 3
    replica.store.available = True
    assert await replica.directory.catch_up() is True
    assert await replica.bus.csms_of("CP-1") == "csms-1"
    station.say(2, "2", "Heartbeat", {})
    assert station.wire.take()[0][2] == "SecurityError"


async def test_connections_are_recorded_again_in_a_store_that_lost_them() -> None:
    replica = Replica()
    await alive(replica)
    await replica.connect("CP-1")
    await replica.connect("CP-2")
    await replica.bus.release_csms("csms-1")
    await alive(replica)
    assert await replica.bus.csms_of("CP-1") is None
    replica.directory.reaffirm()
    await replica.directory.flush()
    assert await replica.bus.csms_of("CP-1") == "csms-1"
    assert await replica.bus.csms_of("CP-2") == "csms-1"


async def test_a_reaffirmation_does_not_take_a_station_from_another_replica(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Replica("csms-1")
    other = Replica("csms-2", one.store)
    await alive(one, other)
    await one.connect()
    await other.connect()
    one.directory.reaffirm()
    monkeypatch.setattr(one.bus, "send_command", None)  # nobody is to be told anything
    await one.directory.flush()
    assert await one.bus.csms_of("CP-1") == "csms-2"


async def test_a_question_about_a_station_is_answered_with_its_record() -> None:
    replica = Replica()
    record = StationRecord("CP-1", accepted=False)
    await replica.bus.write_station(record)
    registration = StationRegistration("CP-1", 2)
    await replica.bus.write_registration(registration)
    answers: list[Known | None] = []
    replica.directory.ask("CP-1", answers.append)
    replica.directory.ask("CP-2", answers.append)
    await replica.directory.flush()
    assert answers == [Known(record, registration), Known(None, None)]


async def test_a_question_is_answered_with_nothing_when_the_store_is_away() -> None:
    replica = Replica()
    answers: list[Known | None] = []
    replica.directory.ask("CP-1", answers.append)
    replica.store.available = False
    await replica.directory.catch_up()
    assert answers == [None]
    replica.directory.ask("CP-2", answers.append)
    assert answers == [None, None]


async def test_news_that_come_during_a_flush_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    replica = Replica()
    await alive(replica)
    record = replica.bus.stations_connected

    async def another_comes(replica_id: str, station_ids: Sequence[str], **options: Any) -> Any:
        if "CP-2" not in station_ids:
            replica.directory.attach(MemoryWire(), "CP-2")
        return await record(replica_id, station_ids, **options)

    monkeypatch.setattr(replica.bus, "stations_connected", another_comes)
    await replica.connect("CP-1")
    assert await replica.bus.csms_of("CP-2") == "csms-1"


async def test_an_acceptance_counts_before_it_is_stored() -> None:
    replica = Replica()
    station = await replica.connect()
    await station.call("BootNotification", BOOT)
    station.leave()
    told: list[Known | None] = []
    replica.directory.ask("CP-1", told.append)
    await replica.directory.flush()
    (known,) = told
    assert known is not None
    assert known.record is not None
    assert known.record.accepted


async def test_stations_at_the_gate_do_not_hold_up_those_that_are_in(monkeypatch: pytest.MonkeyPatch) -> None:
    replica = Replica()
    left = 50
    read = replica.bus.read_registrations

    async def another_comes(station_ids: Sequence[str]) -> Any:
        nonlocal left
        if left:
            left -= 1
            replica.directory.ask(f"CP-{left}", lambda _: None)
        return await read(station_ids)

    monkeypatch.setattr(replica.bus, "read_registrations", another_comes)
    replica.directory.ask("CP-first", lambda _: None)
    station = Station(replica, "CP-in")
    station.say(2, "1", "BootNotification", BOOT)
    flushing = asyncio.create_task(replica.directory.flush())
    await until(lambda: station.wire.sent)
    assert left > 40
    await flushing
