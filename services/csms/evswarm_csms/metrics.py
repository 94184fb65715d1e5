"""The central system's own metrics, beside those of the protocol."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import Metric

from evswarm_shared.telemetry import catalogue
from evswarm_shared.telemetry.exposition import family


def central_system_metrics(
    *,
    stations_connected: int,
    transactions_open: int,
    commands: Mapping[tuple[str, str], int],
    failures: Mapping[str, int],
    meter_readings_dropped: int,
    events_dropped: int,
) -> Iterator[Metric]:
    """What one replica holds and did. `commands` is by (action, outcome), `failures` by what they spoiled."""
    yield family(catalogue.CSMS_STATIONS_CONNECTED, stations_connected)
    yield family(catalogue.CSMS_TRANSACTIONS_OPEN, transactions_open)
    yield family(catalogue.CSMS_COMMANDS, commands)
    yield family(catalogue.CSMS_FAILURES, failures)
    yield family(catalogue.CSMS_METER_READINGS_DROPPED, meter_readings_dropped)
    yield family(catalogue.CSMS_EVENTS_DROPPED, events_dropped)
