"""Group commit: what stations must not lose, written in batches within milliseconds and before what depends on it."""

import asyncio
import logging
from collections.abc import Callable
from itertools import islice
from typing import Final, Generic, TypeVar

from evswarm_shared.bus.messages import StationCommit
from evswarm_shared.bus.port import WorkerBus
from evswarm_shared.errors import BusUnavailableError, LeaseLostError
from evswarm_worker.lease import Lease

GATHER_SECONDS: Final = 0.003
"""How long the first commit of a batch waits for others; together with the write it stays within 5 ms."""
BATCH: Final = 500
RETRY_SECONDS: Final = 0.2

log = logging.getLogger(__name__)
H = TypeVar("H")


class GroupCommit(Generic[H]):
    """Writes commits in the order they came. `H` is whoever waits for one; at most one a waiter is under way."""

    def __init__(
        self, bus: WorkerBus, lease: Lease, written: Callable[[H], None], refused: Callable[[H], None]
    ) -> None:
        self._bus = bus
        self._lease = lease
        self._written = written
        self._refused = refused
        self._pending: dict[H, StationCommit] = {}
        self._wanted = asyncio.Event()

    @property
    def pending(self) -> int:
        """How many commits are not written yet."""
        return len(self._pending)

    def add(self, waiter: H, commit: StationCommit) -> None:
        """Write `commit` soon, then call `written(waiter)`; or `refused(waiter)` if the station is not ours."""
        self._pending[waiter] = commit
        self._wanted.set()

    def forget(self, waiter: H) -> None:
        """Whatever it waits for is not to be written any more: the store knows the station better."""
        self._pending.pop(waiter, None)

    async def run(self) -> None:
        """Write until cancelled.

        Raises:
            LeaseLostError: the lease is gone; nothing that was pending is written.
        """
        while True:
            await self._wanted.wait()
            await asyncio.sleep(GATHER_SECONDS)
            while self._pending:
                batch = list(islice(self._pending.items(), BATCH))
                refused = await self._write([commit for _, commit in batch])
                if refused is None:
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                for waiter, commit in batch:
                    if self._pending.pop(waiter, None) is not None:
                        (self._refused if commit.station_id in refused else self._written)(waiter)
            self._wanted.clear()

    async def _write(self, commits: list[StationCommit]) -> frozenset[str] | None:
        """The stations refused; None when the store does not answer."""
        if not self._lease.valid():
            raise LeaseLostError("the lease ran out while commits were waiting")
        try:
            return await self._lease.covering(
                self._bus.commit(self._lease.worker_id, self._lease.epoch, commits)
            )
        except BusUnavailableError as error:
            log.debug("commits of %d stations wait for the store: %s", len(commits), error)
            return None
