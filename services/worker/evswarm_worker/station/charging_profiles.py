"""Charging profiles and the limits that follow from them (OCPP 1.6 §3.13). Pure arithmetic over times and limits.

Times are unix seconds of the station's own clock, the one that its messages carry. Limits are W over all phases or
A in each phase, as the profile says.
"""

from collections.abc import Iterable, Sequence
from math import floor, inf
from typing import Final, NamedTuple, Protocol

import msgspec
from ocpp.v16.enums import (
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    RecurrencyKind,
)

_RECURRENCE_SECONDS: Final = {RecurrencyKind.daily: 86400.0, RecurrencyKind.weekly: 7 * 86400.0}
_RECURRING: Final = ChargingProfileKindType.recurring
_RELATIVE: Final = ChargingProfileKindType.relative
_MAX: Final = ChargingProfilePurposeType.charge_point_max_profile
_DEFAULT: Final = ChargingProfilePurposeType.tx_default_profile
_TX: Final = ChargingProfilePurposeType.tx_profile


class Period(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """From `start` seconds after the beginning of the schedule on: at most `limit`, on `phases` phases (0: unsaid)."""

    start: float
    limit: float
    phases: int = 0


class InstalledProfile(msgspec.Struct, array_like=True, frozen=True):
    """A profile as the station keeps it.

    `serial` names the transaction of a TxProfile by the station's own number; 0 until there is one. `start` is where the
    schedule begins; without one it begins with the transaction, and for the station as a whole when the profile came.
    """

    connector_id: int
    profile_id: int
    stack_level: int
    purpose: ChargingProfilePurposeType
    kind: ChargingProfileKindType
    unit: ChargingRateUnitType
    periods: tuple[Period, ...]
    installed_at: float
    serial: int = 0
    recurrency: RecurrencyKind | None = None
    start: float | None = None
    duration: float | None = None
    valid_from: float | None = None
    valid_to: float | None = None
    min_rate: float | None = None


class Limit(NamedTuple):
    """What a profile allows at one moment. `phases` 0: as many as there are; `min_rate` 0: none is named."""

    value: float
    unit: ChargingRateUnitType
    phases: int
    min_rate: float


class Watts(Protocol):
    """How many W flow at `amperes` in each of `phases` phases."""

    def __call__(self, amperes: float, phases: int) -> float:
        """The power in W."""


def period_at(profile: InstalledProfile, at: float, began: float) -> tuple[Period | None, float]:
    """The period of the profile in force at `at`, and until when that answer holds.

    `began` is the start of the transaction, for schedules that hang on it.
    """
    if profile.valid_from is not None and at < profile.valid_from:
        return None, profile.valid_from
    until = inf if profile.valid_to is None else profile.valid_to
    if at >= until:
        return None, inf
    begin = profile.start
    if profile.kind is _RELATIVE or begin is None:
        begin = profile.installed_at if profile.purpose is _MAX else began
    if at < begin:
        return None, min(until, begin)
    again = inf
    if profile.kind is _RECURRING and profile.recurrency is not None:
        span = _RECURRENCE_SECONDS[profile.recurrency]
        begin += floor((at - begin) / span) * span
        again = begin + span
    if profile.duration is not None and at >= begin + profile.duration:
        return None, min(until, again)
    until = min(until, again, inf if profile.duration is None else begin + profile.duration)
    found = None
    for period in profile.periods:
        if begin + period.start > at:
            until = min(until, begin + period.start)
            break
        found = period
    return found, until


def transaction_limit(
    profiles: Iterable[InstalledProfile], connector_id: int, serial: int | None, at: float, began: float
) -> tuple[Limit | None, float]:
    """What the profiles leave to the transaction `serial` of a connector (None: to one that began at `began`).

    A TxProfile in force outranks every TxDefaultProfile; a default for the connector replaces that of the same stack
    level for all connectors (OCPP 1.6 §3.13.1). Returns the limit and until when it holds.
    """
    mine: list[InstalledProfile] = []
    defaults: dict[int, InstalledProfile] = {}
    for profile in profiles:
        if profile.purpose is _TX:
            if serial is not None and profile.serial == serial and profile.connector_id == connector_id:
                mine.append(profile)
        elif profile.purpose is _DEFAULT and profile.connector_id in (0, connector_id):
            other = defaults.get(profile.stack_level)
            if other is None or other.connector_id == 0:
                defaults[profile.stack_level] = profile
    limit, until = _prevailing(mine, at, began)
    if limit is not None:
        return limit, until
    limit, changes = _prevailing(list(defaults.values()), at, began)
    return limit, min(until, changes)


def station_limit(profiles: Iterable[InstalledProfile], at: float) -> tuple[Limit | None, float]:
    """What the profiles leave to all connectors together, and until when."""
    return _prevailing([profile for profile in profiles if profile.purpose is _MAX], at, at)


def _prevailing(profiles: list[InstalledProfile], at: float, began: float) -> tuple[Limit | None, float]:
    until = inf
    for profile in sorted(profiles, key=_stack_level, reverse=True):
        period, changes = period_at(profile, at, began)
        until = min(until, changes)
        if period is not None:
            return Limit(period.limit, profile.unit, period.phases, profile.min_rate or 0.0), until
    return None, until


def _stack_level(profile: InstalledProfile) -> int:
    return profile.stack_level


class Taker(NamedTuple):
    """A connector that wants power: at most `most` of the unit shared out, and nothing rather than below `least`."""

    most: float
    least: float


def share_out(total: float, takers: Sequence[Taker]) -> list[float]:
    """Divide `total` evenly; who needs less leaves the rest to others, who gets too little gets nothing.

    Earlier takers go before later ones: who would take what an earlier one needs at least is left out.
    """
    served = [False] * len(takers)
    for newest, taker in enumerate(takers):
        served[newest] = taker.most >= taker.least
        shares = _evenly(total, takers, served)
        if any(served[i] and shares[i] < takers[i].least for i in range(newest + 1)):
            served[newest] = False
    return _evenly(total, takers, served)


def _evenly(total: float, takers: Sequence[Taker], served: Sequence[bool]) -> list[float]:
    shares = [0.0] * len(takers)
    modest_first = sorted((i for i in range(len(takers)) if served[i]), key=lambda i: takers[i].most)
    left = total
    for position, i in enumerate(modest_first):
        shares[i] = min(takers[i].most, left / (len(modest_first) - position))
        left -= shares[i]
    return shares


def replaced_by(profiles: Iterable[InstalledProfile], new: InstalledProfile) -> list[InstalledProfile]:
    """What remains when `new` comes: the same id, or purpose and stack level, exist once (OCPP 1.6 §3.13.2)."""
    return [
        profile
        for profile in profiles
        if profile.profile_id != new.profile_id
        and (profile.purpose, profile.stack_level, profile.connector_id)
        != (new.purpose, new.stack_level, new.connector_id)
    ]
