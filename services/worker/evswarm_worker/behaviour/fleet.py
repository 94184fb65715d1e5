"""The cars on the road, and which of them comes for a given amount of energy.

The models are types, not makes: battery sizes and charging powers of today's fleet, with weights. Ours.
"""

from typing import Final, NamedTuple

from evswarm_worker.behaviour.car import VOLTAGE, Car, Curve
from evswarm_worker.behaviour.draws import Draws
from evswarm_worker.behaviour.profiles import ArrivalPattern, CurrentKind, Profile

AC_EFFICIENCY: Final = 0.90
DC_EFFICIENCY: Final = 0.94
"""The part of the metered energy that reaches the battery."""

_MOST_CHARGED: Final = 0.92
"""Largest part of a battery that one visit fills."""

_FULLEST: Final = 0.98
"""State of charge at which the last trickle is no longer worth waiting for."""

_TARGETS: Final = {CurrentKind.AC: 0.70, CurrentKind.DC: 0.60}
"""Lowest state of charge that drivers leave with; at a DC charger they hurry."""


class CarModel(NamedTuple):
    """A type of car. `battery_kwh` is usable; `ac_phases` and `ac_amps` are those of the on-board charger."""

    battery_kwh: float
    ac_phases: int
    ac_amps: float
    dc_kw: float
    curve: Curve
    weight: float


CARS: Final = (
    CarModel(14.0, 1, 16.0, 30.0, Curve.DC_CITY, 0.10),
    CarModel(37.0, 1, 32.0, 50.0, Curve.DC_CITY, 0.12),
    CarModel(45.0, 3, 16.0, 85.0, Curve.DC_CITY, 0.14),
    CarModel(52.0, 3, 32.0, 100.0, Curve.DC_CITY, 0.12),
    CarModel(58.0, 3, 16.0, 130.0, Curve.DC_TOURER, 0.18),
    CarModel(64.0, 1, 32.0, 100.0, Curve.DC_CITY, 0.08),
    CarModel(77.0, 3, 16.0, 175.0, Curve.DC_TOURER, 0.18),
    CarModel(94.0, 3, 16.0, 200.0, Curve.DC_TOURER, 0.05),
    CarModel(107.0, 3, 32.0, 200.0, Curve.DC_TOURER, 0.03),
)

VANS: Final = (
    CarModel(75.0, 3, 16.0, 80.0, Curve.DC_CITY, 0.5),
    CarModel(113.0, 3, 16.0, 115.0, Curve.DC_CITY, 0.3),
    CarModel(180.0, 3, 32.0, 150.0, Curve.DC_CITY, 0.2),
)

_FLEETS: Final = {ArrivalPattern.DEPOT: VANS}


def arriving_car(profile: Profile, draws: Draws, energy_wh: float) -> Car:
    """A car whose battery has room for `energy_wh` (metered Wh) and that reaches its target with exactly that.

    More than the largest battery of the fleet can take is capped at what it can. Takes two draws.
    """
    ac = profile.current is CurrentKind.AC
    efficiency = AC_EFFICIENCY if ac else DC_EFFICIENCY
    fleet = _FLEETS.get(profile.arrivals, CARS)
    largest = max(model.battery_kwh for model in fleet)
    needed_kwh = min(energy_wh / 1000.0 * efficiency / _MOST_CHARGED, largest)
    fitting = [model for model in fleet if model.battery_kwh >= needed_kwh]
    target = draws.uniform() * sum(model.weight for model in fitting)
    model = fitting[-1]
    for candidate in fitting:
        if target < candidate.weight:
            model = candidate
            break
        target -= candidate.weight
    capacity_wh = model.battery_kwh * 1000.0 / efficiency
    share = min(energy_wh / capacity_wh, _MOST_CHARGED)
    target_soc = draws.between(max(_TARGETS[profile.current], share + 0.03), _FULLEST)
    if ac:
        phases = min(model.ac_phases, profile.phases)
        outlet_amps = profile.max_power_w / (VOLTAGE * profile.phases)
        power_w = min(model.ac_amps, outlet_amps) * VOLTAGE * phases
        curve = Curve.AC
    else:
        phases = 1
        power_w = min(model.dc_kw * 1000.0, profile.max_power_w)
        curve = model.curve
    return Car(
        capacity_wh=capacity_wh,
        soc=target_soc - share,
        target_soc=target_soc,
        max_power_w=power_w,
        phases=phases,
        curve=curve,
    )
