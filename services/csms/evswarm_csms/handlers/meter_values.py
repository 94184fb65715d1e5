"""MeterValues (OCPP 1.6 §4.7)."""

from msgspec import UNSET

from evswarm_csms.ledger import register_wh
from evswarm_shared.ocpp16.messages import MeterValues, MeterValuesResponse

_RECEIVED = MeterValuesResponse()


def handle(request: MeterValues) -> tuple[MeterValuesResponse, tuple[int, int] | None]:
    """Take the readings; returns (transaction id, register in Wh) to note, when the message has both."""
    if request.transaction_id is UNSET:
        return _RECEIVED, None
    wh = register_wh(request.meter_value)
    return _RECEIVED, None if wh is None else (request.transaction_id, wh)
