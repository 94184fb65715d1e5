"""The Smart Charging profile (OCPP 1.6 §5.5, §5.7, §5.16)."""

from msgspec import UNSET, UnsetType
from ocpp.v16.enums import (
    ChargingProfilePurposeType,
    ChargingProfileStatus,
    ChargingRateUnitType,
    ClearChargingProfileStatus,
    GetCompositeScheduleStatus,
)

from evswarm_shared.ocpp16.datatypes import ChargingProfile, ChargingSchedule, Integer
from evswarm_shared.ocpp16.messages.payload import Request, Response
from evswarm_shared.ocpp16.timestamps import Timestamp


class ClearChargingProfile(Request, frozen=True):
    """Remove the profiles that match every given field (OCPP 1.6 §5.5)."""

    id: Integer | UnsetType = UNSET
    connector_id: Integer | UnsetType = UNSET
    charging_profile_purpose: ChargingProfilePurposeType | UnsetType = UNSET
    stack_level: Integer | UnsetType = UNSET


class ClearChargingProfileResponse(Response, frozen=True):
    """Unknown when no profile matched."""

    status: ClearChargingProfileStatus


class GetCompositeSchedule(Request, frozen=True):
    """What limits hold for the next `duration` seconds? (OCPP 1.6 §5.7)"""

    connector_id: Integer
    duration: Integer
    charging_rate_unit: ChargingRateUnitType | UnsetType = UNSET


class GetCompositeScheduleResponse(Response, frozen=True):
    """The limits that result from all profiles together."""

    status: GetCompositeScheduleStatus
    connector_id: Integer | UnsetType = UNSET
    schedule_start: Timestamp | UnsetType = UNSET
    charging_schedule: ChargingSchedule | UnsetType = UNSET


class SetChargingProfile(Request, frozen=True):
    """Install a profile (OCPP 1.6 §5.16)."""

    connector_id: Integer
    cs_charging_profiles: ChargingProfile


class SetChargingProfileResponse(Response, frozen=True):
    """Whether it is installed."""

    status: ChargingProfileStatus
