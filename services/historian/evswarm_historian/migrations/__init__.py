"""The migrations, and `upgrade` and `downgrade` as functions. Alembic reads `env.py` and `versions/` from here."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

LOCK = 0x6576_7377
"""Any number: two historians that start together migrate one after the other."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database to a revision, in the transaction that the caller began."""
    _lock(connection)
    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str = "base") -> None:
    """Take the database back to a revision; what has no place there is lost."""
    _lock(connection)
    command.downgrade(_config(connection), revision)


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "evswarm_historian:migrations")
    config.attributes["connection"] = connection
    return config
