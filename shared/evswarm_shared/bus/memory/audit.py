"""The auditor's operations of the port, in memory."""

from collections.abc import Sequence

import msgspec

from evswarm_shared.bus.books import RegisterSums, StationBook, register_sums
from evswarm_shared.bus.memory.store import MemoryStore
from evswarm_shared.bus.messages import StationSnapshot, Totals
from evswarm_shared.bus.station_ledger import decode_fact, read_ledger, rebuilt

_row = msgspec.json.Decoder(StationSnapshot)


class AuditOperations:
    """See `audit_port.AuditBus`."""

    store: MemoryStore

    async def recorded_stations(self) -> list[str]:
        """See `audit_port.AuditBus.recorded_stations`."""
        self.store.check()
        return sorted(self.store.checkpoints)

    async def read_books(self, station_ids: Sequence[str]) -> list[StationBook]:
        """See `audit_port.AuditBus.read_books`."""
        store = self.store
        store.check()
        books: list[StationBook] = []
        for station_id in station_ids:
            row = store.snapshots.get(station_id)
            facts = [decode_fact(fact) for fact in store.ledgers.get(station_id, {}).values()]
            books.append(
                StationBook(
                    station_id,
                    len(store.outboxes.get(station_id, {})),
                    *store.registers.get(station_id, (0, 0)),
                    row=None if row is None else _row.decode(row),
                    transactions=read_ledger(facts),
                    rebuilt=rebuilt(facts),
                )
            )
        return books

    async def register_sums(self) -> RegisterSums:
        """See `audit_port.AuditBus.register_sums`."""
        self.store.check()
        return register_sums(
            Totals(*self.store.totals), dict(self.store.registers), set(self.store.snapshots)
        )
