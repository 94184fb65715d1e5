"""From the state of a connector's meter to the readings of a MeterValues message (OCPP 1.6 §3.16, §4.7).

All readings of one moment come from one look at the meter, so they fit together. A value without a phase is that of
each phase in use for voltage and current, and that of all phases together for power.
"""

from functools import cache, lru_cache
from math import sqrt
from typing import Final, NamedTuple

from msgspec import UNSET, UnsetType
from ocpp.v16.enums import ConfigurationKey, Location, Measurand, Phase, ReadingContext

from evswarm_shared.ocpp16.configuration_values import BETWEEN_PHASES, measurand_of, split_list
from evswarm_shared.ocpp16.datatypes import MeterValue, SampledValue, UnitOfMeasure
from evswarm_worker.behaviour.electrics import AMBIENT_C, Reading, reading, soc_percent
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.connector import Connector, IntervalMark

_REGISTER: Final = Measurand.energy_active_import_register
_POWER: Final = Measurand.power_active_import
_VOLTAGE: Final = Measurand.voltage
_CURRENT: Final = Measurand.current_import
_SOC: Final = Measurand.soc
_TEMPERATURE: Final = Measurand.temperature
_POWER_OFFERED: Final = Measurand.power_offered

_PERIODIC: Final = ReadingContext.sample_periodic

_UNITS: Final = {
    Measurand.current_export: UnitOfMeasure.a,
    Measurand.energy_active_export_interval: UnitOfMeasure.wh,
    Measurand.energy_active_export_register: UnitOfMeasure.wh,
    Measurand.energy_active_import_interval: UnitOfMeasure.wh,
    Measurand.energy_reactive_export_interval: UnitOfMeasure.varh,
    Measurand.energy_reactive_export_register: UnitOfMeasure.varh,
    Measurand.energy_reactive_import_interval: UnitOfMeasure.varh,
    Measurand.energy_reactive_import_register: UnitOfMeasure.varh,
    Measurand.frequency: UnitOfMeasure.hertz,
    Measurand.power_active_export: UnitOfMeasure.w,
    Measurand.power_reactive_export: UnitOfMeasure.var,
    Measurand.power_reactive_import: UnitOfMeasure.var,
    _REGISTER: UnitOfMeasure.wh,
    _POWER: UnitOfMeasure.w,
    _VOLTAGE: UnitOfMeasure.v,
    _CURRENT: UnitOfMeasure.a,
    _SOC: UnitOfMeasure.percent,
    # As every schema in use spells it (errata of OCPP-J 1.6, §2.1).
    _TEMPERATURE: UnitOfMeasure.celcius,
    _POWER_OFFERED: UnitOfMeasure.w,
    Measurand.current_offered: UnitOfMeasure.a,
}

_UNUSED: Final = {
    1: frozenset((Phase.l2, Phase.l3, Phase.l2_n, Phase.l3_n)),
    2: frozenset((Phase.l3, Phase.l3_n)),
    3: frozenset[Phase](),
}
"""Phases that a car of so many phases leaves alone."""

_ABSENT: Final = {
    1: BETWEEN_PHASES,
    2: frozenset((Phase.l2_l3, Phase.l3_l1)),
    3: frozenset[Phase](),
}
"""Pairs of phases that an outlet of so many phases does not have."""

_LOCATIONS: Final = {_SOC: Location.ev, Measurand.rpm: Location.body}
"""Where a quantity is measured; the outlet where it is not named."""

_RARE: Final = frozenset(Measurand) - {
    _REGISTER,
    _POWER,
    _VOLTAGE,
    _CURRENT,
    _SOC,
    _TEMPERATURE,
    _POWER_OFFERED,
}

GRID_HERTZ: Final = 50.0
_FAN_RPM_PER_C: Final = 60.0
"""The fan turns faster the warmer it gets. Ours."""


class Wanted(NamedTuple):
    """One item of a measurand list, with what goes on the wire beside the value; `rare`: few ask for it."""

    measurand: Measurand
    rare: bool
    phase: Phase | None
    phase_field: Phase | UnsetType
    location: Location | UnsetType
    unit: UnitOfMeasure | UnsetType


class Samples(NamedTuple):
    """What is sent during a transaction: so often, in s, 0 for never, and with these readings."""

    interval: int
    wanted: tuple[Wanted, ...]


def measurands(cabinet: Cabinet, key: ConfigurationKey) -> tuple[Wanted, ...]:
    """What a measurand list of the configuration asks for."""
    return parsed(cabinet.configuration.text(key))


@cache
def parsed(value: str) -> tuple[Wanted, ...]:
    """What a measurand list asks for."""
    return tuple(
        Wanted(
            measurand,
            phase is not None or measurand in _RARE,
            phase,
            UNSET if phase is None else phase,
            _LOCATIONS.get(measurand, UNSET),
            _UNITS.get(measurand, UNSET),
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
    if car is None:
        now = reading(0.0, profile.phases, profile.current, 0.0)
    else:
        now = reading(meter.power_w(), car.phases_in_use, profile.current, car.soc)
    explicit: ReadingContext | UnsetType = UNSET if context is _PERIODIC else context
    sampled: list[SampledValue] = []
    for measurand, rare, phase, phase_field, location, unit in wanted:
        if rare:
            if phase is not None and phase in _ABSENT[profile.phases]:
                continue
            text = _rarer(cabinet, connector, now, measurand, phase, context)
        elif measurand is _REGISTER:
            text = str(meter.register_mwh // 1000)
        elif measurand is _POWER:
            text = _text(now.power_w)
        elif measurand is _VOLTAGE:
            text = _text(now.voltage_v)
        elif measurand is _CURRENT:
            text = _text(now.current_a)
        elif measurand is _SOC:
            if car is None:
                continue
            text = str(soc_percent(car.soc))
        elif measurand is _TEMPERATURE:
            text = _text(now.temperature_c)
        else:
            text = f"{meter.limit_w:.1f}"
        sampled.append(SampledValue(text, explicit, UNSET, measurand, phase_field, location, unit))
    if connector.interval_marks is not None:
        _mark(connector, context)
        # The next owner's first interval begins here.
        cabinet.lasting_changed = True
    return MeterValue(cabinet.timestamp(), sampled) if sampled else None


# Most values last for most of a visit.
_text: Final = lru_cache(maxsize=4096)(float.__repr__)


def _rarer(
    cabinet: Cabinet,
    connector: Connector,
    now: Reading,
    measurand: Measurand,
    phase: Phase | None,
    context: ReadingContext,
) -> str:
    """A reading of one phase, or of a quantity that few ask for.

    Phases are loaded evenly, the power factor is 1, and nothing flows back, so reactive and exported quantities are 0.
    """
    meter = connector.meter
    idle = phase is not None and phase in _UNUSED[now.phases]
    share = 0.0 if idle else 1.0 if phase is None else 1.0 / now.phases
    if measurand is _VOLTAGE:
        return str(round(now.voltage_v * sqrt(3.0), 1) if phase in BETWEEN_PHASES else now.voltage_v)
    if measurand is _CURRENT:
        # The currents of evenly loaded phases cancel out in the neutral; that of a single one flows back in it.
        back = phase is Phase.n and now.phases > 1
        return "0.0" if idle or back else str(now.current_a)
    if measurand is _POWER:
        return str(round(now.power_w * share, 1))
    if measurand is _POWER_OFFERED:
        return f"{meter.limit_w * share:.1f}"
    if measurand is Measurand.current_offered:
        return f"{0.0 if idle else meter.limit_w / (now.voltage_v * now.phases):.3f}"
    if measurand is _REGISTER:
        return str(int(meter.register_mwh * share) // 1000)
    if measurand is Measurand.energy_active_import_interval:
        return f"{_since_last(connector, context) * share / 1000.0:.3f}"
    if measurand is Measurand.frequency:
        return f"{GRID_HERTZ:.2f}"
    if measurand is Measurand.power_factor:
        return "1.0"
    if measurand is Measurand.rpm:
        return str(round(_FAN_RPM_PER_C * max(0.0, now.temperature_c - AMBIENT_C)))
    return "0.0"


def _since_last(connector: Connector, context: ReadingContext) -> int:
    """mWh since the last reading of this kind, or since the transaction began."""
    if connector.interval_marks is None:
        connector.interval_marks = {}
    return connector.meter.register_mwh - _last_register(connector, context)


def _last_register(connector: Connector, context: ReadingContext) -> int:
    transaction = connector.transaction
    begun = connector.meter.register_mwh if transaction is None else transaction.meter_start_mwh
    mark = None if connector.interval_marks is None else connector.interval_marks.get(context)
    if mark is None:
        return begun
    # Two messages may tell of the same moment.
    return max(begun, mark.before if mark.at == connector.meter.at else mark.register)


def _mark(connector: Connector, context: ReadingContext) -> None:
    if connector.interval_marks is not None:
        meter = connector.meter
        before = _last_register(connector, context)
        connector.interval_marks[context] = IntervalMark(meter.at, before, meter.register_mwh)
