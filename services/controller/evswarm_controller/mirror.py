"""Keeps the fleet up to date with what the workers publish, and wakes whoever waits for a station to change."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from evswarm_controller.fleet import Fleet
from evswarm_shared.bus.messages import PatchEvent
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import BusUnavailableError

RETRY_SECONDS: Final = 0.5

log = logging.getLogger(__name__)


class Mirror:
    """Follows the patches of all workers.

    `on_logged` is told the ids whose log grew. `synced` is False until everything has been read once.
    """

    def __init__(
        self,
        bus: ControllerBus,
        fleet: Fleet,
        now: Callable[[], float],
        *,
        on_logged: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._bus = bus
        self._fleet = fleet
        self._now = now
        self._on_logged = on_logged
        self._changed = asyncio.Event()
        self.synced = False

    async def run(self) -> None:
        """Follow for ever; while the store is away, try again."""
        while True:
            try:
                async with self._bus.patches() as events:
                    await self.read_all()
                    async for event in events:
                        await self._take(event)
            except BusUnavailableError as error:
                log.warning("the rows cannot be followed: %s", error)
            await asyncio.sleep(RETRY_SECONDS)

    async def read_all(self) -> None:
        """Take all rows as they are stored.

        Raises:
            BusUnavailableError: the store does not answer.
        """
        rows = await self._bus.read_snapshots()
        self._fleet.replace_all(rows)
        self.synced = True
        self._wake()

    async def wait_until(self, condition: Callable[[], bool], timeout_seconds: float) -> bool:
        """Whether the condition, asked again after every change of the fleet, comes true in time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while not condition():
                    await self._changed.wait()
        except TimeoutError:
            return condition()
        return True

    async def _take(self, event: PatchEvent | None) -> None:
        if event is None:
            await self.read_all()
            return
        self._fleet.apply(event.worker_id, event.rows, self._now())
        self._fleet.remove(event.deleted)
        if event.logged:
            self._on_logged(event.logged)
        self._wake()

    def _wake(self) -> None:
        woken, self._changed = self._changed, asyncio.Event()
        woken.set()
