"""The contract of leases, ownership, commits and ticks."""

import msgspec
import pytest

from evswarm_shared.bus.batches import STATIONS_PER_STEP
from evswarm_shared.bus.keys import LOG_LINES_KEPT
from evswarm_shared.bus.messages import (
    Assignment,
    IndexRange,
    OutboxEntry,
    SnapshotWrite,
    StationCommit,
    StoredStation,
    TariffChange,
    Totals,
    WorkerHeartbeat,
)
from evswarm_shared.bus.port import Bus
from evswarm_shared.errors import LeaseLostError
from tests.support.bus_contract.harness import Harness

TTL = 10.0


async def registered(bus: Bus, worker_id: str = "worker-1", ttl: float = TTL) -> int:
    """Register a worker and return its lease epoch."""
    return await bus.register_worker(WorkerHeartbeat(worker_id), ttl)


def row(station_id: str, energy: int = 0, earnings: int = 0, *lines: str) -> SnapshotWrite:
    """A snapshot write whose row is a JSON array of its registers."""
    encoded = msgspec.json.encode([station_id, energy, earnings])
    return SnapshotWrite(station_id, encoded, energy, earnings, lines)


class LeaseContract:
    """A worker lives as long as its lease."""

    async def test_each_registration_gets_a_larger_epoch(self, harness: Harness) -> None:
        bus = harness.bus()
        epochs = [await registered(bus), await registered(bus, "worker-2"), await registered(bus)]
        assert epochs == sorted(set(epochs))

    async def test_a_worker_that_had_a_lease_gets_a_later_one_from_a_store_that_counts_from_the_start(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        assert await bus.register_worker(WorkerHeartbeat("worker-1", lease_epoch=7), TTL) > 7
        assert await registered(bus, "worker-2") > 8

    async def test_a_heartbeat_under_a_valid_lease_keeps_it(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        for _ in range(3):
            await harness.pass_time(TTL - 1)
            reply = await bus.heartbeat(WorkerHeartbeat("worker-1", lease_epoch=epoch), TTL)
            assert reply.lease_held

    async def test_a_heartbeat_after_the_lease_ran_out_is_told_so_and_writes_nothing(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await harness.pass_time(TTL + 1)
        reply = await bus.heartbeat(WorkerHeartbeat("worker-1", lease_epoch=epoch), TTL)
        assert (reply.lease_held, reply.name_taken) == (False, False)
        assert reply.assignment is None
        assert await bus.live_workers() == []

    async def test_a_newer_registration_of_the_same_worker_ends_the_older_lease(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        older, newer = await registered(bus), await registered(bus)
        reply = await bus.heartbeat(WorkerHeartbeat("worker-1", lease_epoch=older), TTL)
        assert (reply.lease_held, reply.name_taken) == (False, True)
        assert (await bus.heartbeat(WorkerHeartbeat("worker-1", lease_epoch=newer), TTL)).lease_held

    async def test_a_heartbeat_brings_the_assignment_and_the_tariff(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        leader = await bus.acquire_leadership("controller-1", TTL)
        assert leader is not None
        assignment = Assignment(
            "worker-1", leader, 3, ranges=(IndexRange(1, 4),), stopped=frozenset({"CP-000002"})
        )
        other = Assignment("worker-2", leader, 3)
        await bus.write_assignments("controller-1", leader, [assignment, other])
        tariff = await bus.change_tariff(TariffChange(5.0, 300_000))
        reply = await bus.heartbeat(WorkerHeartbeat("worker-1", lease_epoch=epoch), TTL)
        assert (reply.assignment, reply.tariff) == (assignment, tariff)

    async def test_live_workers_are_those_with_a_lease_in_order_and_with_their_epoch(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        second = await registered(bus, "worker-2")
        first = await registered(bus, "worker-1", ttl=100 * TTL)
        sent = WorkerHeartbeat("worker-2", lease_epoch=second, sent_at=1763810000.123456, stations=7)
        await bus.heartbeat(sent, 100 * TTL)
        await registered(bus, "worker-3")
        await harness.pass_time(TTL + 1)
        assert await bus.live_workers() == [WorkerHeartbeat("worker-1", lease_epoch=first), sent]

    async def test_releasing_a_lease_ends_the_worker_and_what_it_owns(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch, other = await registered(bus), await registered(bus, "worker-2")
        await bus.claim("worker-1", epoch, ["CP-000001"])
        await bus.release_lease("worker-1", epoch)
        assert await bus.owners() == {}
        assert [each.worker_id for each in await bus.live_workers()] == ["worker-2"]
        assert await bus.claim("worker-2", other, ["CP-000001"]) == [StoredStation("CP-000001", None)]

    async def test_releasing_a_lease_that_is_not_ours_changes_nothing(self, harness: Harness) -> None:
        bus = harness.bus()
        older, newer = await registered(bus), await registered(bus)
        await bus.release_lease("worker-1", older)
        assert [each.lease_epoch for each in await bus.live_workers()] == [newer]


class OwnershipContract:
    """A station has at most one owner, and an owner a valid lease."""

    async def test_a_station_is_won_by_the_first_and_refused_to_the_second(self, harness: Harness) -> None:
        one, two = harness.bus(), harness.bus()
        first, second = await registered(one), await registered(two, "worker-2")
        won = await one.claim("worker-1", first, ["a", "b"])
        assert [station.station_id for station in won] == ["a", "b"]
        assert [s.station_id for s in await two.claim("worker-2", second, ["b", "c"])] == ["c"]
        assert await one.owners() == {"a": "worker-1", "b": "worker-1", "c": "worker-2"}

    async def test_a_claim_repeated_wins_the_same_again(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        assert await bus.claim("worker-1", epoch, ["a"]) == await bus.claim("worker-1", epoch, ["a"])

    async def test_a_station_of_a_dead_worker_can_be_claimed(self, harness: Harness) -> None:
        bus = harness.bus()
        first = await registered(bus)
        await bus.claim("worker-1", first, ["a"])
        await harness.pass_time(TTL + 1)
        second = await registered(bus, "worker-2")
        assert await bus.owners() == {}
        assert len(await bus.claim("worker-2", second, ["a"])) == 1

    async def test_a_worker_that_came_back_can_claim_what_its_older_self_owned(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        older = await registered(bus)
        await bus.claim("worker-1", older, ["a"])
        newer = await registered(bus)
        assert len(await bus.claim("worker-1", newer, ["a"])) == 1
        with pytest.raises(LeaseLostError):
            await bus.commit("worker-1", older, [StationCommit("a", b"late")])

    async def test_claiming_without_a_lease_is_an_error(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await harness.pass_time(TTL + 1)
        with pytest.raises(LeaseLostError):
            await bus.claim("worker-1", epoch, ["a"])

    async def test_a_released_station_can_be_claimed_by_another(self, harness: Harness) -> None:
        bus = harness.bus()
        first, second = await registered(bus), await registered(bus, "worker 2")
        await bus.claim("worker-1", first, ["a", "b"])
        await bus.release("worker-1", first, ["a"])
        assert [s.station_id for s in await bus.claim("worker 2", second, ["a", "b"])] == ["a"]
        assert await bus.owners() == {"a": "worker 2", "b": "worker-1"}

    async def test_releasing_what_another_owns_leaves_it_alone(self, harness: Harness) -> None:
        bus = harness.bus()
        first, second = await registered(bus), await registered(bus, "worker-2")
        await bus.claim("worker-1", first, ["a"])
        await bus.release("worker-2", second, ["a"])
        assert await bus.owners() == {"a": "worker-1"}

    async def test_more_stations_than_one_step_carries_are_all_claimed(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        ids = [f"CP-{n:06d}" for n in range(2 * STATIONS_PER_STEP + 1)]
        won = await bus.claim("worker-1", epoch, ids)
        assert [station.station_id for station in won] == ids
        assert await bus.owners() == dict.fromkeys(ids, "worker-1")
        await bus.release("worker-1", epoch, ids)
        assert await bus.owners() == {}


class CommitContract:
    """Checkpoint and outbox change together and only for their owner."""

    async def test_the_next_owner_gets_checkpoint_and_outbox_in_order(self, harness: Harness) -> None:
        bus = harness.bus()
        first, second = await registered(bus), await registered(bus, "worker-2")
        await bus.claim("worker-1", first, ["a"])
        added = (OutboxEntry(10, b"ten"), OutboxEntry(9, b"\x00nine"), OutboxEntry(2**53 + 1, b"late"))
        await bus.commit("worker-1", first, [StationCommit("a", b"\xff\x00state", added)])
        await bus.release("worker-1", first, ["a"])
        [stored] = await bus.claim("worker-2", second, ["a"])
        assert stored == StoredStation("a", b"\xff\x00state", (added[1], added[0], added[2]))

    async def test_a_commit_removes_outbox_entries_and_replaces_the_checkpoint_at_once(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a", "b"])
        await bus.commit(
            "worker-1",
            epoch,
            [
                StationCommit("a", b"1", (OutboxEntry(1, b"x"), OutboxEntry(2, b"y"))),
                StationCommit("b", b"", (OutboxEntry(1, b"z"),)),
            ],
        )
        await bus.commit("worker-1", epoch, [StationCommit("a", b"2", outbox_removed=(1, 77))])
        assert await bus.claim("worker-1", epoch, ["a", "b"]) == [
            StoredStation("a", b"2", (OutboxEntry(2, b"y"),)),
            StoredStation("b", b"", (OutboxEntry(1, b"z"),)),
        ]

    async def test_a_commit_without_a_checkpoint_leaves_the_stored_one(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a"])
        await bus.commit("worker-1", epoch, [StationCommit("a", b"kept")])
        await bus.commit("worker-1", epoch, [StationCommit("a", None, (OutboxEntry(1, b"x"),))])
        [stored] = await bus.claim("worker-1", epoch, ["a"])
        assert stored.checkpoint == b"kept"

    async def test_a_commit_repeated_changes_nothing(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a"])
        commit = StationCommit("a", b"1", (OutboxEntry(2, b"y"),), (1,))
        await bus.commit("worker-1", epoch, [commit])
        once = await bus.claim("worker-1", epoch, ["a"])
        await bus.commit("worker-1", epoch, [commit])
        assert await bus.claim("worker-1", epoch, ["a"]) == once

    async def test_commits_of_stations_not_owned_are_refused_one_by_one(self, harness: Harness) -> None:
        bus = harness.bus()
        first, second = await registered(bus), await registered(bus, "worker-2")
        await bus.claim("worker-1", first, ["a"])
        await bus.claim("worker-2", second, ["b"])
        commits = [StationCommit(station_id, b"mine") for station_id in ("a", "b", "c")]
        assert await bus.commit("worker-1", first, commits) == {"b", "c"}
        [stored] = await bus.claim("worker-2", second, ["b"])
        assert stored.checkpoint is None

    async def test_committing_without_a_lease_writes_nothing(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a"])
        await harness.pass_time(TTL + 1)
        with pytest.raises(LeaseLostError):
            await bus.commit("worker-1", epoch, [StationCommit("a", b"late")])
        again = await registered(bus)
        assert await bus.claim("worker-1", again, ["a"]) == [StoredStation("a", None)]

    async def test_more_commits_than_one_step_carries_are_all_written(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        ids = [f"CP-{n:06d}" for n in range(STATIONS_PER_STEP + 1)]
        await bus.claim("worker-1", epoch, ids)
        await bus.commit("worker-1", epoch, [StationCommit(each, each.encode()) for each in ids])
        stored = await bus.claim("worker-1", epoch, ids)
        assert [each.checkpoint for each in stored] == [each.encode() for each in ids]


class TickContract:
    """Rows, logs and totals are written together, and the totals are always the sum of the registers."""

    async def test_rows_and_log_lines_can_be_read_back(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a", "b"])
        assert await bus.publish("worker-1", epoch, [row("a", 1, 2, "one", "zwölf"), row("b")]) == frozenset()
        await bus.publish("worker-1", epoch, [row("a", 5, 2, "three")])
        assert await bus.read_snapshots() == {"a": b'["a",5,2]', "b": b'["b",0,0]'}
        assert await bus.read_log("a") == ["one", "zwölf", "three"]
        assert await bus.read_log("b") == []

    async def test_a_log_keeps_its_newest_lines_only(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a"])
        lines = [f"line {n}" for n in range(3 * LOG_LINES_KEPT)]
        await bus.publish("worker-1", epoch, [row("a", 0, 0, *lines[: 2 * LOG_LINES_KEPT])])
        for line in lines[2 * LOG_LINES_KEPT :]:
            await bus.publish("worker-1", epoch, [row("a", 0, 0, line)])
        assert await bus.read_log("a") == lines[-LOG_LINES_KEPT:]

    async def test_totals_are_the_sum_of_all_registers(self, harness: Harness) -> None:
        bus = harness.bus()
        first, second = await registered(bus), await registered(bus, "worker-2")
        await bus.claim("worker-1", first, ["a", "b"])
        await bus.claim("worker-2", second, ["c"])
        assert await bus.read_totals() == Totals()
        await bus.publish("worker-1", first, [row("a", 100, 10), row("b", 200, 20)])
        await bus.publish("worker-2", second, [row("c", 7, 3)])
        await bus.publish("worker-1", first, [row("a", 150, 10)])
        assert await bus.read_totals() == Totals(357, 33)

    async def test_a_tick_repeated_does_not_count_twice(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a"])
        for _ in range(3):
            await bus.publish("worker-1", epoch, [row("a", 100, 10), row("a", 120, 11)])
        assert await bus.read_totals() == Totals(120, 11)

    async def test_a_register_that_runs_backwards_counts_as_unchanged(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a"])
        for energy, earnings in ((100, 10), (40, 12), (110, 9), (999, 0), (1000, 13)):
            await bus.publish("worker-1", epoch, [row("a", energy, earnings)])
        assert await bus.read_totals() == Totals(1000, 13)

    async def test_registers_beyond_the_precision_of_doubles_stay_exact(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a", "b"])
        large = 2**53
        await bus.publish("worker-1", epoch, [row("a", 999_999_999_999, large + 1), row("b", 1, 1)])
        await bus.publish("worker-1", epoch, [row("a", 1_000_000_000_001, large + 2), row("b", 2, 2)])
        assert await bus.read_totals() == Totals(1_000_000_000_003, large + 4)

    async def test_rows_of_stations_not_owned_are_refused_and_count_nothing(self, harness: Harness) -> None:
        bus = harness.bus()
        first, second = await registered(bus), await registered(bus, "worker-2")
        await bus.claim("worker-1", first, ["a"])
        await bus.claim("worker-2", second, ["b"])
        writes = [row("b", 5, 5, "no"), row("a", 1, 1, "yes"), row("c", 7, 7)]
        assert await bus.publish("worker-1", first, writes) == {"b", "c"}
        assert await bus.read_totals() == Totals(1, 1)
        assert set(await bus.read_snapshots()) == {"a"}
        assert await bus.read_log("b") == []

    async def test_publishing_without_a_lease_writes_nothing(self, harness: Harness) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a"])
        await harness.pass_time(TTL + 1)
        with pytest.raises(LeaseLostError):
            await bus.publish("worker-1", epoch, [row("a", 1, 1, "late")])
        assert await bus.read_snapshots() == {}
        assert await bus.read_totals() == Totals()

    async def test_a_tick_reaches_the_controllers_as_patches_of_what_was_written(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        epoch = await registered(bus, 'worker "1"')
        ids = [f"CP/{n:06d}" for n in range(STATIONS_PER_STEP + 1)]
        await bus.claim('worker "1"', epoch, ids)
        async with harness.bus().patches() as patches:
            writes = [row(each, 0, 0, *(["new"] if n == 0 else [])) for n, each in enumerate([*ids, "x"])]
            await bus.publish('worker "1"', epoch, writes)
            received = [await anext(patches), await anext(patches)]
        patch, rest = received
        assert patch is not None and rest is not None
        assert patch.worker_id == rest.worker_id == 'worker "1"'
        assert patch.logged == (ids[0],) and rest.logged == ()
        assert [bytes(each) for each in (*patch.rows, *rest.rows)] == [write.row for write in writes[:-1]]

    async def test_retiring_a_station_takes_row_and_log_and_keeps_register_and_checkpoint(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a", "b"])
        await bus.commit("worker-1", epoch, [StationCommit("a", b"kept", (OutboxEntry(1, b"x"),))])
        await bus.publish("worker-1", epoch, [row("a", 100, 10, "line"), row("b", 1, 1)])
        await bus.release("worker-1", epoch, ["a"])
        async with bus.patches() as patches:
            assert await bus.retire(["a", "b", "never"]) == ["a", "never"]
            patch = await anext(patches)
        assert patch is not None and patch.deleted == ("a",)
        assert set(await bus.read_snapshots()) == {"b"}
        assert await bus.read_log("a") == []
        assert await bus.read_totals() == Totals(101, 11)
        assert await bus.retire(["a"]) == ["a"]
        assert await bus.claim("worker-1", epoch, ["a"]) == [
            StoredStation("a", b"kept", (OutboxEntry(1, b"x"),))
        ]
        await bus.publish("worker-1", epoch, [row("a", 120, 12)])
        assert await bus.read_totals() == Totals(121, 13)

    async def test_a_line_from_outside_joins_the_logs_of_stations_that_have_a_row(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        epoch = await registered(bus)
        await bus.claim("worker-1", epoch, ["a"])
        await bus.publish("worker-1", epoch, [row("a", 0, 0, "first")])
        async with bus.patches() as patches:
            await bus.append_log(["a", "gone"], "price changed")
            patch = await anext(patches)
        assert patch is not None and patch.logged == ("a",)
        assert await bus.read_log("a") == ["first", "price changed"]
        assert await bus.read_log("gone") == []
        for n in range(LOG_LINES_KEPT):
            await bus.append_log(["a"], str(n))
        assert await bus.read_log("a") == [str(n) for n in range(LOG_LINES_KEPT)]
