"""Everything one station is made of, and the few operations that all of its concerns share.

The concerns (messaging, registration, reporting, charging, visiting, the commands) are modules of functions over a
`Cabinet`; `station` calls them. `now` and `at` are the moment being lived through: real and simulated unix seconds.
"""

from collections.abc import Mapping
from enum import Enum, auto
from math import ceil, inf
from typing import TYPE_CHECKING, Any, Final

from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus

from evswarm_shared.bus.messages import Conditions, Tariff
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.ocpp16.configuration_values import MESSAGE_TIMEOUT
from evswarm_shared.ocpp16.timestamps import Timestamp
from evswarm_shared.telemetry.counts import DroppedFrame, StationCounts
from evswarm_worker.behaviour.draws import Draws
from evswarm_worker.behaviour.profiles import policy_fields
from evswarm_worker.station.authorization_cache import AuthorizationCache
from evswarm_worker.station.calls import Calls, PendingCall
from evswarm_worker.station.charging_profiles import InstalledProfile
from evswarm_worker.station.config import StationConfig
from evswarm_worker.station.configuration import Configuration
from evswarm_worker.station.connector import Connector
from evswarm_worker.station.effects import Effect, LogLine
from evswarm_worker.station.errors import StationError
from evswarm_worker.station.link import LinkState
from evswarm_worker.station.local_list import LocalList
from evswarm_worker.station.local_time import local_time
from evswarm_worker.station.outbox import Outbox
from evswarm_worker.station.reservation import Reservation

if TYPE_CHECKING:
    from evswarm_worker.station.firmware_update import FirmwareUpdate
    from evswarm_worker.station.log_upload import LogUpload
    from evswarm_worker.station.metering import Samples
    from evswarm_worker.station.security import Security

FIRST_FIRMWARE: Final = "1.0.0"
"""The version that stations are delivered with."""

DEFAULT_HEARTBEAT_SECONDS: Final = 60.0
"""Until the central system names an interval, and when it names 0."""

_ACCEPTED: Final = LinkState.ACCEPTED
_NO_ERROR: Final = ChargePointErrorCode.no_error


class Ending(Enum):
    """What a station does as soon as the messages of its ended transactions are delivered."""

    REBOOT = auto()
    STOP = auto()


class Cabinet:
    """The parts of a station.

    The `…_at` fields are real unix seconds, infinite when nothing is due. `firmware`, `log_upload`,
    `diagnostics_upload` and `security` are None until something of it happens, and `upkeep_at` is when one of them is to be looked after. `booted`:
    accepted since the last boot, so that a reconnect is none; `accepted_ever`: somebody can be charged for energy
    (OCPP 1.6 §4.2.1). `switched_off`: it was stopped, and nobody can have used it since. `autonomous`: people come
    and go, and the policy is asked, without anybody's hand. `replies` are encoded answers to the central system
    that wait for the end of the input. `error_code` is that of the station as a whole. `server_chain`: what the server of an open TLS connection was
    verified by, DER, its own certificate first; empty without TLS. `lasting_changed`: the checkpoint must be stored before anything is sent.
    `call_timeout`: real seconds that a CALL of the station waits for its answer. `grid` holds the policy's optional measurements. `local_list`, `profiles` and `reservation` (that of no
    connector in particular) are None until the central system sends some. `wake_at`: nothing at all happens before;
    `real_due` and (in simulated time) `simulated_due`: nothing that hangs on that time. `report_due`: no status
    will have lasted for long enough. `samples` are those that the configuration asks for, None until somebody wants to know.
    """

    __slots__ = (
        "accepted_ever",
        "at",
        "attempt_at",
        "autonomous",
        "boot_at",
        "booted",
        "cache",
        "call_timeout",
        "calls",
        "changed_at",
        "clock",
        "clock_ignored",
        "clock_offset",
        "config",
        "configuration",
        "connected_at",
        "connectors",
        "counts",
        "diagnostics_upload",
        "draws",
        "effects",
        "end_at",
        "ending",
        "error_code",
        "failures",
        "firmware",
        "firmware_version",
        "grid",
        "heartbeat_at",
        "heartbeat_sent_at",
        "jitter",
        "last_message",
        "last_message_at",
        "lasting_changed",
        "link",
        "local_list",
        "local_time",
        "log_upload",
        "max_energy_wh",
        "max_power_w",
        "next_serial",
        "next_transfer",
        "now",
        "operative",
        "outbox",
        "policy",
        "profiles",
        "real_due",
        "replies",
        "report_due",
        "reported",
        "reservation",
        "samples",
        "security",
        "server_chain",
        "simulated_due",
        "snapshot_changed",
        "store_at",
        "switched_off",
        "tariff",
        "upkeep_at",
        "wake_at",
    )

    def __init__(
        self,
        config: StationConfig,
        *,
        tariff: Tariff,
        clock: SimulatedClock,
        counts: StationCounts,
        now: float,
        conditions: Conditions,
    ) -> None:
        at = clock.simulated(now)
        profile = config.profile
        connectors = profile.connectors if config.connectors is None else config.connectors
        if connectors < 1:
            raise StationError(f"{config.station_id} needs at least one connector, not {connectors}")
        self.config = config
        self.tariff = tariff
        self.clock = clock
        self.counts = counts
        self.now = now
        self.at = at
        self.local_time = local_time(config.timezone)
        self.max_power_w = profile.max_power_w
        self.take_conditions(conditions, connectors)
        self.draws = Draws(config.seed, config.index)
        self.jitter = self.draws.derive("connection")
        self.configuration = Configuration(
            profile,
            connectors,
            0 if config.security is None else config.security.profile,
            max(1, ceil(config.call_timeout_seconds)),
        )
        self.configuration.override(config.configuration)
        self.samples: Samples | None = None
        self.take_message_timeout()
        self.connectors = tuple(Connector(number, at) for number in range(1, connectors + 1))
        self.calls = Calls(connectors)
        self.outbox = Outbox()
        self.cache = AuthorizationCache()
        self.local_list: LocalList | None = None
        self.profiles: tuple[InstalledProfile, ...] | None = None
        self.reservation: Reservation | None = None
        self.effects: list[Effect] = []
        self.replies: list[bytes] | None = None

        self.link = LinkState.OFF
        self.booted = False
        self.switched_off = False
        self.accepted_ever = False
        self.ending: Ending | None = None
        self.failures = 0
        self.connected_at = 0.0
        self.heartbeat_sent_at = 0.0
        self.clock_offset = 0.0
        self.clock_ignored = False
        self.operative = True
        self.error_code = ChargePointErrorCode.no_error
        self.autonomous = config.autonomous
        self.reported: ChargePointStatus | None = None
        self.next_serial = 1
        self.firmware_version = FIRST_FIRMWARE
        self.firmware: FirmwareUpdate | None = None
        self.log_upload: LogUpload | None = None
        self.diagnostics_upload: LogUpload | None = None
        self.security: Security | None = None
        self.server_chain: tuple[bytes, ...] = ()
        self.next_transfer = 0

        self.attempt_at = inf
        self.boot_at = inf
        self.heartbeat_at = inf
        self.store_at = inf
        self.end_at = inf
        self.upkeep_at = inf
        self.report_due = inf
        self.simulated_due = inf
        self.real_due = -inf
        self.wake_at = -inf

        self.lasting_changed = False
        self.snapshot_changed = False
        self.last_message = ""
        self.last_message_at = 0.0
        self.changed_at = now

    @property
    def online(self) -> bool:
        """Connected and accepted: everything may be sent."""
        return self.link is _ACCEPTED

    @property
    def faulted(self) -> bool:
        """Whether the station as a whole, its connector 0, is broken (OCPP 1.6 §4.9)."""
        return self.error_code is not _NO_ERROR

    @property
    def usable(self) -> bool:
        """Whether the station as a whole lets anybody begin to charge."""
        return self.operative and not self.faulted

    def take_conditions(self, conditions: Conditions, connectors: int) -> None:
        """Let the policy go by these, from its next question on."""
        profile = self.config.profile
        self.policy: Mapping[str, Any] = policy_fields(
            profile, connectors, conditions.policies.get(profile.name)
        )
        self.max_energy_wh = self.policy["max_energy_kwh"] * 1000.0
        self.grid = conditions.signals() or None

    def take_message_timeout(self) -> None:
        """Wait for answers as long as MessageTimeout says; until somebody sets it, as the worker does (errata §3.83)."""
        changed = self.configuration.is_changed(MESSAGE_TIMEOUT)
        self.call_timeout = (
            float(self.configuration.integer(MESSAGE_TIMEOUT))
            if changed
            else self.config.call_timeout_seconds
        )

    def connector(self, connector_id: int) -> Connector | None:
        """The connector of this id, if there is one; 0 is none."""
        return self.connectors[connector_id - 1] if 0 < connector_id <= len(self.connectors) else None

    def call(self, call: PendingCall, *, first: bool = False) -> bool:
        """Put a call in line, in front of it when it must not wait; False, and counted, when there is no room."""
        taken = self.calls.enqueue(call, first=first)
        if not taken:
            self.counts.dropped_frames.add(DroppedFrame.QUEUE_FULL)
        return taken

    def look_soon(self) -> None:
        """Have the rare concerns looked after at the end of this input, or at once if that is over."""
        self.upkeep_at = self.now

    def new_transfer(self) -> int:
        """A number that no other download or upload of this station has."""
        self.next_transfer += 1
        return self.next_transfer

    def log(self, message: str) -> None:
        """Write a line to the station's log."""
        self.effects.append(LogLine(f"[{self.local_time.clock(self.at)}] {message}"))

    def timestamp(self, at: float | None = None) -> Timestamp:
        """The simulated time as the station's own clock shows it, for the wire."""
        return Timestamp((self.at if at is None else at) + self.clock_offset)

    def touch(self) -> None:
        """The row of the station looks different now."""
        self.snapshot_changed = True
        self.changed_at = self.now

    def utc_offset(self) -> float:
        """Seconds that local time is ahead of UTC."""
        return float(self.local_time.offset(self.at))


def masked(id_tag: str) -> str:
    """A tag as logs may show it: its last two characters, and of a tag that has no more than these none."""
    shown = id_tag[-2:] if len(id_tag) > 2 else ""
    return "*" * (len(id_tag) - len(shown)) + shown
