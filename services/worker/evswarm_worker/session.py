"""What lives as long as one lease: the shard and the tasks around it, and how they end in order."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from evswarm_shared.bus.messages import HeartbeatReply, WorkerHeartbeat
from evswarm_shared.bus.port import WorkerBus
from evswarm_shared.errors import BusUnavailableError, LeaseLostError
from evswarm_shared.settings import ShutdownPolicy, WorkerSettings
from evswarm_shared.telemetry.counts import StationCounts
from evswarm_worker.admission import Admission
from evswarm_worker.building import StationBuilder, usual_tag
from evswarm_worker.commands import CommandService
from evswarm_worker.gauges import ShardGauges
from evswarm_worker.history import StationHistory
from evswarm_worker.lease import Lease
from evswarm_worker.pulse import Pulse
from evswarm_worker.rebuilding import KeptStation, keep, take_up_again
from evswarm_worker.shard import LinkSettings, Shard
from evswarm_worker.share import Goal
from evswarm_worker.source_addresses import source_addresses

DRAIN_RESERVE_SECONDS: Final = 1.0
"""The part of the grace period kept for the last rows and for giving the lease back."""

log = logging.getLogger(__name__)


class Session:
    """What lives as long as one lease."""

    def __init__(
        self,
        settings: WorkerSettings,
        bus: WorkerBus,
        lease: Lease,
        counts: StationCounts,
        gauges: ShardGauges,
        *,
        history: StationHistory,
        report: Callable[[], WorkerHeartbeat],
        listening: bool = False,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._report = report
        self.shard = Shard(
            bus,
            lease,
            LinkSettings(
                csms_url=settings.csms_url,
                ca=settings.csms_ca,
                require_subprotocol=settings.csms_require_subprotocol,
                max_frame_bytes=settings.max_frame_bytes,
                connect_timeout_seconds=settings.connect_timeout_seconds,
                source_addresses=source_addresses(settings.source_addresses),
                csms_tls_url=settings.csms_tls_url,
                auth_key_form=settings.csms_auth_key_form,
            ),
            counts,
            gauges,
            tick_seconds=settings.tick_seconds,
            history=history,
            listening=listening,
        )
        builder = StationBuilder(settings, lease.worker_id, counts)
        self.kept: list[KeptStation] = []
        self.admission = Admission(bus, self.shard, builder)
        self.pulse = Pulse(bus, lease, report, self._follow, self._take_up_again)
        self.commands = CommandService(
            bus,
            lease.worker_id,
            self.shard.hosts,
            self.shard.now,
            lambda host: usual_tag(host.plan, self.admission.seed),
        )

    async def _take_up_again(self) -> None:
        """The store knows our lease no more although it has not run out: it has lost everything, or nearly so."""
        await take_up_again(self._bus, self.shard, self._report())
        self.admission.begin_anew()

    def _follow(self, reply: HeartbeatReply) -> None:
        if reply.assignment is not None:
            self.shard.history.follow(reply.assignment.run_id)
        self.admission.follow(reply.assignment, reply.tariff)

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, then drain and give the lease back.

        Raises:
            LeaseLostError: (in a group) the lease is gone.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self.pulse.run()),
                    group.create_task(self.pulse.listen()),
                    group.create_task(self.shard.run()),
                    group.create_task(self.admission.run()),
                    group.create_task(self.commands.run()),
                ]
                await stopping.wait()
                await self._drain()
                for task in tasks:
                    task.cancel()
        except* LeaseLostError:
            # All of them are silent by now. A store that comes back without them gets them back from here.
            now = self.shard.now()
            self.kept = [keep(host.station, now) for host in self.shard.let_go]
            raise
        await self._give_back()

    async def _drain(self) -> None:
        settings = self._settings
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
