"""A bus in memory whose one station is also kept in a directory: every commit is there before it counts as written."""

import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from evswarm_shared.bus.keys import LOG_LINES_KEPT
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import OutboxEntry, SnapshotWrite, StationCommit
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.history.log_lines import read_line
from evswarm_worker.alone.state_directory import KeptState, StateDirectory

log = logging.getLogger(__name__)


class KeptBus(MemoryBus):
    """`told` hears every log line as it is published. Without a directory nothing outlives the process.

    The store counts monotonic time: a machine that sleeps loses no lease, for there is nobody to take it.
    """

    def __init__(
        self, state: KeptState, directory: StateDirectory | None, told: Callable[[str], None]
    ) -> None:
        super().__init__(MemoryStore(time.monotonic))
        self._begun = state
        self._station_id = state.station_id
        self._directory = directory
        self._told = told
        self._failing = False
        store, station_id = self.store, state.station_id
        if state.checkpoint is not None:
            store.checkpoints[station_id] = state.checkpoint
        store.outboxes[station_id] = {entry.sequence: entry.message for entry in state.outbox}
        store.ledgers[station_id] = dict(state.ledger)
        store.logs[station_id] = list(state.log)

    def state(self) -> KeptState:
        """Everything that is to be kept, as it is now."""
        store, station_id = self.store, self._station_id
        return msgspec.structs.replace(
            self._begun,
            checkpoint=store.checkpoints.get(station_id),
            outbox=tuple(OutboxEntry(*entry) for entry in sorted(store.outboxes[station_id].items())),
            ledger=dict(store.ledgers[station_id]),
            log=tuple(store.logs[station_id][-LOG_LINES_KEPT:]),
        )

    def keep(self) -> None:
        """Write the state down.

        Raises:
            BusUnavailableError: it cannot be written now.
        """
        if self._directory is None:
            return
        try:
            self._directory.write(self.state())
        except OSError as error:
            if not self._failing:
                log.error("the state cannot be kept, and the station waits: %s", error)
            self._failing = True
            raise BusUnavailableError(f"the state cannot be kept: {error}") from error
        if self._failing:
            log.warning("the state is kept again")
        self._failing = False

    async def commit(
        self, worker_id: str, lease_epoch: int, commits: Sequence[StationCommit]
    ) -> frozenset[str]:
        """See `port.WorkerBus.commit`. The file holds it before this returns."""
        refused = await super().commit(worker_id, lease_epoch, commits)
        self.keep()
        return refused

    async def publish(
        self, worker_id: str, lease_epoch: int, writes: Sequence[SnapshotWrite]
    ) -> frozenset[str]:
        """See `port.WorkerBus.publish`. Lines are shown; they are kept with the next commit."""
        refused = await super().publish(worker_id, lease_epoch, writes)
        for write in writes:
            for line in write.log_lines:
                self._told(read_line(line).line)
        return refused
