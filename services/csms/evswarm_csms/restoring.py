"""Books the open transactions again when the store has lost them, from what their stations' own books say.

Workers write these books again as soon as they find the store emptied, some sooner than others: so this looks several
times. Stations that are not ours have no book there, and their transactions are booked again when they stop.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from evswarm_csms.ledger import restored
from evswarm_shared.bus.batches import STATIONS_PER_STEP, in_batches
from evswarm_shared.bus.port import CsmsBus

WHAT_IS_GONE: Final = (
    "closed transactions, id tags, registrations, boot rules, wishes, events and uploads; stations that reconnect are "
    "asked to boot"
)

log = logging.getLogger(__name__)


class Restoring:
    """`stations` tells which are connected here. Times in unix seconds."""

    def __init__(self, bus: CsmsBus, stations: Callable[[], Sequence[str]]) -> None:
        self._bus = bus
        self._stations = stations
        self._until = float("-inf")

    def begin(self, until: float) -> None:
        """The store has lost everything: look for what can be restored until then."""
        log.error("THE STORE WAS EMPTIED: open transactions are booked again; gone are %s", WHAT_IS_GONE)
        self._until = until

    async def look(self, now: float) -> int:
        """Book again what is missing, if there is reason to; how many transactions that were.

        Raises:
            BusUnavailableError: the store is away again.
        """
        if now >= self._until:
            return 0
        count = 0
        for station_ids in in_batches(self._stations(), STATIONS_PER_STEP):
            books = await self._bus.read_books(station_ids)
            records = [record for book in books for record in restored(book)]
            if records:
                count += await self._bus.restore_transactions(records)
        if count:
            log.error("%d open transactions are booked again", count)
        return count
