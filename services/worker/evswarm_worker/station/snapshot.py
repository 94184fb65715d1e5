"""The row that the table shows of a station."""

from collections.abc import Mapping
from typing import Final

from ocpp.v16.enums import ChargePointStatus

from evswarm_shared.bus.messages import StationSnapshot, StationState
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.link import CONNECTED, LinkState

_STATES: Final[Mapping[ChargePointStatus, StationState]] = {
    ChargePointStatus.faulted: StationState.FAULTED,
    ChargePointStatus.charging: StationState.CHARGING,
    ChargePointStatus.suspended_ev: StationState.SUSPENDED,
    ChargePointStatus.suspended_evse: StationState.SUSPENDED,
    ChargePointStatus.preparing: StationState.OCCUPIED,
    ChargePointStatus.finishing: StationState.OCCUPIED,
    ChargePointStatus.reserved: StationState.RESERVED,
    ChargePointStatus.unavailable: StationState.UNAVAILABLE,
    ChargePointStatus.available: StationState.AVAILABLE,
}

_WORST_FIRST: Final = {state: rank for rank, state in enumerate(StationState)}


def snapshot_of(cabinet: Cabinet) -> StationSnapshot:
    """The station as it was at its last event."""
    # Not while another worker takes the station over: then it is off for a moment only.
    off = cabinet.link is LinkState.OFF and (cabinet.switched_off or cabinet.config.stopped)
    connectors = cabinet.connectors
    statuses = (
        (ChargePointStatus.unavailable,) * len(connectors)
        if off
        else tuple([connector.visible_status for connector in connectors])
    )
    power = energy = earned = session = transactions = 0
    for connector in connectors:
        meter = connector.meter
        energy += meter.register_mwh
        earned += meter.earnings_micro
        if connector.transaction is not None:
            transactions += 1
            session += meter.register_mwh - connector.transaction.meter_start_mwh
            if not connector.faulted:
                power += round(meter.power_w())
    config = cabinet.config
    return StationSnapshot(
        station_id=config.station_id,
        state=_state(cabinet, statuses),
        connectors=statuses,
        worker_id=config.worker_id,
        profile=config.profile.name,
        running=cabinet.online,
        transactions=transactions,
        power_w=power,
        session_wh=session // 1000,
        energy_mwh=energy,
        earnings_micro=earned,
        last_message=cabinet.last_message,
        last_message_at=cabinet.last_message_at,
        changed_at=cabinet.changed_at,
    )


def _state(cabinet: Cabinet, statuses: tuple[ChargePointStatus, ...]) -> StationState:
    if cabinet.link is LinkState.OFF:
        return StationState.STOPPED
    if cabinet.link not in CONNECTED:
        return StationState.OFFLINE
    if not cabinet.online:
        return StationState.BOOTING
    if cabinet.faulted:
        return StationState.FAULTED
    if len(statuses) == 1:
        return _STATES[statuses[0]]
    return min((_STATES[status] for status in statuses), key=_WORST_FIRST.__getitem__)
