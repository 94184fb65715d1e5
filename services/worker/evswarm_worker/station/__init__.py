"""The station: a charging station as a value that bytes, events and time go into and effects come out of.

Pure: no asyncio, no sockets, no clock, no store. `station.Station` is the interface; the shell around it opens
sockets, writes to the store and arms timers.
"""

from evswarm_worker.station.config import StationConfig
from evswarm_worker.station.effects import (
    CancelTransfer,
    Connect,
    Disconnect,
    Download,
    Effect,
    HandlerFailed,
    LinkSecurity,
    LogLine,
    LogPart,
    MakeKey,
    Persist,
    PingEvery,
    Send,
    SnapshotChanged,
    Stopped,
    Upload,
)
from evswarm_worker.station.errors import CheckpointError, StationActionError, StationError
from evswarm_worker.station.station import Station

__all__ = [
    "CancelTransfer",
    "CheckpointError",
    "Connect",
    "Disconnect",
    "Download",
    "Effect",
    "HandlerFailed",
    "LinkSecurity",
    "LogLine",
    "LogPart",
    "MakeKey",
    "Persist",
    "PingEvery",
    "Send",
    "SnapshotChanged",
    "Station",
    "StationActionError",
    "StationConfig",
    "StationError",
    "Stopped",
    "Upload",
]
