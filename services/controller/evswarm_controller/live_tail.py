"""The OCPP messages of the swarm as they pass, for who watches: one reader for all, and only while somebody does.

Batches are read where they enter the stream to the historian. Each watch keeps the newest that it has not been sent;
what finds no room in it is counted, and the watcher is told how many went by.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from evswarm_shared.bus.messages import HistoryEntry, HistoryStream
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.history.readable import first_id, message_item, message_row
from evswarm_shared.history.records import MessageRecord, Outcome, decode_batch

ITEMS_WAITING: Final = 100
"""Most messages that one frame carries, the newest ones."""
RETRY_SECONDS: Final = 0.5

_encode = msgspec.json.Encoder().encode
log = logging.getLogger(__name__)


class MessageFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages are watched: those that fulfil all of it. `kind` is what became of the call; empty texts ask nothing."""

    station: Annotated[str, msgspec.Meta(max_length=48)] = ""
    worker: Annotated[str, msgspec.Meta(max_length=200)] = ""
    action: Annotated[str, msgspec.Meta(max_length=64)] = ""
    direction: Annotated[str, msgspec.Meta(pattern="^(from_station|to_station|)$")] = ""
    side: Annotated[str, msgspec.Meta(pattern="^(station|csms|)$")] = ""
    kind: Annotated[str, msgspec.Meta(pattern="^(answered|error|unanswered|malformed|)$")] = ""
    errors: bool = False
    text: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Passing:
    """One message that passed. What is made of it for those who watch is made once."""

    __slots__ = ("_item", "_text", "record", "row_id", "run_id")

    def __init__(self, row_id: int, run_id: str, record: MessageRecord) -> None:
        self.row_id = row_id
        self.run_id = run_id
        self.record = record
        self._item: bytes | None = None
        self._text: str | None = None

    @property
    def item(self) -> bytes:
        """It as `GET /history/messages` shows it, encoded."""
        if self._item is None:
            row = message_row(self.row_id, self.run_id, self.record)
            self._item = _encode(message_item(row, show_tags=False, parsed=True))
        return self._item

    @property
    def text(self) -> str:
        """What a text is looked for in: the item as it is shown, in lower case."""
        if self._text is None:
            self._text = self.item.decode().lower()
        return self._text


class Watch:
    """What one watcher asked for and has not been sent yet, the newest last."""

    __slots__ = ("_text", "skipped", "waiting", "wanted")

    def __init__(self, wanted: MessageFilter) -> None:
        self.wanted = wanted
        self.waiting: deque[Passing] = deque(maxlen=ITEMS_WAITING)
        self.skipped = 0
        self._text = wanted.text.strip().lower()

    def offer(self, passing: Passing, worker_of: Callable[[str], str]) -> None:
        """Keep a message if it is wanted."""
        wanted, record = self.wanted, passing.record
        if (
            (wanted.station and record.station_id != wanted.station)
            or (wanted.action and record.action != wanted.action)
            or (wanted.direction and record.direction != wanted.direction)
            or (wanted.side and record.side != wanted.side)
            or (wanted.kind and record.outcome != wanted.kind)
            or (wanted.errors and record.outcome is Outcome.ANSWERED)
            or (wanted.worker and worker_of(record.station_id) != wanted.worker)
            or (self._text and self._text not in passing.text)
        ):
            return
        self.skipped += len(self.waiting) == ITEMS_WAITING
        self.waiting.append(passing)

    def take(self) -> tuple[list[Passing], int]:
        """What waits, and how many went by unsent since this was last taken."""
        taken, skipped = list(self.waiting), self.skipped
        self.waiting.clear()
        self.skipped = 0
        return taken, skipped


class MessageTail:
    """Reads what passes while somebody watches. `worker_of` gives the worker of a station, or an empty text."""

    def __init__(self, bus: ControllerBus, worker_of: Callable[[str], str]) -> None:
        self._bus = bus
        self._worker_of = worker_of
        self._by_station: defaultdict[str, set[Watch]] = defaultdict(set)
        self._all: set[Watch] = set()
        self._changed = asyncio.Event()

    @property
    def watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._all or self._by_station)

    def watch(self, wanted: MessageFilter) -> Watch:
        """Begin to watch; the caller owes an `unwatch`."""
        watch = Watch(wanted)
        if wanted.station:
            self._by_station[wanted.station].add(watch)
        else:
            self._all.add(watch)
        self._changed.set()
        return watch

    def unwatch(self, watch: Watch) -> None:
        """Watch no longer."""
        self._all.discard(watch)
        station_id = watch.wanted.station
        if station_id in self._by_station:
            self._by_station[station_id].discard(watch)
            if not self._by_station[station_id]:
                del self._by_station[station_id]
        self._changed.set()

    async def run(self) -> None:
        """Read while somebody watches, for ever."""
        while True:
            await self._until(watched=True)
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(self._read())
                await self._until(watched=False)
                reading.cancel()

    async def _until(self, *, watched: bool) -> None:
        while self.watched is not watched:
            self._changed.clear()
            await self._changed.wait()

    async def _read(self) -> None:
        while True:
            try:
                async with self._bus.passing_history(HistoryStream.TRAFFIC) as entries:
                    async for entry in entries:
                        if entry is not None:
                            self.take(entry)
            except BusUnavailableError as error:
                log.debug("no messages from the store: %s", error)
            await asyncio.sleep(RETRY_SECONDS)

    def take(self, entry: HistoryEntry) -> None:
        """Show an entry of the stream to who watches."""
        try:
            batch = decode_batch(entry.data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # The historian reads the same entry, and counts what cannot be read.
            return
        number = first_id(entry.milliseconds, entry.sequence)
        for row_id, record in enumerate(batch.records, start=number):
            if type(record) is not MessageRecord:
                continue
            watchers = self._by_station.get(record.station_id)
            if watchers or self._all:
                passing = Passing(row_id, batch.run_id, record)
                for watch in (*self._all, *(watchers or ())):
                    watch.offer(passing, self._worker_of)
