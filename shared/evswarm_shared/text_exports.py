"""Tables as streams of text: CSV, JSON and JSON lines, from items that come page by page. Nothing holds more than one."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

ITEMS_PER_PART: Final = 200

Pages = AsyncIterator[Sequence[Mapping[str, Any]]]

_encode = msgspec.json.Encoder().encode


class TextFormat(StrEnum):
    """The forms; each is also the end of a file's name."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


MEDIA_TYPES: Final[Mapping[TextFormat, str]] = {
    TextFormat.CSV: "text/csv; charset=utf-8",
    TextFormat.JSON: "application/json",
    TextFormat.JSONL: "application/x-ndjson",
}


def text_export(form: TextFormat, columns: Sequence[str], pages: Pages) -> AsyncIterator[bytes]:
    """The items in the form asked for: in CSV a line of `columns` first, in JSON one list, in JSON lines one a line.

    In CSV an item has no other fields than the columns; lists become words with spaces between them.
    """
    if form is TextFormat.CSV:
        return _csv(columns, pages)
    return _json(pages) if form is TextFormat.JSON else _jsonl(pages)


async def _csv(columns: Sequence[str], pages: Pages) -> AsyncIterator[bytes]:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    # With the first page: what cannot be read has no line of columns either.
    writer.writeheader()
    async for page in pages:
        writer.writerows({name: _cell(value) for name, value in item.items()} for item in page)
        yield _taken(text)
    if head := _taken(text):
        yield head


async def _json(pages: Pages) -> AsyncIterator[bytes]:
    before = b"["
    async for page in pages:
        for start in range(0, len(page), ITEMS_PER_PART):
            yield before + _encode(page[start : start + ITEMS_PER_PART])[1:-1]
            before = b","
    yield b"]" if before == b"," else b"[]"


async def _jsonl(pages: Pages) -> AsyncIterator[bytes]:
    async for page in pages:
        yield b"".join(_encode(item) + b"\n" for item in page)


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = " ".join(map(str, value))
    # A spreadsheet runs what begins like a formula.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _taken(text: io.StringIO) -> bytes:
    value = text.getvalue()
    text.seek(0)
    text.truncate()
    return value.encode()
