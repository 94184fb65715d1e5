"""The live feed: makes one patch a tick for everybody, and keeps for each client where it is. No sockets here.

No client has a queue: it has the number of the patch it got last, and gets what the ring holds after it, or a fresh
snapshot where that is shorter. A slow client thus costs nobody else anything.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from evswarm_controller.fleet import Changes, Fleet
from evswarm_controller.live_frames import (
    TREND_FIELDS,
    Aggregates,
    Greeting,
    Mode,
    ResyncReason,
    Ring,
    hello,
    messages_frame,
    operation_frame,
    patch,
    resync,
    snapshot,
    window_frame,
)
from evswarm_controller.live_subscriber import FollowedLog, Subscriber
from evswarm_controller.live_tail import MessageFilter, MessageTail
from evswarm_controller.live_window import WindowShelf
from evswarm_controller.observer import Observer
from evswarm_controller.worker_rates import messages_per_second, round_trip_p95_ms
from evswarm_shared.bus.messages import OperationSnapshot, OperationState
from evswarm_shared.settings import HistoryMessages

TICK_SECONDS: Final = 0.5
TREND_SECONDS: Final = 5.0
JUST_ENDED_SECONDS: Final = 10.0
"""An operation that was over sooner than anybody looked is told of for so long."""
TREND_POINTS: Final = 180
WINDOW_SECONDS: Final = 1.0
TYPING_SECONDS: Final = 0.2
"""A new window does not wait for its second, but somebody who types shall not have each letter looked for."""
CALM: Final = 5 / 6
"""A swarm has to shrink to this part of the limit before all rows are sent again: at the limit itself it would flutter."""
CATCH_UP_LENGTH: Final = 262_144
"""Missed patches up to this length are sent whatever the length of a snapshot: they cost less than starting anew."""


@dataclass(slots=True)
class FeedCounts:
    """What was sent to dashboards since the start."""

    frames: int = 0
    bytes: int = 0
    frames_dropped: int = 0
    resyncs: int = 0


class LiveHub:
    """Everything about the feed that is the same for all clients. Times are real unix seconds.

    `ending`: the controller is about to end, and so should whoever follows a log outside of the feed.
    """

    def __init__(
        self,
        fleet: Fleet,
        observer: Observer,
        tail: MessageTail,
        greeting: Greeting,
        *,
        now: Callable[[], float],
        ready: Callable[[], bool],
    ) -> None:
        self._fleet = fleet
        self._observer = observer
        self._greeting = greeting
        self._now = now
        self._ready = ready
        self._ring = Ring()
        self._epoch = secrets.token_hex(6)
        self._subscribers: set[Subscriber] = set()
        self._followed: dict[str, set[FollowedLog]] = {}
        self._snapshot: tuple[int, list[str]] = (-1, [])
        self._operations: dict[str, OperationSnapshot] = {}
        self._trend: deque[tuple[float | None, ...]] = deque(maxlen=TREND_POINTS)
        self._trend_at = 0.0
        self._whole_turn = True
        self._shelf = WindowShelf(fleet)
        self.tail = tail
        self.mode = Mode.ALL
        self.ending = False
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
        now = self._now()
        self._choose_mode()
        changes = self._fleet.take_changes(urgent_only=not self._whole_turn)
        if self.mode is Mode.WINDOW:
            changes = Changes()
            self._shelf.sweep(now)
        self._whole_turn = not self._whole_turn
        aggregates = self.aggregates()
        self._ring.append(patch(self._ring.seq + 1, now, changes, aggregates))
        if now - self._trend_at >= TREND_SECONDS:
            self._trend_at = now
            self._trend.append((round(now, 3), *(getattr(aggregates, name) for name in TREND_FIELDS[1:])))
        self._tell_operations()
        for subscriber in self._subscribers:
            subscriber.wake.set()

    def aggregates(self) -> Aggregates:
        """The swarm in numbers, now."""
        fleet, observer = self._fleet, self._observer
        return Aggregates(
            stations=len(fleet),
            desired=len(observer.wanted),
            count=observer.desired.count,
            id_prefix=observer.desired.id_prefix,
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
            lost_workers=observer.lost_workers.ids,
            messages_per_second=messages_per_second(observer.workers.values()),
            round_trip_p95_ms=round_trip_p95_ms(observer.workers.values()),
            generation=observer.wanted.generation,
            store=observer.available,
            store_lost_at=observer.lost_at(),
        )

    def hello(self) -> str:
        """The first frame for a client."""
        return hello(
            self._greeting,
            epoch=self._epoch,
            seq=self._ring.seq,
            tick=TICK_SECONDS,
            mode=self.mode,
            trend=list(self._trend),
        )

    def join(self, epoch: str | None, seq: int | None) -> Subscriber:
        """Take a client in, where it was if it was with us; the caller owes a `leave`."""
        subscriber = Subscriber(self.tail, self._epoch)
        if epoch == self._epoch and seq is not None and self._ring.since(seq) is not None:
            subscriber.seq = seq
        subscriber.operations = {
            o.operation_id: o for o in self._observer.operations.values() if o.state is OperationState.RUNNING
        }
        self._subscribers.add(subscriber)
        subscriber.wake.set()
        return subscriber

    def holds(self, subscriber: Subscriber) -> bool:
        """Whether the feed is still the one that the client joined: it is not when the mode has changed."""
        return subscriber.epoch == self._epoch

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a client."""
        self._subscribers.discard(subscriber)
        subscriber.end()

    def follow(self, station_id: str) -> FollowedLog:
        """Follow a log outside of the feed; the caller owes an `unfollow`."""
        followed = FollowedLog(self.tail.watch(MessageFilter(station=station_id)))
        self._followed.setdefault(station_id, set()).add(followed)
        return followed

    def unfollow(self, followed: FollowedLog) -> None:
        """Follow it no longer."""
        station_id = followed.calls.wanted.station
        self.tail.unwatch(followed.calls)
        others = self._followed[station_id]
        others.discard(followed)
        if not others:
            del self._followed[station_id]

    @property
    def followers(self) -> int:
        """How many logs are followed outside of the feed."""
        return sum(map(len, self._followed.values()))

    def logged(self, station_ids: tuple[str, ...]) -> None:
        """Tell who follows one of these stations that its log has grown."""
        following = [s for s in self._subscribers if s.logs]
        if not following and not self._followed:
            return
        grown = frozenset(station_ids)
        for station_id in self._followed.keys() & grown:
            for followed in self._followed[station_id]:
                followed.grown = True
        for subscriber in following:
            for station_id in subscriber.logs.keys() & grown:
                subscriber.logs[station_id].grown = True
                subscriber.wake.set()

    def is_due(self, subscriber: Subscriber, now: float) -> bool:
        """Whether it is the client's turn to get anything."""
        waits = subscriber.seq is not None and not subscriber.asked_resync and not subscriber.hurried
        return self._ready() and not (waits and now < subscriber.next_at)

    def due(self, subscriber: Subscriber, now: float) -> list[str]:
        """The frames that the client has to get now, apart from logs; it counts as having got them."""
        if not self.is_due(subscriber, now):
            return []
        frames: list[str] = []
        if subscriber.asked_resync or subscriber.seq is None:
            if subscriber.asked_resync:
                frames.append(self._resync(ResyncReason.ASKED))
            frames += self._fresh_snapshot()
        else:
            frames += self._since(subscriber.seq, paced=subscriber.interval_seconds > TICK_SECONDS)
        subscriber.seq = self._ring.seq
        subscriber.asked_resync = False
        subscriber.hurried = False
        # Half a tick early is in time, so that a client at the feed's own pace does not skip every second patch.
        subscriber.next_at = now + subscriber.interval_seconds - TICK_SECONDS / 2
        frames += [operation_frame(operation) for operation in subscriber.operations.values()]
        subscriber.operations.clear()
        frames += self._window(subscriber, now)
        frames += self._messages(subscriber)
        return frames

    def messages_kept(self) -> str:
        """The least that a living worker gives to the history (HistoryMessages)."""
        if not self._greeting.history:
            return HistoryMessages.OFF
        kept = {worker.messages_kept for worker in self._observer.workers.values()}
        return next((each for each in reversed(HistoryMessages) if each in kept), HistoryMessages.ALL)

    def _window(self, subscriber: Subscriber, now: float) -> list[str]:
        pause = TYPING_SECONDS if subscriber.window_is_new else WINDOW_SECONDS - TICK_SECONDS / 2
        if subscriber.window is None or now - subscriber.window_at < pause:
            return []
        subscriber.window_at = now
        subscriber.window_is_new = False
        shown = self._shelf.show(subscriber.window, now)
        if shown == subscriber.window_sent:
            return []
        subscriber.window_sent = shown
        return [window_frame(self._ring.seq, shown)]

    def _messages(self, subscriber: Subscriber) -> list[str]:
        watch = subscriber.watch
        if watch is None or not (watch.waiting or subscriber.watch_is_new):
            return []
        subscriber.watch_is_new = False
        passed, skipped = watch.take()
        return [messages_frame([passing.item for passing in passed], skipped, self.messages_kept())]

    def _choose_mode(self) -> None:
        limit = self._greeting.window_above
        stations = len(self._fleet)
        if self.mode is Mode.ALL and stations > limit:
            mode = Mode.WINDOW
        elif self.mode is Mode.WINDOW and stations <= limit * CALM:
            mode = Mode.ALL
        else:
            return
        self.mode = mode
        # What clients have got so far is no beginning for what comes now.
        self._epoch = secrets.token_hex(6)

    def sent(self, frame: str) -> None:
        """Count a frame that was handed to a client's socket."""
        self.counts.frames += 1
        self.counts.bytes += len(frame)

    def _since(self, seq: int, *, paced: bool) -> list[str]:
        missed = self._ring.since(seq)
        if missed is not None and (
            len(missed) <= 1 or sum(map(len, missed)) <= max(self._fleet.encoded_length, CATCH_UP_LENGTH)
        ):
            return missed
        if paced:
            return [self._resync(ResyncReason.PACED), *self._fresh_snapshot()]
        self.counts.frames_dropped += self._ring.seq - seq
        return [self._resync(ResyncReason.BEHIND), *self._fresh_snapshot()]

    def _resync(self, reason: ResyncReason) -> str:
        self.counts.resyncs += 1
        return resync(reason)

    def _fresh_snapshot(self) -> list[str]:
        """The snapshot as of the last patch, made once for all who need it before the next one."""
        if self._snapshot[0] != self._ring.seq:
            seq = self._ring.seq
            rows = [] if self.mode is Mode.WINDOW else self._fleet.encoded_rows()
            self._snapshot = (seq, snapshot(seq, rows, self.aggregates()))
        return self._snapshot[1]

    def _tell_operations(self) -> None:
        long_ended = self._now() - JUST_ENDED_SECONDS
        for operation_id, operation in self._observer.operations.items():
            before = self._operations.get(operation_id)
            is_past = operation.state is not OperationState.RUNNING and operation.updated_at < long_ended
            if before == operation or (before is None and is_past):
                continue
            for subscriber in self._subscribers:
                subscriber.operations[operation_id] = operation
        self._operations = dict(self._observer.operations)
