"""The worker's operations of the port, on Redis."""

from collections.abc import Sequence

import msgspec

from evswarm_shared.bus.batches import in_batches
from evswarm_shared.bus.keys import LOG_LINES_KEPT, Keys
from evswarm_shared.bus.messages import (
    Assignment,
    HeartbeatReply,
    OutboxEntry,
    SnapshotWrite,
    StationCommit,
    StoredStation,
    Tariff,
    WorkerHeartbeat,
)
from evswarm_shared.bus.redis.encoding import encode, milliseconds, pairs
from evswarm_shared.bus.redis.link import Argument, Link
from evswarm_shared.bus.redis.scripts import load
from evswarm_shared.bus.station_ledger import LedgerFact, encode_fact, field_of, outdated_fields
from evswarm_shared.errors import LeaseLostError

_assignment = msgspec.json.Decoder(Assignment)
_tariff = msgspec.json.Decoder(Tariff)


class WorkerOperations:
    """See `port.WorkerBus`. Every write runs under the lease epoch, which the store compares."""

    _link: Link
    _keys: Keys

    async def register_worker(self, heartbeat: WorkerHeartbeat, ttl_seconds: float) -> int:
        """See `port.WorkerBus.register_worker`."""
        keys = self._keys
        epoch: int = await self._link.call(
            load("register_worker"),
            (keys.epochs, keys.lease(heartbeat.worker_id), keys.workers),
            (heartbeat.worker_id, encode(heartbeat), milliseconds(ttl_seconds), heartbeat.lease_epoch),
        )
        return epoch

    async def heartbeat(self, heartbeat: WorkerHeartbeat, ttl_seconds: float) -> HeartbeatReply:
        """See `port.WorkerBus.heartbeat`."""
        keys = self._keys
        reply = await self._link.call(
            load("heartbeat"),
            (keys.lease(heartbeat.worker_id), keys.workers, keys.assignments, keys.tariff),
            (heartbeat.worker_id, heartbeat.lease_epoch, encode(heartbeat), milliseconds(ttl_seconds)),
        )
        if not reply:
            return HeartbeatReply(lease_held=False, name_taken=reply is not None)
        assignment, tariff = reply
        return HeartbeatReply(
            lease_held=True,
            assignment=None if assignment is None else _assignment.decode(assignment),
            tariff=Tariff() if tariff is None else _tariff.decode(tariff),
        )

    async def release_lease(self, worker_id: str, lease_epoch: int) -> None:
        """See `port.WorkerBus.release_lease`."""
        await self._link.call(
            load("release_lease"),
            (self._keys.lease(worker_id), self._keys.workers),
            (worker_id, lease_epoch),
        )

    async def claim(
        self, worker_id: str, lease_epoch: int, station_ids: Sequence[str]
    ) -> list[StoredStation]:
        """See `port.WorkerBus.claim`."""
        keys = self._keys
        names = (keys.lease(worker_id), keys.owners, keys.checkpoints, keys.lease(""), keys.outbox(""))
        won: list[StoredStation] = []
        for batch in in_batches(station_ids):
            reply = await self._link.call(
                load("owner", "claim"), names, (lease_epoch, f"{worker_id} {lease_epoch}", *batch)
            )
            if reply is None:
                raise _lease_lost(worker_id, lease_epoch)
            for station_id, checkpoint, outbox in reply:
                entries = [OutboxEntry(int(sequence), message) for sequence, message in pairs(outbox)]
                entries.sort(key=lambda entry: entry.sequence)
                won.append(StoredStation(station_id.decode(), checkpoint, tuple(entries)))
        return won

    async def release(self, worker_id: str, lease_epoch: int, station_ids: Sequence[str]) -> None:
        """See `port.WorkerBus.release`."""
        for batch in in_batches(station_ids):
            await self._link.call(
                load("release"), (self._keys.owners,), (f"{worker_id} {lease_epoch}", *batch)
            )

    async def commit(
        self, worker_id: str, lease_epoch: int, commits: Sequence[StationCommit]
    ) -> frozenset[str]:
        """See `port.WorkerBus.commit`."""
        keys = self._keys
        names = (keys.lease(worker_id), keys.owners, keys.checkpoints, keys.outbox(""), keys.ledger(""))
        refused: set[str] = set()
        for batch in in_batches(commits):
            arguments: list[Argument] = [lease_epoch, f"{worker_id} {lease_epoch}"]
            for commit in batch:
                checkpoint = commit.checkpoint
                arguments += (commit.station_id, 0 if checkpoint is None else 1, checkpoint or b"")
                arguments.append(len(commit.outbox_added))
                for entry in commit.outbox_added:
                    arguments += (entry.sequence, entry.message)
                arguments.append(len(commit.outbox_removed))
                arguments += commit.outbox_removed
                _add_facts(arguments, commit.ledger)
            reply = await self._link.call(load("commit"), names, arguments)
            if reply is None:
                raise _lease_lost(worker_id, lease_epoch)
            refused.update(station_id.decode() for station_id in reply)
        return frozenset(refused)

    async def publish(
        self, worker_id: str, lease_epoch: int, writes: Sequence[SnapshotWrite]
    ) -> frozenset[str]:
        """See `port.WorkerBus.publish`."""
        keys = self._keys
        names = (
            keys.lease(worker_id),
            keys.owners,
            keys.snapshots,
            keys.registers,
            keys.totals,
            keys.patches,
            keys.log(""),
        )
        beginning = b'{"worker_id":%b,"rows":[' % msgspec.json.encode(worker_id)
        refused: set[str] = set()
        for batch in in_batches(writes):
            arguments: list[Argument] = [lease_epoch, f"{worker_id} {lease_epoch}", beginning, LOG_LINES_KEPT]
            for write in batch:
                lines = write.log_lines[-LOG_LINES_KEPT:]
                arguments += (write.station_id, write.row, write.energy_mwh, write.earnings_micro, len(lines))
                arguments += lines
            reply = await self._link.call(load("publish"), names, arguments)
            if reply is None:
                raise _lease_lost(worker_id, lease_epoch)
            refused.update(station_id.decode() for station_id in reply)
        return frozenset(refused)


def _add_facts(arguments: list[Argument], facts: Sequence[LedgerFact]) -> None:
    arguments.append(len(facts))
    for fact in facts:
        arguments += (field_of(fact), encode_fact(fact))
    outdated = [field for fact in facts for field in outdated_fields(fact)]
    arguments.append(len(outdated))
    arguments += outdated


def _lease_lost(worker_id: str, lease_epoch: int) -> LeaseLostError:
    return LeaseLostError(f"lease {lease_epoch} of {worker_id} has ended")
