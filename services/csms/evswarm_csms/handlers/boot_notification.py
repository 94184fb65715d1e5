"""BootNotification (OCPP 1.6 §4.2)."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from msgspec import UNSET, UnsetType
from ocpp.v16.enums import RegistrationStatus

from evswarm_shared.bus.csms_records import BootDecision, BootRule
from evswarm_shared.bus.messages import StationRecord
from evswarm_shared.ocpp16.messages import BootNotification, BootNotificationResponse
from evswarm_shared.ocpp16.timestamps import Timestamp


def handle(
    request: BootNotification,
    station_id: str,
    rules: Sequence[BootRule] = (),
    *,
    interval_seconds: int,
    now: float,
) -> tuple[BootNotificationResponse, StationRecord]:
    """Accept the station unless a rule says otherwise; the record makes the decision outlive the connection.

    Whoever got as far as a message was admitted by its identity before the WebSocket opened.
    """
    rule = next((each for each in rules if _fits(each, request, station_id)), None)
    decision = BootDecision.ACCEPTED if rule is None else rule.status
    interval = interval_seconds if rule is None or rule.interval_seconds is None else rule.interval_seconds
    response = BootNotificationResponse(
        status=RegistrationStatus(decision.value), current_time=Timestamp(now), interval=interval
    )
    record = StationRecord(
        station_id=station_id,
        accepted=decision is BootDecision.ACCEPTED,
        vendor=request.charge_point_vendor,
        model=request.charge_point_model,
        firmware_version=_text(request.firmware_version),
        booted_at=now,
    )
    return response, record


def _fits(rule: BootRule, request: BootNotification, station_id: str) -> bool:
    return (
        _matches(rule.station_id, station_id)
        and _matches(rule.vendor, request.charge_point_vendor)
        and _matches(rule.model, request.charge_point_model)
        and _matches(rule.firmware_version, _text(request.firmware_version))
    )


def _matches(pattern: str, text: str) -> bool:
    return not pattern or fnmatchcase(text.casefold(), pattern.casefold())


def _text(value: str | UnsetType) -> str:
    return "" if value is UNSET else value
