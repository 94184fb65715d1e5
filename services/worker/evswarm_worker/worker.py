"""One worker from start to end: a lease, its shard, the tasks around it; again from the start when a lease is lost."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from prometheus_client.core import Metric

from evswarm_shared.bus.messages import HeartbeatReply, WorkerHeartbeat
from evswarm_shared.bus.port import Bus
from evswarm_shared.errors import BusUnavailableError, LeaseLostError
from evswarm_shared.settings import ShutdownPolicy, WorkerSettings
from evswarm_shared.telemetry.counts import StationCounts
from evswarm_shared.telemetry.exposition import (
    loop_metrics,
    process_registry,
    protocol_metrics,
    station_metrics,
)
from evswarm_shared.telemetry.http import TelemetryServer
from evswarm_shared.telemetry.loop_lag import LoopLag
from evswarm_worker.admission import Admission
from evswarm_worker.building import StationBuilder, usual_tag
from evswarm_worker.commands import CommandService
from evswarm_worker.gauges import ShardGauges
from evswarm_worker.lease import Lease
from evswarm_worker.metrics import shard_metrics
from evswarm_worker.pulse import Pulse
from evswarm_worker.shard import LinkSettings, Shard
from evswarm_worker.share import Goal

REGISTER_RETRY_SECONDS: Final = 1.0
DRAIN_RESERVE_SECONDS: Final = 1.0
"""The part of the grace period kept for the last rows and for giving the lease back."""

log = logging.getLogger(__name__)


class Worker:
    """Runs stations until `stop` is called. `capacity` is the number of stations it can take."""

    def __init__(self, settings: WorkerSettings, bus: Bus, capacity: int) -> None:
        self._settings = settings
        self._bus = bus
        self._capacity = capacity
        self._started_at = time.time()
        self._counts = StationCounts()
        self._gauges = ShardGauges()
        self._lag = LoopLag()
        self._metrics_url: str | None = None
        self._stopping = asyncio.Event()
        self._session: _Session | None = None

    def stop(self) -> None:
        """Drain and end, within the grace period."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped.

        Raises:
            OSError: the address of /metrics cannot be had.
            EndpointError: a certificate cannot be used.
        """
        server = TelemetryServer(
            process_registry(
                lambda: protocol_metrics(self._counts),
                lambda: station_metrics(self._counts),
                self._shard_metrics,
                lambda: loop_metrics(self._lag),
            ),
            self._health,
        )
        url = await server.start(self._settings.metrics_host, self._settings.metrics_port)
        self._metrics_url = reachable(url)
        self._lag.start(asyncio.get_running_loop())
        try:
            while not self._stopping.is_set():
                await self._one_lease()
        finally:
            self._lag.stop()
            await server.stop()

    async def _one_lease(self) -> None:
        lease = await self._register()
        if lease is None:
            return
        log.info("worker %s has a lease (epoch %d)", lease.worker_id, lease.epoch)
        self._gauges.reset()
        session = self._session = _Session(self, lease)
        try:
            await session.run()
        except* LeaseLostError as errors:
            log.warning("worker %s lost its lease: %s", lease.worker_id, _first(errors))
        finally:
            self._session = None
            session.shard.discard()

    async def _register(self) -> Lease | None:
        """Get a lease under a fresh name (unless the settings give one); None when stopped meanwhile."""
        name = self._settings.worker_id
        worker_id = name or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        seconds = self._settings.lease_seconds
        while not self._stopping.is_set():
            sent = time.monotonic()
            try:
                epoch = await self._bus.register_worker(self.heartbeat(worker_id, 0), seconds)
            except BusUnavailableError as error:
                log.warning("no lease yet: %s", error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), REGISTER_RETRY_SECONDS)
            else:
                return Lease(worker_id, epoch, seconds, sent)
        return None

    def heartbeat(self, worker_id: str, epoch: int) -> WorkerHeartbeat:
        """This worker as it is now."""
        session = self._session
        leader_epoch, generation = (0, 0) if session is None else session.admission.applied()
        return WorkerHeartbeat(
            worker_id=worker_id,
            lease_epoch=epoch,
            host=socket.gethostname(),
            pid=os.getpid(),
            metrics_url=self._metrics_url,
            started_at=self._started_at,
            sent_at=time.time(),
            applied_generation=generation,
            applied_leader_epoch=leader_epoch,
            stations=0 if session is None else len(session.shard.hosts),
            running=self._gauges.running,
            draining=self._stopping.is_set(),
            loop_lag_ms=round(self._lag.take_worst() * 1000, 1),
            capacity=self._capacity,
        )

    def _health(self) -> str | None:
        session = self._session
        return None if session is not None and session.shard.lease.valid() else "no lease from the store"

    def _shard_metrics(self) -> Iterator[Metric]:
        session = self._session
        outbox, lag = (0, 0.0) if session is None else (session.shard.outbox, session.pulse.lag_seconds)
        return shard_metrics(self._gauges, outbox, lag)


def reachable(url: str) -> str:
    """The URL as others reach it: a server that listens on every address is reached by this host's name."""
    parts = urlsplit(url)
    with contextlib.suppress(ValueError):
        if ip_address(parts.hostname or "").is_unspecified:
            return urlunsplit(parts._replace(netloc=f"{socket.gethostname()}:{parts.port}"))
    return url


def _first(errors: BaseExceptionGroup[LeaseLostError]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Session:
    """What lives as long as one lease."""

    def __init__(self, worker: Worker, lease: Lease) -> None:
        settings, bus = worker._settings, worker._bus
        self._worker = worker
        self._bus = bus
        self.shard = Shard(
            bus,
            lease,
            LinkSettings(
                csms_url=settings.csms_url,
                auth_key=settings.csms_auth_key,
                ca=settings.csms_ca,
                client_cert=settings.client_cert,
                require_subprotocol=settings.csms_require_subprotocol,
                max_frame_bytes=settings.max_frame_bytes,
                connect_timeout_seconds=settings.connect_timeout_seconds,
            ),
            worker._counts,
            worker._gauges,
            tick_seconds=settings.tick_seconds,
        )
        builder = StationBuilder(settings, lease.worker_id, worker._counts)
        self.admission = Admission(bus, self.shard, builder)
        self.pulse = Pulse(bus, lease, lambda: worker.heartbeat(lease.worker_id, lease.epoch), self._follow)
        self.commands = CommandService(
            bus,
            lease.worker_id,
            self.shard.hosts,
            self.shard.now,
            lambda host: usual_tag(host.plan, self.admission.seed),
        )

    def _follow(self, reply: HeartbeatReply) -> None:
        self.admission.follow(reply.assignment, reply.tariff)

    async def run(self) -> None:
        """Work until the worker is stopped, then drain and give the lease back.

        Raises:
            LeaseLostError: (in a group) the lease is gone.
        """
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self.pulse.run()),
                group.create_task(self.pulse.listen()),
                group.create_task(self.shard.run()),
                group.create_task(self.admission.run()),
                group.create_task(self.commands.run()),
            ]
            await self._worker._stopping.wait()
            await self._drain()
            for task in tasks:
                task.cancel()
        await self._give_back()

    async def _drain(self) -> None:
        settings = self._worker._settings
        hand_over = settings.worker_on_shutdown is ShutdownPolicy.HAND_OVER
        log.info("draining %d stations (%s)", len(self.shard.hosts), settings.worker_on_shutdown)
        self.admission.drain(Goal.HAND_OVER if hand_over else Goal.STOP_AND_LEAVE)
        try:
            async with asyncio.timeout(max(0.0, settings.worker_grace_seconds - DRAIN_RESERVE_SECONDS)):
                await self.admission.emptied.wait()
        except TimeoutError:
            log.warning("%d stations did not end in time; they are resumed elsewhere", len(self.shard.hosts))

    async def _give_back(self) -> None:
        lease = self.shard.lease
        try:
            async with asyncio.timeout(DRAIN_RESERVE_SECONDS):
                await self._bus.release_lease(lease.worker_id, lease.epoch)
        except (BusUnavailableError, TimeoutError) as error:
            log.warning("the lease could not be given back and runs out by itself: %s", error)
