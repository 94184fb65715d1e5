"""DiagnosticsStatusNotification (OCPP 1.6 §4.4)."""

from evswarm_shared.bus.csms_records import StationEvent, StationEventKind
from evswarm_shared.ocpp16.messages import (
    DiagnosticsStatusNotification,
    DiagnosticsStatusNotificationResponse,
)

_RECEIVED = DiagnosticsStatusNotificationResponse()


def handle(
    request: DiagnosticsStatusNotification, *, now: float
) -> tuple[DiagnosticsStatusNotificationResponse, StationEvent]:
    """Write down how far the upload is."""
    event = StationEvent(now, StationEventKind.DIAGNOSTICS_STATUS, request.status.value)
    return _RECEIVED, event
