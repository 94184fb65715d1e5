"""Finds dead connections: one sweep over the links of a worker instead of a timer each.

Links sit in as many buckets as a period has seconds, and each second one bucket is looked at. A link that was heard
since the last look is well; a silent one is pinged; one that was pinged and is still silent is dropped.
"""

import asyncio
from typing import Final

from evswarm_shared.telemetry.counts import DisconnectReason
from evswarm_worker.runner import Link, Phase

PERIOD_SECONDS: Final = 60
"""A silent link is pinged after one to two periods and dropped one period later. As long as the usual heartbeat
interval: a station that is alive is heard anyway, and need not be pinged on top."""


class KeepAlive:
    """The links under watch."""

    def __init__(self, period_seconds: int = PERIOD_SECONDS) -> None:
        self._buckets: list[set[Link]] = [set() for _ in range(period_seconds)]
        self._hand = 0
        self._next = 0

    def watch(self, link: Link) -> None:
        """Look after an open link until it is open no more."""
        self._buckets[self._next].add(link)
        self._next = (self._next + 1) % len(self._buckets)

    def sweep(self) -> None:
        """Look at one bucket; once a second."""
        bucket = self._buckets[self._hand]
        self._hand = (self._hand + 1) % len(self._buckets)
        for link in [link for link in bucket if not self._well(link)]:
            bucket.discard(link)

    def _well(self, link: Link) -> bool:
        if link.phase is not Phase.OPEN:
            return False
        if link.heard:
            link.heard = link.pinged = False
        elif link.pinged:
            link.drop(DisconnectReason.PING_TIMEOUT)
            return False
        else:
            link.ping()
        return True

    async def run(self) -> None:
        """Sweep once a second until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            self.sweep()
