"""What reservations do to a station: whom they keep out, and how they begin and end (OCPP 1.6 §5.1, §5.13)."""

from math import inf

from ocpp.v16.enums import ChargePointStatus

from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.connector_status import ConnectorEvent
from evswarm_worker.station.reporting import move
from evswarm_worker.station.reservation import Reservation


def is_free(cabinet: Cabinet, connector: Connector) -> bool:
    """Whether anybody could begin to use the connector."""
    return (
        connector.visible_status is ChargePointStatus.available
        and not connector.plugged
        and connector.operative
        and cabinet.usable
    )


def reservation_for(cabinet: Cabinet, connector: Connector) -> Reservation | None:
    """The reservation that decides who may use the connector: its own, or that of any one if it is the last."""
    if connector.reservation is not None:
        return connector.reservation
    if cabinet.reservation is None:
        return None
    others = any(is_free(cabinet, other) for other in cabinet.connectors if other is not connector)
    return None if others else cabinet.reservation


def keep(cabinet: Cabinet, connector: Connector | None, reservation: Reservation) -> None:
    """Let the reservation begin, for a connector or (None) for any one."""
    cabinet.lasting_changed = True
    if connector is None:
        cabinet.reservation = reservation
        connector = cabinet.connectors[0]
    else:
        connector.reservation = reservation
        move(cabinet, connector, ConnectorEvent.RESERVATION_BEGINS)
    connector.attend_at = min(connector.attend_at, next_expiry(cabinet, connector))
    connector.schedule()
    cabinet.touch()


def next_expiry(cabinet: Cabinet, connector: Connector) -> float:
    """When a reservation that the connector looks after is over; the first one looks after that of any connector."""
    own = inf if connector.reservation is None else connector.reservation.expires_at
    if cabinet.reservation is not None and connector is cabinet.connectors[0]:
        return min(own, cabinet.reservation.expires_at)
    return own


def find(cabinet: Cabinet, reservation_id: int) -> Connector | Cabinet | None:
    """Where the reservation of this id is kept."""
    if cabinet.reservation is not None and cabinet.reservation.reservation_id == reservation_id:
        return cabinet
    for connector in cabinet.connectors:
        if connector.reservation is not None and connector.reservation.reservation_id == reservation_id:
            return connector
    return None


def release(cabinet: Cabinet, keeper: Connector | Cabinet) -> None:
    """End the reservation kept there, if there is one; the connector is available again unless it is used."""
    if keeper.reservation is None:
        return
    keeper.reservation = None
    cabinet.lasting_changed = True
    cabinet.touch()
    if isinstance(keeper, Connector):
        move(cabinet, keeper, ConnectorEvent.RESERVATION_ENDS)


def take(cabinet: Cabinet, connector: Connector) -> int | None:
    """A transaction begins: the reservation that it makes use of has done its work. Returns its id."""
    for keeper in (connector, cabinet):
        reservation = keeper.reservation
        if reservation is not None and reservation.admits(connector.id_tag, connector.parent_id_tag):
            keeper.reservation = None
            cabinet.lasting_changed = True
            return reservation.reservation_id
    return None


def expire(cabinet: Cabinet) -> list[Connector]:
    """End the reservations whose time is over; returns the connectors that they had kept."""
    freed: list[Connector] = []
    if cabinet.reservation is not None and cabinet.reservation.expires_at <= cabinet.at:
        cabinet.log(f"Reservation {cabinet.reservation.reservation_id} expired")
        release(cabinet, cabinet)
    for connector in cabinet.connectors:
        reservation = connector.reservation
        if reservation is not None and reservation.expires_at <= cabinet.at:
            cabinet.log(
                f"Reservation {reservation.reservation_id} of connector {connector.connector_id} expired"
            )
            release(cabinet, connector)
            freed.append(connector)
    return freed
