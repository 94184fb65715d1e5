"""Heartbeat (OCPP 1.6 §4.6)."""

from evswarm_shared.ocpp16.messages import Heartbeat, HeartbeatResponse
from evswarm_shared.ocpp16.timestamps import Timestamp


def handle(_: Heartbeat, *, now: float) -> HeartbeatResponse:
    """Tell the time; nothing is written, the connection itself shows that the station lives."""
    return HeartbeatResponse(current_time=Timestamp(now))
