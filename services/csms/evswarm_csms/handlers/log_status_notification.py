"""LogStatusNotification (security whitepaper N01)."""

from msgspec import UNSET

from evswarm_shared.bus.csms_records import StationEvent, StationEventKind
from evswarm_shared.ocpp16.messages import LogStatusNotification, LogStatusNotificationResponse

_RECEIVED = LogStatusNotificationResponse()


def handle(
    request: LogStatusNotification, *, now: float
) -> tuple[LogStatusNotificationResponse, StationEvent]:
    """Write down how far the upload is."""
    request_id = None if request.request_id is UNSET else request.request_id
    return _RECEIVED, StationEvent(
        now, StationEventKind.LOG_STATUS, request.status.value, request_id=request_id
    )
