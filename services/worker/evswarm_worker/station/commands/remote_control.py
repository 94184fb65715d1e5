"""Doing from afar what a person at the station would do (OCPP 1.6 §5.11, §5.12, §5.14, §5.18)."""

from ocpp.v16.enums import (
    ChargePointStatus,
    ConfigurationKey,
    Reason,
    RemoteStartStopStatus,
    ResetStatus,
    ResetType,
    UnlockStatus,
)

from evswarm_shared.ocpp16.datatypes import ChargingProfile
from evswarm_shared.ocpp16.messages import (
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
    RemoteStopTransaction,
    RemoteStopTransactionResponse,
    Reset,
    ResetResponse,
    UnlockConnector,
    UnlockConnectorResponse,
)
from evswarm_worker.station.authorization import authorize_without_asking, look_up, present_tag
from evswarm_worker.station.cabinet import Cabinet, masked
from evswarm_worker.station.charging import leave_free, stop
from evswarm_worker.station.commands.smart_charging import profile_of_remote_start
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.rebooting import begin_reboot
from evswarm_worker.station.reserving import reservation_for
from evswarm_worker.station.visiting import summon

_STARTABLE = frozenset(
    (
        ChargePointStatus.available,
        ChargePointStatus.preparing,
        ChargePointStatus.finishing,
        ChargePointStatus.reserved,
    )
)
_ACCEPTED = RemoteStartStopStatus.accepted
_REJECTED = RemoteStartStopStatus.rejected


def remote_start_transaction(
    cabinet: Cabinet, request: RemoteStartTransaction
) -> RemoteStartTransactionResponse:
    """Try to start a transaction; the cable may be plugged in afterwards. A charging profile comes into force with the transaction (§5.16.2)."""
    if not cabinet.online or cabinet.ending is not None:
        return RemoteStartTransactionResponse(_REJECTED)
    if isinstance(request.connector_id, int):
        connector = cabinet.connector(request.connector_id)
        if connector is None or not _startable(cabinet, connector, request.id_tag):
            return RemoteStartTransactionResponse(_REJECTED)
    else:
        candidates = [
            connector for connector in cabinet.connectors if _startable(cabinet, connector, request.id_tag)
        ]
        if not candidates:
            return RemoteStartTransactionResponse(_REJECTED)
        # Who has a reservation stands in front of it.
        connector = min(candidates, key=lambda c: (c.reservation is None, not c.plugged))
    profile = None
    if isinstance(request.charging_profile, ChargingProfile):
        profile = profile_of_remote_start(cabinet, request.charging_profile, connector.connector_id)
        if profile is None:
            return RemoteStartTransactionResponse(_REJECTED)
    cabinet.log(f"Remote start: connector {connector.connector_id}, tag {masked(request.id_tag)}")
    connector.settled = False
    if not connector.plugged:
        summon(cabinet, connector)
    if cabinet.configuration.flag(ConfigurationKey.authorize_remote_tx_requests):
        present_tag(cabinet, connector, request.id_tag, profile)
    else:
        authorize_without_asking(cabinet, connector, request.id_tag, profile)
    return RemoteStartTransactionResponse(_ACCEPTED)


def remote_stop_transaction(
    cabinet: Cabinet, request: RemoteStopTransaction
) -> RemoteStopTransactionResponse:
    """Stop the transaction of this id, if it is running here."""
    for connector in cabinet.connectors:
        transaction = connector.transaction
        if transaction is not None and transaction.transaction_id == request.transaction_id:
            if not cabinet.online:
                break
            connector.settled = True
            stop(cabinet, connector, Reason.remote)
            return RemoteStopTransactionResponse(_ACCEPTED)
    return RemoteStopTransactionResponse(_REJECTED)


def reset(cabinet: Cabinet, request: Reset) -> ResetResponse:
    """Restart: a soft reset waits until the stopped transactions are delivered, a hard one does not (§5.14).

    Rejected while the station is being switched off.
    """
    soft = request.type is ResetType.soft
    begun = begin_reboot(cabinet, Reason.soft_reset if soft else Reason.hard_reset, at_once=not soft)
    return ResetResponse(ResetStatus.accepted if begun else ResetStatus.rejected)


def unlock_connector(cabinet: Cabinet, request: UnlockConnector) -> UnlockConnectorResponse:
    """Open the lock of the cable; a running transaction is finished first (§5.18).

    A cable that belongs to the outlet has no lock there, and nothing happens (§7.46).
    """
    connector = cabinet.connector(request.connector_id)
    if connector is None or cabinet.config.profile.fixed_cable:
        return UnlockConnectorResponse(UnlockStatus.not_supported)
    if connector.transaction is not None:
        connector.settled = True
        stop(cabinet, connector, Reason.unlock_command)
    elif connector.status is ChargePointStatus.finishing and not connector.plugged:
        leave_free(cabinet, connector)
    cabinet.log(f"Connector {connector.connector_id} unlocked")
    return UnlockConnectorResponse(UnlockStatus.unlocked)


def _startable(cabinet: Cabinet, connector: Connector, id_tag: str) -> bool:
    reserved = reservation_for(cabinet, connector)
    if reserved is not None:
        known, _ = look_up(cabinet, id_tag)
        # Where the central system is asked about the tag, its answer tells the group.
        asks = cabinet.configuration.flag(ConfigurationKey.authorize_remote_tx_requests)
        admitted = reserved.admits(id_tag, "" if known is None else known.parent_id_tag)
        if not admitted and not (asks and reserved.parent_id_tag):
            return False
    return (
        connector.transaction is None
        and connector.visible_status in _STARTABLE
        and connector.operative
        and cabinet.usable
    )
