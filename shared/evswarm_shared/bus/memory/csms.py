"""The central system's operations of the port, in memory, and the reading of transactions for controllers."""

from collections.abc import Callable, Sequence

import msgspec

from evswarm_shared.bus.keys import START_RETRY_TTL_SECONDS, TRANSACTION_ID_GAP
from evswarm_shared.bus.memory.store import MemoryStore, Owner
from evswarm_shared.bus.messages import CsmsHeartbeat, StationRecord, TransactionRecord
from evswarm_shared.bus.tags import tag_key


class CsmsOperations:
    """See `port.CsmsBus`. A transaction is open while it has no `stopped_at`."""

    store: MemoryStore

    async def csms_heartbeat(self, heartbeat: CsmsHeartbeat, ttl_seconds: float) -> bool:
        """See `port.CsmsBus.csms_heartbeat`."""
        store = self.store
        store.check()
        known = store.csms_lives(heartbeat.replica_id)
        store.csms_leases[heartbeat.replica_id] = store.lasting(None, ttl_seconds)
        store.csms_replicas[heartbeat.replica_id] = heartbeat
        return known

    async def release_csms(self, replica_id: str) -> None:
        """See `port.CsmsBus.release_csms`."""
        store = self.store
        store.check()
        store.csms_leases.pop(replica_id, None)
        store.csms_replicas.pop(replica_id, None)
        store.csms_connections = {
            station_id: holder
            for station_id, holder in store.csms_connections.items()
            if holder.process_id != replica_id
        }

    async def station_connected(self, replica_id: str, station_id: str) -> int:
        """See `port.CsmsBus.station_connected`."""
        [(epoch, _)] = await self.stations_connected(replica_id, (station_id,))
        return epoch

    async def station_disconnected(self, replica_id: str, station_id: str, epoch: int) -> None:
        """See `port.CsmsBus.station_disconnected`."""
        await self.stations_disconnected(replica_id, ((station_id, epoch),))

    async def stations_connected(
        self, replica_id: str, station_ids: Sequence[str], *, if_absent: bool = False
    ) -> list[tuple[int, str | None]]:
        """See `port.CsmsBus.stations_connected`."""
        store = self.store
        store.check()
        answers: list[tuple[int, str | None]] = []
        for station_id in station_ids:
            holder = store.csms_connections.get(station_id)
            ours = holder is not None and holder.process_id == replica_id
            other = (
                holder.process_id
                if holder is not None and not ours and store.csms_lives(holder.process_id)
                else None
            )
            if if_absent and holder is not None and ours:
                answers.append((holder.epoch, None))
            elif if_absent and other is not None:
                answers.append((0, other))
            else:
                epoch = store.next_epoch()
                store.csms_connections[station_id] = Owner(replica_id, epoch)
                answers.append((epoch, other))
        return answers

    async def stations_disconnected(self, replica_id: str, connections: Sequence[tuple[str, int]]) -> None:
        """See `port.CsmsBus.stations_disconnected`."""
        store = self.store
        store.check()
        for station_id, epoch in connections:
            if store.csms_connections.get(station_id) == Owner(replica_id, epoch):
                del store.csms_connections[station_id]

    async def read_station(self, station_id: str) -> StationRecord | None:
        """See `port.CsmsBus.read_station`."""
        self.store.check()
        return self.store.csms_stations.get(station_id)

    async def write_station(self, record: StationRecord) -> None:
        """See `port.CsmsBus.write_station`."""
        await self.write_stations((record,))

    async def read_stations(self, station_ids: Sequence[str]) -> list[StationRecord | None]:
        """See `port.CsmsBus.read_stations`."""
        self.store.check()
        return [self.store.csms_stations.get(station_id) for station_id in station_ids]

    async def write_stations(self, records: Sequence[StationRecord]) -> None:
        """See `port.CsmsBus.write_stations`."""
        self.store.check()
        self.store.csms_stations.update((record.station_id, record) for record in records)

    async def start_transaction(
        self, record: TransactionRecord, retry_key: str, *, after: int = 0
    ) -> tuple[TransactionRecord, bool]:
        """See `port.CsmsBus.start_transaction`."""
        store = self.store
        store.check()
        earlier = store.valid(store.starts.get(retry_key))
        if earlier is not None and earlier in store.transactions:
            return store.transactions[earlier], False
        if store.transaction_id < after:
            store.transaction_id = after + TRANSACTION_ID_GAP
        store.transaction_id += 1
        while store.transaction_id in store.transactions:
            store.transaction_id += 1
        new = msgspec.structs.replace(record, transaction_id=store.transaction_id)
        store.transactions[new.transaction_id] = new
        store.starts[retry_key] = store.lasting(new.transaction_id, START_RETRY_TTL_SECONDS)
        return new, True

    async def last_transaction_id(self) -> int:
        """See `port.CsmsBus.last_transaction_id`."""
        self.store.check()
        return self.store.transaction_id

    async def restore_transactions(self, records: Sequence[TransactionRecord]) -> int:
        """See `port.CsmsBus.restore_transactions`."""
        store = self.store
        store.check()
        unknown = {
            each.transaction_id: each for each in records if each.transaction_id not in store.transactions
        }
        store.transactions.update(unknown)
        store.transaction_id = max((store.transaction_id, *unknown))
        return len(unknown)

    async def read_transaction(self, transaction_id: int) -> TransactionRecord | None:
        """See `port.CsmsBus.read_transaction`."""
        self.store.check()
        return self.store.transactions.get(transaction_id)

    async def open_transactions_of(self, station_id: str) -> list[TransactionRecord]:
        """See `port.CsmsBus.open_transactions_of`."""
        return self._open(lambda record: record.station_id == station_id)

    async def open_transactions_of_tag(self, id_tag: str) -> list[TransactionRecord]:
        """See `port.CsmsBus.open_transactions_of_tag`."""
        return self._open(lambda record: tag_key(record.id_tag) == tag_key(id_tag))

    async def count_open_transactions(self) -> int:
        """See `port.CsmsBus.count_open_transactions`."""
        return len(self._open(lambda _: True))

    async def stop_transaction(self, record: TransactionRecord) -> TransactionRecord:
        """See `port.CsmsBus.stop_transaction`."""
        store = self.store
        store.check()
        stored = store.transactions.get(record.transaction_id)
        if stored is not None and stored.stopped_at is not None:
            return stored
        store.transactions[record.transaction_id] = record
        closed = sorted(each for each, kept in store.transactions.items() if kept.stopped_at is not None)
        for transaction_id in closed[: max(0, len(closed) - store.transactions_kept)]:
            del store.transactions[transaction_id]
        return record

    async def update_meter(self, readings: Sequence[tuple[str, int, int]]) -> int:
        """See `port.CsmsBus.update_meter`."""
        store = self.store
        store.check()
        foreign = 0
        for station_id, transaction_id, reading_wh in readings:
            record = store.transactions.get(transaction_id)
            if record is None or record.stopped_at is not None:
                continue
            if record.station_id != station_id:
                foreign += 1
                continue
            store.transactions[transaction_id] = msgspec.structs.replace(record, last_meter_wh=reading_wh)
        return foreign

    async def list_transactions(
        self,
        *,
        station_id: str | None = None,
        open_only: bool = False,
        before: int | None = None,
        limit: int = 1000,
    ) -> list[TransactionRecord]:
        """See `port.ControllerBus.list_transactions`."""
        self.store.check()
        records = [
            record
            for transaction_id, record in sorted(self.store.transactions.items(), reverse=True)
            if (station_id is None or record.station_id == station_id)
            and not (open_only and record.stopped_at is not None)
            and (before is None or transaction_id < before)
        ]
        return records[:limit]

    def _open(self, wanted: Callable[[TransactionRecord], bool]) -> list[TransactionRecord]:
        self.store.check()
        found = [
            record
            for record in self.store.transactions.values()
            if record.stopped_at is None and wanted(record)
        ]
        return sorted(found, key=lambda record: record.transaction_id)
