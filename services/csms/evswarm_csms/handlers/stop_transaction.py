"""StopTransaction (OCPP 1.6 §4.10)."""

from msgspec import UNSET

from evswarm_csms.handlers.id_tags import id_tag_info
from evswarm_csms.ledger import closed
from evswarm_shared.bus.messages import IdTagRecord, TransactionRecord
from evswarm_shared.ocpp16.messages import StopTransaction, StopTransactionResponse


def handle(
    request: StopTransaction,
    station_id: str,
    found: TransactionRecord | None,
    *,
    last_meter_wh: int | None = None,
    fell: bool = False,
) -> TransactionRecord | None:
    """The transaction as it is to be stored. None: this station has none with that id; `ledger.orphan` books it.

    A transaction of another station that happens to have the id is left alone.
    """
    if found is None or found.station_id != station_id:
        return None
    return closed(found, request, last_meter_wh=last_meter_wh, fell=fell)


def answer(
    request: StopTransaction, tag: IdTagRecord | None, *, accept_unknown: bool, now: float
) -> StopTransactionResponse:
    """Receive the message; with a tag in it, judge the tag. The stop itself cannot be refused."""
    if request.id_tag is UNSET:
        return StopTransactionResponse()
    return StopTransactionResponse(id_tag_info=id_tag_info(tag, accept_unknown=accept_unknown, now=now))
