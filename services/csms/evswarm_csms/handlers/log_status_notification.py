"""LogStatusNotification (security whitepaper N01)."""

from evswarm_shared.ocpp16.messages import LogStatusNotification, LogStatusNotificationResponse

_RECEIVED = LogStatusNotificationResponse()


def handle(_: LogStatusNotification) -> LogStatusNotificationResponse:
    """Take note of how far the upload is."""
    return _RECEIVED
