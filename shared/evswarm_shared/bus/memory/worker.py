"""The worker's operations of the port, in memory."""

from collections.abc import Sequence

import msgspec

from evswarm_shared.bus.batches import in_batches
from evswarm_shared.bus.keys import LOG_LINES_KEPT
from evswarm_shared.bus.memory.store import MemoryStore, Owner
from evswarm_shared.bus.messages import (
    HeartbeatReply,
    OutboxEntry,
    PatchEvent,
    SnapshotWrite,
    StationCommit,
    StoredStation,
    WorkerHeartbeat,
)
from evswarm_shared.bus.station_ledger import encode_fact, field_of, outdated_fields
from evswarm_shared.errors import LeaseLostError


class WorkerOperations:
    """See `port.WorkerBus`."""

    store: MemoryStore

    async def register_worker(self, heartbeat: WorkerHeartbeat, ttl_seconds: float) -> int:
        """See `port.WorkerBus.register_worker`."""
        store = self.store
        store.check()
        store.epoch = max(store.epoch, heartbeat.lease_epoch)
        epoch = store.next_epoch()
        store.leases[heartbeat.worker_id] = store.lasting(epoch, ttl_seconds)
        store.workers[heartbeat.worker_id] = heartbeat
        return epoch

    async def heartbeat(self, heartbeat: WorkerHeartbeat, ttl_seconds: float) -> HeartbeatReply:
        """See `port.WorkerBus.heartbeat`."""
        store = self.store
        store.check()
        worker_id = heartbeat.worker_id
        if not store.lease_holds(worker_id, heartbeat.lease_epoch):
            return HeartbeatReply(
                lease_held=False, name_taken=store.valid(store.leases.get(worker_id)) is not None
            )
        store.leases[worker_id] = store.lasting(heartbeat.lease_epoch, ttl_seconds)
        store.workers[worker_id] = heartbeat
        return HeartbeatReply(
            lease_held=True, assignment=store.assignments.get(worker_id), tariff=store.tariff
        )

    async def release_lease(self, worker_id: str, lease_epoch: int) -> None:
        """See `port.WorkerBus.release_lease`."""
        self.store.check()
        if self.store.lease_holds(worker_id, lease_epoch):
            del self.store.leases[worker_id]
            self.store.workers.pop(worker_id, None)

    async def claim(
        self, worker_id: str, lease_epoch: int, station_ids: Sequence[str]
    ) -> list[StoredStation]:
        """See `port.WorkerBus.claim`."""
        store = self.store
        self._check_lease(worker_id, lease_epoch)
        us = Owner(worker_id, lease_epoch)
        won: list[StoredStation] = []
        for station_id in station_ids:
            if store.living_owner(station_id) is not None and store.owners[station_id] != us:
                continue
            store.owners[station_id] = us
            outbox = sorted(store.outboxes[station_id].items())
            won.append(
                StoredStation(
                    station_id,
                    store.checkpoints.get(station_id),
                    tuple(OutboxEntry(sequence, message) for sequence, message in outbox),
                )
            )
        return won

    async def release(self, worker_id: str, lease_epoch: int, station_ids: Sequence[str]) -> None:
        """See `port.WorkerBus.release`."""
        self.store.check()
        us = Owner(worker_id, lease_epoch)
        for station_id in station_ids:
            if self.store.owners.get(station_id) == us:
                del self.store.owners[station_id]

    async def commit(
        self, worker_id: str, lease_epoch: int, commits: Sequence[StationCommit]
    ) -> frozenset[str]:
        """See `port.WorkerBus.commit`."""
        store = self.store
        self._check_lease(worker_id, lease_epoch)
        us = Owner(worker_id, lease_epoch)
        refused: set[str] = set()
        for commit in commits:
            if store.owners.get(commit.station_id) != us:
                refused.add(commit.station_id)
                continue
            if commit.checkpoint is not None:
                store.checkpoints[commit.station_id] = commit.checkpoint
            outbox = store.outboxes[commit.station_id]
            outbox.update((entry.sequence, entry.message) for entry in commit.outbox_added)
            for sequence in commit.outbox_removed:
                outbox.pop(sequence, None)
            ledger = store.ledgers[commit.station_id]
            for fact in commit.ledger:
                ledger[field_of(fact)] = encode_fact(fact)
                for field in outdated_fields(fact):
                    ledger.pop(field, None)
        return frozenset(refused)

    async def publish(
        self, worker_id: str, lease_epoch: int, writes: Sequence[SnapshotWrite]
    ) -> frozenset[str]:
        """See `port.WorkerBus.publish`."""
        self._check_lease(worker_id, lease_epoch)
        refused: set[str] = set()
        for batch in in_batches(writes):
            refused |= self._publish_step(Owner(worker_id, lease_epoch), batch)
        return frozenset(refused)

    def _publish_step(self, us: Owner, writes: Sequence[SnapshotWrite]) -> set[str]:
        store = self.store
        refused: set[str] = set()
        rows: list[msgspec.Raw] = []
        logged: list[str] = []
        for write in writes:
            station_id = write.station_id
            if store.owners.get(station_id) != us:
                refused.add(station_id)
                continue
            store.snapshots[station_id] = write.row
            rows.append(msgspec.Raw(write.row))
            before = store.registers.get(station_id, (0, 0))
            after = (max(before[0], write.energy_mwh), max(before[1], write.earnings_micro))
            store.registers[station_id] = after
            store.totals = (
                store.totals[0] + after[0] - before[0],
                store.totals[1] + after[1] - before[1],
            )
            if write.log_lines:
                store.logs[station_id] = [*store.logs[station_id], *write.log_lines][-LOG_LINES_KEPT:]
                logged.append(station_id)
        if rows:
            store.send(store.keys.patches, PatchEvent(us.process_id, rows=tuple(rows), logged=tuple(logged)))
        return refused

    def _check_lease(self, worker_id: str, lease_epoch: int) -> None:
        self.store.check()
        if not self.store.lease_holds(worker_id, lease_epoch):
            raise LeaseLostError(f"lease {lease_epoch} of {worker_id} has ended")
