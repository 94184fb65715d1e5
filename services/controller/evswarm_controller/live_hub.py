"""The live feed: makes one patch a tick for everybody, and keeps for each client where it is. No sockets here.

No client has a queue: it has the number of the patch it got last, and gets what the ring holds after it, or a fresh
snapshot where that is shorter. A slow client thus costs nobody else anything.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from evswarm_controller.fleet import Fleet
from evswarm_controller.live_frames import (
    Aggregates,
    ResyncReason,
    Ring,
    hello,
    operation_frame,
    patch,
    resync,
    snapshot,
)
from evswarm_controller.observer import Observer
from evswarm_shared.bus.messages import OperationSnapshot, OperationState

TICK_SECONDS: Final = 0.5
TREND_SECONDS: Final = 5.0
TREND_POINTS: Final = 180
SUBSCRIPTIONS: Final = 16
CATCH_UP_LENGTH: Final = 262_144
"""Missed patches up to this length are sent whatever the length of a snapshot: they cost less than starting anew."""


@dataclass(slots=True)
class FeedCounts:
    """What was sent to dashboards since the start."""

    frames: int = 0
    bytes: int = 0
    frames_dropped: int = 0
    resyncs: int = 0


@dataclass(slots=True, eq=False)
class Subscriber:
    """Where one client is. `wake` is set whenever there may be something for it."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    seq: int | None = None
    asked_resync: bool = False
    interval_seconds: float = 0.0
    next_at: float = 0.0
    logs: dict[str, bool] = field(default_factory=dict)
    """Station id → whether its log has to be sent; the oldest subscription first."""
    operations: dict[str, OperationSnapshot] = field(default_factory=dict)

    def follow(self, station_id: str) -> None:
        """Subscribe to a log; of too many, the oldest subscription ends."""
        self.logs.pop(station_id, None)
        self.logs[station_id] = True
        while len(self.logs) > SUBSCRIPTIONS:
            del self.logs[next(iter(self.logs))]
        self.wake.set()

    def take_due_logs(self) -> list[str]:
        """The stations whose log has to be read and sent."""
        due = [station_id for station_id, is_due in self.logs.items() if is_due]
        for station_id in due:
            self.logs[station_id] = False
        return due


class LiveHub:
    """Everything about the feed that is the same for all clients. Times are real unix seconds."""

    def __init__(
        self,
        fleet: Fleet,
        observer: Observer,
        *,
        version: str,
        currency: str,
        now: Callable[[], float],
        ready: Callable[[], bool],
    ) -> None:
        self._fleet = fleet
        self._observer = observer
        self._version = version
        self._currency = currency
        self._now = now
        self._ready = ready
        self._ring = Ring()
        self._epoch = secrets.token_hex(6)
        self._subscribers: set[Subscriber] = set()
        self._snapshot: tuple[int, list[str]] = (-1, [])
        self._operations: dict[str, OperationSnapshot] = {}
        self._trend: deque[tuple[float, ...]] = deque(maxlen=TREND_POINTS)
        self._whole_turn = True
        self.counts = FeedCounts()

    def __len__(self) -> int:
        return len(self._subscribers)

    async def run(self) -> None:
        """Tick for ever, at a steady pace whatever a tick takes."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.tick()
            due = max(due + TICK_SECONDS, loop.time())
            await asyncio.sleep(due - loop.time())

    def tick(self) -> None:
        """Make the next patch and wake everybody."""
        if not self._ready():
            return
        changes = self._fleet.take_changes(urgent_only=not self._whole_turn)
        self._whole_turn = not self._whole_turn
        now = self._now()
        aggregates = self.aggregates()
        self._ring.append(patch(self._ring.seq + 1, now, changes, aggregates))
        if not self._trend or now - self._trend[-1][0] >= TREND_SECONDS:
            a = aggregates
            self._trend.append(
                (
                    round(now, 3),
                    a.stations,
                    a.desired,
                    a.running,
                    a.charging,
                    a.power_w,
                    a.energy_mwh,
                    a.earnings_micro,
                    a.price,
                )
            )
        self._tell_operations()
        for subscriber in self._subscribers:
            subscriber.wake.set()

    def aggregates(self) -> Aggregates:
        """The swarm in numbers, now."""
        fleet, observer = self._fleet, self._observer
        return Aggregates(
            stations=len(fleet),
            desired=len(observer.wanted),
            running=fleet.running,
            charging=fleet.charging,
            transactions=fleet.transactions,
            power_w=fleet.power_w,
            energy_mwh=observer.totals.energy_mwh,
            earnings_micro=observer.totals.earnings_micro,
            price=observer.price(),
            price_version=observer.tariff.version,
            states=dict(fleet.states),
            profiles=dict(fleet.profiles),
            workers={worker_id: fleet.workers[worker_id] for worker_id in observer.workers},
            generation=observer.wanted.generation,
            store=observer.available,
        )

    def hello(self) -> str:
        """The first frame for a client."""
        return hello(
            version=self._version,
            epoch=self._epoch,
            seq=self._ring.seq,
            tick=TICK_SECONDS,
            currency=self._currency,
            trend=list(self._trend),
        )

    def join(self, epoch: str | None, seq: int | None) -> Subscriber:
        """Take a client in, where it was if it was with us; the caller owes a `leave`."""
        subscriber = Subscriber()
        if epoch == self._epoch and seq is not None and self._ring.since(seq) is not None:
            subscriber.seq = seq
        subscriber.operations = {
            o.operation_id: o for o in self._observer.operations.values() if o.state is OperationState.RUNNING
        }
        self._subscribers.add(subscriber)
        subscriber.wake.set()
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a client."""
        self._subscribers.discard(subscriber)

    def logged(self, station_ids: tuple[str, ...]) -> None:
        """Tell who follows one of these stations that its log has grown."""
        following = [s for s in self._subscribers if s.logs]
        if not following:
            return
        grown = frozenset(station_ids)
        for subscriber in following:
            for station_id in subscriber.logs.keys() & grown:
                subscriber.logs[station_id] = True
                subscriber.wake.set()

    def due(self, subscriber: Subscriber, now: float) -> list[str]:
        """The frames that the client has to get now; it counts as having got them."""
        if not self._ready():
            return []
        frames: list[str] = []
        if subscriber.asked_resync or subscriber.seq is None:
            if subscriber.asked_resync:
                frames.append(self._resync(ResyncReason.ASKED))
            frames += self._fresh_snapshot()
        elif now < subscriber.next_at:
            return []
        else:
            frames += self._since(subscriber.seq)
        subscriber.seq = self._ring.seq
        subscriber.asked_resync = False
        # Half a tick early is in time, so that a client at the feed's own pace does not skip every second patch.
        subscriber.next_at = now + subscriber.interval_seconds - TICK_SECONDS / 2
        frames += [operation_frame(operation) for operation in subscriber.operations.values()]
        subscriber.operations.clear()
        return frames

    def sent(self, frame: str) -> None:
        """Count a frame that was handed to a client's socket."""
        self.counts.frames += 1
        self.counts.bytes += len(frame)

    def _since(self, seq: int) -> list[str]:
        missed = self._ring.since(seq)
        if missed is not None and (
            len(missed) <= 1 or sum(map(len, missed)) <= max(self._fleet.encoded_length, CATCH_UP_LENGTH)
        ):
            return missed
        self.counts.frames_dropped += self._ring.seq - seq
        return [self._resync(ResyncReason.BEHIND), *self._fresh_snapshot()]

    def _resync(self, reason: ResyncReason) -> str:
        self.counts.resyncs += 1
        return resync(reason)

    def _fresh_snapshot(self) -> list[str]:
        """The snapshot as of the last patch, made once for all who need it before the next one."""
        if self._snapshot[0] != self._ring.seq:
            seq = self._ring.seq
            self._snapshot = (seq, snapshot(seq, self._fleet.encoded_rows(), self.aggregates()))
        return self._snapshot[1]

    def _tell_operations(self) -> None:
        for operation_id, operation in self._observer.operations.items():
            if self._operations.get(operation_id) != operation:
                for subscriber in self._subscribers:
                    subscriber.operations[operation_id] = operation
        self._operations = dict(self._observer.operations)
