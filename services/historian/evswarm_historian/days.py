"""Charging by day: how many sessions began on it, what they drew and what they brought.

A day is one of the stations' own clock, in UTC. A session counts on the day it began, also while it runs; its energy is
what its station says flowed, or else the difference of the central system's readings.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Select, func, literal_column, select

from evswarm_historian.questions import Question, conditions
from evswarm_historian.tables import transactions
from evswarm_shared.history.readable import Item

DAY_MS: Final = 86_400_000
DAYS_SHOWN: Final = 31
"""Up to that of the last session, where nobody says since when: else every row would be looked at."""
MOST_DAYS: Final = 1000


def days_statement(question: Question) -> Select[Any]:
    """The days that have a session among those asked for, the last one first."""
    table = transactions.c
    # In the text of the statement: a parameter would be another one in SELECT and in GROUP BY.
    day = table.started_ms.op("/")(literal_column(str(DAY_MS)))
    drawn = func.coalesce(table.energy_mwh, (table.csms_meter_stop - table.meter_start) * 1000, 0)
    return (
        select(
            day.label("day"),
            func.count().label("sessions"),
            func.sum(drawn).label("energy_mwh"),
            func.sum(func.coalesce(table.earnings_micro, 0)).label("earnings_micro"),
        )
        .where(*conditions(question))
        .group_by(day)
        .order_by(day.desc())
        .limit(MOST_DAYS)
    )


def last_session_statement(question: Question) -> Select[Any]:
    """When the last of the sessions asked for began, as `started_ms`; None when there is none."""
    started_ms = func.max(transactions.c.started_ms).label("started_ms")
    return select(started_ms).where(*conditions(question))


def first_day(last_session_ms: int) -> int:
    """The unix milliseconds at which the days shown begin when this was the last session."""
    return max(0, (last_session_ms // DAY_MS - DAYS_SHOWN + 1) * DAY_MS)


def day_item(row: Mapping[str, Any]) -> Item:
    """A day as users read it."""
    return {
        "day": datetime.fromtimestamp(row["day"] * DAY_MS // 1000, UTC).date().isoformat(),
        "sessions": row["sessions"],
        "energy_wh": float(row["energy_mwh"]) / 1000,
        "earnings": float(row["earnings_micro"]) / 1e6,
    }
