"""Meter readings on their way to the store: the newest of each transaction, written together about once a second.

Losing the last second of them costs nothing: the bill is made from StartTransaction and StopTransaction.
"""

import logging
from collections.abc import Callable, Coroutine, Sequence
from itertools import islice
from typing import Any, Final

from evswarm_shared.errors import BusUnavailableError

READINGS_PER_WRITE: Final = 500
FLUSH_SECONDS: Final = 1.0
READINGS_KEPT: Final = 200_000
"""Readings that wait while the store is away; more transactions than this get none meanwhile, and are counted."""

log = logging.getLogger(__name__)


class MeterBatch:
    """The newest reading in Wh of each open transaction that is not stored yet.

    `update` writes (station id, transaction id, Wh) and returns how many were of another station's transaction.
    `dropped` counts these, and the readings that found no room.
    """

    __slots__ = ("_readings", "_update", "dropped")

    def __init__(self, update: Callable[[Sequence[tuple[str, int, int]]], Coroutine[Any, Any, int]]) -> None:
        self._update = update
        self._readings: dict[tuple[str, int], int] = {}
        self.dropped = 0

    def note(self, station_id: str, transaction_id: int, wh: int) -> None:
        """A reading came; it replaces an older one of the same transaction by the same station."""
        key = (station_id, transaction_id)
        if len(self._readings) < READINGS_KEPT or key in self._readings:
            self._readings[key] = wh
        else:
            self.dropped += 1

    async def flush(self) -> None:
        """Write what there is. When the store is away the readings wait, unless newer ones come."""
        readings, self._readings = self._readings, {}
        while readings:
            part = dict(islice(readings.items(), READINGS_PER_WRITE))
            try:
                self.dropped += await self._update([(*key, wh) for key, wh in part.items()])
            except BusUnavailableError as error:
                self._readings = {**readings, **self._readings}
                log.debug("meter readings wait: %s", error)
                return
            for key in part:
                del readings[key]
