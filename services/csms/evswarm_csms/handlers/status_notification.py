"""StatusNotification (OCPP 1.6 §4.9)."""

from msgspec import UNSET
from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from evswarm_shared.bus.csms_records import StationEvent, StationEventKind
from evswarm_shared.ocpp16.messages import StatusNotification, StatusNotificationResponse

_RECEIVED = StatusNotificationResponse()


def handle(
    request: StatusNotification, *, now: float
) -> tuple[StatusNotificationResponse, StationEvent | None]:
    """Write down what has gone wrong; nothing of it has an effect on what is answered later."""
    faulted = request.status is ChargePointStatus.faulted
    if request.error_code is ChargePointErrorCode.no_error and not faulted:
        return _RECEIVED, None
    said = (request.vendor_error_code, request.info)
    details = [request.error_code.value, *(text for text in said if text is not UNSET and text)]
    event = StationEvent(
        now,
        StationEventKind.FAULT,
        request.status.value,
        f"connector {request.connector_id}: {', '.join(details)}",
        reported_at=None if request.timestamp is UNSET else float(request.timestamp),
    )
    return _RECEIVED, event
