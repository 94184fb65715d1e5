"""BootNotification (OCPP 1.6 §4.2)."""

from msgspec import UNSET
from ocpp.v16.enums import RegistrationStatus

from evswarm_shared.bus.messages import StationRecord
from evswarm_shared.ocpp16.messages import BootNotification, BootNotificationResponse
from evswarm_shared.ocpp16.timestamps import Timestamp


def handle(
    request: BootNotification, station_id: str, *, interval_seconds: int, now: float
) -> tuple[BootNotificationResponse, StationRecord]:
    """Accept the station; the record makes the acceptance outlive the connection.

    Whoever got as far as a message was admitted by its identity before the WebSocket opened.
    """
    response = BootNotificationResponse(
        status=RegistrationStatus.accepted, current_time=Timestamp(now), interval=interval_seconds
    )
    record = StationRecord(
        station_id=station_id,
        accepted=True,
        vendor=request.charge_point_vendor,
        model=request.charge_point_model,
        firmware_version="" if request.firmware_version is UNSET else request.firmware_version,
        booted_at=now,
    )
    return response, record
