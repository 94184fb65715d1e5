"""Brings the streams into the database: read, write, remove, in this order, so that nothing is lost by a crash.

While the database is away the entries stay in the streams, and those in hand stay here; the swarm does not notice.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from evswarm_historian.archive import Archive
from evswarm_historian.errors import DatabaseAwayError, DiskFullError, RecordsRefusedError
from evswarm_shared.bus.messages import HistoryEntry, HistoryStream
from evswarm_shared.bus.port import HistoryTail
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.telemetry.catalogue import HISTORY_TABLES

ENTRIES_AT_ONCE: Final = 24
"""Entries a transaction: at most about 1.5 MB."""
IDLE_SECONDS: Final = 0.25
RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 5.0)
"""Pauses between attempts; the last one repeats."""
BACKLOG_SECONDS: Final = 2.0
MEGABYTE: Final = 1_000_000

log = logging.getLogger(__name__)


class HistorianState(StrEnum):
    """What the historian is doing."""

    WRITING = "writing"
    STORE_AWAY = "store_away"
    DATABASE_AWAY = "database_away"
    DISK_FULL = "disk_full"


def free_bytes(path: Path) -> int:
    """Room on the disk that a file is on, or will be."""
    return shutil.disk_usage(path.absolute().parent).free


class Writer:
    """The only one who writes. `disk` is the file to keep `min_free_bytes` of room beside; None for a server's own."""

    def __init__(
        self,
        bus: HistoryTail,
        archive: Archive,
        *,
        disk: Path | None = None,
        min_free_bytes: int = 0,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._bus = bus
        self._archive = archive
        self._disk = disk
        self._min_free = min_free_bytes
        self._free = free
        self._resume = dict.fromkeys(HistoryStream, True)
        self.state = HistorianState.STORE_AWAY
        self.problem = ""
        self.rows = dict.fromkeys(HISTORY_TABLES, 0)
        self.refused = dict.fromkeys(HistoryStream, 0)
        self.backlog = dict.fromkeys(HistoryStream, 0)
        """Records that wait in the streams; those that the cap took count until the next entry is removed."""

    async def run(self) -> None:
        """Write, for ever."""
        attempts = 0
        while True:
            try:
                progress = await self.step()
            except BusUnavailableError as error:
                self._tell(HistorianState.STORE_AWAY, error)
                self.resume()
            except DiskFullError as error:
                self._tell(HistorianState.DISK_FULL, error)
            except DatabaseAwayError as error:
                self._tell(HistorianState.DATABASE_AWAY, error)
            else:
                self._tell(HistorianState.WRITING, None)
                attempts = 0
                if not progress:
                    await asyncio.sleep(IDLE_SECONDS)
                continue
            await asyncio.sleep(RETRY_SECONDS[min(attempts, len(RETRY_SECONDS) - 1)])
            attempts += 1

    def resume(self) -> None:
        """Ask again for what was read and not removed."""
        self._resume = dict.fromkeys(HistoryStream, True)

    async def step(self) -> bool:
        """Bring over what is there, a transaction's worth of each stream; whether there was anything.

        Raises:
            BusUnavailableError, DatabaseAwayError, DiskFullError: call again later; nothing is lost.
        """
        self._require_room()
        progress = False
        for stream in (HistoryStream.FACTS, HistoryStream.TRAFFIC):
            entries = await self._next(stream)
            if entries:
                progress = True
                try:
                    await self._write(stream, entries)
                except (DatabaseAwayError, DiskFullError):
                    # They are read: from now on they count as unfinished.
                    self._resume[stream] = True
                    raise
                await self._bus.remove_history(stream, [entry.entry_id for entry in entries])
        return progress

    async def watch_backlog(self) -> None:
        """Keep the numbers about the streams up to date, for ever, whatever the database does."""
        while True:
            try:
                await self.count_backlog()
            except BusUnavailableError as error:
                log.debug("the backlog is not known: %s", error)
            await asyncio.sleep(BACKLOG_SECONDS)

    async def count_backlog(self) -> None:
        """Ask how much waits in the streams.

        Raises:
            BusUnavailableError: the numbers are still those of before.
        """
        for stream in HistoryStream:
            found = await self._bus.history_backlog(stream)
            self.backlog[stream] = found.records_appended - found.records_removed

    @property
    def lost(self) -> Mapping[HistoryStream, int]:
        """Records that the cap took, by stream."""
        return {stream: position.lost for stream, position in self._archive.positions.items()}

    async def _next(self, stream: HistoryStream) -> Sequence[HistoryEntry]:
        if self._resume[stream]:
            await self._bus.open_history()
            self._archive.begin_at(stream, (await self._bus.history_backlog(stream)).records_removed)
            unfinished = await self._bus.unfinished_history(stream, ENTRIES_AT_ONCE)
            if unfinished:
                return unfinished
            self._resume[stream] = False
        return await self._bus.read_history(stream, ENTRIES_AT_ONCE)

    async def _write(self, stream: HistoryStream, entries: Sequence[HistoryEntry]) -> None:
        try:
            written = await self._archive.write(entries)
        except RecordsRefusedError:
            if len(entries) > 1:
                for entry in entries:
                    await self._write(stream, [entry])
                return
            written = await self._archive.write_in_parts(entries[0])
        for table, rows in written.rows.items():
            self.rows[table] += rows
        if written.refused:
            log.error("%d records are not kept: %s", len(written.refused), written.refused[0])
        if written.unreadable:
            log.error("%d records cannot be read", written.unreadable)
        self.refused[stream] += len(written.refused) + written.unreadable

    def _require_room(self) -> None:
        if self._disk is None or not self._min_free:
            return
        free = self._free(self._disk)
        if free < self._min_free:
            raise DiskFullError(
                f"only {free // MEGABYTE} MB are free beside {self._disk}, fewer than the "
                f"{self._min_free // MEGABYTE} MB of EVSWARM_HISTORY_MIN_FREE_MB"
            )

    def _tell(self, state: HistorianState, problem: Exception | None) -> None:
        # It begins without the store, and why it stays so is to be said too.
        if state is not self.state or (problem is not None and not self.problem):
            if problem is None:
                log.info("writing")
            else:
                log.warning("not writing: %s", problem)
        self.state = state
        self.problem = "" if problem is None else str(problem)
