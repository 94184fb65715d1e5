"""One station in its shell: carries out what it asks for, and tells it what happened on its socket."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import inf
from typing import Any, Final, Protocol

from evswarm_shared.bus.keys import LOG_LINES_KEPT
from evswarm_shared.bus.messages import Conditions, StationCommit, StationSnapshot, Tariff
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.history.log_lines import stamped
from evswarm_shared.history.records import LedgerRecord
from evswarm_shared.ocpp16.errors import FrameError
from evswarm_shared.ocpp16.frames import Frame, decode_frame
from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason
from evswarm_shared.telemetry.tracing import TRACER
from evswarm_worker.history import NO_HISTORY, StationHistory
from evswarm_worker.raw_access import RawAccess
from evswarm_worker.runner import Link, LinkUser
from evswarm_worker.share import Goal, StationPlan
from evswarm_worker.station.effects import (
    CancelTransfer,
    Connect,
    Disconnect,
    Download,
    Effect,
    HandlerFailed,
    Ledger,
    LinkSecurity,
    LogLine,
    MakeKey,
    Persist,
    PingEvery,
    Send,
    SnapshotChanged,
    Stopped,
    Upload,
)
from evswarm_worker.station.errors import StationActionError
from evswarm_worker.station.rebooting import StopCause
from evswarm_worker.station.transfer import TransferResult

HELD_PAUSE: Final = 64
"""With more effects than this waiting for a commit, the station's socket is not read any more."""


class StationMachine(Protocol):
    """A station as its shell knows it: `evswarm_worker.station.Station` without what it is about."""

    def start(self, now: float) -> None:
        """Switch on."""

    def connected(self, now: float, server_chain: tuple[bytes, ...] = ()) -> None:
        """The WebSocket is open; by TLS, with the certificates (DER) that its server was verified by."""

    def connection_failed(self, reason: ConnectResult, now: float) -> None:
        """The attempt to open a WebSocket came to nothing."""

    def disconnected(self, reason: DisconnectReason, now: float) -> None:
        """The WebSocket is gone."""

    def receive(self, frame: bytes | Frame, now: float) -> None:
        """A text message arrived, as it is or read already."""

    def transferred(self, transfer: int, result: TransferResult, now: float) -> None:
        """A file was fetched or stored, or could not be."""

    def key_made(self, request: int, private_key: str, signing_request: str, now: float) -> None:
        """A key pair and its signing request are there."""

    def wake(self, now: float) -> None:
        """The time of `next_wakeup` has come."""

    def tariff_changed(self, tariff: Tariff, now: float) -> None:
        """Prices are others from now on."""

    def clock_changed(self, clock: SimulatedClock, now: float) -> None:
        """Simulated time goes on differently from now on."""

    def conditions_changed(self, conditions: Conditions, now: float) -> None:
        """The grid or the policies are others from now on."""

    def stop(self, now: float, cause: StopCause = StopCause.COMMAND) -> None:
        """End in order; the log says why."""

    def hand_over(self, now: float) -> None:
        """End here so that another worker can go on."""

    def effects(self) -> Iterable[Effect]:
        """What is to be done, in order; each effect is handed out once."""

    def next_wakeup(self) -> float | None:
        """When to call `wake`, in real unix seconds."""

    def snapshot(self, now: float) -> StationSnapshot:
        """The station's row."""

    def awaits(self, unique_id: str) -> bool:
        """Whether the CALL in flight has this id."""

    def detail(self, now: float, *, schedule_seconds: int, full_tags: bool) -> dict[str, Any]:
        """Everything about the station for a reader, as JSON."""

    def whole(self, now: float) -> StationCommit:
        """Everything lasting, for a store that has forgotten it."""


class HostShell(Protocol):
    """What a host needs around it."""

    history: StationHistory = NO_HISTORY
    listening: bool = False
    """Whether every station's frames are kept for looking at from the start, not only when somebody asks for them."""

    def now(self) -> float:
        """Real unix seconds."""

    def may_act(self) -> bool:
        """Whether the lease is valid; when it is not, everything stops."""

    def connect(self, host: "StationHost", security: LinkSecurity | None) -> Link | None:
        """Begin to open a WebSocket whose user is `host`; None when there is nowhere to connect to."""

    def pace(self, link: Link, seconds: int) -> None:
        """Ping the peer of an open link every so many seconds; 0: never."""

    def errand(self, host: "StationHost", errand: Download | Upload | CancelTransfer | MakeKey) -> None:
        """Have something done that takes its time; what comes of it is an input of the station."""

    def commit(self, host: "StationHost", commit: StationCommit) -> None:
        """Write `commit`, then call `host.committed()`."""

    def mark_dirty(self, host: "StationHost") -> None:
        """Publish the row and the new lines with the next tick."""

    def rearm(self, host: "StationHost") -> None:
        """The station wants to be woken at `host.due`, which is sooner than it is armed for."""

    def settled(self, host: "StationHost") -> None:
        """The station has ended in order."""

    def crashed(self, host: "StationHost") -> None:
        """The station raised: called while the exception is being handled."""

    def handler_failed(self, host: "StationHost", failure: HandlerFailed) -> None:
        """A command met a fault of ours; the station answered it with InternalError and lives on."""

    def line_dropped(self) -> None:
        """A log line was pushed out before it was published."""


class StationHost(LinkUser):
    """A station with its link, its unpublished log lines and the effects that wait for a commit."""

    __slots__ = (
        "armed",
        "dirty",
        "due",
        "ended",
        "goal",
        "held",
        "ledger",
        "lines",
        "link",
        "outbox",
        "plan",
        "raw",
        "row",
        "settled",
        "shell",
        "station",
        "station_id",
        "tap",
    )

    def __init__(self, shell: HostShell, plan: StationPlan, station: StationMachine, outbox: int) -> None:
        self.shell = shell
        self.plan = plan
        self.station_id = plan.station_id
        self.station = station
        self.link: Link | None = None
        self.held: deque[Effect] | None = None
        self.lines: list[str] = []
        self.row: StationSnapshot | None = None
        self.outbox = outbox
        self.due = self.armed = inf
        self.dirty = False
        self.tap = shell.history.tap(plan.station_id)
        self.raw = RawAccess(shell.now()) if shell.listening else None
        self.ledger: list[LedgerRecord] | None = None
        self.goal = Goal.STOP_AND_STAY if plan.stopped else Goal.RUN
        self.settled = False
        self.ended = False

    def listen(self) -> RawAccess:
        """Keep the frames that pass from now on, unless that is done already."""
        if self.raw is None:
            self.raw = RawAccess(self.shell.now())
        return self.raw

    def listen_no_more(self) -> None:
        """Forget the frames that passed."""
        if self.raw is not None and not self.shell.listening:
            self.raw.closed(self.shell.now())
            self.raw = None

    def send_raw(self, data: bytes) -> "asyncio.Future[tuple[bytes, float] | None] | None":
        """Send a frame behind the station's back; see `RawAccess.send`.

        Raises:
            StationActionError: there is no open connection.
        """
        link = self.link
        if link is None or self.ended or not self.shell.may_act():
            raise StationActionError("the station is not connected: nothing can be sent")
        # A tap of its own: to the station's one, a CALL that goes out ends the one before it.
        tap = self.shell.history.tap(self.station_id)
        return self.listen().send(link.send, data, self.shell.now(), tap)

    # --- inputs ---

    def drive(self, step: Callable[..., None], *args: Any) -> None:
        """Give the station one input, with the time behind its arguments, and carry out what it answers.

        Raises:
            StationActionError: the station refuses an action by hand.
        """
        shell = self.shell
        if self.ended or not shell.may_act():
            return
        now = shell.now()
        try:
            step(*args, now)
            self.carry_out(now)
        except StationActionError:
            raise
        except Exception:  # noqa: BLE001 - supervision: one station's failure must not end the others
            shell.crashed(self)

    def carry_out(self, now: float) -> None:
        """Take what the station asks for and do it, or keep it behind the commit that is under way."""
        effects = self.station.effects()
        if self.held is not None:
            self.held.extend(effects)
            if len(self.held) > HELD_PAUSE and self.link is not None:
                self.link.pause()
        elif effects:
            self._do(iter(effects), now)
        due = self.station.next_wakeup()
        self.due = inf if due is None or self.ended else due
        if self.due < self.armed:
            self.shell.rearm(self)

    def committed(self) -> None:
        """The commit that held everything back is written."""
        held, self.held = self.held, None
        self._tell_ledger()
        if self.ended or held is None or not self.shell.may_act():
            return
        if len(held) > HELD_PAUSE and self.link is not None:
            self.link.resume()
        self._do(iter(held), self.shell.now())

    def discard(self) -> None:
        """End here and now, without a word to anybody."""
        self.ended = True
        self.due = inf
        self.held = None
        self._drop_link()

    def wake(self, now: float) -> None:
        """The time the station asked for has come."""
        if self.ended or not self.shell.may_act():
            return
        try:
            self.station.wake(now)
            self.carry_out(now)
        except Exception:  # noqa: BLE001 - as in `drive`
            self.shell.crashed(self)

    def link_opened(self) -> None:
        """The station's socket is open."""
        chain = () if self.link is None else self.link.server_chain()
        if chain:
            self.drive(partial(self.station.connected, server_chain=chain))
        else:
            self.drive(self.station.connected)

    def link_failed(self, result: ConnectResult) -> None:
        """The station's attempt to connect failed."""
        self.link = None
        self.drive(self.station.connection_failed, result)

    def link_message(self, frame: bytes) -> None:
        """A message for the station."""
        now = self.shell.now()
        if self.raw is not None and self.raw.heard(frame, now, self.station.awaits):
            return
        message: bytes | Frame = frame
        if self.tap is not None:
            # Read once for both; what is no frame is for each of them to judge.
            try:
                message = decode_frame(frame)
            except FrameError:
                self.tap.malformed(frame, now)
            else:
                self.tap.received(message, now)
        if TRACER.on:
            with TRACER.span_of_call(frame, self.station_id):
                self._receive(message, now)
        else:
            self._receive(message, now)

    def _receive(self, message: bytes | Frame, now: float) -> None:
        if self.ended or not self.shell.may_act():
            return
        try:
            self.station.receive(message, now)
            self.carry_out(now)
        except Exception:  # noqa: BLE001 - as in `drive`
            self.shell.crashed(self)

    def link_closed(self, reason: DisconnectReason) -> None:
        """The station's connection ended."""
        self._close_tap()
        self.link = None
        self.drive(self.station.disconnected, reason)

    # --- effects ---

    def _do(self, effects: Iterator[Effect], now: float) -> None:
        shell = self.shell
        for effect in effects:
            if isinstance(effect, Send):
                if self.link is not None:
                    self.link.send(effect.data)
                    if self.raw is not None:
                        self.raw.sent(effect.data, now)
                    if self.tap is not None:
                        self.tap.wrote(effect.data, now)
            elif isinstance(effect, SnapshotChanged):
                if not self.dirty:
                    shell.mark_dirty(self)
            elif isinstance(effect, LogLine):
                self._note(effect.text)
            elif isinstance(effect, Ledger):
                self.ledger = [*(self.ledger or ()), effect.record]
            elif isinstance(effect, Persist):
                self.outbox += len(effect.commit.outbox_added) - len(effect.commit.outbox_removed)
                self.held = deque(effects)
                shell.commit(self, effect.commit)
                return
            elif isinstance(effect, Connect):
                self._drop_link()
                self.link = shell.connect(self, effect.security)
            elif isinstance(effect, Disconnect):
                link, self.link = self.link, None
                self._close_tap()
                if link is not None:
                    link.close(effect.code, effect.reason)
            elif isinstance(effect, PingEvery):
                if self.link is not None:
                    shell.pace(self.link, effect.seconds)
            elif isinstance(effect, HandlerFailed):
                shell.handler_failed(self, effect)
            elif isinstance(effect, Stopped):
                if not self.settled:
                    self.settled = True
                    shell.settled(self)
            else:
                shell.errand(self, effect)

    def _note(self, text: str) -> None:
        if len(self.lines) >= LOG_LINES_KEPT:
            del self.lines[0]
            self.shell.line_dropped()
        now = self.shell.now()
        self.lines.append(stamped(now, text))
        self.shell.history.line(now, self.station_id, text)
        self.shell.mark_dirty(self)

    def _tell_ledger(self) -> None:
        if self.ledger is not None:
            for record in self.ledger:
                self.shell.history.ledger(record)
            self.ledger = None

    def _close_tap(self) -> None:
        if self.tap is not None:
            self.tap.closed(self.shell.now())
        if self.raw is not None:
            self.raw.closed(self.shell.now())

    def _drop_link(self) -> None:
        link, self.link = self.link, None
        self._close_tap()
        if link is not None:
            link.abandon()
