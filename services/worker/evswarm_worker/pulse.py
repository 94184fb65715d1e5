"""The worker's heartbeat: renews the lease each second and brings back what to do.

The one place that says in the log that the store is away; whoever else waits for it does so quietly.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from evswarm_shared.bus.messages import ChangeHint, HeartbeatReply, WorkerHeartbeat
from evswarm_shared.bus.port import WorkerBus
from evswarm_shared.errors import BusUnavailableError, LeaseLostError
from evswarm_worker.lease import Lease

BEAT_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 0.25
SPACING_SECONDS: Final = 0.1
"""Two beats are never closer than this, however many hints come."""

log = logging.getLogger(__name__)


class Pulse:
    """Keeps a lease alive for as long as the store grants it."""

    def __init__(
        self,
        bus: WorkerBus,
        lease: Lease,
        report: Callable[[], WorkerHeartbeat],
        follow: Callable[[HeartbeatReply], None],
        forgotten: Callable[[], Awaitable[None]],
    ) -> None:
        """`forgotten` is called when the store does not know a lease that has not run out; it gets another one.

        It may raise BusUnavailableError, then it is called again, or LeaseLostError.
        """
        self._bus = bus
        self._lease = lease
        self._report = report
        self._follow = follow
        self._forgotten = forgotten
        self._asked_at: float | None = None
        self._hurry = asyncio.Event()
        self._round_trip = 0.0
        self._away = False

    @property
    def lag_seconds(self) -> float:
        """How long the store took to answer last, or has been taking if it has not answered yet."""
        if self._asked_at is None:
            return self._round_trip
        return max(self._round_trip, time.monotonic() - self._asked_at)

    async def listen(self) -> None:
        """Beat sooner when the store says that something for workers was written; until cancelled."""
        while True:
            try:
                async with self._bus.changes() as hints:
                    async for hint in hints:
                        if hint is not ChangeHint.DESIRED:
                            self._hurry.set()
            except BusUnavailableError as error:
                log.debug("no hints from the store: %s", error)
            await asyncio.sleep(BEAT_SECONDS)

    async def run(self) -> None:
        """Beat until cancelled.

        Raises:
            LeaseLostError: the store refused the renewal, or did not answer before the worker's own deadline.
        """
        while True:
            started = time.monotonic()
            answered = await self.beat()
            pause = BEAT_SECONDS - (time.monotonic() - started) if answered else RETRY_SECONDS
            await asyncio.sleep(SPACING_SECONDS)
            left = min(pause - SPACING_SECONDS, self._lease.deadline - time.monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, left)):
                    await self._hurry.wait()
            self._hurry.clear()

    async def beat(self) -> bool:
        """Renew once; False if the store did not answer and there is still time.

        Raises:
            LeaseLostError: see `run`.
        """
        sent = time.monotonic()
        if sent >= self._lease.deadline:
            self._lease.lose()
            raise LeaseLostError("the store did not answer before the lease ran out")
        if self._asked_at is None:
            self._asked_at = sent
        try:
            async with asyncio.timeout(self._lease.deadline - sent):
                reply = await self._bus.heartbeat(self._report(), self._lease.seconds)
        except (BusUnavailableError, TimeoutError) as error:
            if not self._away:
                log.warning("the store does not answer: %s", error or "time-out")
            self._away = True
            return False
        if self._away:
            log.info("the store is back")
        self._away = False
        self._round_trip = time.monotonic() - self._asked_at
        self._asked_at = None
        if reply.name_taken and not self._lease.asked_anew:
            self._lease.lose()
            raise LeaseLostError(
                f"another worker took the name {self._lease.worker_id}: give each an EVSWARM_WORKER_ID of its own, or none"
            )
        if not reply.lease_held:
            return await self._take_up_again()
        self._lease.renewed(sent)
        self._follow(reply)
        return True

    async def _take_up_again(self) -> bool:
        if self._lease.valid():
            try:
                async with asyncio.timeout(self._lease.deadline - time.monotonic()):
                    await self._forgotten()
            except BusUnavailableError as error:
                log.debug("the store is away again: %s", error)
                return False
            except (LeaseLostError, TimeoutError) as error:
                log.warning("no other lease before the last one ran out: %s", error or "time-out")
            else:
                return True
        self._lease.lose()
        raise LeaseLostError("the store does not know our lease any more")
