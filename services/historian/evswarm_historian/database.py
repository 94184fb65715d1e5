"""The database: opening it, bringing it up to date, and writing to it. What differs between the two stands here.

Writing is one transaction for any number of entries, and writing an entry again changes nothing.
"""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from alembic.util import CommandError
from sqlalchemy import URL, BigInteger, Integer, Table, event, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from evswarm_historian import migrations
from evswarm_historian.errors import (
    DatabaseAwayError,
    DatabaseUrlError,
    DiskFullError,
    RecordsRefusedError,
)
from evswarm_historian.rows import SIDE_COLUMNS
from evswarm_historian.tables import events, logs, messages, runs, transactions
from evswarm_shared.history.readable import Row

POSTGRES: Final = "postgresql"
_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", POSTGRES: "postgresql+asyncpg"}
_POSTGRES_FULL: Final = ("53100", "53200")
_POSTGRES_REFUSES: Final = ("22", "23")
"""Classes of SQLSTATE: data exceptions and integrity violations. No second attempt helps."""
_SQLITE_FULL: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_PRAGMAS: Final = (
    # Readers and the writer do not wait for each other.
    "journal_mode=WAL",
    # A crash of this process loses nothing; a power cut may lose the last second, as in the store.
    "synchronous=NORMAL",
    "busy_timeout=10000",
    "cache_size=-65536",
    "temp_store=MEMORY",
)
CONNECT_SECONDS: Final = 5.0
COMMAND_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Inserted:
    """Rows that were added, and their `bytes`."""

    rows: int
    bytes: int


class Database:
    """One database of either kind. `open` must be called once before anything else; the caller owes a `close`."""

    def __init__(self, url: str) -> None:
        """`url` is sqlite:///file or postgresql://user:password@host/name.

        Raises:
            DatabaseUrlError: it is neither.
        """
        kind, _, rest = url.partition("://")
        if kind not in _DRIVERS:
            raise DatabaseUrlError(f"the database must be sqlite:// or postgresql://, not {kind}://")
        arguments: dict[str, Any] = {"pool_pre_ping": True}
        self.path: Path | None = None
        if kind == POSTGRES:
            arguments["connect_args"] = {"timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS}
        else:
            if not rest.startswith("/") or len(rest) < 2:
                raise DatabaseUrlError("a SQLite database is sqlite:///file, with three slashes")
            self.path = Path(rest[1:])
        # The name of a file is taken as it stands: a % or ? in it means nothing else.
        address = (
            f"{_DRIVERS[kind]}://{rest}"
            if self.path is None
            else URL.create(_DRIVERS[kind], database=str(self.path))
        )
        try:
            self.engine: AsyncEngine = create_async_engine(address, **arguments)
        except (ArgumentError, ValueError) as error:
            raise DatabaseUrlError(f"the address of the database cannot be read: {error}") from None
        if self.path is not None:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)

    @property
    def is_postgres(self) -> bool:
        """Which of the two it is."""
        return self.engine.dialect.name == POSTGRES

    async def open(self) -> None:
        """Connect and bring the tables up to date.

        Raises:
            DatabaseAwayError: it does not answer, or its folder cannot be written to, or a newer version made it.
            DiskFullError: there is no room for the tables.
        """
        if self.path is not None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatabaseAwayError(f"cannot make {self.path.parent}: {error.strerror}") from error
        async with self.transaction() as connection:
            if not self.is_postgres:
                # Python's driver begins none before it makes tables: half of them would stay after a crash.
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                await connection.run_sync(migrations.upgrade)
            except CommandError as error:
                raise DatabaseAwayError(
                    f"another version of evswarm made this database ({error}): start that version, or name another "
                    "database in EVSWARM_DATABASE_URL"
                ) from None

    async def close(self) -> None:
        """Let go of it."""
        await self.engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end of the block; its failures as errors of ours.

        Raises:
            DatabaseAwayError, DiskFullError, RecordsRefusedError: nothing of it was written.
        """
        try:
            async with self.engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise _ours(error) from error
        except (OSError, TimeoutError, SQLAlchemyError) as error:
            raise DatabaseAwayError(
                f"the database does not answer: {error or type(error).__name__}"
            ) from error

    async def insert(self, connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> Inserted:
        """Add rows, with a column `bytes`; those whose id is there already are left as they are and not counted."""
        if not rows:
            return Inserted(0, 0)
        names = [column.name for column in table.columns]
        if self.is_postgres:
            # One statement of as many parameters as columns, whatever the number of rows.
            arrays = ", ".join(
                f"${number}::{_array(table.columns[name].type)}" for number, name in enumerate(names, start=1)
            )
            statement = (
                f"WITH added AS (INSERT INTO {table.name} ({', '.join(names)}) "  # noqa: S608
                f"SELECT * FROM unnest({arrays}) ON CONFLICT (id) DO NOTHING RETURNING bytes) "
                "SELECT count(*) AS rows, COALESCE(sum(bytes), 0) AS bytes FROM added"
            )
            values = tuple([row[name] for row in rows] for name in names)
            found = (await connection.exec_driver_sql(statement, values)).mappings().one()
            return Inserted(int(found["rows"]), int(found["bytes"]))
        there = select(table.c.id).where(table.c.id.between(rows[0]["id"], rows[-1]["id"]))
        known = set(await connection.scalars(there))
        added = [row for row in rows if row["id"] not in known] if known else rows
        if added:
            marks = ", ".join("?" * len(names))
            statement = (
                f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING"  # noqa: S608
            )
            await connection.exec_driver_sql(statement, [tuple(row[name] for name in names) for row in added])
        return Inserted(len(added), sum(row["bytes"] for row in added))

    async def merge_transactions(self, connection: AsyncConnection, rows: Sequence[Row]) -> None:
        """Add transactions, or what is new about those that are there; what one side said is not undone by the other."""
        if rows:
            await connection.execute(_MERGE_TRANSACTION, list(rows))

    async def merge_runs(self, connection: AsyncConnection, rows: Sequence[Row]) -> None:
        """Add runs, or replace what was known of them."""
        if rows:
            await connection.execute(_MERGE_RUN, list(rows))


TABLES: Final = {table.name: table for table in (logs, messages, events, transactions, runs)}


def _upsert(table: Table, key: str, updates: Sequence[str]) -> Any:
    names = [column.name for column in table.columns]
    return text(
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)}) "  # noqa: S608
        f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(updates)}"
    )


_MERGE_TRANSACTION: Final = _upsert(
    transactions,
    "station_id, connector_id, started_ms, meter_start",
    [
        *(f"{name} = COALESCE(excluded.{name}, transactions.{name})" for name in SIDE_COLUMNS),
        "transaction_id = COALESCE(excluded.transaction_id, transactions.transaction_id)",
        "run_id = CASE WHEN transactions.run_id = '' THEN excluded.run_id ELSE transactions.run_id END",
        "updated_ms = excluded.updated_ms",
    ],
)
_MERGE_RUN: Final = _upsert(
    runs,
    "run_id",
    [f"{name} = excluded.{name}" for name in ("id", "updated_ms", "seed", "stations", "configuration")],
)


def _array(kind: object) -> str:
    if isinstance(kind, BigInteger):
        return "bigint[]"
    return "integer[]" if isinstance(kind, Integer) else "text[]"


def _prepare_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _ours(error: DBAPIError) -> DatabaseAwayError | DiskFullError | RecordsRefusedError:
    """Whose fault it is, from the code that the database gave."""
    origin: Any = error.orig
    cause = getattr(origin, "__cause__", None)
    state = str(getattr(origin, "sqlstate", None) or getattr(cause, "sqlstate", None) or "")
    # The low byte is the primary code of SQLite's extended ones.
    code = int(getattr(origin, "sqlite_errorcode", None) or 0) & 0xFF
    reason = str(origin).strip().splitlines()[0] if str(origin).strip() else type(origin).__name__
    if state in _POSTGRES_FULL or code in _SQLITE_FULL:
        return DiskFullError(f"the database has no room left: {reason}")
    if state[:2] in _POSTGRES_REFUSES or code in (sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG):
        return RecordsRefusedError(f"the database refuses: {reason}")
    if not state and not code and type(origin).__name__ in ("DataError", "OverflowError"):
        return RecordsRefusedError(f"the database refuses: {reason}")
    return DatabaseAwayError(f"the database does not answer: {reason}")
