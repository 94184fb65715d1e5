"""Between the messages of the bus and the bytes in the store."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec

STATIONS_PER_CALL: Final = 500
"""Stations one script call carries at most, so that no call holds the store up for long."""

Item = TypeVar("Item")


def encode(message: msgspec.Struct) -> bytes:
    """A message as JSON."""
    return msgspec.json.encode(message)


def in_batches(items: Sequence[Item], size: int = STATIONS_PER_CALL) -> Iterator[Sequence[Item]]:
    """The items in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def pairs(flat: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """(first, second), (third, fourth), … of a flat reply."""
    return zip(flat[::2], flat[1::2], strict=True)


def milliseconds(seconds: float) -> int:
    """A life in whole milliseconds, at least one."""
    return max(1, round(seconds * 1000))
