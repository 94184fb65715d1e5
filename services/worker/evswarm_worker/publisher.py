"""Brings rows and log lines to the store: once a tick, in bounded batches that are spread over the tick."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from evswarm_shared.bus.keys import LOG_LINES_KEPT
from evswarm_shared.bus.messages import SnapshotWrite, StationState
from evswarm_shared.bus.port import WorkerBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_worker.gauges import ShardGauges
from evswarm_worker.host import StationHost
from evswarm_worker.lease import Lease
from evswarm_worker.real_clock import RealClock
from evswarm_worker.share import Goal

BATCH: Final = 200
"""Stations a call. The store would take 500 at once, but the event loop should not be held up for so long."""
SPREAD: Final = 0.8
"""The part of a tick over which its batches are spread."""

log = logging.getLogger(__name__)


class Publisher:
    """Knows which stations have something new to say."""

    def __init__(
        self,
        bus: WorkerBus,
        lease: Lease,
        clock: RealClock,
        gauges: ShardGauges,
        refused: Callable[[str], None],
        *,
        tick_seconds: float,
    ) -> None:
        self._bus = bus
        self._lease = lease
        self._clock = clock
        self._gauges = gauges
        self._refused = refused
        self._tick = tick_seconds
        self._dirty: dict[StationHost, None] = {}
        self._waiting = False
        self._encoder = msgspec.json.Encoder()

    def mark(self, host: StationHost) -> None:
        """Publish `host` with the next tick."""
        if not host.dirty:
            host.dirty = True
            self._dirty[host] = None

    def forget(self, host: StationHost) -> None:
        """`host` has left: what it did not publish yet stays unsaid."""
        self._dirty.pop(host, None)
        self._gauges.replace(host.row, None)
        host.row = None

    async def run(self) -> None:
        """Publish every tick until cancelled.

        Raises:
            LeaseLostError: the lease is no longer held.
        """
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + self._tick, loop.time())
            await asyncio.sleep(due - loop.time())
            await self.flush()

    async def flush(self) -> None:
        """Publish what there is now, spread over a tick."""
        hosts = list(self._dirty)
        batches = [hosts[i : i + BATCH] for i in range(0, len(hosts), BATCH)]
        pause = self._tick * SPREAD / len(batches) if batches else 0.0
        for number, batch in enumerate(batches):
            if number:
                await asyncio.sleep(pause)
            await self.publish([host for host in batch if host in self._dirty])

    async def publish(self, hosts: Sequence[StationHost]) -> bool:
        """Publish these at once, at most 500; False if the store did not take them: then they stay marked."""
        if not hosts or not self._lease.valid():
            return not hosts
        now = self._clock.now()
        taken = [(host, self._take(host, now)) for host in hosts]
        try:
            refused = await self._lease.covering(
                self._bus.publish(self._lease.worker_id, self._lease.epoch, [write for _, write in taken])
            )
        except BusUnavailableError as error:
            self._gauges.publish_failures += 1
            log.log(
                logging.DEBUG if self._waiting else logging.WARNING,
                "rows of stations wait for the store: %s",
                error,
            )
            self._waiting = True
            for host, write in taken:
                self._put_back(host, write)
            return False
        if self._waiting:
            self._waiting = False
            log.info("the store takes the stations' rows again")
        for station_id in refused:
            self._refused(station_id)
        return True

    def _take(self, host: StationHost, now: float) -> SnapshotWrite:
        self._dirty.pop(host, None)
        host.dirty = False
        row = host.station.snapshot(now)
        if host.goal is Goal.HAND_OVER and host.settled:
            # Until the next owner publishes: the station is between two workers, not stopped.
            row = msgspec.structs.replace(row, state=StationState.OFFLINE, running=False)
        self._gauges.replace(host.row, row)
        host.row = row
        lines = tuple(host.lines)
        host.lines.clear()
        return SnapshotWrite(
            host.station_id, self._encoder.encode(row), row.energy_mwh, row.earnings_micro, lines
        )

    def _put_back(self, host: StationHost, write: SnapshotWrite) -> None:
        lines = [*write.log_lines, *host.lines]
        self._gauges.log_lines_dropped += max(0, len(lines) - LOG_LINES_KEPT)
        host.lines[:] = lines[-LOG_LINES_KEPT:]
        if not host.ended:
            self.mark(host)
