"""FirmwareStatusNotification (OCPP 1.6 §4.5)."""

from evswarm_shared.ocpp16.messages import FirmwareStatusNotification, FirmwareStatusNotificationResponse

_RECEIVED = FirmwareStatusNotificationResponse()


def handle(_: FirmwareStatusNotification) -> FirmwareStatusNotificationResponse:
    """Take note of how far the update is."""
    return _RECEIVED
