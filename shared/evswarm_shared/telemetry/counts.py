"""Counters as plain integers, cheap enough for every message. Pure: no clock, no prometheus_client.

Every label value comes from a closed list and is there from the start with 0; what is not on the list counts under
`OTHER`, so that no peer can grow the number of series. `exposition` reads these objects when it is scraped.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from ocpp.v16.enums import Action, Reason, RegistrationStatus

OTHER: Final = "other"
"""The label value of everything that is on no list."""

ACTIONS: Final = tuple(action.value for action in Action)
ERROR_CODES: Final = (
    "NotImplemented",
    "NotSupported",
    "InternalError",
    "ProtocolError",
    "SecurityError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",
    "TypeConstraintViolation",
    "GenericError",
)
"""The CALLERROR codes as OCPP-J 1.6 §4.2.3 spells them."""

CALL_DURATION_BOUNDS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)
"""Upper bounds in seconds of the classic histogram of answers."""

TRANSACTION_DURATION_BOUNDS: Final = (
    60.0,
    300.0,
    900.0,
    1800.0,
    3600.0,
    7200.0,
    14400.0,
    28800.0,
    57600.0,
    86400.0,
)


class ConnectResult(StrEnum):
    """How an attempt to open a WebSocket ended."""

    OPENED = "opened"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    AUTHENTICATION_REFUSED = "authentication_refused"
    NO_SUBPROTOCOL = "no_subprotocol"
    TLS = "tls"
    TLS_VERSION = "tls_version"
    TLS_CIPHER_SUITE = "tls_cipher_suite"
    UNTRUSTED = "untrusted"


class DisconnectReason(StrEnum):
    """Why an open WebSocket ended."""

    CLOSED_BY_US = "closed_by_us"
    CLOSED_BY_PEER = "closed_by_peer"
    REPLACED = "replaced"
    LOST = "lost"
    PING_TIMEOUT = "ping_timeout"
    SLOW_PEER = "slow_peer"
    PROTOCOL_VIOLATION = "protocol_violation"
    TOO_BIG = "too_big"
    AUTHENTICATION_REFUSED = "authentication_refused"


class DroppedFrame(StrEnum):
    """What made a frame go by without effect."""

    MALFORMED = "malformed"
    UNKNOWN_TYPE = "unknown_type"
    UNSOLICITED = "unsolicited"
    INVALID = "invalid"
    NOT_REGISTERED = "not_registered"
    QUEUE_FULL = "queue_full"


class PolicyReason(StrEnum):
    """Why the charging policy decided as it did: label values for the reasons it gives in words."""

    CONDITIONS_OK = "conditions_ok"
    ENERGY_CAP = "energy_cap"
    PRICE = "price"
    PEAK_HOUR = "peak_hour"
    GRID = "grid"
    CARBON = "carbon"


class PolicyAction(StrEnum):
    """What the charging policy can decide."""

    CHARGE = "charge"
    WAIT = "wait"
    PAUSE = "pause"
    RAMP_DOWN = "ramp_down"
    CONTINUE = "continue"
    STOP = "stop"


class FaultKind(StrEnum):
    """What can be made to go wrong by hand."""

    CONNECTOR_FAULT = "connector_fault"
    NETWORK_DOWN = "network_down"
    POWER_CYCLE = "power_cycle"


class Tally(dict[str, int]):
    """Counts by one label of a closed list; the rest goes to `OTHER`."""

    __slots__ = ()

    def __init__(self, labels: Iterable[str]) -> None:
        super().__init__(dict.fromkeys(map(str, labels), 0))
        self[OTHER] = 0

    def add(self, label: str, amount: int = 1) -> None:
        """Count `amount` more under `label`."""
        if label in self:
            self[label] += amount
        else:
            self[OTHER] += amount


class PairTally(dict[tuple[str, str], int]):
    """Counts by two labels, each of a closed list; a pair that is not on it goes to (`OTHER`, `OTHER`)."""

    __slots__ = ()

    def __init__(self, first: Iterable[str], second: Iterable[str]) -> None:
        seconds = [str(label) for label in second]
        super().__init__({(str(one), two): 0 for one in first for two in seconds})
        self[OTHER, OTHER] = 0

    def add(self, first: str, second: str, amount: int = 1) -> None:
        """Count `amount` more under the pair."""
        pair = (first, second)
        if pair in self:
            self[pair] += amount
        else:
            self[OTHER, OTHER] += amount


class Histogram:
    """Observations in fixed buckets. `buckets[i]` counts those in (bounds[i-1], bounds[i]]; the last, those above."""

    __slots__ = ("bounds", "buckets", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one observation, in the unit of the bounds."""
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many observations there were."""
        return sum(self.buckets)

    def quantile(self, q: float) -> float:
        """The upper bound of the bucket that holds the quantile `q`; infinite above the last, 0 without any."""
        target = q * self.count
        if target == 0:
            return 0.0
        seen = 0
        for bound, held in zip(self.bounds, self.buckets, strict=False):
            seen += held
            if seen >= target:
                return bound
        return float("inf")


class HistogramTally(dict[str, Histogram]):
    """Histograms by one label of a closed list; the rest goes to `OTHER`."""

    __slots__ = ()

    def __init__(self, labels: Iterable[str], bounds: tuple[float, ...]) -> None:
        super().__init__({str(label): Histogram(bounds) for label in labels})
        self[OTHER] = Histogram(bounds)

    def observe(self, label: str, value: float) -> None:
        """Count one observation under `label`."""
        histogram = self.get(label)
        if histogram is None:
            histogram = self[OTHER]
        histogram.observe(value)


class ProtocolCounts:
    """What one process sent, received and saw go wrong: the same on both sides of OCPP-J.

    Answers are counted under the action they answer. `call_errors` holds CALLERRORs received for our own calls, by
    (action, error code). `calls_pending` is a gauge of our calls in flight. Durations are seconds from the moment a
    call is written to the moment its answer is read; a call without an answer is in `call_timeouts` only.
    """

    __slots__ = (
        "boots",
        "bytes_received",
        "bytes_sent",
        "call_duration",
        "call_errors",
        "call_errors_received",
        "call_errors_sent",
        "call_results_received",
        "call_results_sent",
        "call_timeouts",
        "calls_pending",
        "calls_received",
        "calls_sent",
        "connect_duration",
        "connects",
        "disconnects",
        "dropped_frames",
    )

    def __init__(self, actions: Iterable[str] = ACTIONS) -> None:
        actions = tuple(actions)
        self.calls_sent = Tally(actions)
        self.calls_received = Tally(actions)
        self.call_results_sent = Tally(actions)
        self.call_results_received = Tally(actions)
        self.call_errors_sent = Tally(actions)
        self.call_errors_received = Tally(actions)
        self.call_errors = PairTally(actions, ERROR_CODES)
        self.call_timeouts = Tally(actions)
        self.call_duration = HistogramTally(actions, CALL_DURATION_BOUNDS)
        self.calls_pending = 0
        self.connects = Tally(ConnectResult)
        self.disconnects = Tally(DisconnectReason)
        self.connect_duration = Histogram(CALL_DURATION_BOUNDS)
        self.bytes_sent = 0
        self.bytes_received = 0
        self.boots = Tally(RegistrationStatus)
        self.dropped_frames = Tally(DroppedFrame)

    def messages(self) -> Mapping[tuple[str, str], Tally]:
        """(direction, message type) → the counts by action."""
        return {
            ("sent", "Call"): self.calls_sent,
            ("sent", "CallResult"): self.call_results_sent,
            ("sent", "CallError"): self.call_errors_sent,
            ("received", "Call"): self.calls_received,
            ("received", "CallResult"): self.call_results_received,
            ("received", "CallError"): self.call_errors_received,
        }


class StationCounts(ProtocolCounts):
    """What the stations of one worker did, on top of what they said.

    `transaction_duration` is in simulated seconds.
    """

    __slots__ = (
        "faults_injected",
        "policy_decisions",
        "transaction_duration",
        "transactions_started",
        "transactions_stopped",
    )

    def __init__(self, actions: Iterable[str] = ACTIONS) -> None:
        super().__init__(actions)
        self.policy_decisions = PairTally(PolicyAction, PolicyReason)
        self.transactions_started = 0
        self.transactions_stopped = Tally(Reason)
        self.transaction_duration = Histogram(TRANSACTION_DURATION_BOUNDS)
        self.faults_injected = Tally(FaultKind)
