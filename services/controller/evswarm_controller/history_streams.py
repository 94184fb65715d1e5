"""How much of the history waits in the store, told by somebody who is not the one that should take it away."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric

from evswarm_shared.bus.messages import HistoryBacklog, HistoryStream
from evswarm_shared.bus.port import HistoryTail
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.telemetry import catalogue
from evswarm_shared.telemetry.exposition import family

LOOK_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


class HistoryStreams:
    """What waits for a historian, as of the last look. `entries_kept` is the streams' cap, in entries."""

    def __init__(self, bus: HistoryTail, entries_kept: int) -> None:
        self._bus = bus
        self._entries_kept = entries_kept
        self._found = dict.fromkeys(HistoryStream, HistoryBacklog(0, 0, 0))

    async def run(self) -> None:
        """Look for ever; while the store is away, what was seen last stays."""
        while True:
            try:
                await self.look()
            except BusUnavailableError as error:
                log.debug("how much of the history waits is not known: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Look once.

        Raises:
            BusUnavailableError: the store does not answer.
        """
        for stream in HistoryStream:
            self._found[stream] = await self._bus.history_backlog(stream)

    def metrics(self) -> Iterator[Metric]:
        """How full the streams are, and how far they were read."""
        found = self._found
        yield family(catalogue.HISTORY_ENTRIES_WAITING, {each: found[each].entries for each in found})
        yield family(catalogue.HISTORY_ENTRIES_KEPT, self._entries_kept)
        yield family(catalogue.HISTORY_RECORDS_TAKEN, {each: found[each].records_removed for each in found})
