"""SecurityEventNotification (security whitepaper A04)."""

from msgspec import UNSET

from evswarm_shared.bus.csms_records import StationEvent, StationEventKind
from evswarm_shared.ocpp16.messages import SecurityEventNotification, SecurityEventNotificationResponse

_RECEIVED = SecurityEventNotificationResponse()


def handle(
    request: SecurityEventNotification, *, now: float
) -> tuple[SecurityEventNotificationResponse, StationEvent]:
    """Write the event down, with the time that the station gives."""
    event = StationEvent(
        now,
        StationEventKind.SECURITY,
        request.type,
        "" if request.tech_info is UNSET else request.tech_info,
        reported_at=float(request.timestamp),
    )
    return _RECEIVED, event
