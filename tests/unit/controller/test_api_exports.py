"""Lists as files."""

import csv
import io
import json

import httpx
import pytest

from evswarm_controller.api import central_system
from evswarm_shared.bus.messages import TransactionRecord
from tests.unit.controller.desk import Desk, row


def table(answer: httpx.Response) -> list[dict[str, str]]:
    """A CSV file's rows."""
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_the_stations_of_a_filter_are_a_file_named_by_its_time(swarm: Desk) -> None:
    await swarm.workers[1].publish(
        [row("CP-000020", worker_id="w2", power_w=7400, connectors=("Charging", "Available"))]
    )
    await swarm.look()
    params = {"worker": "w2", "sort": "power_kw", "dir": "desc", "limit": "3"}
    page = (await swarm.client.get("/stations", params={**params, "limit": "100"})).json()["stations"]
    answer = await swarm.client.get("/stations", params={**params, "format": "csv"})
    name = answer.headers["content-disposition"]
    assert name.startswith('attachment; filename="evswarm-stations-20270115T08') and name.endswith('Z.csv"')
    rows = table(answer)
    assert [each["station_id"] for each in rows] == [each["station_id"] for each in page]
    assert list(rows[0]) == list(page[0])
    assert (rows[0]["power_kw"], rows[0]["connectors"]) == ("7.4", "Charging Available")
    answer = await swarm.client.get("/stations", params={**params, "format": "json"})
    assert json.loads(answer.content) == page
    assert answer.headers["content-disposition"].endswith('.json"')


async def test_all_transactions_are_in_the_file_however_many_pages_they_are(
    swarm: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(central_system, "EXPORT_PAGE", 3)
    bus = swarm.context.bus
    for number in range(7):
        await bus.start_transaction(
            TransactionRecord(0, f"CP-00000{1 + number % 2}", 1, "TAG", 0, 1000.0), f"retry-{number}"
        )
    answer = await swarm.client.get("/csms/transactions", params={"format": "csv"})
    assert [each["transaction_id"] for each in table(answer)] == ["7", "6", "5", "4", "3", "2", "1"]
    answer = await swarm.client.get(
        "/csms/transactions", params={"format": "json", "station_id": "CP-000001"}
    )
    assert [each["transaction_id"] for each in json.loads(answer.content)] == [7, 5, 3, 1]
    assert 'filename="evswarm-transactions-CP-000001-' in answer.headers["content-disposition"]


async def test_a_store_that_is_away_is_a_problem_and_no_empty_file(swarm: Desk) -> None:
    swarm.store.available = False
    answer = await swarm.client.get("/csms/transactions", params={"format": "csv"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/stations", "/csms/transactions"])
async def test_another_form_is_refused(swarm: Desk, path: str) -> None:
    answer = await swarm.client.get(path, params={"format": "xlsx"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "format")
