"""One connector of a station: its status, its cable, who uses it, and when it next needs attention. Data and rules
that concern it alone; what it says to the central system is decided elsewhere.
"""

from enum import IntEnum
from math import inf
from typing import Final, NamedTuple

from ocpp.v16.enums import ChargePointErrorCode, ChargePointStatus, ReadingContext

from evswarm_worker.behaviour.visits import Visit
from evswarm_worker.station.charging_profiles import InstalledProfile
from evswarm_worker.station.connector_status import ConnectorEvent, next_status
from evswarm_worker.station.meter import Meter
from evswarm_worker.station.reservation import Reservation
from evswarm_worker.station.transaction import Transaction

_NO_ERROR: Final = ChargePointErrorCode.no_error
_FAULTED: Final = ChargePointStatus.faulted


class TagState(IntEnum):
    """What became of the tag that was presented last."""

    NONE = 0
    ASKED = 1
    """The central system was asked and has not answered."""
    AUTHORIZED = 2
    """It may charge as soon as everything else allows."""


class IntervalMark(NamedTuple):
    """The last reading of a kind: when (simulated unix seconds), the register (mWh) of the one before, and its own."""

    at: float
    before: int
    register: int


class Connector:
    """A connector; ids count from 1 (OCPP 1.6 §3.8).

    The `…_at` fields are simulated unix seconds at which something happens, infinite when nothing will; `due` is the
    least of them; at `attend_at` a limit of the charging profiles changes, a reservation ends or a refused tag has got
    what it is granted. `report_at` is real unix seconds. `settled`: the car got all it will get before it leaves.
    `visit` None: a person drives the connector by hand, and nobody comes by himself meanwhile.
    `remote_profile` came with a remote start and waits for its transaction; `interval_marks` are the last readings
    by context, kept only where interval energies are asked for.
    """

    __slots__ = (
        "aligned_at",
        "arrive_at",
        "attend_at",
        "connector_id",
        "due",
        "error_code",
        "id_tag",
        "interval_marks",
        "last_wait_reason",
        "leave_at",
        "meter",
        "operative",
        "parent_id_tag",
        "remote_profile",
        "report_at",
        "reported",
        "reported_error",
        "reservation",
        "retry_at",
        "sample_at",
        "settled",
        "status",
        "tag_at",
        "tag_state",
        "timeout_at",
        "transaction",
        "visit",
    )

    def __init__(self, connector_id: int, at: float) -> None:
        self.connector_id = connector_id
        self.status = ChargePointStatus.available
        self.error_code = _NO_ERROR
        self.operative = True
        self.reported: ChargePointStatus | None = None
        self.reported_error = _NO_ERROR
        self.report_at = inf
        self.meter = Meter(at)
        self.transaction: Transaction | None = None
        self.visit: Visit | None = None
        self.settled = False
        self.id_tag = ""
        self.parent_id_tag = ""
        self.tag_state = TagState.NONE
        self.remote_profile: InstalledProfile | None = None
        self.reservation: Reservation | None = None
        self.interval_marks: dict[ReadingContext, IntervalMark] | None = None
        self.last_wait_reason = ""
        self.arrive_at = inf
        self.tag_at = inf
        self.leave_at = inf
        self.sample_at = inf
        self.aligned_at = inf
        self.attend_at = inf
        self.retry_at = inf
        self.timeout_at = inf
        self.due = inf

    @property
    def plugged(self) -> bool:
        """Whether a car is at the cable."""
        return self.meter.car is not None

    @property
    def faulted(self) -> bool:
        """Whether an error lies over the status."""
        return self.error_code is not _NO_ERROR

    @property
    def visible_status(self) -> ChargePointStatus:
        """What the central system is told: Faulted while an error lies over the status."""
        return self.status if self.error_code is _NO_ERROR else _FAULTED

    def apply(self, event: ConnectorEvent) -> bool:
        """Let the event happen to the status; True when the status is another one now."""
        status = next_status(self.status, event)
        if status is self.status:
            return False
        self.status = status
        return True

    def schedule(self) -> None:
        """Work out `due` after any of the times changed."""
        self.due = min(
            self.arrive_at,
            self.tag_at,
            self.leave_at,
            self.sample_at,
            self.aligned_at,
            self.attend_at,
            self.retry_at,
            self.timeout_at,
        )

    def forget_tag(self) -> None:
        """Nobody is authorised here any more."""
        self.id_tag = ""
        self.parent_id_tag = ""
        self.tag_state = TagState.NONE
        self.remote_profile = None
        self.retry_at = inf
        self.last_wait_reason = ""
