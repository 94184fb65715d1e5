"""From the state of a connector's meter to the readings of a MeterValues message (OCPP 1.6 §3.16, §4.7).

All readings of one moment come from one look at the meter, so they fit together. A value without a phase is that of
each phase in use for voltage and current, and that of all phases together for power.
"""

from functools import cache
from typing import Final

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

_UNUSED: Final = {
    1: frozenset((Phase.l2, Phase.l3)),
    2: frozenset((Phase.l3,)),
    3: frozenset[Phase](),
}
"""Phases that a car of so many phases leaves alone."""


def measurands(cabinet: Cabinet, key: ConfigurationKey) -> tuple[tuple[Measurand, Phase | None], ...]:
    """What a measurand list of the configuration asks for."""
    return _parsed(cabinet.configuration.text(key))


@cache
def _parsed(value: str) -> tuple[tuple[Measurand, Phase | None], ...]:
    return tuple(found for item in split_list(value) if (found := measurand_of(item)) is not None)


def meter_value(
    cabinet: Cabinet,
    connector: Connector,
    wanted: tuple[tuple[Measurand, Phase | None], ...],
    context: ReadingContext,
) -> MeterValue | None:
    """The readings of the connector at this moment; None when none of them applies.

    The meter must have been advanced to this moment.
    """
    meter = connector.meter
    car = meter.car
    profile = cabinet.config.profile
    now = (
        reading(0.0, profile.phases, profile.current, 0.0)
        if car is None
        else reading(meter.power_w(), car.phases, profile.current, car.soc)
    )
    explicit: ReadingContext | UnsetType = UNSET if context is ReadingContext.sample_periodic else context
    sampled: list[SampledValue] = []
    for measurand, phase in wanted:
        location: Location | UnsetType = UNSET
        idle = phase is not None and phase in _UNUSED[now.phases]
        if measurand is _REGISTER:
            value, unit = str(meter.register_mwh // 1000), UnitOfMeasure.wh
        elif measurand is _POWER:
            power = now.power_w if phase is None else 0.0 if idle else now.power_w / now.phases
            value, unit = f"{power:.1f}", UnitOfMeasure.w
        elif measurand is _VOLTAGE:
            value, unit = f"{now.voltage_v:.1f}", UnitOfMeasure.v
        elif measurand is _CURRENT:
            value, unit = "0.000" if idle else f"{now.current_a:.3f}", UnitOfMeasure.a
        elif measurand is _SOC:
            if car is None:
                continue
            value, unit, location = str(now.soc_percent), UnitOfMeasure.percent, Location.ev
        elif measurand is _TEMPERATURE:
            value, unit = f"{now.temperature_c:.1f}", UnitOfMeasure.celsius
        elif measurand is _POWER_OFFERED:
            value, unit = f"{meter.limit_w:.1f}", UnitOfMeasure.w
        else:
            offered = meter.limit_w / (now.voltage_v * now.phases)
            value, unit = f"{offered:.3f}", UnitOfMeasure.a
        sampled.append(
            SampledValue(
                value,
                context=explicit,
                measurand=measurand,
                phase=UNSET if phase is None else phase,
                location=location,
                unit=unit,
            )
        )
    return MeterValue(cabinet.timestamp(), sampled) if sampled else None
