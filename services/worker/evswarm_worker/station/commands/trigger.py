"""TriggerMessage: the central system asks for a message that the station would send by itself (OCPP 1.6 §5.17)."""

from ocpp.v16.enums import Action, MessageTrigger, ReadingContext, TriggerMessageStatus

from evswarm_shared.ocpp16.messages import (
    ExtendedTriggerMessage,
    ExtendedTriggerMessageResponse,
    MeterValues,
    TriggerMessage,
    TriggerMessageResponse,
)
from evswarm_worker.station import certificate_renewal, firmware, log_upload
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.charging import advance
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.metering import meter_value
from evswarm_worker.station.registration import send_boot, send_heartbeat
from evswarm_worker.station.reporting import report_station, send_status
from evswarm_worker.station.sampling import samples_of, send_sample

_T = MessageTrigger
_OF_A_CONNECTOR = frozenset((_T.status_notification, _T.meter_values))
_SERVED = _OF_A_CONNECTOR | {
    _T.boot_notification,
    _T.heartbeat,
    _T.firmware_status_notification,
    _T.diagnostics_status_notification,
}
_SERVED_EXTENDED = frozenset(
    (_T.firmware_status_notification, _T.log_status_notification, _T.sign_charge_point_certificate)
)


def trigger_message(cabinet: Cabinet, request: TriggerMessage) -> TriggerMessageResponse:
    """Queue the message asked for; it leaves after this answer. A connector id that does not matter is ignored.

    Rejected when there is no such connector, or when what waits for the central system already leaves no room.
    """
    wanted = request.requested_message
    if wanted not in _SERVED:
        return TriggerMessageResponse(TriggerMessageStatus.not_implemented)
    connector_id = None
    if wanted in _OF_A_CONNECTOR and isinstance(request.connector_id, int):
        connector_id = request.connector_id
        if not 0 <= connector_id <= len(cabinet.connectors):
            return TriggerMessageResponse(TriggerMessageStatus.rejected)
    of_all = wanted in _OF_A_CONNECTOR and not connector_id
    if not _room_for(cabinet, 1 + len(cabinet.connectors) if of_all else 1):
        return TriggerMessageResponse(TriggerMessageStatus.rejected)
    if wanted is _T.boot_notification:
        send_boot(cabinet)
    elif wanted is _T.heartbeat:
        send_heartbeat(cabinet, asked_for=True)
    elif wanted is _T.status_notification:
        _statuses(cabinet, connector_id)
    elif wanted is _T.meter_values:
        _meter_values(cabinet, connector_id)
    elif wanted is _T.firmware_status_notification:
        firmware.tell_again(cabinet, signed=False)
    else:
        log_upload.tell_again(cabinet, diagnostics=True)
    return TriggerMessageResponse(TriggerMessageStatus.accepted)


def extended_trigger_message(
    cabinet: Cabinet, request: ExtendedTriggerMessage
) -> ExtendedTriggerMessageResponse:
    """As `trigger_message`, with the messages of the security extension (security whitepaper §5.5)."""
    wanted = request.requested_message
    if wanted not in _SERVED_EXTENDED:
        response = trigger_message(cabinet, TriggerMessage(wanted, request.connector_id))
        return ExtendedTriggerMessageResponse(response.status)
    accepted = _room_for(cabinet, 1)
    if accepted and wanted is _T.sign_charge_point_certificate:
        accepted = certificate_renewal.request_certificate(cabinet)
    elif accepted and wanted is _T.firmware_status_notification:
        firmware.tell_again(cabinet, signed=True)
    elif accepted:
        log_upload.tell_again(cabinet, diagnostics=False)
    return ExtendedTriggerMessageResponse(
        TriggerMessageStatus.accepted if accepted else TriggerMessageStatus.rejected
    )


def _room_for(cabinet: Cabinet, calls: int) -> bool:
    if cabinet.calls.room >= calls:
        return True
    cabinet.log("Message asked for not sent: too many wait for their answers")
    return False


def _statuses(cabinet: Cabinet, connector_id: int | None) -> None:
    if not connector_id:
        report_station(cabinet, asked_for=True)
    if connector_id == 0:
        return
    for connector in _meant(cabinet, connector_id):
        send_status(cabinet, connector, asked_for=True)


def _meter_values(cabinet: Cabinet, connector_id: int | None) -> None:
    wanted = samples_of(cabinet).wanted
    for connector in _meant(cabinet, connector_id or None):
        advance(cabinet, connector)
        if connector.transaction is not None and cabinet.online:
            send_sample(cabinet, connector, connector.transaction, wanted, ReadingContext.trigger)
            continue
        value = meter_value(cabinet, connector, wanted, ReadingContext.trigger)
        if value is not None:
            cabinet.call(
                PendingCall(
                    Action.meter_values,
                    MeterValues(connector.connector_id, (value,)),
                    allowed_while_pending=True,
                )
            )


def _meant(cabinet: Cabinet, connector_id: int | None) -> tuple[Connector, ...]:
    if connector_id is None:
        return cabinet.connectors
    connector = cabinet.connector(connector_id)
    return () if connector is None else (connector,)
