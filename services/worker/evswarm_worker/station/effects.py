"""What a station asks of its shell. Data only; the shell carries effects out in the order they came."""

import msgspec

from evswarm_shared.bus.messages import StationCommit
from evswarm_shared.history.records import LedgerRecord


class Connect(msgspec.Struct, frozen=True, gc=False):
    """Open the WebSocket, then call `connected` or `connection_failed`."""


class Send(msgspec.Struct, frozen=True, gc=False):
    """Write one text frame (UTF-8 bytes) to the open WebSocket."""

    data: bytes


class Persist(msgspec.Struct, frozen=True):
    """Store this step; every later effect of the station waits until that is done."""

    commit: StationCommit


class SnapshotChanged(msgspec.Struct, frozen=True, gc=False):
    """The row of the station differs from the one published last."""


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line for the station's log, with its time in front."""

    text: str


class Ledger(msgspec.Struct, frozen=True, gc=False):
    """A transaction began or ended; true as soon as the `Persist` behind it is done."""

    record: LedgerRecord


class Disconnect(msgspec.Struct, frozen=True, gc=False):
    """Close the WebSocket with this close code (RFC 6455 §7.4) and reason; the station counts it as closed already."""

    code: int
    reason: str


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """The station has ended in order: nothing is in flight and everything lasting is in an earlier `Persist`."""


Effect = Connect | Send | Persist | SnapshotChanged | LogLine | Ledger | Disconnect | Stopped

CONNECT = Connect()
SNAPSHOT_CHANGED = SnapshotChanged()
STOPPED = Stopped()
