"""Where one client of the feed is: the patch it got last, how often it wants them, and what else it follows."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from evswarm_controller.live_tail import MessageFilter, MessageTail, Watch
from evswarm_controller.live_window import WindowQuery
from evswarm_shared.bus.messages import OperationSnapshot

LOGS_FOLLOWED: Final = 16


@dataclass(slots=True, eq=False)
class FollowedLog:
    """A station's log that is followed. `grown`: it has to be read and sent."""

    calls: Watch
    grown: bool = True


@dataclass(slots=True, eq=False)
class Subscriber:
    """One client. `wake` is set whenever there may be something for it.

    `hurried`: it has just asked for something and does not wait for its next turn. The caller who took it in owes an
    `end`.
    """

    tail: MessageTail
    epoch: str
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    seq: int | None = None
    asked_resync: bool = False
    hurried: bool = False
    interval_seconds: float = 0.0
    next_at: float = 0.0
    logs: dict[str, FollowedLog] = field(default_factory=dict)
    """By station id, the oldest first."""
    operations: dict[str, OperationSnapshot] = field(default_factory=dict)
    watch: Watch | None = None
    watch_is_new: bool = False
    window: WindowQuery | None = None
    window_is_new: bool = False
    window_sent: str = ""
    window_at: float = 0.0

    def follow(self, station_id: str) -> None:
        """Follow a station's log; of too many, the oldest is followed no longer."""
        self.unfollow(station_id)
        self.logs[station_id] = FollowedLog(self.tail.watch(MessageFilter(station=station_id)))
        while len(self.logs) > LOGS_FOLLOWED:
            self.unfollow(next(iter(self.logs)))
        self.hurry()

    def unfollow(self, station_id: str) -> None:
        """Follow it no longer."""
        followed = self.logs.pop(station_id, None)
        if followed is not None:
            self.tail.unwatch(followed.calls)

    def watch_messages(self, wanted: MessageFilter | None) -> None:
        """Watch the messages of the swarm, or (None) no longer. There is one such watch."""
        if self.watch is not None:
            self.tail.unwatch(self.watch)
        self.watch = None if wanted is None else self.tail.watch(wanted)
        self.watch_is_new = True
        self.hurry()

    def show(self, window: WindowQuery) -> None:
        """Show this part of the swarm from now on."""
        self.window = window
        self.window_is_new = True
        self.window_sent = ""
        self.hurry()

    def hurry(self) -> None:
        """Answer at once."""
        self.hurried = True
        self.wake.set()

    def due_logs(self) -> list[str]:
        """The followed stations whose log has grown or that said something."""
        return [station_id for station_id, log in self.logs.items() if log.grown or log.calls.waiting]

    def end(self) -> None:
        """Let go of everything that is followed."""
        for station_id in list(self.logs):
            self.unfollow(station_id)
        self.watch_messages(None)
