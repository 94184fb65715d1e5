"""Answers that are files: streamed, and named by what is in them and when they were made."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

from starlette.responses import StreamingResponse

from evswarm_shared.text_exports import MEDIA_TYPES, Pages, TextFormat, text_export

ITEMS_PER_PAGE: Final = 500

Item = TypeVar("Item")


def disposition(now: float, ending: str, *parts: str) -> dict[str, str]:
    """The header that names a file by these parts, as far as file names take them, and the time."""
    at = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    name = "-".join([*(_plain(part) for part in parts if part), at])
    return {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}


async def file_answer(
    form: TextFormat, columns: Sequence[str], pages: Pages, now: float, *parts: str
) -> StreamingResponse:
    """The items as a file. What fails before the first page is there fails here; later it cuts the file short."""
    first: Sequence[Mapping[str, Any]] = ()
    # Python 3.11 fails over the default of anext() when there is no first page.
    with suppress(StopAsyncIteration):
        first = await anext(pages)
    return StreamingResponse(
        text_export(form, columns, _after(first, pages)),
        media_type=MEDIA_TYPES[form],
        headers=disposition(now, form.value, *parts),
    )


def documented_files(model: Any) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers with JSON of `model`, or with files."""
    content: Final = {
        media_type.partition(";")[0]: {"schema": {"type": "string"}}
        for form, media_type in MEDIA_TYPES.items()
        if form is not TextFormat.JSON
    }
    return {
        HTTPStatus.OK.value: {
            "model": model,
            "description": "A page; with `format` a file, with `format=json` one list.",
            "content": content,
        }
    }


async def in_pages(
    items: Sequence[Item], view: Callable[[Item], Mapping[str, Any]]
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    """What is in memory already, shown a page at a time, so that others have their turn between."""
    for start in range(0, len(items), ITEMS_PER_PAGE):
        yield [view(item) for item in items[start : start + ITEMS_PER_PAGE]]
        await asyncio.sleep(0)


async def _after(
    first: Sequence[Mapping[str, Any]], rest: Pages
) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
    yield first
    async for page in rest:
        yield page


def _plain(text: str) -> str:
    """A station's id as part of a file name."""
    return "".join(each if each.isascii() and (each.isalnum() or each in "-_") else "_" for each in text)
