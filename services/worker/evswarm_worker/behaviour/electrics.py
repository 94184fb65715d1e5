"""What the meter shows besides energy: voltages, currents, state of charge and temperature that fit the power.

The values are those that go on the wire, already rounded, and power = voltage x current x phases holds for them to
within the last digit of the current.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from evswarm_worker.behaviour.car import AC_DROP_V_PER_A, VOLTAGE
from evswarm_worker.behaviour.profiles import CurrentKind

AMBIENT_C: Final = 20.0

_PACK_EMPTY_V: Final = 340.0
_PACK_SPAN_V: Final = 70.0
_PACK_RISE_V_PER_A: Final = 0.05
"""A DC charger sees the pack: 340 V empty, 410 V full, plus the drop over its inner resistance. Ours."""

_AC_HEAT_C_PER_A2: Final = 18.0 / 32.0**2
_DC_HEAT_C_PER_A2: Final = 35.0 / 400.0**2
"""Warmth of the connector grows with the square of the current: 38 °C at 32 A AC, 55 °C at 400 A DC. Ours."""


class Reading(NamedTuple):
    """One look at a connector's meter.

    `power_w` in W over all phases; `voltage_v` between phase and neutral (DC: at the pack); `current_a` in each of
    `phases` phases, which is 1 for DC; `temperature_c` of the connector.
    """

    power_w: float
    voltage_v: float
    current_a: float
    phases: int
    temperature_c: float


def reading(power_w: float, phases: int, kind: CurrentKind, soc: float) -> Reading:
    """The values that go with `power_w` (W) at the state of charge `soc` (0 to 1)."""
    if kind is CurrentKind.AC:
        return _ac_reading(power_w, phases)
    open_circuit = _PACK_EMPTY_V + _PACK_SPAN_V * soc
    voltage = round(open_circuit + _PACK_RISE_V_PER_A * power_w / open_circuit, 1)
    return _reading(power_w, 1, voltage, _DC_HEAT_C_PER_A2)


# A car takes the same power for most of its visit, and a fleet has few kinds of cars and outlets.
@lru_cache(maxsize=4096)
def _ac_reading(power_w: float, phases: int) -> Reading:
    voltage = round(VOLTAGE - AC_DROP_V_PER_A * power_w / (VOLTAGE * phases), 1)
    return _reading(power_w, phases, voltage, _AC_HEAT_C_PER_A2)


def _reading(power_w: float, phases: int, voltage: float, heat: float) -> Reading:
    current = round(power_w / (voltage * phases), 3)
    return Reading(
        round(voltage * current * phases, 1),
        voltage,
        current,
        phases,
        round(AMBIENT_C + heat * current * current, 1),
    )


def soc_percent(soc: float) -> int:
    """A state of charge (0 to 1) as it is shown, in whole percent."""
    return int(soc * 100.0 + 0.5)
