"""Tables as streams of text."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from evswarm_shared.text_exports import ITEMS_PER_PART, TextFormat, text_export

Item = dict[str, Any]


async def paged(*pages: Sequence[Item]) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    for page in pages:
        yield page


async def text(form: TextFormat, *pages: Sequence[Item]) -> str:
    parts = [part async for part in text_export(form, ["a", "b"], paged(*pages))]
    return b"".join(parts).decode()


@pytest.mark.parametrize("count", [0, 1, ITEMS_PER_PART, ITEMS_PER_PART + 1])
async def test_every_item_comes_once_in_every_form(count: int) -> None:
    items = [{"a": number, "b": f"x{number}"} for number in range(count)]
    pages = [items[: count // 2], [], items[count // 2 :]]
    assert json.loads(await text(TextFormat.JSON, *pages)) == items
    lines = (await text(TextFormat.JSONL, *pages)).splitlines()
    assert [json.loads(line) for line in lines] == items
    table = list(csv.DictReader(io.StringIO(await text(TextFormat.CSV, *pages))))
    assert table == [{"a": str(item["a"]), "b": item["b"]} for item in items]


async def test_a_table_has_a_head_also_without_rows_and_lists_as_words() -> None:
    assert await text(TextFormat.CSV) == "a,b\r\n"
    assert await text(TextFormat.CSV, [{"a": ["Charging", "Available"], "b": None}]) == (
        "a,b\r\nCharging Available,\r\n"
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
async def test_what_a_spreadsheet_would_run_is_text(start: str) -> None:
    written = await text(TextFormat.CSV, [{"a": f"{start}1+1", "b": ""}])
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert row["a"] == f"'{start}1+1"
