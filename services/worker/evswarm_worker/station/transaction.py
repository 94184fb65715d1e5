"""One transaction at a connector: what it is known by, and its life as a literal table (OCPP 1.6 §4.8, §4.10)."""

from collections.abc import Mapping
from enum import IntEnum, auto
from math import inf
from typing import Final

from evswarm_shared.bus.station_ledger import TransactionBegan
from evswarm_shared.ocpp16.datatypes import MeterValue
from evswarm_worker.station.outbox import UNKNOWN_TRANSACTION


class TransactionState(IntEnum):
    """How far a transaction has come."""

    STARTED = 0
    """Begun at the station; the central system has not answered yet."""
    CONFIRMED = 1
    REFUSED = 2
    """Known to the central system, which does not accept the tag."""
    LOST = 3
    """The central system would not take the start: it goes on without an id (OCPP 1.6 errata §3.18)."""
    STOPPED = 4


class TransactionEvent(IntEnum):
    """What can happen to a transaction."""

    ACCEPTED = auto()
    REFUSED = auto()
    GIVEN_UP = auto()
    """The last attempt to deliver the start failed."""
    STOP = auto()


_S = TransactionState
_E = TransactionEvent

TRANSITIONS: Final[Mapping[tuple[TransactionState, TransactionEvent], TransactionState]] = {
    (_S.STARTED, _E.ACCEPTED): _S.CONFIRMED,
    (_S.STARTED, _E.REFUSED): _S.REFUSED,
    (_S.STARTED, _E.GIVEN_UP): _S.LOST,
    (_S.STARTED, _E.STOP): _S.STOPPED,
    (_S.CONFIRMED, _E.STOP): _S.STOPPED,
    (_S.REFUSED, _E.STOP): _S.STOPPED,
    (_S.LOST, _E.STOP): _S.STOPPED,
}
"""state × event → state; a pair that is missing changes nothing."""


class Transaction:
    """An open transaction. `serial` is the station's own number of it, `transaction_id` the central system's.

    `told_started_at` is the start as the StartTransaction tells it, `earned_units_before` what the meter had earned by
    then. Meter readings in mWh, `started_at` in simulated unix seconds. `stop_at_mwh`: the register at which it must end,
    because the tag was refused and MaxEnergyOnInvalidId grants no more. `granted_w` is what the station's own rules
    let the connector offer, before any charging profile. `samples` are the readings that the stop will carry; None
    where none are asked for.
    """

    __slots__ = (
        "earned_units_before",
        "granted_w",
        "id_tag",
        "meter_start_mwh",
        "parent_id_tag",
        "samples",
        "serial",
        "started_at",
        "state",
        "stop_at_mwh",
        "told_started_at",
        "transaction_id",
    )

    def __init__(
        self, serial: int, id_tag: str, parent_id_tag: str, meter_start_mwh: int, started_at: float
    ) -> None:
        self.serial = serial
        self.id_tag = id_tag
        self.parent_id_tag = parent_id_tag
        self.meter_start_mwh = meter_start_mwh
        self.started_at = started_at
        self.state = TransactionState.STARTED
        self.transaction_id = UNKNOWN_TRANSACTION
        self.stop_at_mwh = inf
        self.told_started_at = started_at
        self.earned_units_before = 0
        self.granted_w = inf
        self.samples: list[MeterValue] | None = None

    def apply(self, event: TransactionEvent) -> None:
        """Let the event happen; where it means nothing, nothing changes."""
        self.state = TRANSITIONS.get((self.state, event), self.state)

    def began(self, connector_id: int) -> TransactionBegan:
        """How the station's book of transactions tells its beginning."""
        return TransactionBegan(
            self.serial, connector_id, self.id_tag, self.meter_start_mwh // 1000, self.told_started_at
        )
