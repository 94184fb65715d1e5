"""What a controller does on the bus with operations and their results by station.

An operation is found by who lists them for as long as it is kept: OPERATION_TTL_SECONDS after it was last written, and
while it is among the last OPERATIONS_KEPT or runs.
"""

from collections.abc import Sequence
from typing import Protocol

from evswarm_shared.bus.messages import OperationSnapshot
from evswarm_shared.bus.operation_results import StationResult


class OperationBus(Protocol):
    """Part of what a controller does on the bus."""

    async def write_operation(self, operation: OperationSnapshot) -> bool:
        """Store an operation; False, and nothing written, when it has ended and `operation` is not what it ended as."""
        ...

    async def read_operation(self, operation_id: str) -> OperationSnapshot | None:
        """An operation that is not forgotten yet."""
        ...

    async def list_operations(self, limit: int, *, with_running: bool = False) -> list[OperationSnapshot]:
        """The last `limit` to begin, the newest first; `with_running` those besides that run and are older."""
        ...

    async def cancel_operation(self, operation_id: str) -> bool:
        """Wish that it ends early: from now on it is read as `cancelling`; False when it does not run."""
        ...

    async def open_results(self, operation_id: str, station_ids: Sequence[str]) -> None:
        """Add stations to those that the operation is about, pending; those that it has stay as they are."""
        ...

    async def begin_results(self, operation_id: str, station_ids: Sequence[str]) -> list[str]:
        """Take those of the stations that are pending: they are running now, and nobody else gets them."""
        ...

    async def write_results(self, operation_id: str, results: Sequence[StationResult]) -> None:
        """Say what became of stations that are pending or running; final results and unknown stations stay as they are."""
        ...

    async def read_results(self, operation_id: str) -> list[StationResult]:
        """The stations that the operation is about with what became of them, by id."""
        ...
