"""The contract of the central system's records: replicas, connections, stations, tags and transactions."""

import asyncio

import msgspec

from evswarm_shared.bus.batches import STATIONS_PER_STEP
from evswarm_shared.bus.keys import START_RETRY_TTL_SECONDS
from evswarm_shared.bus.messages import CsmsHeartbeat, StationRecord, TransactionRecord
from evswarm_shared.bus.port import Bus
from tests.support.bus_contract.harness import Harness

TTL = 10.0
TRANSACTIONS_KEPT = 5
"""The cap that every harness of the contract is made with."""


def opening(station_id: str = "a", id_tag: str = "TAG", **changes: object) -> TransactionRecord:
    """A transaction as StartTransaction tells of it."""
    record = TransactionRecord(0, station_id, 1, id_tag, 1000, 1763810000.123)
    return msgspec.structs.replace(record, **changes)


def closing(record: TransactionRecord, at: float = 1763810600.5) -> TransactionRecord:
    """The same, stopped."""
    return msgspec.structs.replace(record, stopped_at=at, meter_stop=record.meter_start + 500, reason="Local")


async def opened(bus: Bus, key: str, station_id: str = "a", id_tag: str = "TAG") -> TransactionRecord:
    """Start a transaction and return it."""
    record, _ = await bus.start_transaction(opening(station_id, id_tag), key)
    return record


class ReplicaContract:
    """A replica lives as long as its lease, and a connection is worth as much as its replica."""

    async def test_live_replicas_are_those_with_a_lease(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.csms_heartbeat(CsmsHeartbeat("csms-2"), 100 * TTL)
        await bus.csms_heartbeat(CsmsHeartbeat("csms-1", stations_connected=3), 100 * TTL)
        await bus.csms_heartbeat(CsmsHeartbeat("csms-3"), TTL)
        await harness.pass_time(TTL + 1)
        assert await bus.live_csms() == [
            CsmsHeartbeat("csms-1", stations_connected=3),
            CsmsHeartbeat("csms-2"),
        ]

    async def test_a_replica_hears_whether_the_store_knew_it(self, harness: Harness) -> None:
        bus = harness.bus()
        assert not await bus.csms_heartbeat(CsmsHeartbeat("csms-1"), TTL)
        assert await bus.csms_heartbeat(CsmsHeartbeat("csms-1"), TTL)
        await harness.pass_time(TTL + 1)
        assert not await bus.csms_heartbeat(CsmsHeartbeat("csms-1"), TTL)

    async def test_a_connection_is_found_while_its_replica_lives(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.csms_heartbeat(CsmsHeartbeat("csms 1"), TTL)
        await bus.station_connected("csms 1", "a")
        assert await bus.csms_of("a") == "csms 1"
        assert await bus.csms_of("b") is None
        await harness.pass_time(TTL + 1)
        assert await bus.csms_of("a") is None

    async def test_the_later_connection_wins_and_the_earlier_cannot_take_it_away(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        for replica_id in ("csms-1", "csms-2"):
            await bus.csms_heartbeat(CsmsHeartbeat(replica_id), TTL)
        earlier = await bus.station_connected("csms-1", "a")
        later = await bus.station_connected("csms-2", "a")
        assert later > earlier
        await bus.station_disconnected("csms-1", "a", earlier)
        assert await bus.csms_of("a") == "csms-2"
        await bus.station_disconnected("csms-2", "a", earlier)
        assert await bus.csms_of("a") == "csms-2"
        await bus.station_disconnected("csms-2", "a", later)
        assert await bus.csms_of("a") is None

    async def test_connections_recorded_together_say_from_whom_they_were_taken(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        for replica_id, ttl in (("csms-1", 100 * TTL), ("csms-2", 100 * TTL), ("dead", TTL)):
            await bus.csms_heartbeat(CsmsHeartbeat(replica_id), ttl)
        await bus.station_connected("csms-1", "theirs")
        await bus.station_connected("csms-2", "ours")
        await bus.station_connected("dead", "left over")
        await harness.pass_time(TTL + 1)
        answers = await bus.stations_connected("csms-2", ["theirs", "ours", "left over", "new"])
        assert [other for _, other in answers] == ["csms-1", None, None, None]
        epochs = [epoch for epoch, _ in answers]
        assert epochs == sorted(set(epochs)) and epochs[0] > 0
        assert [await bus.csms_of(each) for each in ("theirs", "ours", "left over", "new")] == ["csms-2"] * 4
        await bus.stations_disconnected("csms-2", [("theirs", epochs[0]), ("ours", epochs[1] - 1)])
        assert [await bus.csms_of(each) for each in ("theirs", "ours")] == [None, "csms-2"]

    async def test_connections_recorded_only_where_absent_leave_existing_ones(self, harness: Harness) -> None:
        bus = harness.bus()
        for replica_id, ttl in (("csms-1", 100 * TTL), ("csms-2", 100 * TTL), ("dead", TTL)):
            await bus.csms_heartbeat(CsmsHeartbeat(replica_id), ttl)
        await bus.station_connected("csms-1", "theirs")
        ours = await bus.station_connected("csms-2", "ours")
        await bus.station_connected("dead", "left over")
        await harness.pass_time(TTL + 1)
        answers = await bus.stations_connected(
            "csms-2", ["theirs", "ours", "left over", "new"], if_absent=True
        )
        assert answers[0] == (0, "csms-1")
        assert answers[1] == (ours, None)
        assert all(epoch > ours and other is None for epoch, other in answers[2:])
        owners = [await bus.csms_of(each) for each in ("theirs", "ours", "left over", "new")]
        assert owners == ["csms-1", "csms-2", "csms-2", "csms-2"]

    async def test_a_replica_that_ends_takes_its_connections_with_it(self, harness: Harness) -> None:
        bus = harness.bus()
        for replica_id in ("csms-1", "csms-2"):
            await bus.csms_heartbeat(CsmsHeartbeat(replica_id), TTL)
            await bus.station_connected(replica_id, f"of {replica_id}")
        await bus.release_csms("csms-1")
        assert [each.replica_id for each in await bus.live_csms()] == ["csms-2"]
        await bus.csms_heartbeat(CsmsHeartbeat("csms-1"), TTL)
        assert await bus.csms_of("of csms-1") is None
        assert await bus.csms_of("of csms-2") == "csms-2"


class RecordContract:
    """What is known of stations."""

    async def test_station_records_are_read_back_one_by_one_and_together(self, harness: Harness) -> None:
        bus = harness.bus()
        records = [StationRecord(f"CP-{n}", n % 2 == 0, "Vendor") for n in range(STATIONS_PER_STEP + 1)]
        await bus.write_stations(records)
        await bus.write_station(StationRecord("CP-0", False, booted_at=5.25))
        assert await bus.read_station("CP-0") == StationRecord("CP-0", False, booted_at=5.25)
        assert await bus.read_station("CP-x") is None
        assert await bus.read_stations(["CP-x", "CP-2", "CP-1"]) == [None, records[2], records[1]]
        assert await bus.read_stations([each.station_id for each in records[1:]]) == records[1:]

    async def test_nothing_asked_for_is_nothing_read(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.write_stations([])
        assert await bus.read_stations([]) == []
        assert await bus.stations_connected("csms-1", []) == []


class TransactionContract:
    """Ids are unique, a retry finds its first answer, and closing happens once (OCPP 1.6 §4.8, §4.10)."""

    async def test_ids_are_unique_over_replicas_and_concurrent_calls(self, harness: Harness) -> None:
        buses = [harness.bus(), harness.bus()]
        started = await asyncio.gather(*(opened(buses[n % 2], f"key {n}") for n in range(20)))
        ids = sorted(record.transaction_id for record in started)
        assert ids == list(range(ids[0], ids[0] + 20)) and ids[0] > 0

    async def test_a_store_that_lost_its_count_gives_no_known_id_twice(self, harness: Harness) -> None:
        bus = harness.bus()
        assert await bus.last_transaction_id() == 0
        first, _ = await bus.start_transaction(opening(), "1", after=700)
        second, _ = await bus.start_transaction(opening(), "2", after=700)
        assert 700 < first.transaction_id < second.transaction_id == await bus.last_transaction_id()

    async def test_lost_transactions_are_opened_again_under_their_ids_and_known_ones_are_left(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        known = await bus.stop_transaction(closing(await opened(bus, "1")))
        lost = opening("b", "X", transaction_id=known.transaction_id + 40, flags=("restored",))
        again = msgspec.structs.replace(known, stopped_at=None, meter_stop=None)
        assert await bus.restore_transactions([lost, again]) == 1
        assert await bus.restore_transactions([lost]) == 0
        assert await bus.read_transaction(known.transaction_id) == known
        assert await bus.open_transactions_of("b") == await bus.open_transactions_of_tag("x") == [lost]
        assert await bus.list_transactions(station_id="b") == [lost]
        assert (await opened(bus, "2")).transaction_id > lost.transaction_id
        assert await bus.stop_transaction(closing(lost)) == closing(lost)

    async def test_a_repeated_start_finds_the_transaction_it_opened(self, harness: Harness) -> None:
        bus = harness.bus()
        first, new = await bus.start_transaction(opening(), "key")
        again, new_again = await harness.bus().start_transaction(opening(), "key")
        assert (new, new_again) == (True, False)
        assert again == first == opening(transaction_id=first.transaction_id)

    async def test_a_repeated_start_finds_it_closed_as_well(self, harness: Harness) -> None:
        bus = harness.bus()
        stopped = await bus.stop_transaction(closing(await opened(bus, "key")))
        assert await bus.start_transaction(opening(), "key") == (stopped, False)
        assert await bus.count_open_transactions() == 0

    async def test_a_start_long_after_is_a_new_transaction(self, harness: Harness) -> None:
        bus = harness.bus()
        first = await opened(bus, "key")
        await harness.pass_time(START_RETRY_TTL_SECONDS + 1)
        assert (await opened(bus, "key")).transaction_id > first.transaction_id

    async def test_a_transaction_is_closed_once(self, harness: Harness) -> None:
        bus = harness.bus()
        record = await opened(bus, "key")
        stopped = closing(record)
        assert await bus.stop_transaction(stopped) == stopped
        assert await bus.stop_transaction(closing(record, at=9e9)) == stopped
        assert await bus.read_transaction(record.transaction_id) == stopped

    async def test_an_unknown_transaction_is_stored_closed_and_its_id_is_not_given_again(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        first = await opened(bus, "key 1")
        unknown = closing(opening("b", transaction_id=first.transaction_id + 1, flags=("unknown",)))
        assert await bus.stop_transaction(unknown) == unknown
        second = await opened(bus, "key 2")
        assert second.transaction_id > unknown.transaction_id
        assert await bus.read_transaction(unknown.transaction_id) == unknown
        assert await bus.open_transactions_of("b") == []
        assert await bus.list_transactions(station_id="b") == [unknown]

    async def test_an_unknown_id_reads_as_none(self, harness: Harness) -> None:
        assert await harness.bus().read_transaction(4711) is None

    async def test_open_transactions_are_found_by_station_and_by_tag(self, harness: Harness) -> None:
        bus = harness.bus()
        one = await opened(bus, "1", "a", "X")
        two = await opened(bus, "2", "a", "Y")
        three = await opened(bus, "3", "b", "X")
        assert await bus.open_transactions_of("a") == [one, two]
        assert await bus.open_transactions_of_tag("X") == [one, three]
        assert await bus.count_open_transactions() == 3
        await bus.stop_transaction(closing(one))
        assert await bus.open_transactions_of("a") == [two]
        assert await bus.open_transactions_of_tag("X") == [three]
        assert await bus.count_open_transactions() == 2

    async def test_a_stop_from_another_station_or_tag_still_closes_it(self, harness: Harness) -> None:
        bus = harness.bus()
        record = await opened(bus, "1", "a", "X")
        await bus.stop_transaction(msgspec.structs.replace(closing(record), station_id="b", id_tag="Y"))
        assert await bus.open_transactions_of("a") == await bus.open_transactions_of_tag("X") == []
        assert await bus.list_transactions(station_id="a") == []
        assert len(await bus.list_transactions(station_id="b")) == 1

    async def test_meter_readings_show_on_open_transactions_only(self, harness: Harness) -> None:
        bus = harness.bus()
        one, two = await opened(bus, "1"), await opened(bus, "2")
        stopped = await bus.stop_transaction(closing(two))
        await bus.update_meter(
            [("a", one.transaction_id, 0), ("a", two.transaction_id, 1500), ("a", 4711, 3)]
        )
        seen = msgspec.structs.replace(one, last_meter_wh=0)
        assert await bus.read_transaction(one.transaction_id) == seen
        assert await bus.open_transactions_of("a") == [seen]
        assert await bus.start_transaction(opening(), "1") == (seen, False)
        await bus.update_meter([("a", one.transaction_id, 1200)])
        listed = await bus.list_transactions()
        assert [each.last_meter_wh for each in listed] == [None, 1200]
        assert await bus.read_transaction(two.transaction_id) == stopped
        assert await bus.read_transaction(4711) is None

    async def test_a_station_cannot_write_the_meter_of_another_ones_transaction(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        one = await opened(bus, "1", "a")
        readings = [("a", one.transaction_id, 1200), ("b", one.transaction_id, 9), ("b", 4711, 3)]
        assert await bus.update_meter(readings) == 1
        assert await bus.read_transaction(one.transaction_id) == msgspec.structs.replace(
            one, last_meter_wh=1200
        )

    async def test_transactions_are_listed_newest_first_in_pages(self, harness: Harness) -> None:
        bus = harness.bus()
        records = [await opened(bus, str(n), "ab"[n % 2]) for n in range(6)]
        for n in (0, 3, 4):
            records[n] = await bus.stop_transaction(closing(records[n]))
        newest_first = records[::-1]
        assert await bus.list_transactions() == newest_first
        assert await bus.list_transactions(limit=2) == newest_first[:2]
        assert await bus.list_transactions(before=records[2].transaction_id) == newest_first[4:]
        assert await bus.list_transactions(open_only=True, limit=2) == [records[5], records[2]]
        assert await bus.list_transactions(station_id="a") == [records[4], records[2], records[0]]
        assert await bus.list_transactions(station_id="a", open_only=True) == [records[2]]
        assert await bus.list_transactions(station_id="a", before=records[4].transaction_id, limit=1) == [
            records[2]
        ]

    async def test_only_so_many_closed_transactions_are_kept_and_every_open_one(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        oldest = await opened(bus, "open")
        records = [await opened(bus, str(n)) for n in range(TRANSACTIONS_KEPT + 2)]
        for record in records:
            await bus.stop_transaction(closing(record))
        kept = [each.transaction_id for each in records[2:]]
        listed = [each.transaction_id for each in await bus.list_transactions()]
        assert listed == [*reversed(kept), oldest.transaction_id]
        assert await bus.read_transaction(records[0].transaction_id) is None
        by_station = [each.transaction_id for each in await bus.list_transactions(station_id="a")]
        assert by_station == listed
        await bus.stop_transaction(closing(oldest))
        assert await bus.read_transaction(oldest.transaction_id) is None
