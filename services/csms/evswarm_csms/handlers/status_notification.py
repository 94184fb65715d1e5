"""StatusNotification (OCPP 1.6 §4.9)."""

from evswarm_shared.ocpp16.messages import StatusNotification, StatusNotificationResponse

_RECEIVED = StatusNotificationResponse()


def handle(_: StatusNotification) -> StatusNotificationResponse:
    """Take note; the status of a connector has no effect on what is answered later."""
    return _RECEIVED
