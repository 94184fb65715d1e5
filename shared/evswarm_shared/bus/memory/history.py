"""The history's operations of the port, in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

from evswarm_shared.bus.keys import HISTORY_ENTRIES_KEPT
from evswarm_shared.bus.memory.store import HistoryLine, MemoryStore
from evswarm_shared.bus.messages import HistoryBacklog, HistoryBatch, HistoryEntry, HistoryStream


class HistoryOperations:
    """See `port.HistoryFeed` and `port.HistoryTail`."""

    store: MemoryStore

    async def append_history(
        self,
        stream: HistoryStream,
        producer_id: str,
        batches: Sequence[HistoryBatch],
        entries_kept: int = HISTORY_ENTRIES_KEPT,
    ) -> None:
        """See `port.HistoryFeed.append_history`."""
        self.store.check()
        line = self._line(stream)
        for batch in batches:
            if batch.number <= line.producers.get(producer_id, -1):
                continue
            line.producers[producer_id] = batch.number
            milliseconds = max(int(self.store.now() * 1000), line.last_id[0])
            sequence = line.last_id[1] + 1 if milliseconds == line.last_id[0] else 0
            line.last_id = (milliseconds, sequence)
            entry = HistoryEntry(stream, milliseconds, sequence, line.records, batch.count, batch.data)
            line.entries.append(entry)
            self.store.send(self.store.keys.history_passing(stream), entry)
            line.records += batch.count
            del line.entries[: max(0, len(line.entries) - entries_kept)]

    async def open_history(self) -> None:
        """See `port.HistoryTail.open_history`."""
        self.store.check()

    async def unfinished_history(self, stream: HistoryStream, limit: int) -> list[HistoryEntry]:
        """See `port.HistoryTail.unfinished_history`."""
        self.store.check()
        line = self._line(stream)
        return [entry for entry in line.entries if _place(entry) <= line.read_to][:limit]

    async def read_history(self, stream: HistoryStream, limit: int) -> list[HistoryEntry]:
        """See `port.HistoryTail.read_history`."""
        self.store.check()
        line = self._line(stream)
        found = [entry for entry in line.entries if _place(entry) > line.read_to][:limit]
        if found:
            line.read_to = _place(found[-1])
        return found

    async def remove_history(self, stream: HistoryStream, entry_ids: Sequence[str]) -> None:
        """See `port.HistoryTail.remove_history`."""
        self.store.check()
        line = self._line(stream)
        gone = set(entry_ids)
        up_to = [entry.first + entry.count for entry in line.entries if entry.entry_id in gone]
        line.removed = max([line.removed, *up_to])
        line.entries = [entry for entry in line.entries if entry.entry_id not in gone]

    async def history_backlog(self, stream: HistoryStream) -> HistoryBacklog:
        """See `port.HistoryTail.history_backlog`."""
        self.store.check()
        line = self._line(stream)
        return HistoryBacklog(len(line.entries), line.records, line.removed)

    def passing_history(
        self, stream: HistoryStream
    ) -> AbstractAsyncContextManager[AsyncIterator[HistoryEntry | None]]:
        """See `port.ControllerBus.passing_history`."""
        return self.store.listen(self.store.keys.history_passing(stream))

    def _line(self, stream: HistoryStream) -> HistoryLine:
        return self.store.history.setdefault(stream, HistoryLine())


def _place(entry: HistoryEntry) -> tuple[int, int]:
    return entry.milliseconds, entry.sequence
