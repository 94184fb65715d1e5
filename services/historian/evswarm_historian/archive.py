"""Entries of the streams into the database: all of what belongs together in one transaction, each record once.

The position of each stream is written with its rows. So what was written before a crash, and comes again because it was
not acknowledged, is recognised; the rows' own keys would refuse it as well.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from evswarm_historian.database import Database
from evswarm_historian.errors import RecordsRefusedError
from evswarm_historian.rows import Rows, rows_of
from evswarm_historian.tables import events, holdings, logs, messages, positions, runs, transactions
from evswarm_shared.bus.messages import HistoryEntry, HistoryStream
from evswarm_shared.history.readable import first_id


@dataclass(slots=True)
class Position:
    """How far a stream is written. `lost`: records that the cap took, since the database began."""

    last_id: int = -1
    next_record: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What one write came to: rows added by table, records that could not be read, and why others are not kept."""

    rows: dict[str, int]
    unreadable: int = 0
    refused: tuple[RecordsRefusedError, ...] = ()


class Archive:
    """Writes entries. One writer at a time; `load` before the first write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.positions = {stream: Position() for stream in HistoryStream}
        self.current_run = ""

    async def load(self) -> None:
        """Read where an earlier historian stopped.

        Raises:
            DatabaseAwayError: it does not answer.
        """
        async with self._database.transaction() as connection:
            for row in await connection.execute(select(positions)):
                self.positions[HistoryStream(row.stream)] = Position(row.last_id, row.next_record, row.lost)
            latest = await connection.scalar(select(runs.c.run_id).order_by(runs.c.id.desc()).limit(1))
        self.current_run = latest or ""

    def begin_at(self, stream: HistoryStream, next_record: int) -> None:
        """The records before this one went to another database, unless this one has something of the stream already."""
        if self.positions[stream].last_id < 0:
            self.positions[stream].next_record = next_record

    async def write(self, entries: Sequence[HistoryEntry]) -> Written:
        """Write entries of one stream, oldest first. Those written before are passed over.

        Raises:
            DatabaseAwayError, DiskFullError, RecordsRefusedError: nothing was written.
        """
        stream = entries[0].stream
        position, fresh = _after(self.positions[stream], entries)
        if not fresh:
            return Written({})
        rows = rows_of(fresh, self.current_run)
        async with self._database.transaction() as connection:
            added = await self._insert(connection, rows)
            await _save(connection, stream, position)
        self.positions[stream] = position
        self._note_run(rows)
        return Written(added, rows.unreadable)

    async def write_in_parts(self, entry: HistoryEntry) -> Written:
        """Write all of a refused entry that the database takes: in halves, and halves of those that are refused.

        The position comes last. After a crash in between, the rows' own keys refuse what is there.

        Raises:
            DatabaseAwayError, DiskFullError: the entry is not finished.
        """
        position, fresh = _after(self.positions[entry.stream], [entry])
        if not fresh:
            return Written({})
        added: Counter[str] = Counter()
        refused: list[RecordsRefusedError] = []
        parts = [range(entry.count)]
        while parts:
            part = parts.pop()
            rows = rows_of([entry], self.current_run, part)
            try:
                async with self._database.transaction() as connection:
                    added.update(await self._insert(connection, rows))
            except RecordsRefusedError as error:
                half = len(part) // 2
                if half:
                    parts += (part[half:], part[:half])
                else:
                    refused.append(error)
            else:
                self._note_run(rows)
        async with self._database.transaction() as connection:
            await _save(connection, entry.stream, position)
        self.positions[entry.stream] = position
        return Written(added, refused=tuple(refused))

    async def _insert(self, connection: AsyncConnection, rows: Rows) -> dict[str, int]:
        database = self._database
        added = {transactions.name: len(rows.transactions), runs.name: len(rows.runs)}
        for table, new in ((logs, rows.logs), (messages, rows.messages), (events, rows.events)):
            inserted = await database.insert(connection, table, new)
            await hold(connection, table.name, inserted.rows, inserted.bytes)
            added[table.name] = inserted.rows
        await database.merge_transactions(connection, list(rows.transactions.values()))
        await database.merge_runs(connection, list(rows.runs.values()))
        return added

    def _note_run(self, rows: Rows) -> None:
        if rows.runs:
            self.current_run = next(reversed(rows.runs))


def _after(before: Position, entries: Sequence[HistoryEntry]) -> tuple[Position, list[HistoryEntry]]:
    """Where a stream stands after these entries, and those of them that are not written yet."""
    position = Position(before.last_id, before.next_record, before.lost)
    fresh: list[HistoryEntry] = []
    for entry in entries:
        place = first_id(entry.milliseconds, entry.sequence)
        if place <= position.last_id:
            continue
        # A number that went back means that the store lost everything and counts anew.
        position.lost += max(0, entry.first - position.next_record)
        position.last_id, position.next_record = place, entry.first + entry.count
        fresh.append(entry)
    return position, fresh


async def hold(connection: AsyncConnection, name: str, rows: int, size: int) -> None:
    """Note that a table has more, or with negative numbers less, than before."""
    if not rows:
        return
    changed = await connection.execute(
        update(holdings)
        .where(holdings.c.name == name)
        .values(row_count=holdings.c.row_count + rows, byte_count=holdings.c.byte_count + size)
    )
    if not changed.rowcount:
        await connection.execute(holdings.insert().values(name=name, row_count=rows, byte_count=size))


async def _save(connection: AsyncConnection, stream: HistoryStream, position: Position) -> None:
    await connection.execute(
        _SAVE_POSITION,
        {
            "stream": stream.value,
            "last_id": position.last_id,
            "next_record": position.next_record,
            "lost": position.lost,
        },
    )


_SAVE_POSITION = text(
    "INSERT INTO positions (stream, last_id, next_record, lost) VALUES (:stream, :last_id, :next_record, :lost) "
    "ON CONFLICT (stream) DO UPDATE SET last_id = excluded.last_id, next_record = excluded.next_record, "
    "lost = excluded.lost"
)
