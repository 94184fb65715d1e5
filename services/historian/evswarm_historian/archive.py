"""Entries of the streams into the database: all of what belongs together in one transaction, each record once.

The position of each stream is written with its rows. So what was written before a crash, and comes again because it was
not acknowledged, is recognised; the rows' own keys would refuse it as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from evswarm_historian.database import Database
from evswarm_historian.rows import Rows, rows_of
from evswarm_historian.tables import events, holdings, logs, messages, positions, runs
from evswarm_shared.bus.messages import HistoryEntry, HistoryStream
from evswarm_shared.history.readable import Row, first_id


@dataclass(slots=True)
class Position:
    """How far a stream is written. `lost`: records that the cap took, since the database began."""

    last_id: int = -1
    next_record: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What one write came to: rows by table, records that could not be read."""

    rows: dict[str, int]
    unreadable: int


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

    async def write(self, entries: Sequence[HistoryEntry]) -> Written:
        """Write entries of one stream, oldest first. Those written before are passed over.

        Raises:
            DatabaseAwayError, DiskFullError, RecordsRefusedError: nothing was written.
        """
        stream = entries[0].stream
        before = self.positions[stream]
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
        if not fresh:
            return Written({}, 0)
        rows = rows_of(fresh, self.current_run)
        async with self._database.transaction() as connection:
            await self._insert(connection, rows)
            await connection.execute(
                _SAVE_POSITION,
                {
                    "stream": stream.value,
                    "last_id": position.last_id,
                    "next_record": position.next_record,
                    "lost": position.lost,
                },
            )
        self.positions[stream] = position
        if rows.runs:
            self.current_run = next(reversed(rows.runs))
        return Written(
            {
                "logs": len(rows.logs),
                "messages": len(rows.messages),
                "events": len(rows.events),
                "transactions": len(rows.transactions),
                "runs": len(rows.runs),
            },
            rows.unreadable,
        )

    def pass_over(self, entry: HistoryEntry) -> None:
        """The database will never take this entry: go on behind it, with the next write."""
        position = self.positions[entry.stream]
        position.last_id = first_id(entry.milliseconds, entry.sequence)
        position.next_record = entry.first + entry.count

    async def _insert(self, connection: AsyncConnection, rows: Rows) -> None:
        database = self._database
        for table, added in ((logs, rows.logs), (messages, rows.messages), (events, rows.events)):
            await database.insert(connection, table, added)
            await hold(connection, table.name, len(added), _bytes(added))
        await database.merge_transactions(connection, list(rows.transactions.values()))
        await database.merge_runs(connection, list(rows.runs.values()))


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


def _bytes(rows: Sequence[Row]) -> int:
    return sum(row["bytes"] for row in rows)


_SAVE_POSITION = text(
    "INSERT INTO positions (stream, last_id, next_record, lost) VALUES (:stream, :last_id, :next_record, :lost) "
    "ON CONFLICT (stream) DO UPDATE SET last_id = excluded.last_id, next_record = excluded.next_record, "
    "lost = excluded.lost"
)
