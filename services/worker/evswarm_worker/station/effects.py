"""What a station asks of its shell. Data only; the shell carries effects out in the order they came."""

import msgspec

from evswarm_shared.bus.messages import StationCommit
from evswarm_shared.history.records import LedgerRecord


class LinkSecurity(msgspec.Struct, frozen=True):
    """How a station secures its connection (security whitepaper §2.1); certificates and keys are PEM.

    `authorization_key` is sent in profiles 1 and 2, `certificate` with its `private_key` in profile 3. `roots` are the
    authorities trusted from profile 2 on; without any, those of the system are.
    """

    profile: int
    authorization_key: str = ""
    roots: tuple[str, ...] = ()
    certificate: str = ""
    private_key: str = ""


class Connect(msgspec.Struct, frozen=True, gc=False):
    """Open the WebSocket, then call `connected` or `connection_failed`. Without `security`: as the URL alone says."""

    security: LinkSecurity | None = None


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


class PingEvery(msgspec.Struct, frozen=True, gc=False):
    """Ping the peer of the open WebSocket every so many seconds from now on; 0: never (OCPP 1.6 §9.1.34)."""

    seconds: int


class Disconnect(msgspec.Struct, frozen=True, gc=False):
    """Close the WebSocket with this close code (RFC 6455 §7.4) and reason; the station counts it as closed already."""

    code: int
    reason: str


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """The station has ended in order: nothing is in flight and everything lasting is in an earlier `Persist`."""


class HandlerFailed(msgspec.Struct, frozen=True):
    """A command met a fault of ours and was answered with InternalError; the station lives on."""

    action: str
    error: Exception


class Download(msgspec.Struct, frozen=True, gc=False):
    """Fetch a file by HTTP or FTP, then call `transferred` with this number and what came of it."""

    transfer: int
    url: str


class Upload(msgspec.Struct, frozen=True):
    """Store a text as a file by HTTP or FTP, then call `transferred` with this number.

    `log` None: the text is `text` alone. Otherwise the part of the station's log that it names follows.
    """

    transfer: int
    url: str
    file_name: str
    text: str
    log: "LogPart | None" = None


class LogPart(msgspec.Struct, frozen=True, gc=False):
    """Which lines of a log: those from `oldest` to `latest`, simulated unix seconds, None without a bound.

    Lines show their time of day only; `at` and `utc_offset` are the simulated time now and the seconds that local time is ahead.
    """

    at: float
    utc_offset: float
    oldest: float | None
    latest: float | None


class CancelTransfer(msgspec.Struct, frozen=True, gc=False):
    """Let go of a download or upload; nobody waits for its end any more."""

    transfer: int


class MakeKey(msgspec.Struct, frozen=True, gc=False):
    """Make a key pair and a certificate signing request with this subject, then call `key_made` with this number."""

    request: int
    common_name: str
    organization: str


Effect = (
    Connect
    | Send
    | Persist
    | SnapshotChanged
    | LogLine
    | Ledger
    | Disconnect
    | PingEvery
    | Stopped
    | HandlerFailed
    | Download
    | Upload
    | CancelTransfer
    | MakeKey
)

CONNECT = Connect()
SNAPSHOT_CHANGED = SnapshotChanged()
STOPPED = Stopped()
