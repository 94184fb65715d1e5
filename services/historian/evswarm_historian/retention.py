"""Keeps each table within its age and its size, a few thousand rows at a time, so that nobody waits for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, delete, func, select

from evswarm_historian.archive import hold
from evswarm_historian.database import TABLES, Database
from evswarm_historian.tables import events, holdings, logs, messages, runs, transactions
from evswarm_shared.history.readable import first_id, milliseconds
from evswarm_shared.settings import HistorianSettings

ROWS_AT_ONCE: Final = 2000
MEGABYTE: Final = 1_000_000
DAY_SECONDS: Final = 86400.0

RETAINED: Final[Mapping[str, Table]] = {table.name: table for table in (logs, messages, transactions, events)}
_COUNTED: Final[Mapping[Table, ColumnElement[int]]] = {
    transactions: transactions.c.bytes,
    runs: func.length(runs.c.configuration),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a table is kept; 0 is no limit."""

    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Holding:
    """How much a table holds."""

    rows: int
    bytes: int


def limits(settings: HistorianSettings) -> dict[str, Limit]:
    """The limits of every table that has one."""
    return {
        name: Limit(
            getattr(settings, f"history_{name}_days") * DAY_SECONDS,
            getattr(settings, f"history_{name}_mb") * MEGABYTE,
        )
        for name in RETAINED
    }


class Retention:
    """Removes what is too old or too much. `step` does a little and says whether there is more to do."""

    def __init__(self, database: Database, limits: Mapping[str, Limit]) -> None:
        self._database = database
        self._limits = limits

    async def holdings(self) -> dict[str, Holding]:
        """How much every table holds.

        Raises:
            DatabaseAwayError: it does not answer.
        """
        async with self._database.transaction() as connection:
            found = {
                row.name: Holding(row.row_count, row.byte_count)
                for row in await connection.execute(select(holdings))
            }
            # These grow by merging, so nobody counts along; there are few.
            for table, size in _COUNTED.items():
                asked = select(func.count(), func.coalesce(func.sum(size), 0)).select_from(table)
                rows, total = (await connection.execute(asked)).one()
                found[table.name] = Holding(int(rows), int(total))
        return {name: found.get(name, Holding(0, 0)) for name in TABLES}

    async def step(self, name: str, now: float, held: Holding) -> Holding:
        """Remove at most `ROWS_AT_ONCE` rows of a table; return what it held less what was removed.

        The same holding back means that there is nothing left to do. `now` is real unix seconds.

        Raises:
            DatabaseAwayError, DiskFullError: nothing was removed.
        """
        table, limit = RETAINED[name], self._limits[name]
        too_much = bool(limit.bytes) and held.bytes > limit.bytes
        if not too_much and not limit.seconds:
            return held
        oldest: Any = select(table.c.id).order_by(table.c.id).limit(ROWS_AT_ONCE)
        if too_much:
            average = max(1, held.bytes // max(1, held.rows))
            oldest = oldest.limit(min(ROWS_AT_ONCE, (held.bytes - limit.bytes) // average + 1))
        else:
            oldest = oldest.where(table.c.id < first_id(max(0, milliseconds(now - limit.seconds))))
        async with self._database.transaction() as connection:
            removed = (
                await connection.execute(
                    delete(table).where(table.c.id.in_(oldest.scalar_subquery())).returning(table.c.bytes)
                )
            ).all()
            rows, size = len(removed), sum(row.bytes for row in removed)
            if table is not transactions:
                await hold(connection, name, -rows, -size)
        return Holding(held.rows - rows, held.bytes - size)
