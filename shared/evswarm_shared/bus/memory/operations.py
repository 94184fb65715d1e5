"""The operations on operations of the port, in memory."""

from collections.abc import Sequence

import msgspec

from evswarm_shared.bus.keys import OPERATION_TTL_SECONDS, OPERATIONS_KEPT
from evswarm_shared.bus.memory.store import MemoryStore
from evswarm_shared.bus.messages import OperationSnapshot, OperationState
from evswarm_shared.bus.operation_results import OPEN, StationOutcome, StationResult


class OperationOperations:
    """See `operation_port.OperationBus`."""

    store: MemoryStore

    async def write_operation(self, operation: OperationSnapshot) -> bool:
        """See `operation_port.OperationBus.write_operation`."""
        store = self.store
        store.check()
        operation = msgspec.structs.replace(operation, cancelling=False)
        operation_id = operation.operation_id
        stored = store.valid(store.operations.get(operation_id))
        if stored is not None and stored.state is not OperationState.RUNNING:
            return stored == operation
        store.operations.pop(operation_id, None)
        store.operations[operation_id] = store.lasting(operation, OPERATION_TTL_SECONDS)
        if operation.state is not OperationState.RUNNING:
            store.cancelled.discard(operation_id)
        for old in self._newest()[OPERATIONS_KEPT:]:
            if old.state is not OperationState.RUNNING:
                del store.operations[old.operation_id]
                store.results.pop(old.operation_id, None)
        return True

    async def read_operation(self, operation_id: str) -> OperationSnapshot | None:
        """See `operation_port.OperationBus.read_operation`."""
        self.store.check()
        operation = self.store.valid(self.store.operations.get(operation_id))
        return None if operation is None else self._marked(operation)

    async def list_operations(self, limit: int, *, with_running: bool = False) -> list[OperationSnapshot]:
        """See `operation_port.OperationBus.list_operations`."""
        self.store.check()
        newest = self._newest()
        older = [o for o in newest[limit:] if with_running and o.state is OperationState.RUNNING]
        return [self._marked(operation) for operation in (*newest[:limit], *older)]

    async def cancel_operation(self, operation_id: str) -> bool:
        """See `operation_port.OperationBus.cancel_operation`."""
        self.store.check()
        operation = self.store.valid(self.store.operations.get(operation_id))
        if operation is None or operation.state is not OperationState.RUNNING:
            return False
        self.store.cancelled.add(operation_id)
        return True

    async def open_results(self, operation_id: str, station_ids: Sequence[str]) -> None:
        """See `operation_port.OperationBus.open_results`."""
        results = self._results(operation_id)
        for station_id in station_ids:
            results.setdefault(station_id, StationResult(station_id, StationOutcome.PENDING))

    async def begin_results(self, operation_id: str, station_ids: Sequence[str]) -> list[str]:
        """See `operation_port.OperationBus.begin_results`."""
        results = self._results(operation_id)
        begun = [
            station_id
            for station_id in station_ids
            if station_id in results and results[station_id].outcome is StationOutcome.PENDING
        ]
        results.update((each, StationResult(each, StationOutcome.RUNNING)) for each in begun)
        return begun

    async def write_results(self, operation_id: str, results: Sequence[StationResult]) -> None:
        """See `operation_port.OperationBus.write_results`."""
        stored = self._results(operation_id)
        for result in results:
            before = stored.get(result.station_id)
            if before is not None and before.outcome in OPEN:
                stored[result.station_id] = result

    async def read_results(self, operation_id: str) -> list[StationResult]:
        """See `operation_port.OperationBus.read_results`."""
        self.store.check()
        results = self.store.valid(self.store.results.get(operation_id)) or {}
        return [results[station_id] for station_id in sorted(results)]

    def _results(self, operation_id: str) -> dict[str, StationResult]:
        store = self.store
        store.check()
        results = store.valid(store.results.get(operation_id)) or {}
        store.results[operation_id] = store.lasting(results, OPERATION_TTL_SECONDS)
        return results

    def _newest(self) -> list[OperationSnapshot]:
        kept = [self.store.valid(each) for each in self.store.operations.values()]
        living = [each for each in kept if each is not None]
        return sorted(living, key=lambda each: (each.created_at, each.operation_id), reverse=True)

    def _marked(self, operation: OperationSnapshot) -> OperationSnapshot:
        cancelling = operation.operation_id in self.store.cancelled
        return msgspec.structs.replace(operation, cancelling=cancelling)
