"""How much one atomic step carries, in both adapters."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

STATIONS_PER_STEP: Final = 500
"""Stations one step carries at most, so that no step holds the store up for long."""

Item = TypeVar("Item")


def in_batches(items: Sequence[Item], size: int = STATIONS_PER_STEP) -> Iterator[Sequence[Item]]:
    """The items in runs of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
