"""SignedFirmwareStatusNotification (security whitepaper L01)."""

from evswarm_shared.ocpp16.messages import (
    SignedFirmwareStatusNotification,
    SignedFirmwareStatusNotificationResponse,
)

_RECEIVED = SignedFirmwareStatusNotificationResponse()


def handle(_: SignedFirmwareStatusNotification) -> SignedFirmwareStatusNotificationResponse:
    """Take note of how far the update is."""
    return _RECEIVED
