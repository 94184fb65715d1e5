"""StatusNotification: when the central system is told which status (OCPP 1.6 §4.9).

`reported` is what the central system was told last, or None when it must be told anyway.
"""

from math import inf
from typing import Final

from msgspec import UNSET, UnsetType
from ocpp.v16.enums import Action, ChargePointErrorCode, ChargePointStatus, ConfigurationKey

from evswarm_shared.ocpp16.messages import StatusNotification
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.connector_status import ConnectorEvent

TELL_AGAIN_SECONDS: Final = 30.0
"""Until a status that found no room in the line, or no answer, is told again."""

_SUSPENDED_EV = ChargePointStatus.suspended_ev
_STATUS_NOTIFICATION: Final = Action.status_notification


def move(cabinet: Cabinet, connector: Connector, event: ConnectorEvent, info: str = "") -> bool:
    """Let an event happen to a connector's status and report it; True when the status is another one now."""
    if not connector.apply(event):
        return False
    cabinet.touch()
    if not connector.faulted:
        report(cabinet, connector, info)
    return True


def report(cabinet: Cabinet, connector: Connector, info: str = "") -> None:
    """Tell the connector's status now, or when it has lasted for MinimumStatusDuration, or after the reconnect."""
    if not cabinet.online:
        return
    if connector.reported is connector.visible_status and connector.reported_error is connector.error_code:
        connector.report_at = inf
        return
    patience = cabinet.configuration.integer(ConfigurationKey.minimum_status_duration)
    if patience and connector.reported is not None and not connector.faulted:
        connector.report_at = cabinet.now + patience
        cabinet.report_due = min(cabinet.report_due, connector.report_at)
    else:
        send_status(cabinet, connector, info)


def send_status(cabinet: Cabinet, connector: Connector, info: str = "", *, asked_for: bool = False) -> None:
    """Put the connector's current status in line, whatever was told before."""
    connector.report_at = inf
    told, connector.reported = connector.reported, connector.visible_status
    if connector.reported is _SUSPENDED_EV and told is not _SUSPENDED_EV:
        cabinet.log(f"Connector {connector.connector_id}: the car takes no energy")
    connector.reported_error = connector.error_code
    _send(
        cabinet,
        connector.connector_id,
        connector.reported,
        connector.error_code,
        info if info else UNSET,
        asked_for=asked_for,
    )


def station_status(cabinet: Cabinet) -> ChargePointStatus:
    """The status of connector 0, the station as a whole: in service, not, or broken."""
    if cabinet.faulted:
        return ChargePointStatus.faulted
    return ChargePointStatus.available if cabinet.operative else ChargePointStatus.unavailable


def report_station(cabinet: Cabinet, info: str = "", *, asked_for: bool = False) -> None:
    """Put the station's own status in line, unless the central system knows it."""
    status = station_status(cabinet)
    if not asked_for and (not cabinet.online or cabinet.reported is status):
        return
    cabinet.reported = status
    _send(cabinet, 0, status, cabinet.error_code, info if info else UNSET, asked_for=asked_for)


def report_list_conflict(cabinet: Cabinet) -> None:
    """The central system contradicts the local list that it sent itself (OCPP 1.6 §3.5.2)."""
    _send(
        cabinet,
        0,
        station_status(cabinet),
        ChargePointErrorCode.local_list_conflict,
        UNSET,
        asked_for=False,
    )


def report_everything(cabinet: Cabinet) -> None:
    """After a boot the central system is told every status (OCPP 1.6 errata §3.22)."""
    cabinet.reported = None
    report_station(cabinet)
    for connector in cabinet.connectors:
        send_status(cabinet, connector)


def report_changes(cabinet: Cabinet) -> None:
    """After a reconnect the central system is told once what changed meanwhile (OCPP 1.6 §4.9)."""
    report_station(cabinet)
    for connector in cabinet.connectors:
        if (
            connector.reported is not connector.visible_status
            or connector.reported_error is not connector.error_code
        ):
            send_status(cabinet, connector)


def not_delivered(cabinet: Cabinet, call: PendingCall) -> None:
    """This StatusNotification does not arrive: the central system must be told again."""
    connector = cabinet.connector(call.connector_id)
    if connector is None:
        cabinet.reported = None
    else:
        connector.reported = None


def not_answered(cabinet: Cabinet, call: PendingCall) -> None:
    """Nobody knows whether this StatusNotification arrived: it is told again, unless a later one is in line already."""
    for waiting in cabinet.calls.line or ():
        if waiting.action is _STATUS_NOTIFICATION and waiting.connector_id == call.connector_id:
            return
    not_delivered(cabinet, call)
    _tell_again(cabinet, call)


def report_lasting(cabinet: Cabinet) -> None:
    """Tell the statuses that have lasted for long enough, and those that did not get through."""
    cabinet.report_due = inf
    if not cabinet.online:
        # Whoever is accepted again tells everything.
        return
    report_station(cabinet)
    for connector in cabinet.connectors:
        if connector.report_at > cabinet.now:
            cabinet.report_due = min(cabinet.report_due, connector.report_at)
            continue
        connector.report_at = inf
        if (
            connector.reported is not connector.visible_status
            or connector.reported_error is not connector.error_code
        ):
            send_status(cabinet, connector)


def _send(
    cabinet: Cabinet,
    connector_id: int,
    status: ChargePointStatus,
    error_code: ChargePointErrorCode,
    info: str | UnsetType,
    *,
    asked_for: bool,
) -> None:
    request = StatusNotification(
        connector_id=connector_id,
        error_code=error_code,
        status=status,
        info=info,
        timestamp=cabinet.timestamp(),
    )
    call = PendingCall(
        _STATUS_NOTIFICATION,
        request,
        connector_id=connector_id,
        allowed_while_pending=asked_for,
    )
    if not cabinet.call(call):
        not_delivered(cabinet, call)
        _tell_again(cabinet, call)


def _tell_again(cabinet: Cabinet, call: PendingCall) -> None:
    again_at = cabinet.now + TELL_AGAIN_SECONDS
    connector = cabinet.connector(call.connector_id)
    if connector is not None:
        connector.report_at = again_at
    cabinet.report_due = min(cabinet.report_due, again_at)
