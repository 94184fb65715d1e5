"""One worker from start to end: a lease, its shard, the tasks around it; again from the start when a lease is lost."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client.core import Metric

from evswarm_shared.bus.messages import Command, CommandReply, StationSnapshot, WorkerHeartbeat
from evswarm_shared.bus.port import Bus
from evswarm_shared.errors import BusUnavailableError, LeaseLostError
from evswarm_shared.history.recorder import Recorder
from evswarm_shared.settings import HistoryMessages, WorkerSettings
from evswarm_shared.telemetry.counts import StationCounts
from evswarm_shared.telemetry.exposition import (
    loop_metrics,
    process_registry,
    protocol_metrics,
    station_metrics,
)
from evswarm_shared.telemetry.http import TelemetryServer
from evswarm_shared.telemetry.loop_lag import LoopLag
from evswarm_shared.telemetry.own_addresses import own_addresses, reachable
from evswarm_shared.telemetry.process_use import ProcessorShare, memory_bytes
from evswarm_worker.gauges import ShardGauges
from evswarm_worker.history import station_history
from evswarm_worker.lease import Lease
from evswarm_worker.metrics import shard_metrics
from evswarm_worker.rebuilding import KeptStation, rebuild
from evswarm_worker.session import Session
from evswarm_worker.throughput import Throughput

REGISTER_RETRY_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


class Worker:
    """Runs stations until `stop` is called. `capacity` is the number of stations it can take."""

    def __init__(self, settings: WorkerSettings, bus: Bus, capacity: int) -> None:
        self.settings = settings
        self.named: Callable[[str], None] = lambda _: None
        """Told the id under which it works, each time it gets a lease."""
        self.listening = False
        """Whether the frames of every station are kept for looking at from its start."""
        self.bus = bus
        self._capacity = capacity
        self._started_at = time.time()
        self.counts = StationCounts()
        self.gauges = ShardGauges()
        self._throughput = Throughput(self.counts)
        self._messages_kept = settings.history_messages if settings.history else HistoryMessages.OFF
        self._lag = LoopLag()
        self._processor = ProcessorShare()
        self._recorder = Recorder(
            bus,
            f"worker-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}",
            enabled=settings.history,
            entries_kept=settings.history_entries_kept,
        )
        self._history = station_history(settings, self._recorder)
        self._metrics_url: str | None = None
        self._addresses: tuple[str, ...] = ()
        self.stopping = asyncio.Event()
        self._session: Session | None = None
        self._kept: list[KeptStation] = []
        self._half_done: list[tuple[str, int]] = []
        """Leases (name, epoch) under which we claimed stations and got no further: nobody gets these while they last."""

    def stop(self) -> None:
        """Drain and end, within the grace period."""
        self.stopping.set()

    async def carry_out(self, command: Command) -> CommandReply | None:
        """As `CommandService.carry_out`, for somebody in this process; None while there is no lease."""
        session = self._session
        return None if session is None else await session.commands.carry_out(command)

    def row(self, station_id: str) -> StationSnapshot | None:
        """A station as it is now; None unless it runs here."""
        session = self._session
        host = None if session is None else session.shard.hosts.get(station_id)
        return None if session is None or host is None else host.station.snapshot(session.shard.now())

    async def run(self) -> None:
        """Work until stopped.

        Raises:
            OSError: the address of /metrics cannot be had.
            EndpointError: a certificate cannot be used.
        """
        server = TelemetryServer(
            process_registry(
                lambda: protocol_metrics(self.counts),
                lambda: station_metrics(self.counts),
                self._shard_metrics,
                self._recorder.metrics,
                lambda: loop_metrics(self._lag),
            ),
            self._health,
        )
        url = await server.start(self.settings.metrics_host, self.settings.metrics_port)
        self._metrics_url = reachable(url)
        self._addresses = await own_addresses()
        self._lag.start(asyncio.get_running_loop())
        try:
            async with self._recorder.running():
                while not self.stopping.is_set():
                    await self.one_lease()
        finally:
            self._lag.stop()
            await server.stop()

    async def one_lease(self) -> None:
        """Get a lease and work under it until it is lost or the worker is stopped."""
        lease = await self._register()
        if lease is None:
            return
        kept, self._kept = self._kept, []
        if kept:
            try:
                for worker_id, epoch in self._half_done:
                    await self.bus.release_lease(worker_id, epoch)
                await rebuild(self.bus, lease, kept)
            except (BusUnavailableError, LeaseLostError) as error:
                log.warning("%d stations cannot be given back to the store yet: %s", len(kept), error)
                self._kept = kept
                self._half_done.append((lease.worker_id, lease.epoch))
                await self._pause()
                return
            self._half_done.clear()
        self.named(lease.worker_id)
        log.info("worker %s has a lease (epoch %d)", lease.worker_id, lease.epoch)
        self.gauges.reset()
        session = self._session = Session(
            self.settings,
            self.bus,
            lease,
            self.counts,
            self.gauges,
            history=self._history,
            report=lambda: self.heartbeat(lease.worker_id, lease.epoch),
            listening=self.listening,
        )
        try:
            await session.run(self.stopping)
        except* LeaseLostError as errors:
            log.warning("worker %s lost its lease: %s", lease.worker_id, _first(errors))
        finally:
            self.remember(session.kept, lease)
            self._session = None

    def remember(self, kept: list[KeptStation], lease: Lease) -> None:
        """Give these stations back to an emptied store, as soon as there is another lease than `lease`, which is lost."""
        self._kept = kept
        if lease.half_done is not None:
            self._half_done.append((lease.worker_id, lease.half_done))

    async def _register(self) -> Lease | None:
        """Get a lease under a fresh name (unless the settings give one); None when stopped meanwhile."""
        name = self.settings.worker_id
        worker_id = name or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        seconds = self.settings.lease_seconds
        while not self.stopping.is_set():
            sent = time.monotonic()
            try:
                epoch = await self.bus.register_worker(self.heartbeat(worker_id, 0), seconds)
            except BusUnavailableError as error:
                log.warning("no lease yet: %s", error)
                await self._pause()
            else:
                return Lease(worker_id, epoch, seconds, sent)
        return None

    async def _pause(self) -> None:
        """Wait for the store a moment, unless stopped meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REGISTER_RETRY_SECONDS):
                await self.stopping.wait()

    def heartbeat(self, worker_id: str, epoch: int) -> WorkerHeartbeat:
        """This worker as it is now."""
        session = self._session
        leader_epoch, generation = (0, 0) if session is None else session.admission.applied()
        rate, round_trips = self._throughput.look(time.monotonic())
        return WorkerHeartbeat(
            worker_id=worker_id,
            lease_epoch=epoch,
            host=socket.gethostname(),
            pid=os.getpid(),
            metrics_url=self._metrics_url,
            addresses=self._addresses,
            started_at=self._started_at,
            sent_at=time.time(),
            applied_generation=generation,
            applied_leader_epoch=leader_epoch,
            stations=0 if session is None else len(session.shard.hosts),
            running=self.gauges.running,
            draining=self.stopping.is_set(),
            loop_lag_ms=round(self._lag.take_worst() * 1000, 1),
            capacity=self._capacity,
            cpu_percent=self._processor.take(),
            memory_bytes=memory_bytes(),
            messages_per_second=rate,
            round_trips=round_trips,
            messages_kept=self._messages_kept.value,
        )

    def _health(self) -> str | None:
        session = self._session
        return None if session is not None and session.shard.lease.valid() else "no lease from the store"

    def _shard_metrics(self) -> Iterator[Metric]:
        session = self._session
        outbox, lag = (0, 0.0) if session is None else (session.shard.outbox, session.pulse.lag_seconds)
        return shard_metrics(self.gauges, outbox, lag, self.settings.currency)


def _first(errors: BaseExceptionGroup[LeaseLostError]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
