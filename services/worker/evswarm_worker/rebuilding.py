"""Gives an emptied store back what this worker still knows of its stations.

A lease that the store knows no more, long before it ran out, means that the store has lost its data, or that somebody
ended the lease. Which of the two shows in each station: only what the store has no checkpoint of is written again.
"""

import logging
from typing import Final

import msgspec

from evswarm_shared.bus.batches import STATIONS_PER_STEP, in_batches
from evswarm_shared.bus.messages import SnapshotWrite, StationCommit
from evswarm_shared.bus.port import WorkerBus
from evswarm_worker.host import StationMachine
from evswarm_worker.lease import Lease

WHAT_IS_GONE: Final = (
    "closed transactions in the stations' ledgers, station logs, and everything the central system had: "
    "transactions, id tags, registrations"
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


async def rebuild(bus: WorkerBus, lease: Lease, kept: list[KeptStation]) -> int:
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
        await bus.commit(lease.worker_id, lease.epoch, [each.commit for each in forgotten])
        await bus.publish(lease.worker_id, lease.epoch, [each.row for each in forgotten])
        await bus.release(lease.worker_id, lease.epoch, [stored.station_id for stored in won])
        rebuilt += len(forgotten)
    if rebuilt:
        log.error("THE STORE WAS EMPTIED: %d stations are rebuilt; gone are %s", rebuilt, WHAT_IS_GONE)
    return rebuilt
