"""Tells the other controllers that this one lives, so that any of them can say who is there."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import Final

from evswarm_shared.bus.messages import ControllerHeartbeat
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.telemetry.process_use import ProcessorShare, memory_bytes

BEAT_SECONDS: Final = 2.0

log = logging.getLogger(__name__)


class Presence:
    """One controller's heartbeat. `leads` and `dashboards` are asked each time."""

    def __init__(
        self,
        bus: ControllerBus,
        *,
        controller_id: str,
        version: str,
        lease_seconds: float,
        now: Callable[[], float],
        leads: Callable[[], bool],
        dashboards: Callable[[], int],
    ) -> None:
        self.controller_id = controller_id
        self.metrics_url: str | None = None
        """Where others reach this controller's /metrics, once that is known."""
        self._bus = bus
        self.version = version
        self._lease_seconds = lease_seconds
        self._now = now
        self._leads = leads
        self._dashboards = dashboards
        self._started_at = now()
        self._processor = ProcessorShare()

    async def run(self) -> None:
        """Say it for ever; while the store is away, nobody hears it."""
        while True:
            try:
                await self.beat()
            except BusUnavailableError as error:
                log.debug("the store does not take the heartbeat: %s", error)
            await asyncio.sleep(min(BEAT_SECONDS, self._lease_seconds / 4))

    async def beat(self) -> None:
        """Say it once.

        Raises:
            BusUnavailableError: the store does not answer.
        """
        await self._bus.controller_heartbeat(
            ControllerHeartbeat(
                controller_id=self.controller_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                version=self.version,
                started_at=self._started_at,
                sent_at=self._now(),
                leads=self._leads(),
                dashboards=self._dashboards(),
                cpu_percent=self._processor.take(),
                memory_bytes=memory_bytes(),
                metrics_url=self.metrics_url,
            ),
            self._lease_seconds,
        )
