"""Keeps what a process has to tell the historian, and brings it to the streams about once a second.

Recording appends to a list; writing happens in the flush, and so does the encoding of all that is rare. While the
store is away records wait here, up to a cap; past it the oldest go, counted.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from prometheus_client.core import Metric

from evswarm_shared.bus.keys import HISTORY_ENTRIES_KEPT
from evswarm_shared.bus.messages import HistoryBatch, HistoryStream
from evswarm_shared.bus.port import HistoryFeed
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.history.masking import CARRIERS, event_without_passwords, without_passwords
from evswarm_shared.history.records import (
    LIFE_SECONDS,
    AnsweredRecord,
    EventRecord,
    LogRecord,
    MessageRecord,
    Record,
    encode_batches,
    encode_record,
    recorded_at,
)
from evswarm_shared.telemetry import catalogue
from evswarm_shared.telemetry.exposition import family

RECORDS_KEPT: Final = 20_000
"""Records of one stream that wait for a store that is away; about 10 MB of messages."""
FLUSH_SECONDS: Final = 1.0
LAST_FLUSH_SECONDS: Final = 2.0
EARLY_RECORDS: Final = 2_000
"""So many records of a stream do not wait for the second to be over."""
POLL_SECONDS: Final = 0.25
BATCHES_PER_WRITE: Final = 4
"""Bounds one call to about 256 KiB, so that nobody waits long for the store behind it."""

log = logging.getLogger(__name__)


class _Lane:
    """One stream's records: those not encoded yet, and the batches of the write under way."""

    __slots__ = ("batches", "encoded_at", "next_number", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Record | bytes] = deque()
        self.batches: list[HistoryBatch] = []
        self.encoded_at = 0.0
        self.next_number = 0


class Recorder:
    """What one process records. `run_id` goes with every record from now on; empty means that it is not known."""

    def __init__(
        self,
        feed: HistoryFeed,
        producer_id: str,
        *,
        enabled: bool = True,
        entries_kept: int = HISTORY_ENTRIES_KEPT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.run_id = ""
        self.enabled = enabled
        self.written = dict.fromkeys(HistoryStream, 0)
        self.dropped = dict.fromkeys(HistoryStream, 0)
        self._flushing = asyncio.Lock()
        self._clock = clock
        self._feed = feed
        self._producer_id = producer_id
        self._entries_kept = entries_kept
        self._lanes = {stream: _Lane() for stream in HistoryStream}
        self._traffic = self._lanes[HistoryStream.TRAFFIC]
        self._facts = self._lanes[HistoryStream.FACTS]

    def message(self, record: MessageRecord | AnsweredRecord) -> None:
        """Record an exchange, without the station's password, which no CALL of a station's own can hold."""
        waiting = self._traffic.waiting
        if isinstance(record, AnsweredRecord):
            # Nearly all there are: encoded at once, what they were made of need not be kept.
            waiting.append(encode_record(record))
        elif record.action in CARRIERS or not record.action:
            waiting.append(without_passwords(record))
        else:
            waiting.append(record)
        if len(waiting) > RECORDS_KEPT:
            self._drop_oldest(HistoryStream.TRAFFIC, self._traffic)

    def log_line(self, at: float, station_id: str, text: str) -> None:
        """Record a line of a station's log."""
        if self.enabled:
            self._traffic.waiting.append(LogRecord(at, station_id, text))
            if len(self._traffic.waiting) > RECORDS_KEPT:
                self._drop_oldest(HistoryStream.TRAFFIC, self._traffic)

    def fact(self, record: Record) -> None:
        """Record a transaction, an event or a run."""
        if self.enabled:
            if isinstance(record, EventRecord):
                record = event_without_passwords(record)
            self._facts.waiting.append(record)
            if len(self._facts.waiting) > RECORDS_KEPT:
                self._drop_oldest(HistoryStream.FACTS, self._facts)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Flush about once a second, sooner when there is much, and a last time at the end of the block."""
        task = asyncio.create_task(self.run(), name="recorder")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_FLUSH_SECONDS):
                    await self.flush()

    async def run(self) -> None:
        """Flush about once a second, sooner when there is much, for ever. The caller owes a last `flush`."""
        loop = asyncio.get_running_loop()
        due = loop.time() + FLUSH_SECONDS
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if loop.time() >= due or any(len(lane.waiting) > EARLY_RECORDS for lane in self._lanes.values()):
                due = loop.time() + FLUSH_SECONDS
                await self.flush()

    async def flush(self) -> None:
        """Write what there is. What the store does not take is tried again, as the same batches, the next time."""
        async with self._flushing:
            for stream, lane in self._lanes.items():
                await self._flush(stream, lane)

    async def _flush(self, stream: HistoryStream, lane: _Lane) -> None:
        self._drop_stale(stream, lane)
        while lane.batches or lane.waiting:
            if not lane.batches:
                self._encode(lane)
            part = lane.batches[:BATCHES_PER_WRITE]
            try:
                await self._feed.append_history(stream, self._producer_id, part, self._entries_kept)
            except BusUnavailableError as error:
                log.debug("%d records wait for the store: %s", len(lane.waiting), error)
                return
            del lane.batches[: len(part)]
            self.written[stream] += sum(batch.count for batch in part)

    def _encode(self, lane: _Lane) -> None:
        records, lane.waiting = lane.waiting, deque()
        lane.encoded_at = self._clock()
        for data, count in encode_batches(self.run_id, self._producer_id, records):
            lane.batches.append(HistoryBatch(lane.next_number, data, count))
            lane.next_number += 1

    def _drop_stale(self, stream: HistoryStream, lane: _Lane) -> None:
        stale = self._clock() - LIFE_SECONDS[stream]
        if lane.batches and lane.encoded_at < stale:
            self.dropped[stream] += sum(batch.count for batch in lane.batches)
            lane.batches.clear()
        while lane.waiting and _recorded_at(lane.waiting[0]) < stale:
            self._drop_oldest(stream, lane)

    def _drop_oldest(self, stream: HistoryStream, lane: _Lane) -> None:
        lane.waiting.popleft()
        self.dropped[stream] += 1

    def metrics(self) -> Iterator[Metric]:
        """What went to the streams and what did not."""
        yield family(catalogue.HISTORY_RECORDS_WRITTEN, self.written)
        yield family(catalogue.HISTORY_RECORDS_DROPPED, self.dropped)


def _recorded_at(record: Record | bytes) -> float:
    return recorded_at(record) if isinstance(record, bytes) else record.at
