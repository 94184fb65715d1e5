"""What the answer to each of our CALLs means, and what it means when there is none."""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any, Final

from ocpp.v16.enums import Action

from evswarm_shared.ocpp16.messages import (
    AuthorizeResponse,
    BootNotificationResponse,
    HeartbeatResponse,
    Response,
    SignCertificateResponse,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
    StopTransactionResponse,
)
from evswarm_worker.station import certificate_renewal, security_events
from evswarm_worker.station.authorization import authorize_answered, authorize_failed
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.delivery import message_refused, start_answered, stop_answered
from evswarm_worker.station.registration import boot_answered, boot_failed, heartbeat_answered
from evswarm_worker.station.reporting import not_answered


def _boot(cabinet: Cabinet, _: PendingCall, response: BootNotificationResponse) -> None:
    boot_answered(cabinet, response)


def _heartbeat(cabinet: Cabinet, _: PendingCall, response: HeartbeatResponse) -> None:
    heartbeat_answered(cabinet, response)


def _authorize(cabinet: Cabinet, call: PendingCall, response: AuthorizeResponse) -> None:
    authorize_answered(cabinet, call, response)


def _start(cabinet: Cabinet, call: PendingCall, response: StartTransactionResponse) -> None:
    if call.message is not None and isinstance(call.request, StartTransaction):
        start_answered(cabinet, call.message, call.request.id_tag, response)


def _stop(cabinet: Cabinet, call: PendingCall, response: StopTransactionResponse) -> None:
    if call.message is not None and isinstance(call.request, StopTransaction):
        id_tag = call.request.id_tag
        stop_answered(cabinet, call.message, id_tag if isinstance(id_tag, str) else "", response)


_METER_VALUES: Final = Action.meter_values


def _security_event(cabinet: Cabinet, _: PendingCall, __: Response) -> None:
    security_events.confirmed(cabinet)


def _sign_certificate(cabinet: Cabinet, _: PendingCall, response: SignCertificateResponse) -> None:
    certificate_renewal.request_answered(cabinet, response)


_ANSWERED: Final[Mapping[Action, Callable[[Cabinet, PendingCall, Any], None]]] = {
    Action.authorize: _authorize,
    Action.boot_notification: _boot,
    Action.heartbeat: _heartbeat,
    Action.security_event_notification: _security_event,
    Action.sign_certificate: _sign_certificate,
    Action.start_transaction: _start,
    Action.stop_transaction: _stop,
}


def answered(cabinet: Cabinet, call: PendingCall, response: Response) -> bool:
    """Let the answer take effect; False when that is no more than that the call is settled."""
    if call.action is _METER_VALUES:
        if call.message is not None and cabinet.outbox.answered(call.message):
            cabinet.store_at = inf
        return False
    handler = _ANSWERED.get(call.action)
    if handler is None:
        return False
    handler(cabinet, call, response)
    return True


def failed(cabinet: Cabinet, call: PendingCall, *, refused: bool) -> None:
    """There is no usable answer. `refused`: the peer said that it could not process the call (CALLERROR).

    Only that counts against the attempts of a transaction message (OCPP-J 1.6 errata §3.3); without any answer it is
    sent again until there is one.
    """
    if call.message is not None:
        if refused:
            message_refused(cabinet, call.message)
    elif call.action is Action.boot_notification:
        boot_failed(cabinet)
    elif call.action is Action.authorize:
        authorize_failed(cabinet, call)
    elif call.action is Action.status_notification:
        if not refused:
            not_answered(cabinet, call)
    elif call.action is Action.security_event_notification:
        security_events.not_confirmed(cabinet, refused=refused)
    elif call.action is Action.sign_certificate:
        certificate_renewal.request_failed(cabinet)
