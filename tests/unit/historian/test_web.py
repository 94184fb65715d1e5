"""The history over HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, MutableMapping, Sequence
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from evswarm_historian.database import Database
from evswarm_historian.errors import DatabaseAwayError
from evswarm_historian.exports import ExportFormat
from evswarm_historian.library import Library, Page
from evswarm_historian.web import create_app


class OfADatabaseThatIsAway(Library):
    """Answers nothing."""

    def __init__(self) -> None:
        super().__init__(Database("sqlite:///nowhere.db"))

    async def page(self, *_: object, **__: object) -> Page:
        raise DatabaseAwayError("the database does not answer")

    async def pages(self, *_: object, **__: object) -> AsyncIterator[Sequence[dict[str, Any]]]:
        yield (await self.page()).items


@pytest.mark.parametrize("form", ["", *ExportFormat])
async def test_a_database_that_is_away_is_an_error_and_no_file_in_any_form(form: str) -> None:
    transport = httpx.ASGITransport(app=create_app(OfADatabaseThatIsAway(), CollectorRegistry(), dict))
    async with httpx.AsyncClient(transport=transport, base_url="http://historian") as client:
        answer = await client.get("/history/logs", params={"format": form})
    assert answer.status_code == 503
    assert answer.json() == {"detail": "the database does not answer"}


class BreaksOffAfterAPage(OfADatabaseThatIsAway):
    """Has one page."""

    async def pages(self, *_: object, **__: object) -> AsyncIterator[Sequence[dict[str, Any]]]:
        yield [{"id": "1"}]
        yield (await self.page()).items


async def test_an_export_that_breaks_off_has_no_end(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(BreaksOffAfterAPage(), CollectorRegistry(), dict)
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return await asyncio.Future()

    scope = {"type": "http", "method": "GET", "path": "/history/logs", "query_string": b"format=jsonl"}
    with caplog.at_level(logging.WARNING):
        await app(scope | {"headers": []}, receive, send)
    assert [(message.get("body"), message.get("more_body")) for message in sent] == [
        (None, None),
        (b'{"id":"1"}\n', True),
    ]
    assert caplog.messages == ["an export broke off: the database does not answer"]
