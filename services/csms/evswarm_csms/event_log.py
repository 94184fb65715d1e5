"""Events of stations on their way to the store, gathered for a moment and written together."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from evswarm_shared.bus.csms_records import StationEvent
from evswarm_shared.errors import BusUnavailableError

EVENTS_PER_WRITE: Final = 500
GATHER_SECONDS: Final = 0.02
RETRY_SECONDS: Final = 0.5
EVENTS_WAITING: Final = 20_000
"""Events that wait while the store is away; beyond it the oldest go, and are counted."""

log = logging.getLogger(__name__)


class EventLog:
    """What happened at stations and is not stored yet. `run` writes for as long as it runs."""

    __slots__ = ("_append", "_news", "_waiting", "dropped")

    def __init__(
        self, append: Callable[[Sequence[tuple[str, StationEvent]]], Coroutine[Any, Any, None]]
    ) -> None:
        self._append = append
        self._waiting: deque[tuple[str, StationEvent]] = deque()
        self._news = asyncio.Event()
        self.dropped = 0

    def note(self, station_id: str, event: StationEvent) -> None:
        """Something happened."""
        if len(self._waiting) >= EVENTS_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append((station_id, event))
        self._news.set()

    async def run(self) -> None:
        """Write what comes, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(GATHER_SECONDS)
            try:
                await self.flush()
            except BusUnavailableError as error:
                log.debug("events wait: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                self._news.set()

    async def flush(self) -> None:
        """Write everything that waits.

        Raises:
            BusUnavailableError: the store is away; what is not written goes on waiting.
        """
        while self._waiting:
            part = [self._waiting.popleft() for _ in range(min(EVENTS_PER_WRITE, len(self._waiting)))]
            try:
                await self._append(part)
            except BusUnavailableError:
                self._waiting.extendleft(reversed(part))
                raise
