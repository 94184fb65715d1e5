"""What a station does at once when one of its configuration keys has changed (OCPP 1.6 §9.1)."""

from math import inf

from ocpp.v16.enums import ConfigurationKey

from evswarm_shared.ocpp16.configuration_values import MESSAGE_TIMEOUT
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.effects import PingEvery
from evswarm_worker.station.link import CONNECTED
from evswarm_worker.station.sampling import align, sample_interval


def take_effect(cabinet: Cabinet, key: str) -> None:
    """Let what hangs on the key follow its new value."""
    if key == ConfigurationKey.heartbeat_interval and cabinet.heartbeat_at < inf:
        interval = cabinet.configuration.integer(ConfigurationKey.heartbeat_interval)
        cabinet.heartbeat_at = min(cabinet.heartbeat_at, cabinet.now + interval)
    elif key == ConfigurationKey.web_socket_ping_interval and cabinet.link in CONNECTED:
        cabinet.effects.append(PingEvery(cabinet.configuration.integer(key)))
    elif key == MESSAGE_TIMEOUT:
        cabinet.take_message_timeout()
    elif key == ConfigurationKey.clock_aligned_data_interval:
        align(cabinet)
    elif key == ConfigurationKey.meter_values_sampled_data:
        cabinet.samples = None
    elif key == ConfigurationKey.meter_value_sample_interval:
        cabinet.samples = None
        for connector in cabinet.connectors:
            if connector.transaction is not None:
                connector.sample_at = cabinet.at + sample_interval(cabinet)
