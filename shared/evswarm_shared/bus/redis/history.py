"""The history's operations of the port, on Redis: streams with one consumer group."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final

from evswarm_shared.bus.keys import HISTORY_ENTRIES_KEPT, HISTORY_PRODUCER_TTL_SECONDS, Keys
from evswarm_shared.bus.messages import HistoryBacklog, HistoryBatch, HistoryEntry, HistoryStream
from evswarm_shared.bus.redis.encoding import pairs
from evswarm_shared.bus.redis.link import Argument, Link
from evswarm_shared.bus.redis.scripts import load
from evswarm_shared.bus.redis.subscription import subscribe
from evswarm_shared.errors import BusUnavailableError

GROUP: Final = "historian"
_FROM_THE_BEGINNING: Final = "0"
_NEVER_READ: Final = ">"
_GROUP_EXISTS: Final = "BUSYGROUP"
_NO_GROUP: Final = "NOGROUP"


class HistoryOperations:
    """See `port.HistoryFeed` and `port.HistoryTail`."""

    _link: Link
    _keys: Keys

    async def append_history(
        self,
        stream: HistoryStream,
        producer_id: str,
        batches: Sequence[HistoryBatch],
        entries_kept: int = HISTORY_ENTRIES_KEPT,
    ) -> None:
        """See `port.HistoryFeed.append_history`."""
        if not batches:
            return
        arguments: list[Argument] = [stream.value, entries_kept, HISTORY_PRODUCER_TTL_SECONDS]
        for batch in batches:
            arguments += (batch.number, batch.count, batch.data)
        keys = (
            self._keys.history(stream),
            self._keys.history_records,
            self._keys.history_producer(stream, producer_id),
            self._keys.history_passing(stream),
        )
        await self._link.call(load("append_history"), keys, arguments)

    async def open_history(self) -> None:
        """See `port.HistoryTail.open_history`."""
        for stream in HistoryStream:
            try:
                await self._link.execute(
                    "XGROUP", "CREATE", self._keys.history(stream), GROUP, _FROM_THE_BEGINNING, "MKSTREAM"
                )
            except BusUnavailableError as error:
                if _GROUP_EXISTS not in str(error):
                    raise

    async def unfinished_history(self, stream: HistoryStream, limit: int) -> list[HistoryEntry]:
        """See `port.HistoryTail.unfinished_history`."""
        while True:
            raw = await self._read(stream, limit, _FROM_THE_BEGINNING)
            # What the cap took after it was read is still on the list, without content.
            gone = [entry_id.decode() for entry_id, fields in raw if fields is None]
            await self.remove_history(stream, gone)
            if len(gone) < len(raw) or not raw:
                return _entries(stream, raw)

    async def read_history(self, stream: HistoryStream, limit: int) -> list[HistoryEntry]:
        """See `port.HistoryTail.read_history`."""
        return _entries(stream, await self._read(stream, limit, _NEVER_READ))

    async def remove_history(self, stream: HistoryStream, entry_ids: Sequence[str]) -> None:
        """See `port.HistoryTail.remove_history`."""
        if entry_ids:
            keys = (self._keys.history(stream), self._keys.history_records)
            await self._link.call(load("remove_history"), keys, [stream.value, GROUP, *entry_ids])

    async def history_backlog(self, stream: HistoryStream) -> HistoryBacklog:
        """See `port.HistoryTail.history_backlog`."""
        entries: int = await self._link.execute("XLEN", self._keys.history(stream))
        fields = (stream.value, f"{stream.value}:removed")
        appended, removed = await self._link.execute("HMGET", self._keys.history_records, *fields)
        return HistoryBacklog(entries, int(appended or 0), int(removed or 0))

    @asynccontextmanager
    async def passing_history(
        self, stream: HistoryStream
    ) -> AsyncIterator[AsyncIterator[HistoryEntry | None]]:
        """See `port.ControllerBus.passing_history`."""
        async with (
            subscribe(self._link, self._keys.history_passing(stream)) as messages,
            aclosing(_passing(stream, messages)) as entries,
        ):
            yield entries

    async def _read(self, stream: HistoryStream, limit: int, after: str) -> list[Any]:
        key = self._keys.history(stream)
        try:
            # Not blocking: all callers of a process share one connection.
            reply = await self._link.execute(
                "XREADGROUP", "GROUP", GROUP, GROUP, "COUNT", limit, "STREAMS", key, after
            )
        except BusUnavailableError as error:
            if _NO_GROUP not in str(error):
                raise
            # The store lost everything: begin again with what comes.
            await self.open_history()
            return []
        return list(reply[0][1]) if reply else []


async def _passing(
    stream: HistoryStream, messages: AsyncIterator[bytes | None]
) -> AsyncGenerator[HistoryEntry | None, None]:
    async for message in messages:
        if message is None:
            yield None
            continue
        head, _, data = message.partition(b"\n")
        entry_id, first, count = head.split()
        milliseconds, _, sequence = entry_id.partition(b"-")
        yield HistoryEntry(stream, int(milliseconds), int(sequence), int(first), int(count), data)


def _entries(stream: HistoryStream, raw: Sequence[Any]) -> list[HistoryEntry]:
    found: list[HistoryEntry] = []
    for entry_id, fields in raw:
        if fields is not None:
            milliseconds, _, sequence = entry_id.partition(b"-")
            values = dict(pairs(fields))
            found.append(
                HistoryEntry(
                    stream,
                    int(milliseconds),
                    int(sequence),
                    int(values[b"first"]),
                    int(values[b"count"]),
                    values[b"data"],
                )
            )
    return found
