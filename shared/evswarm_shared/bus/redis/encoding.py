"""Between the messages of the bus and the bytes in the store."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec


def encode(message: msgspec.Struct) -> bytes:
    """A message as JSON."""
    return msgspec.json.encode(message)


def pairs(flat: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """(first, second), (third, fourth), … of a flat reply."""
    return zip(flat[::2], flat[1::2], strict=True)


def milliseconds(seconds: float) -> int:
    """A life in whole milliseconds, at least one."""
    return max(1, round(seconds * 1000))
