"""ChangeAvailability: taking a connector or the whole station in and out of service (OCPP 1.6 §5.2)."""

from ocpp.v16.enums import AvailabilityStatus, AvailabilityType, ChargePointStatus

from evswarm_shared.ocpp16.messages import ChangeAvailability, ChangeAvailabilityResponse
from evswarm_worker.station import reserving
from evswarm_worker.station.authorization import begin_use
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.charging import try_to_begin
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.connector_status import ConnectorEvent
from evswarm_worker.station.firmware_update import hold_availability
from evswarm_worker.station.reporting import move, report_station
from evswarm_worker.station.visiting import in_service


def change_availability(cabinet: Cabinet, request: ChangeAvailability) -> ChangeAvailabilityResponse:
    """Change the availability now, or after the transaction that is running; connector 0 means all of the station."""
    operative = request.type is AvailabilityType.operative
    if request.connector_id == 0:
        cabinet.operative = operative
        if not operative:
            reserving.release(cabinet, cabinet)
        meant = cabinet.connectors
        report_station(cabinet)
    else:
        connector = cabinet.connector(request.connector_id)
        if connector is None:
            return ChangeAvailabilityResponse(AvailabilityStatus.rejected)
        meant = (connector,)
    cabinet.lasting_changed = True
    scheduled = False
    if hold_availability(cabinet, tuple(c.connector_id for c in meant), operative=operative):
        meant, scheduled = (), True
    for connector in meant:
        connector.operative = operative
        if operative:
            come_into_service(cabinet, connector)
        elif connector.transaction is not None:
            scheduled = True
        else:
            go_out_of_service(cabinet, connector)
    where = f"Connector {request.connector_id}" if request.connector_id else "Station"
    cabinet.log(f"{where} {request.type.lower()}{' after the transaction' if scheduled else ''}")
    return ChangeAvailabilityResponse(
        AvailabilityStatus.scheduled if scheduled else AvailabilityStatus.accepted
    )


def come_into_service(cabinet: Cabinet, connector: Connector) -> None:
    """The connector, operative again, can be used at once."""
    if connector.status is not ChargePointStatus.unavailable or not cabinet.operative:
        return
    if connector.plugged:
        begin_use(cabinet, connector)
        try_to_begin(cabinet, connector)
        in_service(cabinet)
    else:
        move(cabinet, connector, ConnectorEvent.COMES_INTO_SERVICE)


def go_out_of_service(cabinet: Cabinet, connector: Connector) -> None:
    """The connector, without a transaction, is taken away from whoever prepares to use it."""
    connector.forget_tag()
    gone = move(cabinet, connector, ConnectorEvent.GOES_OUT_OF_SERVICE)
    # The reservation ends with the service (§5.13), and nobody is told of a connector that is free between them.
    reserving.release(cabinet, connector)
    if not gone:
        # What was being prepared is off; only then is there a way out of service (OCPP 1.6 §4.9 B1, A8).
        move(cabinet, connector, ConnectorEvent.USE_ENDS)
        move(cabinet, connector, ConnectorEvent.GOES_OUT_OF_SERVICE)
