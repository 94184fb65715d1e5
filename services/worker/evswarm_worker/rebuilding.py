"""Gives an emptied store back what this worker still knows of its stations.

A lease that the store knows no more, long before it ran out, means that the store has lost its data, or that somebody
ended the lease. Which of the two shows in each station: only what the store has no checkpoint of is written again.
"""

import logging
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from evswarm_shared.bus.batches import STATIONS_PER_STEP, in_batches
from evswarm_shared.bus.messages import SnapshotWrite, StationCommit, WorkerHeartbeat
from evswarm_shared.bus.port import WorkerBus
from evswarm_worker.host import StationMachine
from evswarm_worker.lease import Lease
from evswarm_worker.shard import Shard

WHAT_IS_GONE: Final = (
    "closed transactions in the stations' ledgers, station logs, and everything the central system had: "
    "closed transactions, id tags, registrations"
)

log = logging.getLogger(__name__)


class KeptStation(msgspec.Struct, frozen=True):
    """A station as this worker last knew it."""

    commit: StationCommit
    row: SnapshotWrite


def keep(station: StationMachine, now: float) -> KeptStation:
    """Take everything lasting from a station; real unix seconds."""
    commit = station.whole(now)
    row = station.snapshot(now)
    write = SnapshotWrite(row.station_id, msgspec.json.encode(row), row.energy_mwh, row.earnings_micro)
    return KeptStation(commit, write)


async def take_up_again(bus: WorkerBus, shard: Shard, report: WorkerHeartbeat) -> int:
    """Get another lease for a shard that runs on, and write its stations; how many the store had forgotten.

    The old lease must still be valid: until then nobody else was to run these stations. Writes under the old epoch are
    refused until all is done, and wait. A station that another worker runs by now is dropped, and so is one that the
    store knows: it is resumed from what is stored, whoever wrote it.

    Raises:
        BusUnavailableError: the store is away again.
        LeaseLostError: the new lease is gone already.
    """
    lease = shard.lease
    sent = time.monotonic()
    lease.asked_anew = True
    epoch = lease.half_done = await bus.register_worker(report, lease.seconds)
    rebuilt = 0
    for hosts in in_batches([host for host in shard.hosts.values() if not host.ended], STATIONS_PER_STEP):
        running = {host.station_id: host for host in hosts if not host.ended}
        won = await bus.claim(lease.worker_id, epoch, list(running))
        forgotten = [each.station_id for each in won if each.checkpoint is None]
        now = shard.now()
        # From here to the commit no station does anything lasting that is not written after it.
        kept = [keep(running[station_id].station, now) for station_id in forgotten]
        await _write(bus, lease.worker_id, epoch, kept)
        for station_id in running.keys() - set(forgotten):
            shard.not_ours(running[station_id])
        rebuilt += len(kept)
    lease.granted_anew(epoch, sent)
    _tell(rebuilt)
    return rebuilt


async def rebuild(bus: WorkerBus, lease: Lease, kept: Sequence[KeptStation]) -> int:
    """Write those that the store has forgotten; how many these were. They are free for whom they are assigned to.

    Raises:
        BusUnavailableError: the store is away again.
        LeaseLostError: the lease is gone again.
    """
    rebuilt = 0
    for batch in in_batches(kept, STATIONS_PER_STEP):
        known = {each.commit.station_id: each for each in batch}
        won = await bus.claim(lease.worker_id, lease.epoch, list(known))
        forgotten = [known[stored.station_id] for stored in won if stored.checkpoint is None]
        await _write(bus, lease.worker_id, lease.epoch, forgotten)
        await bus.release(lease.worker_id, lease.epoch, [stored.station_id for stored in won])
        rebuilt += len(forgotten)
    _tell(rebuilt)
    return rebuilt


async def _write(bus: WorkerBus, worker_id: str, epoch: int, kept: Sequence[KeptStation]) -> None:
    await bus.commit(worker_id, epoch, [each.commit for each in kept])
    await bus.publish(worker_id, epoch, [each.row for each in kept])


def _tell(rebuilt: int) -> None:
    if rebuilt:
        log.error("THE STORE WAS EMPTIED: %d stations are rebuilt; gone are %s", rebuilt, WHAT_IS_GONE)
