"""The contract of the streams to the historian."""

from itertools import count as count_up

from evswarm_shared.bus.messages import HistoryBatch, HistoryEntry, HistoryStream
from tests.support.bus_contract.harness import Harness

TRAFFIC, FACTS = HistoryStream.TRAFFIC, HistoryStream.FACTS


_numbers = count_up()


def batch(name: str | bytes, count: int = 1) -> HistoryBatch:
    """A new batch that is known by its data."""
    return HistoryBatch(next(_numbers), name if isinstance(name, bytes) else name.encode(), count)


def data(entries: list[HistoryEntry]) -> list[str]:
    """What was read."""
    return [entry.data.decode() for entry in entries]


class HistoryContract:
    """Streams that are read once, and what happens to what was read but not removed."""

    async def test_batches_come_in_the_order_in_which_they_were_appended(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.append_history(TRAFFIC, "w", [batch("a"), batch("b")])
        await bus.open_history()
        await bus.append_history(TRAFFIC, "w", [batch("c")])
        assert data(await bus.read_history(TRAFFIC, 2)) == ["a", "b"]
        assert data(await bus.read_history(TRAFFIC, 2)) == ["c"]
        assert await bus.read_history(TRAFFIC, 2) == []

    async def test_the_streams_are_apart(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.open_history()
        await bus.append_history(TRAFFIC, "w", [batch("a")])
        assert await bus.read_history(FACTS, 9) == []
        assert (await bus.history_backlog(FACTS)).entries == 0
        assert (await bus.history_backlog(TRAFFIC)).entries == 1

    async def test_every_record_has_a_number_and_every_entry_an_id_of_its_own(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.open_history()
        await bus.append_history(TRAFFIC, "w", [batch("a", 3), batch("b", 2)])
        await bus.append_history(TRAFFIC, "w", [batch("c", 1)])
        entries = await bus.read_history(TRAFFIC, 9)
        assert [(entry.first, entry.count) for entry in entries] == [(0, 3), (3, 2), (5, 1)]
        places = [(entry.milliseconds, entry.sequence) for entry in entries]
        assert places == sorted(set(places))
        assert (await bus.history_backlog(TRAFFIC)).records_appended == 6

    async def test_what_was_read_but_not_removed_is_found_again(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.open_history()
        await bus.append_history(TRAFFIC, "w", [batch("a"), batch("b"), batch("c")])
        first, *_ = await bus.read_history(TRAFFIC, 2)
        await bus.remove_history(TRAFFIC, [first.entry_id])
        after_a_crash = harness.bus()
        await after_a_crash.open_history()
        assert data(await after_a_crash.unfinished_history(TRAFFIC, 9)) == ["b"]
        assert data(await after_a_crash.read_history(TRAFFIC, 9)) == ["c"]

    async def test_what_was_removed_is_gone_and_removing_it_again_is_nothing(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.open_history()
        await bus.append_history(TRAFFIC, "w", [batch("a")])
        ids = [entry.entry_id for entry in await bus.read_history(TRAFFIC, 9)]
        await bus.remove_history(TRAFFIC, ids)
        await bus.remove_history(TRAFFIC, ids)
        assert await bus.unfinished_history(TRAFFIC, 9) == []
        assert (await bus.history_backlog(TRAFFIC)).entries == 0

    async def test_how_far_the_records_were_removed_is_known_whoever_asks_afterwards(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        await bus.open_history()
        assert (await bus.history_backlog(TRAFFIC)).records_removed == 0
        await bus.append_history(TRAFFIC, "w", [batch("a", 3), batch("b", 2), batch("c", 4)])
        first, second, third = await bus.read_history(TRAFFIC, 9)
        await bus.remove_history(TRAFFIC, [first.entry_id, second.entry_id])
        assert (await harness.bus().history_backlog(TRAFFIC)).records_removed == 5
        await bus.remove_history(TRAFFIC, [third.entry_id])
        await bus.remove_history(TRAFFIC, [first.entry_id])
        await bus.remove_history(TRAFFIC, [])
        assert (await bus.history_backlog(TRAFFIC)).records_removed == 9
        assert (await bus.history_backlog(FACTS)).records_removed == 0

    async def test_past_the_cap_the_oldest_go_and_the_numbers_tell_how_many(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.open_history()
        # As large as real ones: Redis trims whole nodes, and small entries share one.
        for number in range(12):
            await bus.append_history(TRAFFIC, "w", [batch(b"%05d" % number * 2000, 10)], entries_kept=4)
        entries = await bus.read_history(TRAFFIC, 99)
        assert 4 <= len(entries) < 12
        assert entries[-1].first == 110
        assert entries[0].first == 10 * (12 - len(entries))

    async def test_what_the_cap_took_after_it_was_read_is_not_found_again(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.open_history()
        await bus.append_history(TRAFFIC, "w", [batch(b"old" * 4000, 1)])
        await bus.read_history(TRAFFIC, 9)
        for _ in range(12):
            await bus.append_history(TRAFFIC, "w", [batch(b"new" * 4000, 1)], entries_kept=4)
        assert await bus.unfinished_history(TRAFFIC, 9) == []

    async def test_a_batch_that_is_appended_again_is_there_once(self, harness: Harness) -> None:
        bus = harness.bus()
        await bus.open_history()
        first, second = batch("a", 2), batch("b")
        await bus.append_history(TRAFFIC, "w", [first])
        await bus.append_history(TRAFFIC, "w", [first, second])
        await bus.append_history(TRAFFIC, "another", [first])
        assert data(await bus.read_history(TRAFFIC, 9)) == ["a", "b", "a"]
        assert (await bus.history_backlog(TRAFFIC)).records_appended == 5

    async def test_who_watches_sees_what_is_appended_from_then_on_whoever_else_reads_it(
        self, harness: Harness
    ) -> None:
        bus = harness.bus()
        await bus.open_history()
        await bus.append_history(TRAFFIC, "w", [batch("before", 2)])
        async with (
            harness.bus().passing_history(TRAFFIC) as one,
            harness.bus().passing_history(TRAFFIC) as two,
        ):
            repeated = batch(b"a\nwith a line's end and \xff", 3)
            await bus.append_history(TRAFFIC, "w", [repeated])
            await bus.append_history(TRAFFIC, "w", [repeated, batch("b")])
            await bus.append_history(FACTS, "w", [batch("another stream")])
            seen = [[await anext(each), await anext(each)] for each in (one, two)]
        stored = await bus.read_history(TRAFFIC, 9)
        assert seen == [stored[1:], stored[1:]]
        assert [(entry.first, entry.count) for entry in stored[1:]] == [(2, 3), (5, 1)]
