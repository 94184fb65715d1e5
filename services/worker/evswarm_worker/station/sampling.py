"""When the meter is read and the readings are sent: the rhythm of samples and that of the clock (OCPP 1.6 §3.16, §4.7)."""

from functools import cache
from math import floor, inf
from typing import Final

from ocpp.v16.enums import Action, ConfigurationKey, ReadingContext

from evswarm_shared.ocpp16.messages import MeterValues
from evswarm_shared.telemetry.counts import DroppedFrame
from evswarm_worker.station import transaction_data
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.metering import Samples, Wanted, measurands, meter_value, parsed
from evswarm_worker.station.transaction import Transaction

UNSENT_SAMPLE_SECONDS: Final = 60.0
"""With MeterValueSampleInterval 0 nothing is sent, but the policy still wants to be asked."""

STORE_AFTER_SECONDS: Final = 1.5
"""Real seconds after which MeterValues without an answer enter the store."""

DAY_SECONDS: Final = 86400.0

CLOCK_STEP_SECONDS: Final = 1e-3
"""Moments of the two clocks that lie closer together are one."""

_ALIGNED: Final = ConfigurationKey.meter_values_aligned_data
_INTERVAL: Final = ConfigurationKey.meter_value_sample_interval
_SAMPLED: Final = ConfigurationKey.meter_values_sampled_data
_METER_VALUES: Final = Action.meter_values


def sample_interval(cabinet: Cabinet) -> float:
    """Simulated seconds between two looks at the meter during a transaction."""
    return samples_of(cabinet).interval or UNSENT_SAMPLE_SECONDS


def samples_of(cabinet: Cabinet) -> Samples:
    """The samples that the configuration asks for."""
    samples = cabinet.samples
    if samples is None:
        configuration = cabinet.configuration
        samples = cabinet.samples = _samples(configuration.text(_INTERVAL), configuration.text(_SAMPLED))
    return samples


# One for all stations that are set up alike.
@cache
def _samples(interval: str, wanted: str) -> Samples:
    return Samples(int(interval), parsed(wanted))


def next_aligned(cabinet: Cabinet) -> float:
    """The next simulated moment of the clock-aligned rhythm, which the station's own clock counts from midnight UTC
    (OCPP 1.6 §9.1.5).
    """
    interval = cabinet.configuration.integer(ConfigurationKey.clock_aligned_data_interval)
    if not interval:
        return inf
    # Between two clocks a rounding error could make the moment lived through the next one, for ever.
    time = cabinet.at + cabinet.clock_offset + CLOCK_STEP_SECONDS
    midnight = floor(time / DAY_SECONDS) * DAY_SECONDS
    moment = midnight + (floor((time - midnight) / interval) + 1) * interval
    # Every day begins anew, also where the interval does not divide it.
    return min(moment, midnight + DAY_SECONDS) - cabinet.clock_offset


def align(cabinet: Cabinet) -> None:
    """Find the next moment of the clock-aligned rhythm anew: its interval or the station's clock is another one."""
    for connector in cabinet.connectors:
        connector.aligned_at = next_aligned(cabinet)
        connector.schedule()


def aligned_sample(cabinet: Cabinet, connector: Connector) -> None:
    """A clock-aligned interval is over: send the readings of the connector, in a transaction or not (§3.16.2)."""
    connector.aligned_at = next_aligned(cabinet)
    if connector.aligned_at <= cabinet.clock.simulated(cabinet.now):
        return
    connector.meter.advance(cabinet.at, cabinet.tariff)
    if connector.transaction is not None:
        wanted = measurands(cabinet, _ALIGNED)
        send_sample(cabinet, connector, connector.transaction, wanted, ReadingContext.sample_clock)
        transaction_data.collect(cabinet, connector, connector.transaction, ReadingContext.sample_clock)
    elif cabinet.online:
        value = meter_value(cabinet, connector, measurands(cabinet, _ALIGNED), ReadingContext.sample_clock)
        if value is not None:
            cabinet.call(PendingCall(_METER_VALUES, MeterValues(connector.connector_id, (value,))))


def skip_missed_samples(cabinet: Cabinet, connector: Connector) -> None:
    """Nobody knows which samples the last owner sent after its last checkpoint: go on with the next one to come."""
    if connector.transaction is not None and connector.sample_at <= cabinet.at:
        interval = sample_interval(cabinet)
        connector.sample_at += (floor((cabinet.at - connector.sample_at) / interval) + 1) * interval


def send_sample(
    cabinet: Cabinet,
    connector: Connector,
    transaction: Transaction,
    wanted: tuple[Wanted, ...],
    context: ReadingContext,
) -> None:
    """Put the readings that are wanted into the outbox, as of this moment."""
    value = meter_value(cabinet, connector, wanted, context)
    if value is None:
        return
    request = MeterValues(connector.connector_id, (value,), transaction.transaction_id)
    dropped = cabinet.outbox.add(_METER_VALUES, transaction.serial, request)
    if dropped:
        cabinet.counts.dropped_frames.add(DroppedFrame.QUEUE_FULL, dropped)
    if cabinet.store_at == inf:
        cabinet.store_at = cabinet.now + STORE_AFTER_SECONDS
