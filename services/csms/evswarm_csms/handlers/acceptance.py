"""Which messages are taken from a station that the central system does not know as accepted.

OCPP 1.6 §4.2 wants a BootNotification before anything else, and errata OCPP-J §3.10 a SecurityError to what comes
earlier. A station that was accepted and then forgotten by us is another case: it will not boot again by itself, so it
is asked to, and its transaction messages are taken meanwhile.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from ocpp.v16.enums import RegistrationStatus

from evswarm_shared.bus.messages import StationRecord
from evswarm_shared.ocpp16.messages import (
    BootNotification,
    MeterValues,
    Request,
    StartTransaction,
    StopTransaction,
)


class Acceptance(Enum):
    """What is known about a station's registration."""

    ACCEPTED = auto()
    REGISTERED = auto()
    """Known, and never accepted so far."""
    REJECTED = auto()
    """Known, and rejected just now: it answers nothing (OCPP 1.6 §4.2)."""
    NO_RECORD = auto()
    """New here, or forgotten by us: the two look the same."""
    STORE_AWAY = auto()
    """It cannot be looked up now."""


class Kind(Enum):
    """Messages by what acceptance means to them."""

    BOOT = auto()
    TRANSACTION = auto()
    OTHER = auto()


class Verdict(NamedTuple):
    """Whether to process the message, and whether to ask for a BootNotification."""

    take: bool
    ask_to_boot: bool


KINDS: Final[Mapping[type[Request], Kind]] = {
    BootNotification: Kind.BOOT,
    StartTransaction: Kind.TRANSACTION,
    StopTransaction: Kind.TRANSACTION,
    MeterValues: Kind.TRANSACTION,
}

_AFTER_BOOT: Final = {
    RegistrationStatus.accepted: Acceptance.ACCEPTED,
    RegistrationStatus.pending: Acceptance.REGISTERED,
    RegistrationStatus.rejected: Acceptance.REJECTED,
}

_TAKE: Final = Verdict(take=True, ask_to_boot=False)
_TAKE_AND_ASK: Final = Verdict(take=True, ask_to_boot=True)
_REFUSE: Final = Verdict(take=False, ask_to_boot=False)
_REFUSE_AND_ASK: Final = Verdict(take=False, ask_to_boot=True)

TABLE: Final[Mapping[tuple[Acceptance, Kind], Verdict]] = {
    (Acceptance.ACCEPTED, Kind.BOOT): _TAKE,
    (Acceptance.ACCEPTED, Kind.TRANSACTION): _TAKE,
    (Acceptance.ACCEPTED, Kind.OTHER): _TAKE,
    (Acceptance.REGISTERED, Kind.BOOT): _TAKE,
    (Acceptance.REGISTERED, Kind.TRANSACTION): _REFUSE,
    (Acceptance.REGISTERED, Kind.OTHER): _REFUSE,
    (Acceptance.REJECTED, Kind.BOOT): _TAKE,
    (Acceptance.REJECTED, Kind.TRANSACTION): _REFUSE,
    (Acceptance.REJECTED, Kind.OTHER): _REFUSE,
    (Acceptance.NO_RECORD, Kind.BOOT): _TAKE,
    (Acceptance.NO_RECORD, Kind.TRANSACTION): _TAKE_AND_ASK,
    (Acceptance.NO_RECORD, Kind.OTHER): _REFUSE_AND_ASK,
    (Acceptance.STORE_AWAY, Kind.BOOT): _TAKE,
    (Acceptance.STORE_AWAY, Kind.TRANSACTION): _TAKE,
    (Acceptance.STORE_AWAY, Kind.OTHER): _TAKE,
}


def acceptance_of(record: StationRecord | None) -> Acceptance:
    """What a station's record says."""
    if record is None:
        return Acceptance.NO_RECORD
    return Acceptance.ACCEPTED if record.accepted else Acceptance.REGISTERED


def acceptance_after(status: RegistrationStatus) -> Acceptance:
    """What a BootNotification.conf makes of the station."""
    return _AFTER_BOOT[status]


def verdict(acceptance: Acceptance, request: type[Request], *, triggered: bool) -> Verdict:
    """What to do with a message; `triggered`: we asked for it by TriggerMessage, then it is taken in any case."""
    if triggered:
        return _TAKE
    return TABLE[acceptance, KINDS.get(request, Kind.OTHER)]
