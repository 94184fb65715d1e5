"""What an id tag may do, according to its entry in the authorisation list (OCPP 1.6 §4.1, §4.8, §7.2)."""

from collections.abc import Sequence

from msgspec import UNSET
from ocpp.v16.enums import AuthorizationStatus

from evswarm_shared.bus.messages import IdTagRecord, TransactionRecord
from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_shared.ocpp16.timestamps import Timestamp


def id_tag_info(record: IdTagRecord | None, *, accept_unknown: bool, now: float) -> IdTagInfo:
    """The judgement on a tag; `record` None: it is on no list. `now` in unix seconds."""
    if record is None:
        return IdTagInfo(AuthorizationStatus.accepted if accept_unknown else AuthorizationStatus.invalid)
    status = AuthorizationStatus(record.status)
    expired = record.expiry_date is not None and record.expiry_date <= now
    if status is AuthorizationStatus.accepted and expired:
        status = AuthorizationStatus.expired
    return IdTagInfo(
        status,
        expiry_date=UNSET if record.expiry_date is None else Timestamp(record.expiry_date),
        parent_id_tag=UNSET if record.parent_id_tag is None else record.parent_id_tag,
    )


def needs_open_transactions(record: IdTagRecord | None) -> bool:
    """Whether the tag's open transactions matter to the judgement: it is listed and may have only one."""
    return record is not None and not record.concurrent


def with_concurrency(info: IdTagInfo, open_elsewhere: Sequence[TransactionRecord]) -> IdTagInfo:
    """The judgement on a tag that wants to begin a transaction while `open_elsewhere` already run on it."""
    if not open_elsewhere or info.status is not AuthorizationStatus.accepted:
        return info
    return IdTagInfo(
        AuthorizationStatus.concurrent_tx, expiry_date=info.expiry_date, parent_id_tag=info.parent_id_tag
    )
