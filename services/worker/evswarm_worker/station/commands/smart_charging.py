"""Taking, clearing and explaining charging profiles (OCPP 1.6 §5.5, §5.7, §5.16)."""

from itertools import pairwise
from math import inf

from msgspec import UNSET
from ocpp.v16.enums import (
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingProfileStatus,
    ClearChargingProfileStatus,
    ConfigurationKey,
    GetCompositeScheduleStatus,
)

from evswarm_shared.ocpp16.datatypes import ChargingProfile, ChargingSchedule, ChargingSchedulePeriod
from evswarm_shared.ocpp16.errors import ErrorCode, PayloadError
from evswarm_shared.ocpp16.messages import (
    ClearChargingProfile,
    ClearChargingProfileResponse,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    SetChargingProfile,
    SetChargingProfileResponse,
)
from evswarm_shared.ocpp16.timestamps import Timestamp
from evswarm_worker.station import smart_charging
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.charging import follow_profiles
from evswarm_worker.station.charging_profiles import InstalledProfile, Period, replaced_by

_K = ConfigurationKey
_P = ChargingProfilePurposeType


def set_charging_profile(cabinet: Cabinet, request: SetChargingProfile) -> SetChargingProfileResponse:
    """Install a profile, which holds at once.

    Raises:
        PayloadError: there is no such connector (errata §3.39).
    """
    connector = cabinet.connector(request.connector_id)
    if connector is None and request.connector_id != 0:
        raise PayloadError(
            ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, f"connectorId {request.connector_id} does not exist"
        )
    profile = request.cs_charging_profiles
    serial = 0
    refusal = _misplaced(profile, request.connector_id)
    if profile.charging_profile_purpose is _P.tx_profile and refusal is None:
        transaction = None if connector is None else connector.transaction
        if transaction is None:
            refusal = "no transaction is running there"
        elif profile.transaction_id not in (UNSET, transaction.transaction_id):
            refusal = "another transaction is running there"
        else:
            serial = transaction.serial
    installed = _installed(cabinet, profile, request.connector_id, serial)
    refusal = refusal or unfit(cabinet, profile, installed)
    if refusal is not None:
        cabinet.log(f"Charging profile {profile.charging_profile_id} not taken: {refusal}")
        return SetChargingProfileResponse(ChargingProfileStatus.rejected)
    smart_charging.install(cabinet, installed)
    cabinet.log(
        f"Charging profile {profile.charging_profile_id}: {profile.charging_profile_purpose}, "
        f"connector {request.connector_id}, stack level {profile.stack_level}"
    )
    follow_profiles(cabinet)
    cabinet.touch()
    return SetChargingProfileResponse(ChargingProfileStatus.accepted)


def profile_of_remote_start(
    cabinet: Cabinet, profile: ChargingProfile, connector_id: int
) -> InstalledProfile | None:
    """The profile as it will be installed with the transaction; None when it is not one (OCPP 1.6 §5.16.2)."""
    if profile.charging_profile_purpose is not _P.tx_profile or profile.transaction_id is not UNSET:
        return None
    installed = _installed(cabinet, profile, connector_id, 0)
    return installed if unfit(cabinet, profile, installed) is None else None


def clear_charging_profile(cabinet: Cabinet, request: ClearChargingProfile) -> ClearChargingProfileResponse:
    """Remove the profiles that match every field given; without any field, all (errata §3.25)."""
    matching = [
        profile
        for profile in cabinet.profiles or ()
        if request.id in (UNSET, profile.profile_id)
        and request.connector_id in (UNSET, profile.connector_id)
        and request.charging_profile_purpose in (UNSET, profile.purpose)
        and request.stack_level in (UNSET, profile.stack_level)
    ]
    if not matching:
        return ClearChargingProfileResponse(ClearChargingProfileStatus.unknown)
    smart_charging.remove(cabinet, matching)
    cabinet.log(f"{len(matching)} charging profile(s) cleared")
    follow_profiles(cabinet)
    cabinet.touch()
    return ClearChargingProfileResponse(ClearChargingProfileStatus.accepted)


def get_composite_schedule(cabinet: Cabinet, request: GetCompositeSchedule) -> GetCompositeScheduleResponse:
    """Tell the limits of the time to come, from all profiles together (OCPP 1.6 §5.7, errata §3.57)."""
    units = smart_charging.allowed_units(cabinet)
    unit = request.charging_rate_unit
    if unit is UNSET:
        unit = next((profile.unit for profile in reversed(cabinet.profiles or ())), smart_charging.WATTS)
    if unit not in units or request.duration <= 0 or not 0 <= request.connector_id <= len(cabinet.connectors):
        return GetCompositeScheduleResponse(GetCompositeScheduleStatus.rejected)
    start, duration, periods = smart_charging.composite(cabinet, request.connector_id, request.duration, unit)
    return GetCompositeScheduleResponse(
        GetCompositeScheduleStatus.accepted,
        request.connector_id,
        Timestamp(start),
        ChargingSchedule(
            unit,
            [
                ChargingSchedulePeriod(period.start, period.limit, period.phases or UNSET)
                for period in periods
            ],
            duration,
        ),
    )


def _misplaced(profile: ChargingProfile, connector_id: int) -> str | None:
    purpose = profile.charging_profile_purpose
    if purpose is _P.charge_point_max_profile and connector_id != 0:
        return "a ChargePointMaxProfile is for connector 0"
    if purpose is _P.tx_profile and connector_id == 0:
        return "a TxProfile is for one connector"
    return None


def unfit(cabinet: Cabinet, profile: ChargingProfile, installed: InstalledProfile) -> str | None:
    """What is wrong with a profile, wherever it is to be installed; None: nothing."""
    configuration = cabinet.configuration
    schedule = profile.charging_schedule
    starts = [period.start for period in installed.periods]
    recurring = installed.kind is ChargingProfileKindType.recurring
    remaining = replaced_by(cabinet.profiles or (), installed)
    problems = (
        (
            not 0 <= profile.stack_level <= configuration.integer(_K.charge_profile_max_stack_level),
            "its stack level is out of range",
        ),
        (schedule.charging_rate_unit not in smart_charging.allowed_units(cabinet), "its unit is not for DC"),
        (
            not 1 <= len(starts) <= configuration.integer(_K.charging_schedule_max_periods),
            "it has no period, or too many",
        ),
        (
            starts[:1] != [0] or any(later <= earlier for earlier, later in pairwise(starts)),
            "its periods do not begin at 0 and go on in order",
        ),
        (any(period.limit < 0.0 for period in installed.periods), "a limit is below 0"),
        (any(not 0 <= period.phases <= 3 for period in installed.periods), "it has more than 3 phases"),
        (installed.duration is not None and installed.duration <= 0.0, "it has no duration"),
        (
            recurring and (installed.recurrency is None or installed.start is None),
            "a Recurring profile needs recurrencyKind and startSchedule",
        ),
        (
            (installed.valid_to or inf) <= (installed.valid_from or -inf),
            "it is not valid at any time",
        ),
        (
            len(remaining) >= configuration.integer(_K.max_charging_profiles_installed),
            "too many profiles are installed",
        ),
    )
    return next((why for wrong, why in problems if wrong), None)


def _installed(
    cabinet: Cabinet, profile: ChargingProfile, connector_id: int, serial: int
) -> InstalledProfile:
    schedule = profile.charging_schedule
    return InstalledProfile(
        connector_id=connector_id,
        profile_id=profile.charging_profile_id,
        stack_level=profile.stack_level,
        purpose=profile.charging_profile_purpose,
        kind=profile.charging_profile_kind,
        unit=schedule.charging_rate_unit,
        periods=tuple(
            Period(float(p.start_period), p.limit, 0 if p.number_phases is UNSET else p.number_phases)
            for p in schedule.charging_schedule_period
        ),
        installed_at=cabinet.at + cabinet.clock_offset,
        serial=serial,
        recurrency=None if profile.recurrency_kind is UNSET else profile.recurrency_kind,
        start=None if schedule.start_schedule is UNSET else float(schedule.start_schedule),
        duration=None if schedule.duration is UNSET else float(schedule.duration),
        valid_from=None if profile.valid_from is UNSET else float(profile.valid_from),
        valid_to=None if profile.valid_to is UNSET else float(profile.valid_to),
        min_rate=None if schedule.min_charging_rate is UNSET else schedule.min_charging_rate,
    )
