"""The contract of what operators decide, what happened at stations, and the files they sent."""

import msgspec

from evswarm_shared.bus.csms_records import (
    BootDecision,
    BootRule,
    ConfigurationReport,
    StationEvent,
    StationEventKind,
    StationRegistration,
    UploadRecord,
)
from evswarm_shared.bus.keys import EVENTS_KEPT, EVENTS_TTL_SECONDS
from evswarm_shared.bus.messages import IdTagRecord, StationRecord, TransactionRecord
from evswarm_shared.bus.port import Bus
from tests.support.bus_contract.harness import Harness

TTL = 1000.0


class TagContract:
    """The authorisation list; tags differ by more than upper and lower case (OCPP 1.6 §7, CiString20Type)."""

    async def test_tags_are_read_back_however_they_are_spelled(self, harness: Harness) -> None:
        bus = harness.bus()
        record = IdTagRecord("Tag-é", "Blocked", expiry_date=1.5, parent_id_tag="PARENT", concurrent=True)
        await bus.write_tag(record)
        assert await bus.read_tag("Tag-é") == await bus.read_tag("TAG-é") == record
        assert await bus.read_tag("tag") is None

    async def test_another_spelling_replaces_a_tag_and_deletes_it(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.write_tags([IdTagRecord("b"), IdTagRecord("A"), IdTagRecord("a", "Invalid")])
        assert await bus.list_tags() == [IdTagRecord("a", "Invalid"), IdTagRecord("b")]
        assert await bus.delete_tag("B") is True
        assert await bus.delete_tag("B") is False
        assert await bus.list_tags() == [IdTagRecord("a", "Invalid")]
        await bus.write_tags([])

    async def test_open_transactions_are_found_by_any_spelling_of_their_tag(self, harness: Harness) -> None:
        bus = harness.bus()
        opening = TransactionRecord(0, "a", 1, "Tag", 1000, 5.0)
        record, _ = await bus.start_transaction(opening, "key")
        assert await bus.open_transactions_of_tag("tAG") == [record]
        await bus.stop_transaction(msgspec.structs.replace(record, stopped_at=6.0))
        assert await bus.open_transactions_of_tag("Tag") == []


class RegistryContract:
    """What operators decide about stations."""

    async def test_registrations_are_read_back_in_the_order_asked(self, harness: Harness) -> None:
        bus = harness.bus()
        one = StationRegistration("a", 2, "salt", ("digest",), "SN-1", 5.5)
        await bus.write_registration(StationRegistration("a"))
        await bus.write_registration(one)
        await bus.write_registration(StationRegistration("b"))
        assert await bus.read_registrations(["b", "x", "a"]) == [StationRegistration("b"), None, one]
        assert await bus.read_registrations([]) == []
        assert await bus.count_registrations() == 2

    async def test_known_stations_are_those_registered_and_those_that_booted(self, harness: Harness) -> None:
        bus = harness.bus()
        assert await bus.known_stations() == []
        await bus.write_station(StationRecord("b", accepted=True))
        await bus.write_registration(StationRegistration("c"))
        await bus.write_registration(StationRegistration("b"))
        await bus.write_station(StationRecord("a", accepted=False))
        assert await bus.known_stations() == ["a", "b", "c"]

    async def test_a_forgotten_station_leaves_nothing_but_its_events(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.write_station(StationRecord("a", accepted=True))
        await bus.write_registration(StationRegistration("a"))
        await bus.write_configuration_wishes("a", {"k": "v"})
        await bus.write_configuration_report("a", ConfigurationReport(1.0))
        assert await bus.forget_station("a") is True
        assert await bus.forget_station("a") is False
        assert await bus.known_stations() == []
        assert await bus.read_configuration_wishes("a") == {}
        assert await bus.read_configuration_report("a") is None

    async def test_boot_rules_are_replaced_as_a_whole(self, harness: Harness) -> None:
        bus = harness.bus()
        assert await bus.read_boot_rules() == ()
        rules = (BootRule(BootDecision.PENDING, "CP-*", interval_seconds=5), BootRule(BootDecision.REJECTED))
        await bus.write_boot_rules(rules)
        assert await bus.read_boot_rules() == rules
        await bus.write_boot_rules([])
        assert await bus.read_boot_rules() == ()

    async def test_new_configuration_wishes_take_the_report_on_the_old_ones_away(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        assert await bus.read_configuration_wishes("a") == {}
        assert await bus.read_configuration_report("a") is None
        await bus.write_configuration_wishes("a", {"k": "1", "l": ""})
        report = ConfigurationReport(5.5, {"k": "Accepted"})
        await bus.write_configuration_report("a", report)
        assert await bus.read_configuration_report("a") == report
        await bus.write_configuration_wishes("a", {"k": "2"})
        assert await bus.read_configuration_wishes("a") == {"k": "2"}
        assert await bus.read_configuration_report("a") is None
        await bus.write_configuration_wishes("a", {})
        assert await bus.read_configuration_wishes("a") == {}


def event(number: int) -> StationEvent:
    """One that can be told from the others."""
    return StationEvent(float(number), StationEventKind.SECURITY, f"Type{number}")


def upload(upload_id: str, size: int, station_id: str = "a") -> UploadRecord:
    """A record of a file of this size."""
    return UploadRecord(upload_id, station_id, "log.txt", size, "0" * 64, 1.5)


async def store(bus: Bus, upload_id: str, size: int, ttl_seconds: float = TTL) -> int:
    """Store a file where ten bytes are allowed."""
    return await bus.store_upload(
        upload(upload_id, size), b"\x00" * size, ttl_seconds=ttl_seconds, max_total_bytes=10
    )


class ArchiveContract:
    """What happened, and what was sent; both have their caps."""

    async def test_events_are_kept_by_station_in_their_order(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.append_events([("a", event(1)), ("b", event(2)), ("a", event(3))])
        await bus.append_events([("a", event(4))])
        assert await bus.read_events("a") == [event(1), event(3), event(4)]
        assert await bus.read_events("b") == [event(2)]
        assert await bus.read_events("c") == []

    async def test_only_so_many_events_are_kept_and_for_so_long(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.append_events([("a", event(n)) for n in range(EVENTS_KEPT + 2)])
        assert await bus.read_events("a") == [event(n) for n in range(2, EVENTS_KEPT + 2)]
        await harness.pass_time(EVENTS_TTL_SECONDS + 1)
        assert await bus.read_events("a") == []

    async def test_a_ticket_names_its_station_until_it_ends(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.write_upload_ticket("token", "a", TTL)
        assert await bus.read_upload_ticket("token") == "a"
        assert await bus.read_upload_ticket("other") is None
        await harness.pass_time(TTL + 1)
        assert await bus.read_upload_ticket("token") is None

    async def test_files_are_read_back_and_listed_newest_first(self, harness: Harness) -> None:
        bus = harness.bus()
        content = bytes(range(256))
        record = upload("one", 256)
        assert await bus.store_upload(record, content, ttl_seconds=TTL, max_total_bytes=10_000) == 0
        await bus.store_upload(upload("two", 0, "b"), b"", ttl_seconds=TTL, max_total_bytes=10_000)
        assert await bus.read_upload("one") == (record, content)
        assert await bus.read_upload("two") == (upload("two", 0, "b"), b"")
        assert await bus.read_upload("three") is None
        assert await bus.list_uploads() == [upload("two", 0, "b"), record]

    async def test_a_deleted_file_is_gone(self, harness: Harness) -> None:
        bus = harness.bus()
        await store(bus, "one", 1)
        assert await bus.delete_upload("one") is True
        assert await bus.delete_upload("one") is False
        assert await bus.read_upload("one") is None
        assert await bus.list_uploads() == []

    async def test_the_oldest_files_go_when_there_are_too_many_bytes(self, harness: Harness) -> None:
        bus = harness.bus()
        assert [await store(bus, name, 4) for name in ("one", "two", "three")] == [0, 0, 1]
        assert [each.upload_id for each in await bus.list_uploads()] == ["three", "two"]
        assert await store(bus, "huge", 11) == 2
        assert [each.upload_id for each in await bus.list_uploads()] == ["huge"]
        assert await bus.read_upload("two") is None

    async def test_a_file_stored_again_is_there_once(self, harness: Harness) -> None:
        bus = harness.bus()
        assert [await store(bus, name, 5) for name in ("one", "one", "two")] == [0, 0, 0]
        assert [each.upload_id for each in await bus.list_uploads()] == ["two", "one"]

    async def test_files_end_with_their_time(self, harness: Harness) -> None:
        bus = harness.bus()
        await store(bus, "short", 2, ttl_seconds=TTL)
        await store(bus, "long", 2, ttl_seconds=10 * TTL)
        await harness.pass_time(TTL + 1)
        assert await bus.read_upload("short") is None
        assert [each.upload_id for each in await bus.list_uploads()] == ["long"]
        assert await store(bus, "third", 8) == 0
