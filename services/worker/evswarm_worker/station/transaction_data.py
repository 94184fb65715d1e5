"""The readings that a StopTransaction carries, where the configuration asks for them (OCPP 1.6 §6.49, §9.1.28)."""

from functools import cache
from typing import Final

from msgspec import UNSET
from ocpp.v16.enums import ConfigurationKey, Measurand, ReadingContext

from evswarm_shared.ocpp16.configuration_values import STOP_TRANSACTION_MAX_METER_VALUES
from evswarm_shared.telemetry.counts import DroppedFrame
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.metering import Wanted, measurands, meter_value
from evswarm_worker.station.transaction import Transaction

_SAMPLED: Final = ConfigurationKey.stop_txn_sampled_data
_ALIGNED: Final = ConfigurationKey.stop_txn_aligned_data


def begin(cabinet: Cabinet, connector: Connector, transaction: Transaction) -> None:
    """Start to collect, if anything is asked for."""
    configuration = cabinet.configuration
    if configuration.text(_SAMPLED) or configuration.text(_ALIGNED):
        transaction.samples = []
        collect(cabinet, connector, transaction, ReadingContext.transaction_begin)


def collect(
    cabinet: Cabinet, connector: Connector, transaction: Transaction, context: ReadingContext
) -> None:
    """Keep the readings of this moment for the stop; the meter stands at it."""
    samples = transaction.samples
    if samples is None:
        return
    key = _ALIGNED if context is ReadingContext.sample_clock else _SAMPLED
    value = meter_value(cabinet, connector, _for_a_stop(measurands(cabinet, key)), context)
    if value is None:
        return
    samples.append(value)
    cabinet.lasting_changed = True
    if len(samples) > cabinet.configuration.integer(STOP_TRANSACTION_MAX_METER_VALUES):
        # Every second one between the first and the last goes (errata §3.91).
        cabinet.counts.dropped_frames.add(DroppedFrame.QUEUE_FULL, len(samples[1:-1:2]))
        del samples[1:-1:2]


@cache
def _for_a_stop(wanted: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    """The same readings with units that the published schema of StopTransaction has.

    It lacks Hertz, which that of MeterValues has, and a strict central system would refuse the whole stop. A frequency
    is in hertz without saying so (errata §3.86).
    """
    return tuple(
        item._replace(unit=UNSET) if item.measurand is Measurand.frequency else item for item in wanted
    )
