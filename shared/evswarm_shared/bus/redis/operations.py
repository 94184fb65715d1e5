"""The operations on operations of the port, on Redis."""

from collections.abc import Sequence
from typing import Any

import msgspec

from evswarm_shared.bus.batches import in_batches
from evswarm_shared.bus.keys import OPERATION_TTL_SECONDS, OPERATIONS_KEPT, Keys
from evswarm_shared.bus.messages import OperationSnapshot, OperationState
from evswarm_shared.bus.operation_results import (
    PENDING_STORED,
    RUNNING_STORED,
    StationResult,
    decode_result,
    encode_result,
)
from evswarm_shared.bus.redis.encoding import encode, pairs
from evswarm_shared.bus.redis.link import Argument, Link
from evswarm_shared.bus.redis.scripts import load

_operation = msgspec.json.Decoder(OperationSnapshot)


class OperationOperations:
    """See `operation_port.OperationBus`."""

    _link: Link
    _keys: Keys

    async def write_operation(self, operation: OperationSnapshot) -> bool:
        """See `operation_port.OperationBus.write_operation`."""
        keys = self._keys
        written = await self._link.call(
            load("write_operation"),
            (
                keys.operations,
                keys.operations_running,
                keys.operations_cancelled,
                keys.operation(""),
                keys.operation_results(""),
            ),
            (
                operation.operation_id,
                encode(msgspec.structs.replace(operation, cancelling=False)),
                int(operation.state is OperationState.RUNNING),
                repr(operation.created_at),
                OPERATION_TTL_SECONDS,
                OPERATIONS_KEPT,
            ),
        )
        return bool(written)

    async def read_operation(self, operation_id: str) -> OperationSnapshot | None:
        """See `operation_port.OperationBus.read_operation`."""
        stored, cancelling = await self._link.call(
            load("read_operation"),
            (self._keys.operation(operation_id), self._keys.operations_cancelled),
            (operation_id,),
        )
        return None if stored is None else _read(stored, cancelling)

    async def list_operations(self, limit: int, *, with_running: bool = False) -> list[OperationSnapshot]:
        """See `operation_port.OperationBus.list_operations`."""
        keys = self._keys
        reply = await self._link.call(
            load("list_operations"),
            (keys.operations, keys.operations_running, keys.operations_cancelled, keys.operation("")),
            (limit, int(with_running)),
        )
        read = [_read(stored, cancelling) for stored, cancelling in pairs(reply)]
        return sorted(read, key=lambda each: (each.created_at, each.operation_id), reverse=True)

    async def cancel_operation(self, operation_id: str) -> bool:
        """See `operation_port.OperationBus.cancel_operation`."""
        keys = self._keys
        wished = await self._link.call(
            load("cancel_operation"), (keys.operations_running, keys.operations_cancelled), (operation_id,)
        )
        return bool(wished)

    async def open_results(self, operation_id: str, station_ids: Sequence[str]) -> None:
        """See `operation_port.OperationBus.open_results`."""
        for batch in in_batches(station_ids):
            await self._results("open_results", operation_id, (PENDING_STORED, *batch))

    async def begin_results(self, operation_id: str, station_ids: Sequence[str]) -> list[str]:
        """See `operation_port.OperationBus.begin_results`."""
        begun: list[str] = []
        for batch in in_batches(station_ids):
            reply = await self._results(
                "begin_results", operation_id, (PENDING_STORED, RUNNING_STORED, *batch)
            )
            begun += (station_id.decode() for station_id in reply)
        return begun

    async def write_results(self, operation_id: str, results: Sequence[StationResult]) -> None:
        """See `operation_port.OperationBus.write_results`."""
        for batch in in_batches(results):
            arguments: list[Argument] = [PENDING_STORED, RUNNING_STORED]
            for result in batch:
                arguments += (result.station_id, encode_result(result))
            await self._results("write_results", operation_id, arguments)

    async def read_results(self, operation_id: str) -> list[StationResult]:
        """See `operation_port.OperationBus.read_results`."""
        reply = await self._link.execute("HGETALL", self._keys.operation_results(operation_id))
        read = [decode_result(station_id.decode(), stored.decode()) for station_id, stored in pairs(reply)]
        return sorted(read, key=lambda result: result.station_id)

    async def _results(self, script: str, operation_id: str, arguments: Sequence[Argument]) -> Any:
        key = self._keys.operation_results(operation_id)
        return await self._link.call(load(script), (key,), (OPERATION_TTL_SECONDS, *arguments))


def _read(stored: bytes, cancelling: int) -> OperationSnapshot:
    return msgspec.structs.replace(_operation.decode(stored), cancelling=bool(cancelling))
