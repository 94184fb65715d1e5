"""A car at a connector: how much power its battery takes, exactly, at any state of charge.

Power as a function of the state of charge is a piecewise linear curve, cut off at the offered limit; energy is its
integral in closed form, so the register is the same whatever the length of the steps. Energy is counted at the
meter: `capacity_wh` is what the meter shows for a charge from empty to full, losses included.
"""

from enum import IntEnum
from math import expm1, inf, log
from typing import Final

import msgspec
from ocpp.v16.enums import ChargePointStatus

VOLTAGE: Final = 230.0
"""Nominal voltage between a phase and neutral in V."""

MIN_CURRENT_A: Final = 6.0
"""Less than this cannot be offered to an AC car (IEC 61851-1: the pilot signal has no word for it)."""

AC_DROP_V_PER_A: Final = 0.06
"""Voltage lost in the supply line, per ampere of the phase. Ours: 2 V at 32 A."""

_METER_TOLERANCE: Final = 2.5e-4
"""A meter shows tenths of a volt: that much less power, and the current it shows stays below what was meant."""

MIN_DC_POWER_W: Final = 1000.0
"""Less than this a DC car does not take. Our choice; IEC 61851-23 leaves it to car and charger."""


def ac_power_w(amperes: float, phases: int) -> float:
    """The power in W at `amperes` in each of `phases` phases, as a meter behind the supply line shows it."""
    phase_w = VOLTAGE * amperes / (1.0 + AC_DROP_V_PER_A * amperes / VOLTAGE)
    return phase_w * phases * (1.0 - _METER_TOLERANCE)


class Curve(IntEnum):
    """The shape of a charging curve; `CURVES` holds its points."""

    AC = 0
    DC_CITY = 1
    DC_TOURER = 2


CURVES: Final[tuple[tuple[tuple[float, float], ...], ...]] = (
    ((0.0, 1.0), (0.8, 1.0), (1.0, 0.0)),
    ((0.0, 0.85), (0.1, 1.0), (0.5, 0.95), (0.7, 0.6), (0.8, 0.4), (0.9, 0.2), (1.0, 0.05)),
    ((0.0, 0.9), (0.05, 1.0), (0.3, 1.0), (0.5, 0.72), (0.65, 0.55), (0.8, 0.38), (0.9, 0.17), (1.0, 0.04)),
)
"""State of charge → part of the car's highest power, by `Curve`. AC: constant power up to a transition state of
charge, then a linear fall to nothing. DC: the shapes of published charging curves, smoothed; ours."""

_HOUR: Final = 3600.0
_AC: Final = Curve.AC
_CHARGING: Final = ChargePointStatus.charging
_SUSPENDED_EV: Final = ChargePointStatus.suspended_ev
_SUSPENDED_EVSE: Final = ChargePointStatus.suspended_evse

_LEAST_AC_W: Final = (0.0, *(ac_power_w(MIN_CURRENT_A, phases) for phases in (1, 2, 3)))
"""By the number of phases."""

_ENOUGH_W: Final = max(MIN_DC_POWER_W, *_LEAST_AC_W)
"""No car asks for more before it takes any: most offers need no closer look."""

_BENDS_AT: Final = CURVES[Curve.AC][1][0]
"""An AC car takes its highest power up to this state of charge."""


class Car(msgspec.Struct, array_like=True, gc=False):
    """A car as this outlet sees it; `soc` moves, the rest stays. A checkpoint is its few numbers.

    `soc` and `target_soc` are 0 to 1; at the target the car stops taking energy. `max_power_w` is the most that car
    and outlet manage together without any limit, `phases` how many it can load (1 for DC). `given_phases` is how many
    the outlet leaves it for now, 0 for all.
    """

    capacity_wh: float
    soc: float
    target_soc: float
    max_power_w: float
    phases: int
    curve: Curve
    given_phases: int = 0

    @property
    def phases_in_use(self) -> int:
        """How many phases the car loads now."""
        given = self.given_phases
        return given if 0 < given < self.phases else self.phases

    def min_power_w(self) -> float:
        """The least power that can be offered to this car, in W."""
        if self.curve is not Curve.AC:
            return MIN_DC_POWER_W
        given = self.given_phases
        return _LEAST_AC_W[given if 0 < given < self.phases else self.phases]

    def full(self) -> bool:
        """Whether the car has what it came for."""
        return self.soc >= self.target_soc

    def status(self, limit_w: float = inf) -> ChargePointStatus:
        """What the connector shows while this car holds a running transaction under an offer of `limit_w`.

        Offered less than can be taken: SuspendedEVSE. Offered enough and taking nothing: SuspendedEV
        (OCPP 1.6 §4.9, §7.7).
        """
        if limit_w < _ENOUGH_W and limit_w < self.min_power_w():
            return _SUSPENDED_EVSE
        return _SUSPENDED_EV if self.soc >= self.target_soc else _CHARGING

    def power_w(self, limit_w: float = inf) -> float:
        """The power the car takes now, in W, when offered `limit_w`."""
        soc = self.soc
        if soc >= self.target_soc or (limit_w < _ENOUGH_W and limit_w < self.min_power_w()):
            return 0.0
        if self.curve is _AC and soc < _BENDS_AT:
            most = self.max_power_w
            return limit_w if limit_w < most else most
        points = CURVES[self.curve]
        index = _segment(points, soc)
        x0, y0 = points[index]
        x1, y1 = points[index + 1]
        return min(limit_w, self.max_power_w * (y0 + (y1 - y0) * (soc - x0) / (x1 - x0)))

    def advance(self, limit_w: float, seconds: float) -> float:
        """Charge for `seconds` under a constant offer of `limit_w`; return the energy taken, in Wh."""
        before = self.soc
        if (
            seconds <= 0.0
            or before >= self.target_soc
            or (limit_w < _ENOUGH_W and limit_w < self.min_power_w())
        ):
            return 0.0
        if self.curve is _AC and before < _BENDS_AT:
            # `_charged` on the flat piece that most of a visit is spent on, without the walk.
            limit = limit_w / self.max_power_w
            speed = (limit if limit < 1.0 else 1.0) * (self.max_power_w / (self.capacity_wh * _HOUR))
            end = _BENDS_AT if self.target_soc > _BENDS_AT else self.target_soc
            if (end - before) / speed >= seconds:
                after = before + speed * seconds
                self.soc = after if after < end else end
                return (self.soc - before) * self.capacity_wh
        self.soc, _ = _charged(self, limit_w, seconds)
        return (self.soc - before) * self.capacity_wh

    def seconds_to_target(self, limit_w: float = inf) -> float:
        """How long until the car is full under a constant offer of `limit_w`; infinite while it is suspended."""
        if self.soc >= self.target_soc:
            return 0.0
        if limit_w < self.min_power_w():
            return inf
        _, left = _charged(self, limit_w, inf)
        return left

    def seconds_to(self, soc: float, limit_w: float = inf) -> float:
        """How long until the car's state of charge is `soc` under a constant offer of `limit_w`; infinite if never."""
        if soc > self.target_soc:
            return inf
        return msgspec.structs.replace(self, target_soc=soc).seconds_to_target(limit_w)


def _segment(points: tuple[tuple[float, float], ...], soc: float) -> int:
    index = 0
    last = len(points) - 2
    while index < last and soc >= points[index + 1][0]:
        index += 1
    return index


def _charged(car: Car, limit_w: float, seconds: float) -> tuple[float, float]:
    """The state of charge after at most `seconds`, and the seconds it took if the target came first.

    Walks the curve segment by segment, splitting a segment where the limit cuts it. On a piece where power is
    a + b·soc, the state of charge follows a straight line (b = 0) or an exponential, both invertible.
    """
    points = CURVES[car.curve]
    scale = car.max_power_w
    limit = limit_w / scale
    # state of charge per second at full power
    rate = scale / (car.capacity_wh * _HOUR)
    soc = car.soc
    target = car.target_soc
    index = _segment(points, soc)
    spent = 0.0
    while soc < target:
        x0, y0 = points[index]
        x1, y1 = points[index + 1]
        slope = (y1 - y0) / (x1 - x0)
        end = x1
        # Where the lid of the limit cuts a sloping piece, that point decides on which side we are: comparing powers
        # instead would stand still there, rounding errors on both sides.
        if slope == 0.0:
            lidded = y0 >= limit
        else:
            cut = x0 + (limit - y0) / slope
            before = soc < cut
            lidded = before == (slope < 0.0)
            if before and cut < end:
                end = cut
        if target < end:
            end = target
        left = seconds - spent
        if lidded or slope == 0.0:
            share = limit if lidded else y0
            needed = (end - soc) / (share * rate)
            if needed >= left:
                return min(soc + share * rate * left, end), seconds
        else:
            share = y0 + slope * (soc - x0)
            share_end = y0 + slope * (end - x0)
            needed = log(share_end / share) / (slope * rate) if share_end > 0.0 else inf
            if needed >= left:
                return min(soc + share * expm1(slope * rate * left) / slope, end), seconds
        spent += needed
        soc = end
        if soc >= x1:
            index += 1
    return soc, spent
