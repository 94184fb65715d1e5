"""From the state of a connector's meter to the readings of a MeterValues message (OCPP 1.6 §3.16, §4.7).

All readings of one moment come from one look at the meter, so they fit together. A value without a phase is that of
each phase in use for voltage and current, and that of all phases together for power.
"""

from functools import cache
from typing import Final, NamedTuple

from msgspec import UNSET, UnsetType
from ocpp.v16.enums import ConfigurationKey, Location, Measurand, Phase, ReadingContext

from evswarm_shared.ocpp16.datatypes import MeterValue, SampledValue, UnitOfMeasure
from evswarm_worker.behaviour.electrics import reading
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.configuration import measurand_of, split_list
from evswarm_worker.station.connector import Connector

_REGISTER: Final = Measurand.energy_active_import_register
_POWER: Final = Measurand.power_active_import
_VOLTAGE: Final = Measurand.voltage
_CURRENT: Final = Measurand.current_import
_SOC: Final = Measurand.soc
_TEMPERATURE: Final = Measurand.temperature
_POWER_OFFERED: Final = Measurand.power_offered

_PERIODIC: Final = ReadingContext.sample_periodic

_UNITS: Final = {
    _REGISTER: UnitOfMeasure.wh,
    _POWER: UnitOfMeasure.w,
    _VOLTAGE: UnitOfMeasure.v,
    _CURRENT: UnitOfMeasure.a,
    _SOC: UnitOfMeasure.percent,
    _TEMPERATURE: UnitOfMeasure.celsius,
    _POWER_OFFERED: UnitOfMeasure.w,
    Measurand.current_offered: UnitOfMeasure.a,
}

_UNUSED: Final = {
    1: frozenset((Phase.l2, Phase.l3)),
    2: frozenset((Phase.l3,)),
    3: frozenset[Phase](),
}
"""Phases that a car of so many phases leaves alone."""


class Wanted(NamedTuple):
    """One item of a measurand list, with what goes on the wire beside the value."""

    measurand: Measurand
    phase: Phase | None
    phase_field: Phase | UnsetType
    location: Location | UnsetType
    unit: UnitOfMeasure


def measurands(cabinet: Cabinet, key: ConfigurationKey) -> tuple[Wanted, ...]:
    """What a measurand list of the configuration asks for."""
    return _parsed(cabinet.configuration.text(key))


@cache
def _parsed(value: str) -> tuple[Wanted, ...]:
    return tuple(
        Wanted(
            measurand,
            phase,
            UNSET if phase is None else phase,
            Location.ev if measurand is _SOC else UNSET,
            _UNITS[measurand],
        )
        for measurand, phase in filter(None, map(measurand_of, split_list(value)))
    )


def meter_value(
    cabinet: Cabinet, connector: Connector, wanted: tuple[Wanted, ...], context: ReadingContext
) -> MeterValue | None:
    """The readings of the connector at this moment; None when none of them applies.

    The meter must have been advanced to this moment. What a field means when it is absent is left out of it.
    """
    meter = connector.meter
    car = meter.car
    profile = cabinet.config.profile
    now = (
        reading(0.0, profile.phases, profile.current, 0.0)
        if car is None
        else reading(meter.power_w(), car.phases, profile.current, car.soc)
    )
    explicit: ReadingContext | UnsetType = UNSET if context is _PERIODIC else context
    sampled: list[SampledValue] = []
    for measurand, phase, phase_field, location, unit in wanted:
        idle = phase is not None and phase in _UNUSED[now.phases]
        if measurand is _REGISTER:
            value = str(meter.register_mwh // 1000)
        elif measurand is _POWER:
            power = now.power_w if phase is None else 0.0 if idle else now.power_w / now.phases
            value = str(power if phase is None else round(power, 1))
        elif measurand is _VOLTAGE:
            value = str(now.voltage_v)
        elif measurand is _CURRENT:
            value = "0.0" if idle else str(now.current_a)
        elif measurand is _SOC:
            if car is None:
                continue
            value = str(now.soc_percent)
        elif measurand is _TEMPERATURE:
            value = str(now.temperature_c)
        elif measurand is _POWER_OFFERED:
            value = f"{meter.limit_w:.1f}"
        else:
            value = f"{meter.limit_w / (now.voltage_v * now.phases):.3f}"
        sampled.append(SampledValue(value, explicit, UNSET, measurand, phase_field, location, unit))
    return MeterValue(cabinet.timestamp(), sampled) if sampled else None
