"""DiagnosticsStatusNotification (OCPP 1.6 §4.4)."""

from evswarm_shared.ocpp16.messages import (
    DiagnosticsStatusNotification,
    DiagnosticsStatusNotificationResponse,
)

_RECEIVED = DiagnosticsStatusNotificationResponse()


def handle(_: DiagnosticsStatusNotification) -> DiagnosticsStatusNotificationResponse:
    """Take note of how far the upload is."""
    return _RECEIVED
