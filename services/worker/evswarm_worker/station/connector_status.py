"""The statuses of a connector and what moves it from one to the next, as one literal table (OCPP 1.6 §4.9).

A fault lies over the status and hides it: while it lasts, the status behind it goes on moving, so that clearing the
fault returns to where the connector would be without it.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from ocpp.v16.enums import ChargePointStatus


class ConnectorEvent(Enum):
    """What can happen to a connector; the letters are those of the table in OCPP 1.6 §4.9."""

    USE_BEGINS = auto()
    """A plug is put in, a tag presented, a start asked for from afar (A2, F2, G2, H2)."""
    USE_ENDS = auto()
    """Nothing is left for a person to do (B1, C1, D1, E1, F1)."""
    ENERGY_FLOWS = auto()
    """(B3, D3, E3)"""
    EV_PAUSES = auto()
    """Energy is offered and not taken (B4, C4, E4)."""
    EVSE_PAUSES = auto()
    """No energy is offered (B5, C5, D5)."""
    TRANSACTION_ENDS = auto()
    """The transaction is over, the cable still there (C6, D6, E6)."""
    TAG_TIMES_OUT = auto()
    """A plug is in and no tag came within ConnectionTimeOut (B6)."""
    RESERVATION_BEGINS = auto()
    RESERVATION_ENDS = auto()
    GOES_OUT_OF_SERVICE = auto()
    """Nobody uses the connector and it is to be inoperative (A8, F8, G8)."""
    COMES_INTO_SERVICE = auto()
    """(H1)"""

    __hash__ = object.__hash__


_E = ConnectorEvent
_S = ChargePointStatus

TRANSITIONS: Final[Mapping[tuple[ChargePointStatus, ConnectorEvent], ChargePointStatus]] = {
    (_S.available, _E.USE_BEGINS): _S.preparing,
    (_S.available, _E.RESERVATION_BEGINS): _S.reserved,
    (_S.available, _E.GOES_OUT_OF_SERVICE): _S.unavailable,
    (_S.preparing, _E.USE_ENDS): _S.available,
    (_S.preparing, _E.ENERGY_FLOWS): _S.charging,
    (_S.preparing, _E.EV_PAUSES): _S.suspended_ev,
    (_S.preparing, _E.EVSE_PAUSES): _S.suspended_evse,
    (_S.preparing, _E.TAG_TIMES_OUT): _S.finishing,
    (_S.charging, _E.USE_ENDS): _S.available,
    (_S.charging, _E.EV_PAUSES): _S.suspended_ev,
    (_S.charging, _E.EVSE_PAUSES): _S.suspended_evse,
    (_S.charging, _E.TRANSACTION_ENDS): _S.finishing,
    (_S.suspended_ev, _E.USE_ENDS): _S.available,
    (_S.suspended_ev, _E.ENERGY_FLOWS): _S.charging,
    (_S.suspended_ev, _E.EVSE_PAUSES): _S.suspended_evse,
    (_S.suspended_ev, _E.TRANSACTION_ENDS): _S.finishing,
    (_S.suspended_evse, _E.USE_ENDS): _S.available,
    (_S.suspended_evse, _E.ENERGY_FLOWS): _S.charging,
    (_S.suspended_evse, _E.EV_PAUSES): _S.suspended_ev,
    (_S.suspended_evse, _E.TRANSACTION_ENDS): _S.finishing,
    (_S.finishing, _E.USE_BEGINS): _S.preparing,
    (_S.finishing, _E.USE_ENDS): _S.available,
    (_S.finishing, _E.GOES_OUT_OF_SERVICE): _S.unavailable,
    (_S.reserved, _E.USE_BEGINS): _S.preparing,
    (_S.reserved, _E.RESERVATION_ENDS): _S.available,
    (_S.reserved, _E.GOES_OUT_OF_SERVICE): _S.unavailable,
    (_S.unavailable, _E.USE_BEGINS): _S.preparing,
    (_S.unavailable, _E.COMES_INTO_SERVICE): _S.available,
}
"""status × event → status; a pair that is missing changes nothing. Faulted is not in it: it lies over the others."""


def next_status(status: ChargePointStatus, event: ConnectorEvent) -> ChargePointStatus:
    """The status after the event; the same one where the event means nothing."""
    return TRANSITIONS.get((status, event), status)
