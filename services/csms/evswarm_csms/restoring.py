"""Books the open transactions again when the store has lost them, from what their stations' own books say.

Workers write these books again as soon as they find the store emptied, some sooner than others: so this looks several
times. Stations that are not ours have no book there, and their transactions are booked again when they stop.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from evswarm_csms.ledger import restored
from evswarm_shared.bus.batches import STATIONS_PER_STEP, in_batches
from evswarm_shared.bus.keys import TRANSACTION_ID_GAP
from evswarm_shared.bus.port import CsmsBus

WHAT_IS_GONE: Final = (
    "closed transactions, id tags, registrations, boot rules, wishes, events and uploads; stations that reconnect are "
    "asked to boot"
)

log = logging.getLogger(__name__)


class Restoring:
    """`stations` tells which are connected here."""

    def __init__(self, bus: CsmsBus, stations: Callable[[], Sequence[str]]) -> None:
        self._bus = bus
        self._stations = stations
        self._looks = 0
        self._stored = 0
        self._highest = 0

    def has_forgotten(self, last: int, highest: int, *, replica: bool) -> bool:
        """Whether a store that counts `last` transactions is another than at the last question.

        `highest` is the highest id that was known here when it was asked, `replica` whether it has, or may have,
        forgotten this replica too. A lower count tells by itself.
        """
        before, self._stored = self._stored, last
        highest_before, self._highest = self._highest, max(last, highest)
        # Lower, or already beyond the gap that a lost count is continued after.
        return last < before or (replica and (last < highest or last - highest_before > TRANSACTION_ID_GAP))

    def begin(self, looks: int) -> None:
        """The store has lost everything: look so often for what can be restored."""
        log.error("THE STORE WAS EMPTIED: open transactions are booked again; gone are %s", WHAT_IS_GONE)
        self._looks = looks

    async def look(self) -> int:
        """Book again what is missing, if there is reason to; how many transactions that were.

        Raises:
            BusUnavailableError: the store is away again; this was no look.
        """
        if self._looks <= 0:
            return 0
        count = 0
        for station_ids in in_batches(self._stations(), STATIONS_PER_STEP):
            books = await self._bus.read_books(station_ids)
            records = [record for book in books for record in restored(book)]
            if records:
                count += await self._bus.restore_transactions(records)
        self._looks -= 1
        if count:
            log.error("%d open transactions are booked again", count)
        return count
