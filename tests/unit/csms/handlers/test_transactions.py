"""StartTransaction, StopTransaction and Authorize."""

from msgspec import UNSET
from msgspec.structs import replace
from ocpp.v16.enums import AuthorizationStatus

from evswarm_csms.handlers import authorize, start_transaction, stop_transaction
from evswarm_shared.bus.messages import IdTagRecord, TransactionRecord
from evswarm_shared.ocpp16.messages import Authorize, StartTransaction, StopTransaction
from evswarm_shared.ocpp16.timestamps import Timestamp

NOW = 1_800_000_000.0
START = StartTransaction(connector_id=1, id_tag="TAG", meter_start=5, timestamp=Timestamp(NOW))
STOP = StopTransaction(meter_stop=9, timestamp=Timestamp(NOW + 60), transaction_id=3)
OPEN = TransactionRecord(3, "CP-1", 1, "TAG", 5, NOW)
LISTED = IdTagRecord("TAG")


def test_authorize_judges_the_tag() -> None:
    response = authorize.handle(
        Authorize(id_tag="TAG"), IdTagRecord("TAG", "Blocked"), accept_unknown=True, now=NOW
    )
    assert response.id_tag_info.status is AuthorizationStatus.blocked


def test_a_start_with_a_bad_tag_still_gets_a_transaction() -> None:
    info, record, _ = start_transaction.handle(START, "CP-1", None, [], accept_unknown=False, now=NOW)
    response = start_transaction.answer(info, replace(record, transaction_id=12))
    assert response.transaction_id == 12
    assert response.id_tag_info.status is AuthorizationStatus.invalid
    assert record.flags == ("id_tag_refused",)


def test_a_second_transaction_on_a_listed_tag_is_concurrent() -> None:
    elsewhere = replace(OPEN, transaction_id=2, station_id="CP-2")
    info, record, _ = start_transaction.handle(
        START, "CP-1", LISTED, [elsewhere], accept_unknown=True, now=NOW
    )
    assert info.status is AuthorizationStatus.concurrent_tx
    assert record.flags == ("id_tag_refused",)


def test_a_retried_start_is_not_concurrent_with_itself() -> None:
    info, _, _ = start_transaction.handle(START, "CP-1", LISTED, [OPEN], accept_unknown=True, now=NOW)
    assert info.status is AuthorizationStatus.accepted


def test_a_second_start_on_a_connector_is_flagged_unless_it_is_the_same_or_an_older_one() -> None:
    def flags(on_connector: TransactionRecord) -> tuple[str, ...]:
        return start_transaction.handle(START, "CP-1", None, [], on_connector, accept_unknown=True, now=NOW)[
            1
        ].flags

    assert flags(replace(OPEN, started_at=NOW - 60)) == ("connector_in_use",)
    assert flags(replace(OPEN, started_at=NOW + 60)) == ()
    assert flags(OPEN) == ()


def test_a_stop_closes_the_transaction_of_its_station() -> None:
    closing = stop_transaction.handle(STOP, "CP-1", OPEN)
    assert closing is not None
    assert (closing.stopped_at, closing.meter_stop) == (NOW + 60, 9)


def test_a_stop_leaves_another_stations_transaction_alone() -> None:
    assert stop_transaction.handle(STOP, "CP-2", OPEN) is None


def test_a_stop_of_nothing_is_seen() -> None:
    assert stop_transaction.handle(STOP, "CP-1", None) is None


def test_a_stop_without_a_tag_gets_no_judgement() -> None:
    assert stop_transaction.answer(STOP, None, accept_unknown=True, now=NOW).id_tag_info is UNSET


def test_a_stop_with_a_tag_gets_the_tag_judged() -> None:
    response = stop_transaction.answer(replace(STOP, id_tag="TAG"), None, accept_unknown=False, now=NOW)
    assert response.id_tag_info is not UNSET
    assert response.id_tag_info.status is AuthorizationStatus.invalid
