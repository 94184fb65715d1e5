"""Transactions as a station lives them: when one may begin, its meter values, and why it ends (OCPP 1.6 §4.8, §4.10).

The policy is asked before a transaction and at every meter value; what it says is done here and told in the log.
"""

from math import floor, inf
from typing import Any, Final

from msgspec import UNSET
from ocpp.v16.enums import (
    Action,
    ChargePointStatus,
    ReadingContext,
    Reason,
)

from evswarm_shared.charging_policy import (
    PolicyAction,
    PolicyReason,
    evaluate_charging_policy,
    evaluate_meter_value_decision,
)
from evswarm_shared.ocpp16.messages import (
    StartTransaction,
    StopTransaction,
)
from evswarm_shared.telemetry import counts as telemetry
from evswarm_worker.station import reserving, smart_charging, transaction_data
from evswarm_worker.station.cabinet import Cabinet, masked
from evswarm_worker.station.connector import Connector, TagState
from evswarm_worker.station.connector_status import ConnectorEvent
from evswarm_worker.station.ledger import close_in_ledger, open_in_ledger
from evswarm_worker.station.reporting import move
from evswarm_worker.station.sampling import UNSENT_SAMPLE_SECONDS, sample_interval, samples_of, send_sample
from evswarm_worker.station.transaction import Transaction, TransactionEvent, TransactionState

POLICY_RETRY_SECONDS: Final = 60.0
"""Simulated seconds between two questions to a policy that said wait."""

_REASON_LABELS: Final = {
    PolicyReason.CONDITIONS_OK: telemetry.PolicyReason.CONDITIONS_OK,
    PolicyReason.ENERGY_CAP: telemetry.PolicyReason.ENERGY_CAP,
    PolicyReason.PRICE: telemetry.PolicyReason.PRICE,
    PolicyReason.PEAK_HOUR: telemetry.PolicyReason.PEAK_HOUR,
    PolicyReason.GRID_LOAD: telemetry.PolicyReason.GRID,
    PolicyReason.GRID_LOAD_NEAR: telemetry.PolicyReason.GRID,
    PolicyReason.CARBON_INTENSITY: telemetry.PolicyReason.CARBON,
    PolicyReason.CARBON_INTENSITY_NEAR: telemetry.PolicyReason.CARBON,
}

_FLOW_EVENTS: Final = {
    ChargePointStatus.charging: ConnectorEvent.ENERGY_FLOWS,
    ChargePointStatus.suspended_ev: ConnectorEvent.EV_PAUSES,
    ChargePointStatus.suspended_evse: ConnectorEvent.EVSE_PAUSES,
}

_FLOWING: Final = frozenset(_FLOW_EVENTS)
_IN_TRANSACTION: Final = {"charging": True, "session_active": True}
_STOP: Final = PolicyAction.STOP
_REFUSED: Final = TransactionState.REFUSED
_PERIODIC: Final = ReadingContext.sample_periodic


def advance(cabinet: Cabinet, connector: Connector) -> None:
    """Bring the meter to the present."""
    connector.meter.advance(cabinet.at, cabinet.tariff)


def try_to_begin(cabinet: Cabinet, connector: Connector) -> None:
    """Begin a transaction if car, tag, connector and policy are all for it; else wait for what is missing."""
    connector.retry_at = inf
    if (
        connector.transaction is not None
        or connector.tag_state is not TagState.AUTHORIZED
        or not connector.plugged
        or connector.settled
        or connector.faulted
        or not (connector.operative and cabinet.usable)
        or cabinet.ending is not None
        or not cabinet.accepted_ever
    ):
        return
    advance(cabinet, connector)
    connector.timeout_at = inf
    if not cabinet.autonomous:
        _begin(cabinet, connector, cabinet.max_power_w)
        return
    decision = evaluate_charging_policy(
        {"energy_dispensed": connector.meter.plugged_mwh / 1e6, "charging": False, "session_active": False},
        cabinet.policy,
        _environment(cabinet, connector),
    )
    action, reason = decision["action"], decision["reason"]
    cabinet.counts.policy_decisions.add(action, _REASON_LABELS[reason])
    if action is PolicyAction.WAIT:
        _wait(cabinet, connector, reason)
    elif action is PolicyAction.PAUSE:
        connector.settled = True
        cabinet.log(f"{reason}: connector {connector.connector_id} gives no more to this car")
    else:
        _begin(cabinet, connector, _offer_w(cabinet, decision.get("limit_kw")))


def _wait(cabinet: Cabinet, connector: Connector, reason: PolicyReason) -> None:
    connector.retry_at = cabinet.at + POLICY_RETRY_SECONDS
    if connector.last_wait_reason != reason:
        connector.last_wait_reason = reason
        cabinet.log(
            f"{reason}: connector {connector.connector_id} waits{_circumstances(cabinet, connector, reason)}"
        )


def _begin(cabinet: Cabinet, connector: Connector, offer_w: float) -> None:
    meter = connector.meter
    serial = cabinet.next_serial
    cabinet.next_serial += 1
    connector.transaction = Transaction(
        serial, connector.id_tag, connector.parent_id_tag, meter.register_mwh, cabinet.at
    )
    connector.last_wait_reason = ""
    connector.transaction.granted_w = offer_w
    smart_charging.transaction_began(cabinet, connector, serial)
    if cabinet.profiles is None:
        meter.limit_w = offer_w
    else:
        follow_profiles(cabinet)
    reserved = reserving.take(cabinet, connector)
    connector.sample_at = cabinet.at + sample_interval(cabinet)
    request = StartTransaction(
        connector_id=connector.connector_id,
        id_tag=connector.id_tag,
        meter_start=meter.register_mwh // 1000,
        timestamp=cabinet.timestamp(),
        reservation_id=UNSET if reserved is None else reserved,
    )
    transaction_data.begin(cabinet, connector, connector.transaction)
    cabinet.outbox.add(Action.start_transaction, serial, request)
    open_in_ledger(cabinet, connector, connector.transaction, request)
    cabinet.counts.transactions_started += 1
    cabinet.lasting_changed = True
    cabinet.log(
        f"Transaction started: connector {connector.connector_id}, tag {masked(connector.id_tag)}, "
        f"up to {meter.limit_w / 1000.0:.1f} kW"
    )
    if connector.status is not ChargePointStatus.preparing:
        move(cabinet, connector, ConnectorEvent.USE_BEGINS)
    show_flow(cabinet, connector)
    cabinet.touch()


def show_flow(cabinet: Cabinet, connector: Connector, info: str = "") -> None:
    """Let the status of a connector with a transaction follow the energy (OCPP 1.6 §4.9)."""
    car = connector.meter.car
    status = ChargePointStatus.suspended_ev if car is None else car.status(connector.meter.limit_w)
    if status is not connector.status:
        move(cabinet, connector, _FLOW_EVENTS[status], info)


def sample(cabinet: Cabinet, connector: Connector) -> None:
    """The interval is over: send meter values, and let the policy decide whether to go on."""
    configured, wanted = cabinet.samples or samples_of(cabinet)
    interval = configured or UNSENT_SAMPLE_SECONDS
    behind = cabinet.clock.simulated(cabinet.now) - cabinet.at
    if behind >= interval:
        # Nobody read the meter while the station was not run: go on with the latest moment of the rhythm.
        connector.sample_at = cabinet.at + floor(behind / interval) * interval
        return
    connector.sample_at = cabinet.at + interval
    transaction = connector.transaction
    if transaction is None:
        connector.sample_at = inf
        return
    advance(cabinet, connector)
    if configured:
        send_sample(cabinet, connector, transaction, wanted, _PERIODIC)
        if transaction.samples is not None:
            transaction_data.collect(cabinet, connector, transaction, _PERIODIC)
    if transaction.state is not _REFUSED:
        if cabinet.autonomous:
            _ask_policy(cabinet, connector)
        else:
            offer(cabinet, connector, cabinet.max_power_w)
    if connector.transaction is not None:
        show_flow(cabinet, connector)
    cabinet.touch()


def _ask_policy(cabinet: Cabinet, connector: Connector) -> None:
    decision = evaluate_meter_value_decision(
        _IN_TRANSACTION,
        cabinet.policy,
        _environment(cabinet, connector),
        current_wh=connector.meter.plugged_mwh / 1000.0,
        max_wh=cabinet.max_energy_wh,
    )
    action, reason = decision["action"], decision["reason"]
    cabinet.counts.policy_decisions[action, _REASON_LABELS[reason]] += 1
    if action is _STOP:
        if reason is PolicyReason.ENERGY_CAP:
            cabinet.log(f"{reason}: connector {connector.connector_id} stops")
            stop(cabinet, connector, Reason.local)
            connector.settled = True
            return
        full = connector.meter.car is not None and connector.meter.car.full()
        stop(cabinet, connector, Reason.other)
        if full:
            # It would wait for energy that it does not take.
            connector.settled = True
            cabinet.log(f"{reason}: connector {connector.connector_id} stops, the car is full")
        else:
            _wait(cabinet, connector, reason)
        return
    limit_kw = decision.get("limit_kw")
    offer_w = cabinet.max_power_w if limit_kw is None else _offer_w(cabinet, limit_kw)
    offer(cabinet, connector, offer_w)


def offer(cabinet: Cabinet, connector: Connector, offer_w: float) -> None:
    """Grant another power from now on, as far as charging profiles allow; the meter stands at this moment."""
    if connector.transaction is not None:
        connector.transaction.granted_w = offer_w
    if cabinet.profiles is not None:
        follow_profiles(cabinet)
    elif connector.meter.limit_w != offer_w:
        _offer(cabinet, connector, offer_w)


def withhold(cabinet: Cabinet, connector: Connector) -> None:
    """Give a refused tag what MaxEnergyOnInvalidId grants and no more (OCPP 1.6 §9.1.14); the meter stands at this moment."""
    transaction = connector.transaction
    if transaction is None or transaction.stop_at_mwh == inf:
        return
    if connector.meter.register_mwh >= transaction.stop_at_mwh:
        offer(cabinet, connector, 0.0)
        show_flow(cabinet, connector)
    connector.attend_at = min(connector.attend_at, _granted_until(connector))


def _granted_until(connector: Connector) -> float:
    """When a refused tag has got everything that it is granted; infinite for any other."""
    transaction = connector.transaction
    if transaction is None or transaction.stop_at_mwh == inf:
        return inf
    return connector.meter.reaches_at(transaction.stop_at_mwh)


def follow_profiles(cabinet: Cabinet) -> None:
    """Let every connector offer what the charging profiles and its own rules leave it (OCPP 1.6 §3.13.3)."""
    offers, until = smart_charging.limited(cabinet, cabinet.at)
    for connector in cabinet.connectors:
        offered = offers.get(connector.connector_id)
        if offered is None:
            continue
        advance(cabinet, connector)
        car = connector.meter.car
        if car is not None:
            given = 0 if offered.phases == car.phases else offered.phases
            if car.given_phases != given:
                car.given_phases = given
                cabinet.lasting_changed = True
        _offer(cabinet, connector, offered.power_w)
        connector.attend_at = min(until, reserving.next_expiry(cabinet, connector), _granted_until(connector))
        if connector.status in _FLOWING:
            show_flow(cabinet, connector)
        connector.schedule()


def catch_up(cabinet: Cabinet) -> None:
    """Let energy flow, and limits change, as they did since the last checkpoint, while nobody ran the station."""
    for connector in cabinet.connectors:
        connector.attend_at = reserving.next_expiry(cabinet, connector)
    running = [connector for connector in cabinet.connectors if connector.transaction is not None]
    if cabinet.profiles is None or not running:
        # The row that this owner shows first must not be behind the one that was shown last.
        for connector in running:
            connector.meter.advance(min(cabinet.at, _granted_until(connector)), cabinet.tariff)
            withhold(cabinet, connector)
            advance(cabinet, connector)
        return
    at = min(connector.meter.at for connector in running)
    while True:
        offers, until = smart_charging.limited(cabinet, at)
        for connector in running:
            connector.meter.limit_w = offers[connector.connector_id].power_w
            until = min(until, _granted_until(connector))
        if until >= cabinet.at:
            break
        at = until
        for connector in running:
            connector.meter.advance(at, cabinet.tariff)
            transaction = connector.transaction
            if transaction is not None and connector.meter.register_mwh >= transaction.stop_at_mwh:
                transaction.granted_w = 0.0
    follow_profiles(cabinet)


def _offer(cabinet: Cabinet, connector: Connector, offer_w: float) -> None:
    if connector.meter.limit_w != offer_w:
        connector.meter.limit_w = offer_w
        # The register of the time to come hangs on it.
        cabinet.lasting_changed = True
        cabinet.log(f"Connector {connector.connector_id} offers {offer_w / 1000.0:.1f} kW")


def stop(cabinet: Cabinet, connector: Connector, reason: Reason, id_tag: str = "", info: str = "") -> None:
    """End the connector's transaction, if it has one; the cable may stay where it is (OCPP 1.6 §4.10)."""
    transaction = connector.transaction
    if transaction is None:
        return
    advance(cabinet, connector)
    meter = connector.meter
    if transaction.samples is not None:
        transaction_data.collect(cabinet, connector, transaction, ReadingContext.transaction_end)
    meter.limit_w = 0.0
    transaction.apply(TransactionEvent.STOP)
    connector.transaction = None
    connector.sample_at = inf
    connector.attend_at = reserving.next_expiry(cabinet, connector)
    if meter.car is not None:
        meter.car.given_phases = 0
    if cabinet.profiles is not None:
        smart_charging.transaction_ended(cabinet, transaction.serial)
        if cabinet.profiles is not None:
            follow_profiles(cabinet)
    request = StopTransaction(
        meter_stop=meter.register_mwh // 1000,
        timestamp=cabinet.timestamp(),
        transaction_id=transaction.transaction_id,
        id_tag=id_tag if id_tag else UNSET,
        reason=reason,
        transaction_data=transaction.samples or UNSET,
    )
    flowed = meter.register_mwh - transaction.meter_start_mwh
    cabinet.outbox.add(
        Action.stop_transaction,
        transaction.serial,
        request,
        energy_mwh=flowed,
        began=transaction.began(connector.connector_id),
    )
    close_in_ledger(cabinet, connector, transaction, request)
    cabinet.counts.transactions_stopped.add(reason)
    cabinet.counts.transaction_duration.observe(cabinet.at - transaction.started_at)
    cabinet.lasting_changed = True
    cabinet.log(f"Transaction stopped: connector {connector.connector_id}, {reason}, {flowed / 1e6:.3f} kWh")
    if meter.car is None:
        leave_free(cabinet, connector)
    else:
        move(cabinet, connector, ConnectorEvent.TRANSACTION_ENDS, info)
    cabinet.touch()


def leave_free(cabinet: Cabinet, connector: Connector) -> None:
    """Nobody uses the connector any more: it is available, or out of service if that was asked for (OCPP 1.6 §5.2)."""
    connector.forget_tag()
    connector.timeout_at = inf
    if connector.operative and cabinet.operative:
        if move(cabinet, connector, ConnectorEvent.USE_ENDS):
            cabinet.log(f"Connector {connector.connector_id} available")
        if connector.reservation is not None:
            move(cabinet, connector, ConnectorEvent.RESERVATION_BEGINS)
        return
    reserving.release(cabinet, connector)
    if not move(cabinet, connector, ConnectorEvent.GOES_OUT_OF_SERVICE):
        move(cabinet, connector, ConnectorEvent.USE_ENDS)
        move(cabinet, connector, ConnectorEvent.GOES_OUT_OF_SERVICE)
    cabinet.log(f"Connector {connector.connector_id} unavailable")


def _environment(cabinet: Cabinet, connector: Connector) -> dict[str, Any]:
    env: dict[str, Any] = {
        "current_price": connector.meter.price_micro(cabinet.at, cabinet.tariff) / 1e6,
        "hour": cabinet.local_time.hour(cabinet.at),
    }
    if cabinet.grid:
        env.update(cabinet.grid)
    return env


def _offer_w(cabinet: Cabinet, limit_kw: float | None) -> float:
    """What one connector offers in W when the policy leaves `limit_kw` to the whole station (None: no limit)."""
    full = cabinet.max_power_w
    if limit_kw is None:
        return full
    sharing = sum(connector.transaction is not None for connector in cabinet.connectors)
    return min(full, limit_kw * 1000.0 / max(1, sharing))


def _circumstances(cabinet: Cabinet, connector: Connector, reason: PolicyReason) -> str:
    if reason is PolicyReason.PRICE:
        price = connector.meter.price_micro(cabinet.at, cabinet.tariff) / 1e6
        return f" (price {price:g}, limit {cabinet.policy['charge_if_price_below']:g})"
    if reason is PolicyReason.PEAK_HOUR:
        return f" (hour {cabinet.local_time.hour(cabinet.at)})"
    return ""
