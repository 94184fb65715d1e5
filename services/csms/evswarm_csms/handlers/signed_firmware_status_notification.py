"""SignedFirmwareStatusNotification (security whitepaper L01)."""

from msgspec import UNSET

from evswarm_shared.bus.csms_records import StationEvent, StationEventKind
from evswarm_shared.ocpp16.messages import (
    SignedFirmwareStatusNotification,
    SignedFirmwareStatusNotificationResponse,
)

_RECEIVED = SignedFirmwareStatusNotificationResponse()


def handle(
    request: SignedFirmwareStatusNotification, *, now: float
) -> tuple[SignedFirmwareStatusNotificationResponse, StationEvent]:
    """Write down how far the update is."""
    request_id = None if request.request_id is UNSET else request.request_id
    return _RECEIVED, StationEvent(
        now, StationEventKind.SIGNED_FIRMWARE_STATUS, request.status.value, request_id=request_id
    )
