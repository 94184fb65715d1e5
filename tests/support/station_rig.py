"""One `Station` on a bench: a scripted central system answers it, time is a number, nothing is real.

The rig carries out effects as a shell would: it opens the link on Connect, answers each Send as the script says,
keeps what is persisted, and collects the rest. It checks on the way what must hold for every frame.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from evswarm_shared.bus.messages import (
    OutboxEntry,
    ProfileName,
    StationCommit,
    StationSnapshot,
    StoredStation,
    Tariff,
    TariffChange,
)
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.ocpp16.timestamps import format_timestamp
from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason, StationCounts
from evswarm_worker.behaviour.profiles import PRESETS, Profile
from evswarm_worker.station import (
    CancelTransfer,
    Connect,
    Disconnect,
    Download,
    HandlerFailed,
    LogLine,
    MakeKey,
    Persist,
    PingEvery,
    Send,
    SnapshotChanged,
    Station,
    StationConfig,
    Stopped,
    Upload,
)
from evswarm_worker.station.transfer import TransferResult

NOON: Final = 1_795_348_800.0 - 1_795_348_800.0 % 86400.0 + 12 * 3600.0
"""A weekday noon, UTC: no preset's peak."""

CHEAP: Final = Tariff(1, (TariffChange(0.0, 300_000),))

Answer = dict[str, Any] | tuple[str, str] | None
"""A payload, (error code, description), or None: no answer at all."""


def quiet_profile(name: ProfileName = ProfileName.PUBLIC, **changes: Any) -> Profile:
    """A preset whose drivers practically never come by themselves, so that a test drives alone."""
    return msgspec.structs.replace(PRESETS[name], **({"visits_per_day": 1e-6} | changes))


class StationRig:
    """A station, its world, and everything that came out of it.

    `calls` are the (action, payload) the station sent, `replies` its answers by message id, `log` its lines, `errands` what
    it asked to have fetched, stored or made. `refusal` is how every attempt to connect ends,
    `server_ahead` how many seconds the central system's clock is ahead. `given_ids` are the ids of the transactions that landed.
    """

    def __init__(
        self,
        *,
        profile: Profile | None = None,
        now: float = NOON,
        index: int = 2,
        seed: int = 1,
        clock: SimulatedClock | None = None,
        tariff: Tariff = CHEAP,
        stored: StoredStation | None = None,
        counts: StationCounts | None = None,
        **config: Any,
    ) -> None:
        self.now = now
        self.online = True
        self.latency = 0.0
        self.answers: dict[str, Answer | Callable[[dict[str, Any]], Answer]] = {}
        self.next_transaction_id = 100
        self.given_ids: list[int] = []
        self.heartbeat_interval = 300
        self.server_ahead = 0.0
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.frames: list[list[Any]] = []
        self.replies: dict[str, Any] = {}
        self.log: list[str] = []
        self.unique_ids: list[str] = []
        self.connected = False
        self.disconnects: list[Disconnect] = []
        self.connects: list[Connect] = []
        self.refusal: ConnectResult | None = None
        self.server_chain: tuple[bytes, ...] = ()
        self.errands: list[Download | Upload | CancelTransfer | MakeKey] = []
        self.failures: list[HandlerFailed] = []
        self.rhythms: list[int] = []
        self.stopped = False
        self.snapshots = 0
        self.checkpoint: bytes | None = None if stored is None else stored.checkpoint
        self.outbox: dict[int, OutboxEntry] = {e.sequence: e for e in (stored.outbox if stored else ())}
        self.commits: list[StationCommit] = []
        self.order: list[str] = []
        self.unanswered: tuple[str, str, dict[str, Any]] | None = None
        self._command_number = 0
        self._asked_at = now
        self.counts = counts or StationCounts()
        self.config = StationConfig(
            station_id="CP-000002",
            index=index,
            seed=seed,
            profile=profile or quiet_profile(),
            run_id="test",
            worker_id="w1",
            **config,
        )
        self.station = Station(
            self.config,
            stored=stored,
            tariff=tariff,
            clock=clock or SimulatedClock(),
            counts=self.counts,
            now=now,
        )

    # --- driving ----------------------------------------------------------------------------------------------

    def start(self) -> "StationRig":
        """Start and let everything happen that happens at once."""
        self.station.start(self.now)
        self.settle()
        return self

    def run(self, seconds: float, *, limit: int = 20_000) -> None:
        """Let real time pass, waking the station whenever it asks."""
        end = self.now + seconds
        for _ in range(limit):
            due = self.station.next_wakeup()
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.station.wake(self.now)
            self.settle()
        else:
            raise AssertionError("the station does not stop waking up")
        self.now = end

    def settle(self) -> None:
        """Carry out effects until there are none."""
        while effects := self.station.effects():
            for effect in effects:
                self._carry_out(effect)

    def command(self, action: str, payload: dict[str, Any] | None = None) -> Any:
        """Send a CALL to the station; returns its payload, (code, description), or None without an answer."""
        self._command_number += 1
        unique_id = f"command-{self._command_number}"
        self.frame([2, unique_id, action, payload or {}])
        return self.replies.pop(unique_id, None)

    def frame(self, frame: Any) -> None:
        """Let a text frame arrive: JSON of anything, or text as it is."""
        data = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
        self.station.receive(data, self.now)
        self.settle()

    def lose(self, reason: DisconnectReason = DisconnectReason.LOST) -> None:
        """The link breaks, and cannot be opened until `reachable`."""
        self.settle()
        self.online = self.connected = False
        self.unanswered = None
        self.station.disconnected(reason, self.now)
        self.settle()

    def reachable(self) -> None:
        """The next attempt to connect succeeds."""
        self.online = True

    def fetched(self, result: TransferResult) -> None:
        """The newest download or upload ends like this."""
        errand = self.errands[-1]
        assert isinstance(errand, Download | Upload)
        self.station.transferred(errand.transfer, result, self.now)
        self.settle()

    def answer_late(self, payload: Answer) -> None:
        """Answer the call that was left open."""
        assert self.unanswered is not None
        unique_id, _, _ = self.unanswered
        self.unanswered = None
        self._answer(unique_id, payload)
        self.settle()

    # --- looking ----------------------------------------------------------------------------------------------

    def sent(self, action: str) -> list[dict[str, Any]]:
        """The payloads sent with this Action."""
        return [payload for name, payload in self.calls if name == action]

    def actions(self) -> list[str]:
        """The Actions sent, in order."""
        return [name for name, _ in self.calls]

    def statuses(self, connector_id: int = 1) -> list[str]:
        """The statuses told of a connector, in order."""
        return [p["status"] for p in self.sent("StatusNotification") if p["connectorId"] == connector_id]

    def status(self, connector_id: int = 1) -> str:
        """The status of a connector in the row."""
        return self.snapshot().connectors[connector_id - 1]

    def snapshot(self) -> StationSnapshot:
        """The row."""
        return self.station.snapshot(self.now)

    def stored(self) -> StoredStation:
        """What a new owner would find."""
        return StoredStation(
            self.config.station_id, self.checkpoint, tuple(self.outbox[s] for s in sorted(self.outbox))
        )

    def heir(self, *, after: float = 12.0, **changes: Any) -> "StationRig":
        """Another owner's rig that resumes from what is stored, some seconds later; not started yet."""
        rig = StationRig(
            profile=self.config.profile,
            now=self.now + after,
            index=self.config.index,
            seed=self.config.seed,
            stored=self.stored(),
            **({"configuration": self.config.configuration} | changes),
        )
        rig.next_transaction_id = self.next_transaction_id
        rig.answers = self.answers
        return rig

    def forget(self) -> None:
        """Forget the calls and lines so far."""
        self.calls.clear()
        self.log.clear()
        self.order.clear()

    # --- the shell's part -------------------------------------------------------------------------------------

    def _carry_out(self, effect: object) -> None:
        match effect:
            case Connect():
                assert not self.connected, "a second connection"
                self.connects.append(effect)
                if self.refusal is not None:
                    self.station.connection_failed(self.refusal, self.now)
                elif self.online:
                    self.connected = True
                    self.station.connected(self.now, self.server_chain)
                else:
                    self.station.connection_failed(ConnectResult.UNREACHABLE, self.now)
            case Send(data):
                self._on_frame(json.loads(data))
            case Persist(commit):
                self._commit(commit)
            case LogLine(text):
                self.log.append(text)
            case Disconnect():
                self.connected = False
                self.unanswered = None
                self.disconnects.append(effect)
            case PingEvery(seconds):
                self.rhythms.append(seconds)
            case SnapshotChanged():
                self.snapshots += 1
            case Stopped():
                self.stopped = True
            case HandlerFailed():
                self.failures.append(effect)
            case Download() | Upload() | CancelTransfer() | MakeKey():
                self.errands.append(effect)

    def _commit(self, commit: StationCommit) -> None:
        self.order.append("Persist")
        self.commits.append(commit)
        if commit.checkpoint is not None:
            self.checkpoint = commit.checkpoint
        for entry in commit.outbox_added:
            self.outbox[entry.sequence] = entry
        for sequence in commit.outbox_removed:
            assert sequence in self.outbox, "removed what was never stored"
            del self.outbox[sequence]

    def _on_frame(self, frame: list[Any]) -> None:
        assert self.connected, "a frame without a connection"
        self.frames.append(frame)
        if frame[0] == 3:
            self.order.append("CallResult")
            self.replies[frame[1]] = frame[2]
            return
        if frame[0] == 4:
            self.order.append("CallError")
            self.replies[frame[1]] = (frame[2], frame[3])
            return
        _, unique_id, action, payload = frame
        self.order.append(action)
        if self.unanswered is not None:
            waited = self.now - self._asked_at
            assert waited >= self.config.call_timeout_seconds, (
                f"{action} sent with {self.unanswered} in flight"
            )
        self._asked_at = self.now
        self.unanswered = None
        assert len(unique_id) <= 36
        assert unique_id not in self.unique_ids, "an id used twice"
        self.unique_ids.append(unique_id)
        self.calls.append((action, payload))
        answer = self._answer_to(action, payload)
        if answer is None:
            self.unanswered = (unique_id, action, payload)
        else:
            self._answer(unique_id, answer)

    def _answer(self, unique_id: str, answer: Answer) -> None:
        self.now += self.latency
        frame: list[Any] = (
            [4, unique_id, *answer, {}] if isinstance(answer, tuple) else [3, unique_id, answer]
        )
        self.station.receive(json.dumps(frame).encode(), self.now)

    def _answer_to(self, action: str, payload: dict[str, Any]) -> Answer:
        if action in self.answers:
            script = self.answers[action]
            return script(payload) if callable(script) else script
        match action:
            case "BootNotification":
                return {
                    "status": "Accepted",
                    "currentTime": format_timestamp(self.now + self.server_ahead),
                    "interval": self.heartbeat_interval,
                }
            case "Heartbeat":
                return {"currentTime": format_timestamp(self.now + self.server_ahead)}
            case "Authorize":
                return {"idTagInfo": {"status": "Accepted"}}
            case "StartTransaction":
                self.next_transaction_id += 1
                self.given_ids.append(self.next_transaction_id)
                return {
                    "transactionId": self.next_transaction_id,
                    "idTagInfo": {"status": "Accepted"},
                }
            case _:
                return {}


def charging_rig(id_tag: str = "TAG1", **options: Any) -> StationRig:
    """A station with a transaction of a hand-driven car on connector 1."""
    rig = StationRig(**options).start()
    rig.station.plug_in(1, rig.now)
    rig.settle()
    rig.station.authorize(1, id_tag, rig.now)
    rig.settle()
    return rig


def only(items: Iterable[Any]) -> Any:
    """The one item there is."""
    (item,) = items
    return item
