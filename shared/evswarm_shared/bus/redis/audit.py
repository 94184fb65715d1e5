"""The auditor's operations of the port, on Redis."""

from collections.abc import Sequence

import msgspec

from evswarm_shared.bus.batches import in_batches
from evswarm_shared.bus.books import RegisterSums, StationBook, register_sums
from evswarm_shared.bus.keys import Keys
from evswarm_shared.bus.messages import StationSnapshot, Totals
from evswarm_shared.bus.redis.encoding import pairs
from evswarm_shared.bus.redis.link import Link
from evswarm_shared.bus.redis.scripts import load
from evswarm_shared.bus.station_ledger import decode_fact, read_ledger, rebuilt

_row = msgspec.json.Decoder(StationSnapshot)


class AuditOperations:
    """See `audit_port.AuditBus`."""

    _link: Link
    _keys: Keys

    async def recorded_stations(self) -> list[str]:
        """See `audit_port.AuditBus.recorded_stations`."""
        reply = await self._link.execute("HKEYS", self._keys.checkpoints)
        return sorted(station_id.decode() for station_id in reply)

    async def read_books(self, station_ids: Sequence[str]) -> list[StationBook]:
        """See `audit_port.AuditBus.read_books`."""
        keys = self._keys
        names = (keys.ledger(""), keys.outbox(""), keys.registers, keys.snapshots)
        books: list[StationBook] = []
        for batch in in_batches(station_ids):
            reply = await self._link.call(load("read_books"), names, batch)
            for station_id, (facts, outbox, register, row) in zip(batch, reply, strict=True):
                energy, earnings = _register(register or b"0 0")
                known = [decode_fact(fact) for fact in facts]
                books.append(
                    StationBook(
                        station_id,
                        outbox,
                        energy,
                        earnings,
                        _row.decode(row) if row else None,
                        read_ledger(known),
                        rebuilt(known),
                    )
                )
        return books

    async def register_sums(self) -> RegisterSums:
        """See `audit_port.AuditBus.register_sums`."""
        keys = self._keys
        (energy, earnings), registers, living = await self._link.call(
            load("register_sums"), (keys.totals, keys.registers, keys.snapshots)
        )
        return register_sums(
            Totals(int(energy or 0), int(earnings or 0)),
            {station_id.decode(): _register(register) for station_id, register in pairs(registers)},
            {station_id.decode() for station_id in living},
        )


def _register(stored: bytes) -> tuple[int, int]:
    energy, earnings = stored.split()
    return int(energy), int(earnings)
