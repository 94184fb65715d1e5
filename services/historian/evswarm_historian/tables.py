"""The tables, as SQLAlchemy knows them. Migrations make them; a test holds the two together.

`at_ms` are real unix milliseconds, `started_ms` and `…_stopped_ms` of a transaction are the station's own clock.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

_ID: Final = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("id", BigInteger, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("stations", Integer, nullable=False),
    Column("configuration", Text, nullable=False),
)

logs = Table(
    "logs",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("station_id", String(64), nullable=False),
    Column("level", String(16), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Index("logs_station", "station_id", "id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("station_id", String(64), nullable=False),
    Column("side", String(16), nullable=False),
    Column("direction", String(16), nullable=False),
    Column("action", String(64), nullable=False),
    Column("unique_id", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("round_trip_us", BigInteger),
    Column("error_code", String(64), nullable=False),
    Column("request", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Index("messages_station", "station_id", "id"),
    Index("messages_action", "action", "id"),
)

events = Table(
    "events",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("station_id", String(64), nullable=False),
    Column("status", Text, nullable=False),
    Column("duration_ms", BigInteger),
    Column("detail", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Index("events_station", "station_id", "id"),
)

transactions = Table(
    "transactions",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("run_id", String(64), nullable=False),
    Column("station_id", String(64), nullable=False),
    Column("connector_id", BigInteger, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("meter_start", BigInteger, nullable=False),
    Column("id_tag", Text, nullable=False),
    Column("transaction_id", BigInteger),
    Column("updated_ms", BigInteger, nullable=False),
    Column("station_seen", Integer),
    Column("station_stopped_ms", BigInteger),
    Column("station_meter_stop", BigInteger),
    Column("station_reason", Text),
    Column("energy_mwh", BigInteger),
    Column("earnings_micro", BigInteger),
    Column("price_micro", BigInteger),
    Column("csms_seen", Integer),
    Column("csms_stopped_ms", BigInteger),
    Column("csms_meter_stop", BigInteger),
    Column("csms_reason", Text),
    Column("csms_flags", Text),
    Column("bytes", Integer, nullable=False),
    UniqueConstraint("station_id", "connector_id", "started_ms", "meter_start", name="transactions_identity"),
    Index("transactions_started", "started_ms"),
    Index("transactions_run", "run_id", "id"),
)

positions = Table(
    "positions",
    metadata,
    Column("stream", String(32), primary_key=True),
    Column("last_id", BigInteger, nullable=False),
    Column("next_record", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
)
"""How far each stream is written: the first id of its last entry, the number of the record that must come next, and how
many records the cap took. Changes with the rows, in one transaction."""

holdings = Table(
    "holdings",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("row_count", BigInteger, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
)
"""How much the large tables hold, kept with every write: counting ten million rows takes seconds."""
