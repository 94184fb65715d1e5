"""SecurityEventNotification (security whitepaper A04)."""

from evswarm_shared.ocpp16.messages import SecurityEventNotification, SecurityEventNotificationResponse

_RECEIVED = SecurityEventNotificationResponse()


def handle(_: SecurityEventNotification) -> SecurityEventNotificationResponse:
    """Take note of the event."""
    return _RECEIVED
