"""A charging station without any I/O: bytes, events and time go in, effects come out.

Every input ends with `now`, real unix seconds that never go backwards. After each input the shell takes `effects`,
carries them out in order, and arms its timer for `next_wakeup`. Input that makes no sense changes nothing.
"""

from collections.abc import Callable
from math import inf

from ocpp.v16.enums import ChargePointErrorCode, Reason

from evswarm_shared.bus.messages import Conditions, StationCommit, StationSnapshot, StoredStation, Tariff
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_shared.ocpp16.frames import Frame
from evswarm_shared.telemetry.counts import ConnectResult, DisconnectReason, StationCounts
from evswarm_worker.station import (
    certificate_renewal,
    hand_actions,
    messaging,
    rebooting,
    registration,
    reporting,
    upkeep,
    usual_sample,
    visiting,
)
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.charging import advance, catch_up
from evswarm_worker.station.checkpoint import restore, whole_of
from evswarm_worker.station.config import StationConfig
from evswarm_worker.station.detail import Detail, detail_of
from evswarm_worker.station.effects import SNAPSHOT_CHANGED, STOPPED, Effect
from evswarm_worker.station.link import LinkEvent, LinkState
from evswarm_worker.station.rebooting import StopCause
from evswarm_worker.station.sampling import align, skip_missed_samples
from evswarm_worker.station.snapshot import snapshot_of
from evswarm_worker.station.transfer import TransferResult

NO_CONDITIONS = Conditions()
_OFF = LinkState.OFF
_EARLY_SECONDS = 1e-3
"""A timer that comes a rounding error early still finds its event, in simulated seconds."""


class Station:
    """One OCPP 1.6 Charge Point. Made by the shell, started by `start`, ended by `stop` or `hand_over`."""

    __slots__ = ("_cabinet", "_fresh")

    def __init__(
        self,
        config: StationConfig,
        *,
        stored: StoredStation | None,
        tariff: Tariff,
        clock: SimulatedClock,
        counts: StationCounts,
        now: float,
        conditions: Conditions = NO_CONDITIONS,
    ) -> None:
        """Nothing happens before `start`. `stored` is what an earlier owner left.

        Raises:
            StationError: the time zone or a preset configuration key is not known, or `stored` cannot be read.
        """
        self._cabinet = Cabinet(
            config, tariff=tariff, clock=clock, counts=counts, now=now, conditions=conditions
        )
        self._fresh = stored is None or not restore(self._cabinet, stored)

    # --- the life of the station ------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Switch on, or go on where another owner left off. A station configured as stopped stays off."""
        cabinet = self._cabinet
        if cabinet.link is not LinkState.OFF:
            return
        cabinet.now = max(now, cabinet.now)
        cabinet.at = max(cabinet.at, cabinet.clock.simulated(cabinet.now))
        if cabinet.config.stopped:
            self._stay_off()
            return
        self._wake_connectors()
        registration.switch_on(cabinet)
        uploads = cabinet.log_upload is not None or cabinet.diagnostics_upload is not None
        if uploads or cabinet.firmware is not None or cabinet.security is not None:
            cabinet.look_soon()
        cabinet.lasting_changed = True
        self._live()
        self._settle()

    def _wake_connectors(self) -> None:
        cabinet = self._cabinet
        profile = cabinet.config.profile.name
        if self._fresh:
            cabinet.log(f"Started: profile {profile}, {len(cabinet.connectors)} connector(s)")
            for connector in cabinet.connectors:
                visiting.first_visit(cabinet, connector)
        elif cabinet.switched_off:
            cabinet.log(f"Started again: profile {profile}")
            for connector in cabinet.connectors:
                visiting.skip_time(cabinet, connector)
                rebooting.wake_up(cabinet, connector)
        else:
            cabinet.log(f"Resumed on worker {cabinet.config.worker_id}")
            for connector in cabinet.connectors:
                skip_missed_samples(cabinet, connector)
        catch_up(cabinet)
        align(cabinet)
        cabinet.switched_off = False
        self._fresh = False
        for connector in cabinet.connectors:
            connector.schedule()

    def _stay_off(self) -> None:
        cabinet = self._cabinet
        if any(connector.transaction is not None for connector in cabinet.connectors):
            # It was to be stopped and its owner died before it could be.
            rebooting.begin_stop(cabinet, StopCause.COMMAND)
        self._settle()
        cabinet.effects.append(SNAPSHOT_CHANGED)
        if STOPPED not in cabinet.effects:
            cabinet.effects.append(STOPPED)

    def stop(self, now: float, cause: StopCause = StopCause.COMMAND) -> None:
        """End open transactions in order and switch off; `Stopped` comes when that is through."""
        if self._enter(now):
            rebooting.begin_stop(self._cabinet, cause)
            self._settle()
        else:
            self._cabinet.effects.append(STOPPED)

    def hand_over(self, now: float) -> None:
        """Let go of the station as it is: another owner resumes it, transactions and all."""
        cabinet = self._cabinet
        if self._enter(now):
            for connector in cabinet.connectors:
                advance(cabinet, connector)
            if cabinet.ending is not None:
                # The next owner begins the new life that was about to begin.
                cabinet.ending = None
                cabinet.booted = False
            cabinet.lasting_changed = True
            registration.hang_up(cabinet, LinkEvent.STOP, rebooting.GOING_AWAY, "station moves")
            messaging.flush(cabinet)
        cabinet.effects.append(STOPPED)
        cabinet.wake_at = inf

    def whole(self, now: float) -> StationCommit:
        """Everything lasting about the station as of this moment, for a store that has forgotten it."""
        cabinet = self._cabinet
        if self._enter(now):
            for connector in cabinet.connectors:
                advance(cabinet, connector)
        return whole_of(cabinet)

    # --- the connection ---------------------------------------------------------------------------------------

    def connected(self, now: float, server_chain: tuple[bytes, ...] = ()) -> None:
        """The WebSocket that `Connect` asked for is open; `server_chain` (DER) is what its server was verified by."""
        if self._enter(now):
            self._cabinet.server_chain = server_chain
            registration.connected(self._cabinet)
            self._settle()

    def connection_failed(self, reason: ConnectResult, now: float) -> None:
        """The WebSocket that `Connect` asked for could not be opened."""
        if self._enter(now):
            registration.connection_failed(self._cabinet, reason)
            self._settle()

    def disconnected(self, reason: DisconnectReason, now: float) -> None:
        """The open WebSocket ended, not by a `Disconnect`."""
        if self._enter(now):
            registration.disconnected(self._cabinet, reason)
            self._settle()

    def receive(self, frame: bytes | str | Frame, now: float) -> None:
        """A whole text message arrived, as it is or read already."""
        if self._enter(now):
            cabinet = self._cabinet
            if messaging.receive(cabinet, frame) or cabinet.ending is not None:
                self._settle()
            elif cabinet.real_due <= cabinet.wake_at or messaging.waits(cabinet):
                messaging.flush(cabinet)
                cabinet.wake_at = self._next_due()

    def transferred(self, transfer: int, result: TransferResult, now: float) -> None:
        """The `Download` or `Upload` of this number has ended; unknown numbers change nothing."""
        if self._enter(now):
            upkeep.transferred(self._cabinet, transfer, result)
            self._settle()

    def key_made(self, request: int, private_key: str, signing_request: str, now: float) -> None:
        """The key pair and certificate signing request (PEM) that `MakeKey` asked for are there."""
        if self._enter(now):
            certificate_renewal.key_made(self._cabinet, request, private_key, signing_request)
            self._settle()

    # --- time and the world -----------------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        """The time that `next_wakeup` named has come."""
        cabinet = self._cabinet
        at = cabinet.clock.simulated(now)
        connector = usual_sample.due_alone(cabinet, now, at + _EARLY_SECONDS)
        if connector is None:
            if self._enter(now):
                self._settle()
        elif usual_sample.take(cabinet, connector, now, at + _EARLY_SECONDS):
            if at > cabinet.at:
                cabinet.at = at
            cabinet.wake_at = self._next_due()
        else:
            self._live()
            self._settle()

    def tariff_changed(self, tariff: Tariff, now: float) -> None:
        """Prices are others from now on; what flowed before keeps the price it flowed at."""
        cabinet = self._cabinet
        if tariff.version == cabinet.tariff.version and tariff == cabinet.tariff:
            return
        running = self._enter(now)
        for connector in cabinet.connectors:
            if running:
                advance(cabinet, connector)
            connector.meter.forget_price()
            if connector.retry_at < inf:
                connector.retry_at = cabinet.at
        cabinet.tariff = tariff
        if running:
            for connector in cabinet.connectors:
                connector.schedule()
            self._live()
            self._settle()

    def clock_changed(self, clock: SimulatedClock, now: float) -> None:
        """Simulated time runs along another line from now on."""
        cabinet = self._cabinet
        running = self._enter(now)
        cabinet.clock = clock
        if clock.factor != 1.0:
            cabinet.clock_offset = 0.0
            align(cabinet)
        else:
            cabinet.clock_ignored = False
        if running:
            self._live()
            self._settle()

    def conditions_changed(self, conditions: Conditions, now: float) -> None:
        """The grid or the charging policy is another from now on; who waits for a better moment asks again."""
        cabinet = self._cabinet
        running = self._enter(now)
        cabinet.take_conditions(conditions, len(cabinet.connectors))
        if running:
            for connector in cabinet.connectors:
                if connector.retry_at < inf:
                    connector.retry_at = cabinet.at
                connector.schedule()
            self._live()
            self._settle()

    # --- by hand ----------------------------------------------------------------------------------------------

    def plug_in(self, connector_id: int, now: float) -> None:
        """See `hand_actions`; all of these raise StationActionError when they are not possible."""
        self._by_hand(now, lambda cabinet: hand_actions.plug_in(cabinet, connector_id))

    def unplug(self, connector_id: int, now: float) -> None:
        """Take the plug out."""
        self._by_hand(now, lambda cabinet: hand_actions.unplug(cabinet, connector_id))

    def authorize(self, connector_id: int, id_tag: str, now: float) -> None:
        """Present a tag."""
        self._by_hand(now, lambda cabinet: hand_actions.authorize(cabinet, connector_id, id_tag))

    def press_stop(self, connector_id: int, now: float, *, reason: Reason = Reason.local) -> None:
        """Press the stop button."""
        self._by_hand(now, lambda cabinet: hand_actions.press_stop(cabinet, connector_id, reason))

    def fault(
        self, connector_id: int, error_code: ChargePointErrorCode, now: float, *, info: str = ""
    ) -> None:
        """Let a connector break."""
        self._by_hand(now, lambda cabinet: hand_actions.fault(cabinet, connector_id, error_code, info))

    def clear_fault(self, connector_id: int, now: float) -> None:
        """Mend a connector."""
        self._by_hand(now, lambda cabinet: hand_actions.clear_fault(cabinet, connector_id))

    def power_cycle(self, now: float, *, reason: Reason = Reason.power_loss) -> None:
        """Take the power away and give it back."""
        self._by_hand(now, lambda cabinet: hand_actions.power_cycle(cabinet, reason))

    def set_configuration(self, key: str, value: str, now: float) -> None:
        """Set a configuration key at the station itself."""
        self._by_hand(now, lambda cabinet: hand_actions.set_configuration(cabinet, key, value))

    def add_to_cache(self, id_tag: str, info: IdTagInfo, now: float) -> None:
        """Let the authorization cache know a tag."""
        self._by_hand(now, lambda cabinet: hand_actions.add_to_cache(cabinet, id_tag, info))

    def set_autonomous(self, autonomous: bool, now: float) -> None:
        """Let people come and go by themselves, or leave everything to the hand."""
        self._by_hand(now, lambda cabinet: hand_actions.set_autonomous(cabinet, autonomous))

    def network_down(self, now: float) -> None:
        """Cut the station off until `network_up`."""
        self._by_hand(now, hand_actions.network_down)

    def open_door(self, now: float) -> None:
        """Open the housing."""
        self._by_hand(now, hand_actions.open_door)

    def network_up(self, now: float) -> None:
        """Give the network back."""
        self._by_hand(now, hand_actions.network_up)

    def reconnect(self, now: float) -> None:
        """Drop the connection and connect anew."""
        self._by_hand(now, hand_actions.reconnect)

    # --- what comes out ---------------------------------------------------------------------------------------

    def effects(self) -> list[Effect]:
        """Everything asked of the shell since the last call, in order."""
        effects = self._cabinet.effects
        if effects:
            self._cabinet.effects = []
        return effects

    def next_wakeup(self) -> float | None:
        """When to call `wake`, in real unix seconds; None: only when something else happens."""
        due = self._cabinet.wake_at
        return due if due < inf else None

    def snapshot(self, now: float) -> StationSnapshot:
        """The station's row, as of its last event."""
        return snapshot_of(self._cabinet)

    def awaits(self, unique_id: str) -> bool:
        """Whether the CALL in flight has this id."""
        calls = self._cabinet.calls
        return calls.in_flight is not None and calls.unique_id == unique_id

    def detail(self, now: float, *, schedule_seconds: int, full_tags: bool) -> Detail:
        """Everything about the station as of `now`, for a reader; changes nothing."""
        return detail_of(self._cabinet, now, schedule_seconds=schedule_seconds, full_tags=full_tags)

    # --- inside -----------------------------------------------------------------------------------------------

    def _by_hand(self, now: float, action: Callable[[Cabinet], None]) -> None:
        self._enter(now)
        try:
            action(self._cabinet)
            # Nobody can repeat what a hand did.
            self._cabinet.lasting_changed = True
        finally:
            self._settle()

    def _enter(self, now: float) -> bool:
        """Live through everything until `now`; False when the station is off."""
        cabinet = self._cabinet
        if now > cabinet.now:
            cabinet.now = now
        if cabinet.link is _OFF:
            return False
        if cabinet.now >= cabinet.wake_at:
            self._live()
        else:
            at = cabinet.clock.simulated(cabinet.now)
            if at > cabinet.at:
                cabinet.at = at
        return True

    def _live(self) -> None:
        cabinet = self._cabinet
        at = cabinet.clock.simulated(cabinet.now)
        for connector in cabinet.connectors:
            if connector.due <= at + _EARLY_SECONDS:
                self._live_until(at + _EARLY_SECONDS)
                break
        if at > cabinet.at:
            cabinet.at = at
        if cabinet.real_due <= cabinet.now:
            self._live_real()

    def _live_real(self) -> None:
        """Let everything happen that real time has brought."""
        cabinet = self._cabinet
        now = cabinet.now
        if cabinet.attempt_at <= now:
            registration.attempt(cabinet)
        if messaging.call_deadline(cabinet) <= now:
            messaging.time_out(cabinet)
        if cabinet.boot_at <= now:
            registration.send_boot(cabinet)
        if cabinet.heartbeat_at <= now:
            registration.heartbeat_due(cabinet)
        if cabinet.store_at <= now:
            messaging.store_unanswered(cabinet)
        if cabinet.report_due <= now:
            reporting.report_lasting(cabinet)

    def _live_until(self, horizon: float) -> None:
        """Let what happens at the connectors happen in the order of its simulated times."""
        cabinet = self._cabinet
        connectors = cabinet.connectors
        while True:
            connector = connectors[0]
            for other in connectors:
                if other.due < connector.due:
                    connector = other
            if connector.due > horizon:
                return
            if connector.due > cabinet.at:
                cabinet.at = connector.due
            visiting.live_through(cabinet, connector)

    def _settle(self) -> None:
        """The end of every input: store, send, end, show, and work out when to be woken."""
        cabinet = self._cabinet
        if cabinet.upkeep_at <= cabinet.now:
            upkeep.look(cabinet)
        due = inf
        for connector in cabinet.connectors:
            if connector.visit is None and connector.transaction is None:
                visiting.keep_expecting(cabinet, connector)
            connector.schedule()
            if connector.due < due:
                due = connector.due
        cabinet.simulated_due = due
        messaging.flush(cabinet)
        off = False
        if cabinet.ending is not None and rebooting.may_end(cabinet):
            off = rebooting.end(cabinet)
            messaging.persist(cabinet)
            cabinet.simulated_due = min(connector.due for connector in cabinet.connectors)
        if cabinet.snapshot_changed:
            cabinet.snapshot_changed = False
            cabinet.effects.append(SNAPSHOT_CHANGED)
        if off:
            cabinet.effects.append(STOPPED)
        cabinet.wake_at = self._next_due()

    def _next_due(self) -> float:
        cabinet = self._cabinet
        if cabinet.link is _OFF:
            return inf
        calls = cabinet.calls
        waiting = inf
        if calls.in_flight is not None:
            waiting = calls.sent_at + cabinet.call_timeout
        elif cabinet.link is LinkState.ACCEPTED and cabinet.outbox:
            waiting = cabinet.outbox.not_before
        cabinet.real_due = due = min(
            waiting,
            cabinet.report_due,
            cabinet.attempt_at,
            cabinet.boot_at,
            cabinet.heartbeat_at,
            cabinet.store_at,
            cabinet.end_at,
            cabinet.upkeep_at,
        )
        if cabinet.simulated_due < inf:
            return min(due, cabinet.clock.real(cabinet.simulated_due))
        return due
