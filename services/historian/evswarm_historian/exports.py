"""Exports as streams of bytes: CSV, JSON, JSON lines and Parquet, from rows that come page by page.

Nothing here holds more than one page, or one row group of a Parquet file, in memory.
"""

import io
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import Any, Final

from evswarm_historian.errors import MissingLibraryError
from evswarm_historian.items import COLUMNS, columns
from evswarm_historian.questions import Topic
from evswarm_shared import text_exports
from evswarm_shared.text_exports import Pages, TextFormat, text_export

ROW_GROUP: Final = 20_000
"""Rows of a Parquet row group."""


class ExportFormat(StrEnum):
    """The forms in which history can be taken away."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"


MEDIA_TYPES: Final[Mapping[ExportFormat, str]] = {
    **{ExportFormat(form): media_type for form, media_type in text_exports.MEDIA_TYPES.items()},
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}


def wants_text(form: ExportFormat) -> bool:
    """Whether payloads are wanted as text: in a table a cell has no structure."""
    return form in (ExportFormat.CSV, ExportFormat.PARQUET)


def export(topic: Topic, form: ExportFormat, pages: Pages) -> AsyncIterator[bytes]:
    """The pages in the form asked for.

    Raises:
        MissingLibraryError: at once, when Parquet cannot be written here.
    """
    if form is ExportFormat.PARQUET:
        return _parquet(topic, _arrow(), pages)
    return text_export(TextFormat(form), columns(topic), pages)


async def _parquet(topic: Topic, arrow: Any, pages: Pages) -> AsyncIterator[bytes]:
    types = {
        "text": arrow.string(),
        "number": arrow.float64(),
        "whole": arrow.int64(),
        "yes_no": arrow.bool_(),
    }
    schema = arrow.schema([(name, types[kind]) for name, kind in COLUMNS[topic].items()])
    out = _Outlet()
    with arrow.parquet.ParquetWriter(arrow.PythonFile(out, mode="w"), schema, compression="zstd") as writer:
        waiting: list[Mapping[str, Any]] = []
        async for page in pages:
            waiting += page
            if len(waiting) >= ROW_GROUP:
                writer.write_table(arrow.Table.from_pylist(waiting, schema=schema))
                waiting = []
                yield out.take()
        if waiting:
            writer.write_table(arrow.Table.from_pylist(waiting, schema=schema))
    yield out.take()


class _Outlet(io.RawIOBase):
    """A file that is only written to, and whose content is taken away as it comes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Keep a part."""
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def tell(self) -> int:
        """How much was written so far."""
        return self._at

    def take(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _arrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingLibraryError(
            "Parquet needs the library pyarrow: pip install 'evswarm-historian[parquet]', or take csv or jsonl"
        ) from None
    return pyarrow
