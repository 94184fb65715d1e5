"""What an operator tells the central system, and what it writes down about stations. Data only, as in `messages`."""

from enum import StrEnum

import msgspec


class StationRegistration(msgspec.Struct, frozen=True):
    """A station that an operator has registered. Its AuthorizationKey is never stored, only salted digests of it.

    `security_profile` is the least that it may connect with (None: that of the listener); it rises by itself with the
    profile that the station has connected with (security whitepaper A05). `key_digests` are hexadecimal SHA-256 of
    salt and key, one a form the key can take on the wire; empty: the station has no key of its own. `next_key_digests` are
    those of the key that it has taken and uses after its next reboot; it takes the other's place with the first connection.
    `serial_number` is the commonName of its certificate where that is not the station id.
    """

    station_id: str
    security_profile: int | None = None
    key_salt: str = ""
    key_digests: tuple[str, ...] = ()
    serial_number: str = ""
    registered_at: float = 0.0
    next_key_digests: tuple[str, ...] = ()


class BootDecision(StrEnum):
    """What BootNotification.conf says (OCPP 1.6 §7.34)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class BootRule(msgspec.Struct, frozen=True):
    """A rule for BootNotification: the first whose patterns all match decides.

    Patterns are shell-style (`*`, `?`, `[…]`) and match the whole text, upper and lower case being the same; an empty
    one matches everything. `interval_seconds` None: the heartbeat interval of the central system.
    """

    status: BootDecision
    station_id: str = ""
    vendor: str = ""
    model: str = ""
    firmware_version: str = ""
    interval_seconds: int | None = None


class ConfigurationReport(msgspec.Struct, frozen=True):
    """What became of the configuration wishes for a station when they were last applied.

    `results` is, by key, the ConfigurationStatus that the station answered (OCPP 1.6 §7.22) or what went wrong.
    """

    applied_at: float
    results: dict[str, str] = {}


class StationEventKind(StrEnum):
    """What happened at, or to, a station."""

    BOOT = "Boot"
    CERTIFICATE = "Certificate"
    CONFIGURATION = "Configuration"
    CONNECTION_REFUSED = "ConnectionRefused"
    DIAGNOSTICS_STATUS = "DiagnosticsStatus"
    FAULT = "Fault"
    FIRMWARE_STATUS = "FirmwareStatus"
    LOG_STATUS = "LogStatus"
    SECURITY = "Security"
    SIGNED_FIRMWARE_STATUS = "SignedFirmwareStatus"
    TRANSACTION_FLAGGED = "TransactionFlagged"
    UPLOAD = "Upload"


class StationEvent(msgspec.Struct, frozen=True):
    """One entry of a station's event list. `status` is the word of OCPP for it, where there is one.

    `at` is when we learned of it; `reported_at` is when it happened, by the station's clock, where it says so.
    """

    at: float
    kind: StationEventKind
    status: str = ""
    detail: str = ""
    request_id: int | None = None
    reported_at: float | None = None


class UploadRecord(msgspec.Struct, frozen=True):
    """A file that a station has uploaded; the content is stored apart."""

    upload_id: str
    station_id: str
    filename: str
    size: int
    sha256: str
    received_at: float


class CsmsNotice(StrEnum):
    """What a replica is told in a `Command` that is no OCPP Action. Nobody waits for an answer."""

    CONNECTION_REPLACED = "evswarm.ConnectionReplaced"
    """The station has connected to another replica since."""
    CONFIGURATION_WISHED = "evswarm.ConfigurationWished"
    """There are new configuration wishes for the station."""
    STATION_FORGOTTEN = "evswarm.StationForgotten"
    """The station is not registered any more: its connection ends."""
