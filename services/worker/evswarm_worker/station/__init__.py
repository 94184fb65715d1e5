"""The station: a charging station as a value that bytes, events and time go into and effects come out of.

Pure: no asyncio, no sockets, no clock, no store. `station.Station` is the interface; the shell around it opens
sockets, writes to the store and arms timers.
"""

from evswarm_worker.station.config import StationConfig
from evswarm_worker.station.effects import (
    Connect,
    Disconnect,
    Effect,
    LogLine,
    Persist,
    Send,
    SnapshotChanged,
    Stopped,
)
from evswarm_worker.station.errors import CheckpointError, StationActionError, StationError
from evswarm_worker.station.station import Station

__all__ = [
    "CheckpointError",
    "Connect",
    "Disconnect",
    "Effect",
    "LogLine",
    "Persist",
    "Send",
    "SnapshotChanged",
    "Station",
    "StationActionError",
    "StationConfig",
    "StationError",
    "Stopped",
]
