"""Finds dead connections: one sweep over the links of a worker instead of a timer each.

Links sit in as many buckets as a period has seconds, and each second one bucket is looked at. A link that was heard
since the last look is well; a silent one is pinged; one that was pinged and is still silent is dropped. A link whose
station has a WebSocketPingInterval of its own is pinged in that rhythm instead, or never (OCPP 1.6 §9.1.34); a
calendar of seconds holds these few.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from evswarm_shared.telemetry.counts import DisconnectReason
from evswarm_worker.runner import Link, Phase
from evswarm_worker.station.configuration import DEFAULT_PING_SECONDS

PERIOD_SECONDS: Final = DEFAULT_PING_SECONDS
"""A silent link is pinged after one to two periods and dropped one period later. As long as the usual heartbeat
interval: a station that is alive is heard anyway, and need not be pinged on top."""


@dataclass(frozen=True, slots=True, eq=False)
class _Rhythm:
    """Seconds between the pings of one link, 0 for none; a changed rhythm is another one."""

    seconds: int


class KeepAlive:
    """The links under watch."""

    def __init__(self, period_seconds: int = PERIOD_SECONDS) -> None:
        self._buckets: list[set[Link]] = [set() for _ in range(period_seconds)]
        self._hand = 0
        self._next = 0
        self._seconds = 0
        self._rhythms: dict[Link, _Rhythm] = {}
        self._calendar: dict[int, list[tuple[Link, _Rhythm]]] = {}

    def pace(self, link: Link, seconds: int) -> None:
        """Ping an open link every so many seconds whatever is heard, with 0 never; the usual period is no rhythm."""
        if seconds == len(self._buckets):
            self._rhythms.pop(link, None)
            return
        link.pinged = False
        rhythm = self._rhythms[link] = _Rhythm(seconds)
        self._enter(link, rhythm)

    def watch(self, link: Link) -> None:
        """Look after an open link until it is open no more."""
        self._buckets[self._next].add(link)
        self._next = (self._next + 1) % len(self._buckets)

    def sweep(self) -> None:
        """Look at one bucket and at the links that are due; once a second."""
        self._seconds += 1
        for link, rhythm in self._calendar.pop(self._seconds, ()):
            if self._rhythms.get(link) is not rhythm:
                continue
            if self._kept(link, rhythm):
                self._enter(link, rhythm)
            else:
                del self._rhythms[link]
        bucket = self._buckets[self._hand]
        self._hand = (self._hand + 1) % len(self._buckets)
        for link in [link for link in bucket if not self._well(link)]:
            bucket.discard(link)

    def _well(self, link: Link) -> bool:
        if link.phase is not Phase.OPEN:
            return False
        if self._rhythms and link in self._rhythms:
            return True
        if link.heard:
            link.heard = link.pinged = False
        elif link.pinged:
            link.drop(DisconnectReason.PING_TIMEOUT)
            return False
        else:
            link.ping()
        return True

    def _enter(self, link: Link, rhythm: _Rhythm) -> None:
        # One that is never pinged is looked at all the same, to forget it when it has closed.
        due = self._seconds + (rhythm.seconds or len(self._buckets))
        self._calendar.setdefault(due, []).append((link, rhythm))

    def _kept(self, link: Link, rhythm: _Rhythm) -> bool:
        if link.phase is not Phase.OPEN:
            return False
        if rhythm.seconds:
            if link.pinged and not link.heard:
                link.drop(DisconnectReason.PING_TIMEOUT)
                return False
            link.heard = False
            link.ping()
        return True

    async def run(self) -> None:
        """Sweep once a second until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            self.sweep()
