"""The charging policy: whether a station may charge now, and whether a running transaction may go on.

Pure functions from plain dicts to plain dicts. Nothing is remembered between calls and nothing is logged; the caller
acts on the answer and tells its reason. docs/policy.md explains the rules and how to add one.

The rules, in the order in which they decide:

1. the energy cap is reached
2. the price is above the station's threshold
3. it is a peak hour and the station stays away from those
4. optional: the grid is loaded, or its power too dirty, beyond what the station accepts; near that, less power

The hot path only compares. Every comparison is written so that NaN, a wrong type or a missing field makes it fail,
and only then is it worked out which field is to blame.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from math import inf
from typing import Any, Final, NotRequired, TypedDict

from evswarm_shared.errors import LocalError

HOURS: Final = frozenset(range(24))
"""The hours of a day as the policy counts them."""

DEFAULT_MAX_POWER_KW: Final = 22.0
"""What `ramp_down` scales from when the profile does not say `max_power_kw`."""


class PolicyAction(StrEnum):
    """What the policy asks for. `ramp_down` comes with `limit_kw`."""

    CHARGE = "charge"
    WAIT = "wait"
    PAUSE = "pause"
    CONTINUE = "continue"
    STOP = "stop"
    RAMP_DOWN = "ramp_down"


class PolicyReason(StrEnum):
    """Why. Safe as a metric label: this list is all there is."""

    CONDITIONS_OK = "Conditions OK"
    ENERGY_CAP = "Energy cap reached"
    PRICE = "Price too high"
    PEAK_HOUR = "Peak hour block"
    GRID_LOAD = "Grid load too high"
    CARBON_INTENSITY = "Carbon intensity too high"
    GRID_LOAD_NEAR = "Grid load near its limit"
    CARBON_INTENSITY_NEAR = "Carbon intensity near its limit"


class ChargingDecision(TypedDict):
    """Answer before a transaction: charge, wait, pause or ramp_down (charge with less).

    `limit_kw` (kW, for the whole station) is there with `ramp_down` only.
    """

    action: PolicyAction
    reason: PolicyReason
    limit_kw: NotRequired[float]


class MeterDecision(TypedDict):
    """Answer at a meter value: continue, stop or ramp_down (continue with less).

    `limit_kw` (kW, for the whole station) is there with `ramp_down` only.
    """

    action: PolicyAction
    reason: PolicyReason
    limit_kw: NotRequired[float]


class PolicyInputError(LocalError, ValueError):
    """An input is missing, of the wrong kind or out of range; `field` names it."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field


# Globals are a cheaper look-up than two attributes, and these are read at every meter value of every station.
_CHARGE: Final = PolicyAction.CHARGE
_CONTINUE: Final = PolicyAction.CONTINUE
_OK: Final = PolicyReason.CONDITIONS_OK
_FLAGS: Final = (False, True)


def evaluate_charging_policy(
    station_state: Mapping[str, Any], profile: Mapping[str, Any], env: Mapping[str, Any]
) -> ChargingDecision:
    """Say whether a station may begin to charge now.

    `station_state`: `energy_dispensed` (kWh); `charging` and `session_active` may be there and decide nothing.
    `profile`: `max_energy_kwh`, `charge_if_price_below` (highest price accepted, a kWh), `peak_hours` (hours 0 to 23,
    fastest as a frozenset), `allow_peak_hours`; optionally `max_grid_load` (0 to 1), `max_carbon_intensity` (g/kWh),
    `ramp_margin` (the part of such a limit below it in which power is lowered), `max_power_kw`.
    `env`: `current_price`, `hour` (0 to 23, local time); optionally `grid_load` (0 to 1), `carbon_intensity` (g/kWh).

    An optional limit counts when both it and its measurement are there. `inf` is no limit.

    Raises:
        PolicyInputError: a ValueError that names the field.
    """
    try:
        hour = env["hour"]
        peak_hours = profile["peak_hours"]
        allowed = profile["allow_peak_hours"]
        if hour in HOURS and HOURS.issuperset(peak_hours) and allowed in _FLAGS:
            dispensed = station_state["energy_dispensed"]
            cap = profile["max_energy_kwh"]
            price = env["current_price"]
            threshold = profile["charge_if_price_below"]
            if 0.0 <= dispensed < cap:
                if price <= threshold <= inf:
                    if hour not in peak_hours or allowed:
                        if "grid_load" in env or "carbon_intensity" in env:
                            return _constrained_charge(profile, env)
                        return {"action": _CHARGE, "reason": _OK}
                    return {"action": PolicyAction.WAIT, "reason": PolicyReason.PEAK_HOUR}
                if inf >= price > threshold:
                    return {"action": PolicyAction.WAIT, "reason": PolicyReason.PRICE}
            elif inf > dispensed >= cap >= 0.0 and (price <= threshold or inf >= price > threshold):
                return {"action": PolicyAction.PAUSE, "reason": PolicyReason.ENERGY_CAP}
    except (KeyError, TypeError, ArithmeticError):
        pass
    raise _diagnose(
        (("station_state", station_state, "energy_dispensed"), ("profile", profile, "max_energy_kwh")),
        profile,
        env,
    )


def evaluate_meter_value_decision(
    station_state: Mapping[str, Any],
    profile: Mapping[str, Any],
    env: Mapping[str, Any],
    *,
    current_wh: float,
    max_wh: float,
) -> MeterDecision:
    """Say whether a running transaction may go on, at one of its meter values.

    The rules and inputs of `evaluate_charging_policy`, but the cap is compared in Wh: `current_wh` delivered so far
    against `max_wh`. `station_state["energy_dispensed"]` and `profile["max_energy_kwh"]` are not read.

    Raises:
        PolicyInputError: a ValueError that names the field.
    """
    try:
        hour = env["hour"]
        peak_hours = profile["peak_hours"]
        allowed = profile["allow_peak_hours"]
        if hour in HOURS and HOURS.issuperset(peak_hours) and allowed in _FLAGS:
            price = env["current_price"]
            threshold = profile["charge_if_price_below"]
            if 0.0 <= current_wh < max_wh:
                if price <= threshold <= inf:
                    if hour not in peak_hours or allowed:
                        if "grid_load" in env or "carbon_intensity" in env:
                            return _constrained_meter_value(profile, env)
                        return {"action": _CONTINUE, "reason": _OK}
                    return {"action": PolicyAction.STOP, "reason": PolicyReason.PEAK_HOUR}
                if inf >= price > threshold:
                    return {"action": PolicyAction.STOP, "reason": PolicyReason.PRICE}
            elif inf > current_wh >= max_wh >= 0.0 and (price <= threshold or inf >= price > threshold):
                return {"action": PolicyAction.STOP, "reason": PolicyReason.ENERGY_CAP}
    except (KeyError, TypeError, ArithmeticError):
        pass
    amounts = {"current_wh": current_wh, "max_wh": max_wh}
    raise _diagnose(
        (("the call", amounts, "current_wh"), ("the call", amounts, "max_wh")),
        profile,
        env,
    )


def is_peak_hour(hour: int, peak_hours: Collection[int]) -> bool:
    """Whether `hour` (0 to 23) is one of `peak_hours`.

    Raises:
        PolicyInputError: either of them holds something that is no hour of a day.
    """
    try:
        if hour in HOURS and HOURS.issuperset(peak_hours):
            return hour in peak_hours
    except TypeError:
        pass
    raise _hour_problem(hour) or _peak_hours_problem(peak_hours)


# --- the optional constraints -------------------------------------------------------------------------------


class _Constraint(TypedDict):
    measured: str
    limit: str
    passed: PolicyReason
    near: PolicyReason


_CONSTRAINTS: Final[tuple[_Constraint, ...]] = (
    {
        "measured": "grid_load",
        "limit": "max_grid_load",
        "passed": PolicyReason.GRID_LOAD,
        "near": PolicyReason.GRID_LOAD_NEAR,
    },
    {
        "measured": "carbon_intensity",
        "limit": "max_carbon_intensity",
        "passed": PolicyReason.CARBON_INTENSITY,
        "near": PolicyReason.CARBON_INTENSITY_NEAR,
    },
)

_HIGHEST: Final = {"grid_load": 1.0, "max_grid_load": 1.0}


def _constrained_charge(profile: Mapping[str, Any], env: Mapping[str, Any]) -> ChargingDecision:
    reason, share = _tightest_constraint(profile, env)
    if share is None:
        return {"action": PolicyAction.CHARGE, "reason": reason}
    if share < 0.0:
        return {"action": PolicyAction.WAIT, "reason": reason}
    return {"action": PolicyAction.RAMP_DOWN, "reason": reason, "limit_kw": share * _max_power_kw(profile)}


def _constrained_meter_value(profile: Mapping[str, Any], env: Mapping[str, Any]) -> MeterDecision:
    reason, share = _tightest_constraint(profile, env)
    if share is None:
        return {"action": PolicyAction.CONTINUE, "reason": reason}
    if share < 0.0:
        return {"action": PolicyAction.STOP, "reason": reason}
    return {"action": PolicyAction.RAMP_DOWN, "reason": reason, "limit_kw": share * _max_power_kw(profile)}


def _tightest_constraint(
    profile: Mapping[str, Any], env: Mapping[str, Any]
) -> tuple[PolicyReason, float | None]:
    """The part of full power that the constraints leave (0 to 1), and which of them is to thank.

    None: no constraint is near. Negative: one is passed; power falls linearly over the margin and is 0 at the limit.
    """
    tightest: tuple[PolicyReason, float | None] = (_OK, None)
    least = inf
    for constraint in _CONSTRAINTS:
        measured = _optional_number(env, constraint["measured"])
        limit = _optional_number(profile, constraint["limit"])
        if measured is None or limit is None:
            continue
        margin = _optional_number(profile, "ramp_margin") or 0.0
        if measured > limit:
            share, reason = -1.0, constraint["passed"]
        elif (measured - limit) > -margin * limit:
            share, reason = (limit - measured) / (margin * limit), constraint["near"]
        else:
            continue
        if share < least:
            least = share
            tightest = (reason, share)
    return tightest


def _max_power_kw(profile: Mapping[str, Any]) -> float:
    power_kw = _optional_number(profile, "max_power_kw")
    return DEFAULT_MAX_POWER_KW if power_kw is None else power_kw


def _optional_number(fields: Mapping[str, Any], name: str) -> float | None:
    """A number that may be absent (or None), and otherwise must be one that makes sense."""
    value: float | None = fields.get(name)
    if value is None:
        return None
    try:
        if 0.0 <= value <= _HIGHEST.get(name, 1.0 if name == "ramp_margin" else inf):
            return value
    except (TypeError, ArithmeticError):
        pass
    raise PolicyInputError(name, f"must be a number {_range_text(name)}, not {value!r}")


def _range_text(name: str) -> str:
    return "from 0 to 1" if name in _HIGHEST or name == "ramp_margin" else "of 0 or more"


# --- who is to blame: only reached when a comparison failed --------------------------------------------------


def _diagnose(amounts: tuple[tuple[str, Any, str], ...], profile: Any, env: Any) -> PolicyInputError:
    """The first field, in the order of the rules, that the policy cannot work with."""
    numbers: tuple[tuple[str, Any, str, float], ...] = (
        *((owner, fields, name, 0.0) for owner, fields, name in amounts),
        ("env", env, "current_price", -inf),
        ("profile", profile, "charge_if_price_below", -inf),
    )
    for owner, fields, name, least in numbers:
        problem = _absence(owner, fields, name) or _number_problem(name, fields[name], least)
        if problem:
            return problem
    problem = _absence("env", env, "hour") or _hour_problem(env["hour"])
    if problem:
        return problem
    problem = _absence("profile", profile, "peak_hours")
    if problem:
        return problem
    try:
        if not HOURS.issuperset(profile["peak_hours"]):
            return _peak_hours_problem(profile["peak_hours"])
    except TypeError:
        return _peak_hours_problem(profile["peak_hours"])
    problem = _absence("profile", profile, "allow_peak_hours")
    if problem:
        return problem
    return PolicyInputError("allow_peak_hours", f"must be true or false, not {profile['allow_peak_hours']!r}")


def _absence(owner: str, fields: Any, name: str) -> PolicyInputError | None:
    if not isinstance(fields, Mapping):
        return PolicyInputError(owner, f"must be a mapping, not {fields!r}")
    if name not in fields:
        return PolicyInputError(name, f"is missing from {owner}")
    return None


def _number_problem(name: str, value: Any, least: float) -> PolicyInputError | None:
    # A limit may be infinite; what was measured may not, but only the energy rule can tell the two apart.
    measured = name in ("energy_dispensed", "current_wh")
    try:
        if least <= value < inf or (value == inf and not measured):
            return None
    except (TypeError, ArithmeticError):
        pass
    kind = "a number" if least == -inf else "a number of 0 or more"
    return PolicyInputError(name, f"must be {kind}, not {value!r}")


def _hour_problem(hour: Any) -> PolicyInputError | None:
    try:
        if hour in HOURS:
            return None
    except TypeError:
        pass
    return PolicyInputError("hour", f"must be a whole hour from 0 to 23, not {hour!r}")


def _peak_hours_problem(peak_hours: Any) -> PolicyInputError:
    return PolicyInputError("peak_hours", f"must hold whole hours from 0 to 23, not {peak_hours!r}")
