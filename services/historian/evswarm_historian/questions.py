"""What can be asked of the history, as SQL that is the same for both databases but for the words of a full text.

Pages are turned by the row's id, newest first, so they stay right while rows are added and removed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, column, func, or_, select, text
from sqlalchemy import table as sql_table

from evswarm_historian.errors import BadQueryError
from evswarm_historian.tables import events, logs, messages, runs, transactions
from evswarm_shared.bus.messages import HistoryStream
from evswarm_shared.history.readable import first_id, milliseconds
from evswarm_shared.history.records import LIFE_SECONDS, Outcome

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
LATEST_MS: Final = 2**41 - 1
LAST_ID: Final = 2**63 - 1
EARLY_MS: Final = 15 * 60 * 1000
"""Clocks differ: a record may enter its stream so much before the time that it bears."""
LATE: Final = 2.0
"""A record enters its stream at most so many lives after the time that it bears: its recorder drops what is older."""
ANY_FAILURE: Final = "failed"
"""As the status of messages: whatever was not answered well."""
_WORD: Final = re.compile(r"[^\W_]+")
_LOST_PLUS: Final = re.compile(r"(?<=.{16}) (?=\d\d:\d\d$)")
"""The plus of a time zone, where somebody wrote it into an address as it is: there it means a space."""
_FIELDS: Final = (
    "since",
    "until",
    "station",
    "run",
    "action",
    "direction",
    "side",
    "kind",
    "level",
    "status",
    "text",
)


class Topic(StrEnum):
    """A kind of history that can be read."""

    LOGS = "logs"
    MESSAGES = "messages"
    TRANSACTIONS = "transactions"
    EVENTS = "events"
    RUNS = "runs"


TABLE_OF: Final = {
    Topic.LOGS: logs,
    Topic.MESSAGES: messages,
    Topic.TRANSACTIONS: transactions,
    Topic.EVENTS: events,
    Topic.RUNS: runs,
}
_BY_TIME_OF_WRITING: Final = (Topic.LOGS, Topic.MESSAGES, Topic.EVENTS)
_EQUAL: Final[Mapping[Topic, Mapping[str, ColumnElement[Any]]]] = {
    Topic.LOGS: {"kind": logs.c.kind, "level": logs.c.level, "status": logs.c.level},
    Topic.MESSAGES: {
        "action": messages.c.action,
        "direction": messages.c.direction,
        "side": messages.c.side,
        "status": messages.c.outcome,
    },
    Topic.EVENTS: {"kind": events.c.kind, "status": events.c.status, "action": events.c.name},
    Topic.TRANSACTIONS: {},
    Topic.RUNS: {},
}
"""Which filters compare with which column."""

_stopped: Final = func.coalesce(transactions.c.station_stopped_ms, transactions.c.csms_stopped_ms)
_TRANSACTION_STATUS: Final[Mapping[str, ColumnElement[bool]]] = {
    "open": _stopped.is_(None),
    "closed": _stopped.is_not(None),
    # Both sides have spoken their last word, and it is not the same.
    "disputed": and_(
        transactions.c.station_meter_stop.is_not(None),
        transactions.c.csms_meter_stop.is_not(None),
        transactions.c.station_meter_stop != transactions.c.csms_meter_stop,
    ),
    "one_sided": or_(transactions.c.station_seen.is_(None), transactions.c.csms_seen.is_(None)),
}
_WORDS_OF: Final = {
    Topic.LOGS: "text",
    Topic.MESSAGES: "action || ' ' || unique_id || ' ' || request || ' ' || response",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question. Times are unix milliseconds, the end excluded; `before` is the id that the last page ended with."""

    topic: Topic
    equal: Mapping[str, str]
    since_ms: int | None = None
    until_ms: int | None = None
    words: tuple[str, ...] = ()
    before: int | None = None
    limit: int = DEFAULT_LIMIT


def read_question(topic: Topic, parameters: Mapping[str, str]) -> Question:
    """A question from the parameters of a query.

    Raises:
        BadQueryError: one of them makes no sense here.
    """
    given = {name: value for name, value in parameters.items() if value != ""}
    for name in given:
        if name in _FIELDS and not _applies(topic, name):
            raise BadQueryError(name, f"{topic} have no {name}")
    status = given.get("status")
    if topic is Topic.TRANSACTIONS and status is not None and status not in _TRANSACTION_STATUS:
        raise BadQueryError("status", f"a transaction is {', '.join(_TRANSACTION_STATUS)}")
    words = tuple(_WORD.findall(given.get("text", "").lower()))
    if given.get("text") and not words:
        raise BadQueryError("text", "there is no word in it")
    return Question(
        topic=topic,
        equal={name: given[name] for name in ("station", "run", *_EQUAL[topic], "status") if name in given},
        since_ms=_time("since", given.get("since")),
        until_ms=_time("until", given.get("until")),
        words=words,
        before=_number("cursor", given.get("cursor"), 10**19 - 1),
        limit=_number("limit", given.get("limit"), MAX_LIMIT) or DEFAULT_LIMIT,
    )


def _applies(topic: Topic, name: str) -> bool:
    if name in ("since", "until", "run"):
        return True
    if name == "station":
        return topic is not Topic.RUNS
    if name == "text":
        return topic in _WORDS_OF
    return name in _EQUAL[topic] or (name == "status" and topic is Topic.TRANSACTIONS)


WORDS_ARE_COSTLY: Final = text("SET LOCAL cpu_operator_cost = 0.1")
"""For Postgres, before a question for words: reading a row's words takes forty times as long as its planner believes, and
for a rare one it would look through millions of rows, the newest first, rather than ask the index of the words."""


def statement(question: Question, *, postgres: bool) -> Select[Any]:
    """The rows that answer it, newest first."""
    topic, table = question.topic, TABLE_OF[question.topic]
    asked = select(*(each for each in table.columns if each.name != "bytes"))
    required = conditions(question)
    number: ColumnElement[Any] = table.c.id
    if question.words and postgres:
        asked = asked.where(_matching_in_postgres(question))
    elif question.words:
        # The index gives its rows in order, so it leads, and stops with the page.
        index = f"{table.name}_words"
        found = sql_table(index, column("rowid"))
        asked = asked.select_from(found.join(table, number == found.c.rowid))
        words = " ".join(f'"{word}"' for word in question.words)
        required.append(text(f"{index} MATCH :words").bindparams(words=words))
        number = found.c.rowid
    if question.before is not None:
        required.append(number < min(question.before, LAST_ID))
    if topic in _BY_TIME_OF_WRITING:
        # Ids grow with the time of writing, which is never far from the time that a record bears: what is far too old
        # or too new need not be looked at.
        if question.since_ms is not None:
            required.append(number >= first_id(max(0, question.since_ms - EARLY_MS)))
        if question.until_ms is not None:
            stream = HistoryStream.FACTS if topic is Topic.EVENTS else HistoryStream.TRAFFIC
            latest = first_id(question.until_ms + milliseconds(LATE * LIFE_SECONDS[stream]))
            required.append(number < min(latest, LAST_ID))
    return asked.where(*required).order_by(number.desc()).limit(question.limit)


def conditions(question: Question) -> list[Any]:
    """What a row must fulfil, but for words and cursor."""
    topic, table = question.topic, TABLE_OF[question.topic]
    required: list[Any] = []
    for name, value in question.equal.items():
        if name == "station":
            required.append(table.c.station_id == value)
        elif name == "run":
            required.append(table.c.run_id == value)
        elif topic is Topic.TRANSACTIONS:
            required.append(_TRANSACTION_STATUS[value])
        else:
            wrong = topic is Topic.MESSAGES and name == "status" and value != Outcome.ANSWERED
            if wrong:
                # Word for word as in the index of what went wrong, or it is not used.
                required.append(text("outcome <> 'answered'"))
            if not (wrong and value == ANY_FAILURE):
                required.append(_EQUAL[topic][name] == value)
    return required + _between(question)


def _matching_in_postgres(question: Question) -> Any:
    return text(
        "to_tsvector('simple'::regconfig, "
        f"regexp_replace({_WORDS_OF[question.topic]}, '[^[:alnum:]]+', ' ', 'g')) "
        "@@ plainto_tsquery('simple'::regconfig, :words)"
    ).bindparams(words=" ".join(question.words))


def _between(question: Question) -> list[ColumnElement[bool]]:
    topic, table = question.topic, TABLE_OF[question.topic]
    since, until = question.since_ms, question.until_ms
    bounds: list[ColumnElement[bool]] = []
    at = table.c.at_ms if topic in _BY_TIME_OF_WRITING else table.c.started_ms
    if since is not None:
        bounds.append(at >= since)
    if until is not None:
        bounds.append(at < until)
    return bounds


def _time(field: str, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        if re.fullmatch(r"\d+(\.\d+)?", value):
            at = milliseconds(float(value))
        else:
            read = datetime.fromisoformat(_LOST_PLUS.sub("+", value))
            at = milliseconds((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
            # Nothing happened before 1970 or after 2039: a date outside means the same as the bound.
            at = min(max(at, 0), LATEST_MS)
    except (ValueError, OverflowError):
        raise BadQueryError(field, "give RFC 3339 (2026-01-31T12:00:00Z) or unix seconds") from None
    if not 0 <= at <= LATEST_MS:
        raise BadQueryError(field, "give a time between 1970 and 2039")
    return at


def _number(field: str, value: str | None, most: int) -> int | None:
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
        raise BadQueryError(field, f"give a whole number from 1 to {most}")
    return int(value)
