"""FirmwareStatusNotification (OCPP 1.6 §4.5)."""

from evswarm_shared.bus.csms_records import StationEvent, StationEventKind
from evswarm_shared.ocpp16.messages import FirmwareStatusNotification, FirmwareStatusNotificationResponse

_RECEIVED = FirmwareStatusNotificationResponse()


def handle(
    request: FirmwareStatusNotification, *, now: float
) -> tuple[FirmwareStatusNotificationResponse, StationEvent]:
    """Write down how far the update is."""
    event = StationEvent(now, StationEventKind.FIRMWARE_STATUS, request.status.value)
    return _RECEIVED, event
