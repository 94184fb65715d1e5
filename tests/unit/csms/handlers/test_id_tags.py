"""What an id tag may do."""

import pytest
from msgspec import UNSET
from ocpp.v16.enums import AuthorizationStatus

from evswarm_csms.handlers.id_tags import id_tag_info, needs_open_transactions, with_concurrency
from evswarm_shared.bus.messages import IdTagRecord, TransactionRecord
from evswarm_shared.ocpp16.datatypes import IdTagInfo

NOW = 1_800_000_000.0
RUNNING = TransactionRecord(1, "CP-2", 1, "TAG", 0, NOW)


def test_an_unlisted_tag_is_accepted_where_unknown_tags_are() -> None:
    assert id_tag_info(None, accept_unknown=True, now=NOW).status is AuthorizationStatus.accepted


def test_an_unlisted_tag_is_invalid_where_unknown_tags_are_not_accepted() -> None:
    assert id_tag_info(None, accept_unknown=False, now=NOW).status is AuthorizationStatus.invalid


@pytest.mark.parametrize("status", ["Accepted", "Blocked", "Invalid"])
def test_a_listed_tag_has_the_status_of_its_entry(status: str) -> None:
    info = id_tag_info(IdTagRecord("TAG", status), accept_unknown=True, now=NOW)
    assert info == IdTagInfo(AuthorizationStatus(status))


def test_expiry_and_parent_are_told() -> None:
    record = IdTagRecord("TAG", expiry_date=NOW + 1, parent_id_tag="PARENT")
    info = id_tag_info(record, accept_unknown=True, now=NOW)
    assert (info.status, info.expiry_date, info.parent_id_tag) == (
        AuthorizationStatus.accepted,
        NOW + 1,
        "PARENT",
    )


def test_a_tag_expires_at_its_date() -> None:
    record = IdTagRecord("TAG", expiry_date=NOW)
    assert id_tag_info(record, accept_unknown=True, now=NOW).status is AuthorizationStatus.expired


def test_a_blocked_tag_stays_blocked_when_it_expires() -> None:
    record = IdTagRecord("TAG", "Blocked", expiry_date=NOW - 1)
    assert id_tag_info(record, accept_unknown=True, now=NOW).status is AuthorizationStatus.blocked


def test_only_a_listed_tag_without_concurrency_is_limited_to_one_transaction() -> None:
    assert needs_open_transactions(IdTagRecord("TAG"))
    assert not needs_open_transactions(IdTagRecord("TAG", concurrent=True))
    assert not needs_open_transactions(None)


def test_a_tag_that_charges_elsewhere_gets_concurrent_tx() -> None:
    info = IdTagInfo(AuthorizationStatus.accepted, parent_id_tag="PARENT")
    assert with_concurrency(info, [RUNNING]) == IdTagInfo(
        AuthorizationStatus.concurrent_tx, parent_id_tag="PARENT"
    )
    assert with_concurrency(info, []) is info


def test_a_blocked_tag_is_not_told_of_concurrency() -> None:
    info = IdTagInfo(AuthorizationStatus.blocked)
    assert with_concurrency(info, [RUNNING]) is info
    assert info.expiry_date is UNSET
