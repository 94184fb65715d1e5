"""Keeping a connector for a tag, and giving it up again (OCPP 1.6 §5.1, §5.13)."""

from ocpp.v16.enums import (
    CancelReservationStatus,
    ChargePointStatus,
    ConfigurationKey,
    ReservationStatus,
)

from evswarm_shared.ocpp16.messages import (
    CancelReservation,
    CancelReservationResponse,
    ReserveNow,
    ReserveNowResponse,
)
from evswarm_worker.station import reserving
from evswarm_worker.station.authorization import begin_use
from evswarm_worker.station.cabinet import Cabinet, masked
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.reservation import Reservation

_S = ReservationStatus


def reserve_now(cabinet: Cabinet, request: ReserveNow) -> ReserveNowResponse:
    """Reserve a connector, or with 0 one that stays free; the same reservationId replaces its reservation."""
    connector = cabinet.connector(request.connector_id)
    any_one = request.connector_id == 0
    if any_one and not cabinet.configuration.flag(ConfigurationKey.reserve_connector_zero_supported):
        return ReserveNowResponse(_S.rejected)
    expires_at = float(request.expiry_date) - cabinet.clock_offset
    if (connector is None and not any_one) or expires_at <= cabinet.at or cabinet.ending is not None:
        return ReserveNowResponse(_S.rejected)
    old = reserving.find(cabinet, request.reservation_id)
    status = _any_is_free(cabinet, old) if connector is None else _is_free(cabinet, connector, old)
    if status is not _S.accepted:
        return ReserveNowResponse(status)
    if old is not None and old is not (cabinet if connector is None else connector):
        give_up(cabinet, old)
    parent = request.parent_id_tag
    reservation = Reservation(
        request.reservation_id, request.id_tag, expires_at, parent if isinstance(parent, str) else ""
    )
    reserving.keep(cabinet, connector, reservation)
    where = f"connector {request.connector_id}" if request.connector_id else "any connector"
    cabinet.log(f"Reservation {request.reservation_id}: {where} for tag {masked(request.id_tag)}")
    return ReserveNowResponse(_S.accepted)


def cancel_reservation(cabinet: Cabinet, request: CancelReservation) -> CancelReservationResponse:
    """Give the reservation of this id up."""
    keeper = reserving.find(cabinet, request.reservation_id)
    if keeper is None:
        return CancelReservationResponse(CancelReservationStatus.rejected)
    give_up(cabinet, keeper)
    cabinet.log(f"Reservation {request.reservation_id} cancelled")
    return CancelReservationResponse(CancelReservationStatus.accepted)


def give_up(cabinet: Cabinet, keeper: Connector | Cabinet) -> None:
    """End the reservation kept there, if there is one, early: a car that is at the connector already begins to use it."""
    if keeper.reservation is None:
        return
    reserving.release(cabinet, keeper)
    if isinstance(keeper, Connector) and keeper.plugged:
        begin_use(cabinet, keeper)


def _is_free(cabinet: Cabinet, connector: Connector, old: Connector | Cabinet | None) -> ReservationStatus:
    if connector.faulted or cabinet.faulted:
        return _S.faulted
    if connector.status is ChargePointStatus.unavailable or not (connector.operative and cabinet.operative):
        return _S.unavailable
    if connector.reservation is not None:
        return _S.accepted if old is connector else _S.occupied
    if not reserving.is_free(cabinet, connector):
        return _S.occupied
    if cabinet.reservation is not None and old is not cabinet:
        # One connector stays free for whoever reserved any of them.
        others = any(reserving.is_free(cabinet, c) for c in cabinet.connectors if c is not connector)
        return _S.accepted if others else _S.occupied
    return _S.accepted


def _any_is_free(cabinet: Cabinet, old: Connector | Cabinet | None) -> ReservationStatus:
    if cabinet.reservation is not None and old is not cabinet:
        return _S.occupied
    if any(reserving.is_free(cabinet, connector) or old is connector for connector in cabinet.connectors):
        return _S.accepted
    if cabinet.faulted or all(connector.faulted for connector in cabinet.connectors):
        return _S.faulted
    if all(
        connector.visible_status in (ChargePointStatus.unavailable, ChargePointStatus.faulted)
        for connector in cabinet.connectors
    ):
        return _S.unavailable
    return _S.occupied
