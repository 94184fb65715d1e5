"""Charging by day over HTTP."""

from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from evswarm_historian.days import MOST_DAYS, day_item
from evswarm_historian.library import Library
from evswarm_historian.questions import Question
from evswarm_historian.web import create_app

DAY = {"day": "2026-11-22", "sessions": 2, "energy_wh": 1500.5, "earnings": 0.75}


class OneDay(Library):
    """A library that knows one day."""

    def __init__(self) -> None:
        self.asked: list[Question] = []

    async def days(self, question: Question) -> list[dict[str, Any]]:
        self.asked.append(question)
        return [DAY]


async def ask(library: OneDay, **params: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=create_app(library, CollectorRegistry(), dict))
    async with httpx.AsyncClient(transport=transport, base_url="http://historian") as client:
        return await client.get("/history/days", params=params)


async def test_days_are_asked_for_by_station_run_and_time() -> None:
    library = OneDay()
    answer = await ask(library, station="CP-1", run="r", since="2026-11-22T00:00:00Z", until="")
    assert (answer.status_code, answer.json()) == (200, {"items": [DAY]})
    (question,) = library.asked
    assert question.equal == {"station": "CP-1", "run": "r"}
    assert (question.since_ms, question.until_ms) == (1_795_305_600_000, None)


@pytest.mark.parametrize(
    ("field", "value"), [("format", "csv"), ("cursor", "1"), ("status", "open"), ("since", "yesterday")]
)
async def test_what_days_have_not_is_refused_by_name(field: str, value: str) -> None:
    answer = await ask(OneDay(), **{field: value})
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_day_is_told_in_watt_hours_and_currency() -> None:
    row = {"day": 20_779, "sessions": 2, "energy_mwh": 1_500_500, "earnings_micro": 750_000}
    assert day_item(row) == DAY
    assert MOST_DAYS > 366
