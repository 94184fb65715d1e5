"""StartTransaction (OCPP 1.6 §4.8)."""

from collections.abc import Sequence

from ocpp.v16.enums import AuthorizationStatus

from evswarm_csms.handlers.id_tags import id_tag_info, with_concurrency
from evswarm_csms.ledger import opened
from evswarm_shared.bus.messages import IdTagRecord, TransactionRecord
from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_shared.ocpp16.messages import StartTransaction, StartTransactionResponse


def handle(
    request: StartTransaction,
    station_id: str,
    tag: IdTagRecord | None,
    open_of_tag: Sequence[TransactionRecord],
    on_connector: TransactionRecord | None = None,
    *,
    accept_unknown: bool,
    now: float,
) -> tuple[IdTagInfo, TransactionRecord, str]:
    """Judge the tag and write the transaction down in any case.

    `open_of_tag` are the transactions that run on the tag, `on_connector` the one that runs on the connector; this one
    included if the message is a retry.
    Returns the judgement, the record to store and its retry key; the id the store gives goes to `answer`.
    """
    elsewhere = [other for other in open_of_tag if not _is_retry_of(other, request, station_id)]
    info = with_concurrency(id_tag_info(tag, accept_unknown=accept_unknown, now=now), elsewhere)
    # What is told late began before what is known already.
    in_use = (
        on_connector is not None
        and on_connector.started_at <= request.timestamp
        and not _is_retry_of(on_connector, request, station_id)
    )
    accepted = info.status is AuthorizationStatus.accepted
    record, key = opened(request, station_id, accepted=accepted, now=now, in_use=in_use)
    return info, record, key


def answer(info: IdTagInfo, stored: TransactionRecord) -> StartTransactionResponse:
    """Tell the station the id of its transaction; a retry gets the id it got before."""
    return StartTransactionResponse(id_tag_info=info, transaction_id=stored.transaction_id)


def _is_retry_of(other: TransactionRecord, request: StartTransaction, station_id: str) -> bool:
    return (
        other.station_id == station_id
        and other.connector_id == request.connector_id
        and other.meter_start == request.meter_start
        and other.started_at == float(request.timestamp)
    )
