"""Reading the history: one page, or page after page. Each page is a short query of its own; writers are never blocked."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Select, TextClause

from evswarm_historian.database import Database
from evswarm_historian.days import day_item, days_statement, first_day, last_session_statement
from evswarm_historian.items import item
from evswarm_historian.questions import WORDS_ARE_COSTLY, Question, statement
from evswarm_shared.history.readable import Item

EXPORT_PAGE: Final = 2000


@dataclass(frozen=True, slots=True)
class Page:
    """Items, newest first, and the cursor of the page behind it; None on the last one."""

    items: list[Item]
    next_cursor: str | None


class Library:
    """Answers questions from one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asking: set[asyncio.Future[Sequence[Any]]] = set()

    async def page(self, question: Question, *, show_tags: bool) -> Page:
        """One page.

        Raises:
            DatabaseAwayError: it does not answer.
        """
        # One more than asked for: whether there is a next page.
        rows = await self._rows(replace(question, limit=question.limit + 1))
        shown = rows[: question.limit]
        more = len(rows) > question.limit
        return Page(
            [item(question.topic, row, show_tags=show_tags) for row in shown],
            str(shown[-1]["id"]) if more else None,
        )

    async def pages(
        self, question: Question, *, show_tags: bool, parsed: bool
    ) -> AsyncIterator[Sequence[Item]]:
        """All that answers the question, page by page.

        Raises:
            DatabaseAwayError: as `page`, at any page.
        """
        question = replace(question, limit=EXPORT_PAGE)
        while rows := await self._rows(question):
            yield [item(question.topic, row, show_tags=show_tags, parsed=parsed) for row in rows]
            if len(rows) < EXPORT_PAGE:
                return
            question = replace(question, before=rows[-1]["id"])

    async def days(self, question: Question) -> list[Item]:
        """Charging by day, the oldest day first; without a beginning, the last DAYS_SHOWN days.

        Raises:
            DatabaseAwayError: as `page`.
        """
        if question.since_ms is None:
            (last,) = await self._answer(last_session_statement(question))
            if last["started_ms"] is None:
                return []
            question = replace(question, since_ms=first_day(last["started_ms"]))
        return [day_item(row) for row in reversed(await self._answer(days_statement(question)))]

    async def _rows(self, question: Question) -> Sequence[Any]:
        postgres = self._database.is_postgres
        first = WORDS_ARE_COSTLY if postgres and question.words else None
        return await self._answer(statement(question, postgres=postgres), first)

    async def _answer(self, asked: Select[Any], first: TextClause | None = None) -> Sequence[Any]:
        # To its end, also when who asked has gone: a connection that is left in the middle is lost with its thread.
        asking = asyncio.ensure_future(self._rows_of(asked, first))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        return await asyncio.shield(asking)

    async def _rows_of(self, asked: Select[Any], first: TextClause | None) -> Sequence[Any]:
        async with self._database.transaction() as connection:
            if first is not None:
                await connection.execute(first)
            rows: Sequence[Any] = (await connection.execute(asked)).mappings().all()
        return rows
