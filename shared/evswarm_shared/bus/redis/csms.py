"""The central system's operations of the port, on Redis, and the reading of transactions for controllers."""

from collections.abc import Sequence
from typing import Any

import msgspec

from evswarm_shared.bus.batches import in_batches
from evswarm_shared.bus.keys import START_RETRY_TTL_SECONDS, TRANSACTION_ID_GAP, Keys
from evswarm_shared.bus.messages import CsmsHeartbeat, StationRecord, TransactionRecord
from evswarm_shared.bus.redis.encoding import encode, milliseconds, pairs
from evswarm_shared.bus.redis.link import Argument, Link
from evswarm_shared.bus.redis.scripts import load
from evswarm_shared.bus.tags import tag_key

_station = msgspec.json.Decoder(StationRecord)
_transaction = msgspec.json.Decoder(TransactionRecord)

_BEFORE_ID = b'{"transaction_id":'
_NO_ID = _BEFORE_ID + b"0"


class CsmsOperations:
    """See `port.CsmsBus`."""

    _link: Link
    _keys: Keys
    _transactions_kept: int

    async def csms_heartbeat(self, heartbeat: CsmsHeartbeat, ttl_seconds: float) -> bool:
        """See `port.CsmsBus.csms_heartbeat`."""
        known: int = await self._link.call(
            load("say_alive"),
            (self._keys.csms_lease(heartbeat.replica_id), self._keys.csms_replicas),
            (heartbeat.replica_id, encode(heartbeat), milliseconds(ttl_seconds)),
        )
        return bool(known)

    async def release_csms(self, replica_id: str) -> None:
        """See `port.CsmsBus.release_csms`."""
        keys = self._keys
        await self._link.call(
            load("csms_release"),
            (keys.csms_lease(replica_id), keys.csms_replicas, keys.csms_connections),
            (replica_id,),
        )

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
        keys = self._keys
        names = (keys.epochs, keys.csms_connections, keys.csms_lease(""))
        answers: list[tuple[int, str | None]] = []
        for batch in in_batches(station_ids):
            reply = await self._link.call(
                load("stations_connected"), names, (replica_id, int(if_absent), *batch)
            )
            answers += ((epoch, other.decode() or None) for epoch, other in pairs(reply))
        return answers

    async def stations_disconnected(self, replica_id: str, connections: Sequence[tuple[str, int]]) -> None:
        """See `port.CsmsBus.stations_disconnected`."""
        for batch in in_batches(connections):
            arguments: list[Argument] = []
            for station_id, epoch in batch:
                arguments += (station_id, f"{replica_id} {epoch}")
            await self._link.call(load("stations_disconnected"), (self._keys.csms_connections,), arguments)

    async def read_station(self, station_id: str) -> StationRecord | None:
        """See `port.CsmsBus.read_station`."""
        stored = await self._link.execute("HGET", self._keys.csms_stations, station_id)
        return None if stored is None else _station.decode(stored)

    async def write_station(self, record: StationRecord) -> None:
        """See `port.CsmsBus.write_station`."""
        await self.write_stations((record,))

    async def read_stations(self, station_ids: Sequence[str]) -> list[StationRecord | None]:
        """See `port.CsmsBus.read_stations`."""
        records: list[StationRecord | None] = []
        for batch in in_batches(station_ids):
            reply = await self._link.execute("HMGET", self._keys.csms_stations, *batch)
            records += (None if stored is None else _station.decode(stored) for stored in reply)
        return records

    async def write_stations(self, records: Sequence[StationRecord]) -> None:
        """See `port.CsmsBus.write_stations`."""
        for batch in in_batches(records):
            arguments: list[Argument] = []
            for record in batch:
                arguments += (record.station_id, encode(record))
            await self._link.execute("HSET", self._keys.csms_stations, *arguments)

    async def start_transaction(
        self, record: TransactionRecord, retry_key: str, *, after: int = 0
    ) -> tuple[TransactionRecord, bool]:
        """See `port.CsmsBus.start_transaction`."""
        keys = self._keys
        without_id = encode(msgspec.structs.replace(record, transaction_id=0))
        new, *stored = await self._link.call(
            load("start_transaction"),
            (
                keys.csms_start(retry_key),
                keys.csms_transaction_id,
                keys.csms_transactions,
                keys.csms_open,
                keys.csms_meters,
                keys.csms_station_open(record.station_id),
                keys.csms_station_transactions(record.station_id),
                keys.csms_tag_open(tag_key(record.id_tag)),
            ),
            (
                _BEFORE_ID,
                without_id.removeprefix(_NO_ID),
                record.station_id,
                START_RETRY_TTL_SECONDS,
                after,
                after + TRANSACTION_ID_GAP,
            ),
        )
        return _with_meter(*stored), bool(new)

    async def last_transaction_id(self) -> int:
        """See `port.CsmsBus.last_transaction_id`."""
        return int(await self._link.execute("GET", self._keys.csms_transaction_id) or 0)

    async def restore_transactions(self, records: Sequence[TransactionRecord]) -> int:
        """See `port.CsmsBus.restore_transactions`."""
        keys = self._keys
        names = (
            keys.csms_transaction_id,
            keys.csms_transactions,
            keys.csms_open,
            keys.csms_station_open(""),
            keys.csms_station_transactions(""),
            keys.csms_tag_open(""),
        )
        restored = 0
        for batch in in_batches(records):
            arguments: list[Argument] = []
            for record in batch:
                arguments += (
                    record.transaction_id,
                    encode(record),
                    record.station_id,
                    tag_key(record.id_tag),
                )
            restored += await self._link.call(load("restore_transactions"), names, arguments)
        return restored

    async def read_transaction(self, transaction_id: int) -> TransactionRecord | None:
        """See `port.CsmsBus.read_transaction`."""
        [record] = await self._read_transactions((transaction_id,))
        return record

    async def open_transactions_of(self, station_id: str) -> list[TransactionRecord]:
        """See `port.CsmsBus.open_transactions_of`."""
        return await self._transactions_in(self._keys.csms_station_open(station_id))

    async def open_transactions_of_tag(self, id_tag: str) -> list[TransactionRecord]:
        """See `port.CsmsBus.open_transactions_of_tag`."""
        return await self._transactions_in(self._keys.csms_tag_open(tag_key(id_tag)))

    async def count_open_transactions(self) -> int:
        """See `port.CsmsBus.count_open_transactions`."""
        count: int = await self._link.execute("HLEN", self._keys.csms_open)
        return count

    async def stop_transaction(self, record: TransactionRecord) -> TransactionRecord:
        """See `port.CsmsBus.stop_transaction`."""
        keys = self._keys
        [stored] = await self._link.call(
            load("stop_transaction"),
            (
                keys.csms_transactions,
                keys.csms_open,
                keys.csms_meters,
                keys.csms_closed,
                keys.csms_station_open(""),
                keys.csms_station_transactions(""),
                keys.csms_tag_open(""),
            ),
            (record.transaction_id, encode(record), record.station_id, self._transactions_kept),
        )
        return _transaction.decode(stored)

    async def update_meter(self, readings: Sequence[tuple[str, int, int]]) -> int:
        """See `port.CsmsBus.update_meter`."""
        foreign = 0
        for batch in in_batches(readings):
            foreign += await self._link.call(
                load("update_meter"),
                (self._keys.csms_open, self._keys.csms_meters),
                [part for reading in batch for part in reading],
            )
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
        keys = self._keys
        highest = "+inf" if before is None else f"({before}"
        ids: set[int] = set()
        if open_only and station_id is not None:
            ids.update(map(int, await self._link.execute("SMEMBERS", keys.csms_station_open(station_id))))
        elif station_id is None:
            ids.update(map(int, await self._link.execute("HKEYS", keys.csms_open)))
        if not open_only:
            index = keys.csms_closed if station_id is None else keys.csms_station_transactions(station_id)
            newest = await self._link.execute("ZREVRANGEBYSCORE", index, highest, "-inf", "LIMIT", 0, limit)
            ids.update(map(int, newest))
        wanted = sorted((each for each in ids if before is None or each < before), reverse=True)[:limit]
        records = await self._read_transactions(wanted)
        return [
            record
            for record in records
            if record is not None and not (open_only and record.stopped_at is not None)
        ]

    async def _transactions_in(self, ids_key: str) -> list[TransactionRecord]:
        reply = await self._link.call(
            load("transactions_in"), (ids_key, self._keys.csms_transactions, self._keys.csms_meters)
        )
        records = [_with_meter(record, meter) for record, meter in pairs(reply)]
        return sorted(records, key=lambda record: record.transaction_id)

    async def _read_transactions(self, ids: Sequence[int]) -> list[TransactionRecord | None]:
        records: list[TransactionRecord | None] = []
        for batch in in_batches(ids):
            stored, meters = await self._link.call(
                load("read_transactions"), (self._keys.csms_transactions, self._keys.csms_meters), batch
            )
            records += (
                None if record is None else _with_meter(record, meter)
                for record, meter in zip(stored, meters, strict=True)
            )
        return records


def _with_meter(record: bytes, meter: Any = None) -> TransactionRecord:
    decoded = _transaction.decode(record)
    return msgspec.structs.replace(decoded, last_meter_wh=int(meter)) if meter else decoded
