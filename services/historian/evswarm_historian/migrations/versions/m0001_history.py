"""The tables of the history and their full-text indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

WORDS = "to_tsvector('simple'::regconfig, regexp_replace({text}, '[^[:alnum:]]+', ' ', 'g'))"
"""Whatever is no letter or digit ends a word, on both databases."""
MESSAGE_TEXT = "action || ' ' || unique_id || ' ' || request || ' ' || response"

_SQLITE_INDEXES = {"logs": ("text",), "messages": ("action", "unique_id", "request", "response")}


def upgrade() -> None:
    """Make everything."""
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(64), primary_key=True),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("stations", sa.Integer, nullable=False),
        sa.Column("configuration", sa.Text, nullable=False),
    )
    op.create_table(
        "logs",
        *_head(),
        sa.Column("station_id", sa.String(64), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
    )
    op.create_index("logs_station", "logs", ["station_id", "id"])
    op.create_table(
        "messages",
        *_head(),
        sa.Column("station_id", sa.String(64), nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("unique_id", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("round_trip_us", sa.BigInteger),
        sa.Column("error_code", sa.String(64), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("response", sa.Text, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
    )
    op.create_index("messages_station", "messages", ["station_id", "id"])
    op.create_index("messages_action", "messages", ["action", "id"])
    # What went wrong is rare and asked for often.
    op.execute("CREATE INDEX messages_wrong ON messages (outcome, id) WHERE outcome <> 'answered'")
    op.create_table(
        "events",
        *_head(),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("station_id", sa.String(64), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
    )
    op.create_index("events_station", "events", ["station_id", "id"])
    op.create_table(
        "transactions",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("station_id", sa.String(64), nullable=False),
        sa.Column("connector_id", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("meter_start", sa.BigInteger, nullable=False),
        sa.Column("id_tag", sa.Text, nullable=False),
        sa.Column("transaction_id", sa.BigInteger),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("station_seen", sa.Integer),
        sa.Column("station_stopped_ms", sa.BigInteger),
        sa.Column("station_meter_stop", sa.BigInteger),
        sa.Column("station_reason", sa.Text),
        sa.Column("energy_mwh", sa.BigInteger),
        sa.Column("earnings_micro", sa.BigInteger),
        sa.Column("price_micro", sa.BigInteger),
        sa.Column("csms_seen", sa.Integer),
        sa.Column("csms_stopped_ms", sa.BigInteger),
        sa.Column("csms_meter_stop", sa.BigInteger),
        sa.Column("csms_reason", sa.Text),
        sa.Column("csms_flags", sa.Text),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.UniqueConstraint(
            "station_id", "connector_id", "started_ms", "meter_start", name="transactions_identity"
        ),
    )
    op.create_index("transactions_started", "transactions", ["started_ms"])
    op.create_index("transactions_run", "transactions", ["run_id", "id"])
    op.create_table(
        "positions",
        sa.Column("stream", sa.String(32), primary_key=True),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.Column("next_record", sa.BigInteger, nullable=False),
        sa.Column("lost", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "holdings",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("byte_count", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"CREATE INDEX logs_words ON logs USING gin (({WORDS.format(text='text')}))")
        op.execute(f"CREATE INDEX messages_words ON messages USING gin (({WORDS.format(text=MESSAGE_TEXT)}))")
    else:
        for table, columns in _SQLITE_INDEXES.items():
            _full_text_with_triggers(table, columns)


def downgrade() -> None:
    """Remove everything."""
    if op.get_bind().dialect.name == "sqlite":
        for table in _SQLITE_INDEXES:
            op.execute(f"DROP TABLE {table}_words")
    for table in ("holdings", "positions", "transactions", "events", "messages", "logs", "runs"):
        op.drop_table(table)


def _head() -> tuple[sa.Column, ...]:  # type: ignore[type-arg]
    return (
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
    )


def _full_text_with_triggers(table: str, columns: tuple[str, ...]) -> None:
    """An FTS5 index that holds no text of its own. A row that was there already fires no trigger."""
    names = ", ".join(columns)
    new, old = (", ".join(f"{which}.{column}" for column in columns) for which in ("new", "old"))
    index = f"{table}_words"
    op.execute(
        f"CREATE VIRTUAL TABLE {index} USING fts5({names}, content='{table}', content_rowid='id', "
        "detail=none, columnsize=0, tokenize='unicode61 remove_diacritics 0')"
    )
    op.execute(
        f"CREATE TRIGGER {index}_added AFTER INSERT ON {table} BEGIN "  # noqa: S608
        f"INSERT INTO {index}(rowid, {names}) VALUES (new.id, {new}); END"
    )
    op.execute(
        f"CREATE TRIGGER {index}_removed AFTER DELETE ON {table} BEGIN "  # noqa: S608
        f"INSERT INTO {index}({index}, rowid, {names}) VALUES ('delete', old.id, {old}); END"
    )
