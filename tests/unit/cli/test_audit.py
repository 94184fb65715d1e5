"""The audit: two books that agree pass, and each way of disagreeing is called by its name."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from evswarm_cli.audit import (
    Book,
    CsmsTransaction,
    Evidence,
    Fault,
    Rebuilt,
    RegisterSum,
    Sums,
    audit,
)
from evswarm_shared.bus.station_ledger import LedgerTransaction

BEGAN = 1_800_000_000.25
ENDED = 1_800_000_600.5


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


CLOSED = LedgerTransaction(
    1, 1, "TAG", 10, BEGAN, 101, meter_stop=25, energy_mwh=15_200, stopped_at=ENDED, reason="Local",
    stop_landed=True,
)  # fmt: skip
RUNNING = LedgerTransaction(2, 1, "TAG", 25, ENDED, 102)
BOOKED = CsmsTransaction(101, "CP-000001", 1, "TAG", 10, moment(BEGAN), 25, moment(ENDED), "Local")
OPEN = CsmsTransaction(102, "CP-000001", 1, "TAG", 25, moment(ENDED))
BOOK = Book("CP-000001", 0, 15_200, 3, 15_200, 0, (CLOSED,))
SUMS = Sums(RegisterSum(20_000, 5), RegisterSum(15_200, 3), RegisterSum(4_800, 2), 1, 1, 1)


def evidence(
    book: Book = BOOK, *csms: CsmsTransaction, sums: Sums = SUMS, after: Book | None = None
) -> Evidence:
    return Evidence((book,), csms, (after or book,), sums)


def with_transactions(*transactions: LedgerTransaction) -> Book:
    return replace(BOOK, transactions=transactions)


def test_two_books_that_agree_pass() -> None:
    report = audit(evidence(BOOK, BOOKED), settled=True)
    assert report.passed
    assert (report.closed, report.energy_wh, report.csms_energy_wh) == (1, 15, 15)


def test_a_transaction_that_runs_is_no_fault_unless_all_should_have_ended() -> None:
    running = evidence(with_transactions(CLOSED, RUNNING), OPEN, BOOKED)
    assert audit(running).passed
    assert set(audit(running, settled=True).faults) == {Fault.LEFT_OPEN}


def test_what_waits_in_the_outbox_is_no_fault_unless_all_should_have_ended() -> None:
    waiting = evidence(with_transactions(replace(CLOSED, transaction_id=None, stop_landed=False)))
    assert audit(waiting).passed
    assert audit(waiting).waiting == 1
    assert set(audit(waiting, settled=True).faults) == {Fault.UNDELIVERED}


FAULTS: dict[Fault, Callable[[], Evidence]] = {
    Fault.LOST: lambda: evidence(BOOK),
    Fault.DOUBLED: lambda: evidence(BOOK, BOOKED, replace(BOOKED, transaction_id=103)),
    Fault.UNKNOWN: lambda: evidence(with_transactions(), BOOKED),
    Fault.LEFT_OPEN: lambda: evidence(BOOK, replace(BOOKED, stopped_at=None)),
    Fault.CLOSED_EARLY: lambda: evidence(
        with_transactions(CLOSED, RUNNING), BOOKED, replace(OPEN, stopped_at=moment(ENDED), meter_stop=25)
    ),
    Fault.DIFFERS: lambda: evidence(BOOK, replace(BOOKED, meter_stop=26)),
    Fault.GIVEN_UP: lambda: evidence(with_transactions(replace(CLOSED, given_up=("StopTransaction",))), BOOKED),
    Fault.FLAGGED: lambda: evidence(BOOK, replace(BOOKED, flags=("meter_fell",))),
    Fault.REGISTER_FELL: lambda: evidence(replace(BOOK, row_energy_mwh=15_199), BOOKED),
    Fault.ENERGY: lambda: evidence(replace(BOOK, energy_mwh=15_201, row_energy_mwh=15_201), BOOKED),
    Fault.TOTALS: lambda: evidence(BOOK, BOOKED, sums=replace(SUMS, totals=RegisterSum(20_001, 5))),
    Fault.UNDELIVERED: lambda: evidence(with_transactions(replace(CLOSED, stop_landed=False)), BOOKED),
}  # fmt: skip


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_found(fault: Fault) -> None:
    report = audit(FAULTS[fault](), settled=fault is Fault.UNDELIVERED)
    assert not report.passed
    assert fault in report.faults


@pytest.mark.parametrize(
    "theirs",
    [
        replace(BOOKED, id_tag="OTHER"),
        replace(BOOKED, connector_id=2),
        replace(BOOKED, meter_start=9),
        replace(BOOKED, station_id="CP-000002"),
        replace(BOOKED, started_at=moment(BEGAN - 1)),
        replace(BOOKED, stopped_at=moment(ENDED + 1)),
        replace(BOOKED, reason="Other"),
    ],
)
def test_every_field_of_a_transaction_is_compared(theirs: CsmsTransaction) -> None:
    assert Fault.DIFFERS in audit(evidence(BOOK, theirs)).faults


def test_a_meter_that_goes_back_between_two_transactions_is_found() -> None:
    later = replace(RUNNING, meter_start=24)
    report = audit(evidence(with_transactions(CLOSED, later), BOOKED, replace(OPEN, meter_start=24)))
    assert set(report.faults) == {Fault.REGISTER_FELL}


def test_the_wh_of_a_transaction_and_what_flowed_in_it_agree() -> None:
    report = audit(evidence(with_transactions(replace(CLOSED, energy_mwh=16_000)), BOOKED))
    assert Fault.ENERGY in report.faults


def test_what_began_between_the_two_readings_is_known_by_the_second() -> None:
    after = with_transactions(CLOSED, RUNNING)
    assert audit(evidence(BOOK, OPEN, BOOKED, after=after)).passed


def test_a_start_whose_answer_has_not_arrived_is_found_by_how_it_began() -> None:
    unanswered = replace(RUNNING, transaction_id=None)
    assert audit(evidence(with_transactions(CLOSED, unanswered), OPEN, BOOKED)).passed


def test_what_a_book_has_forgotten_by_its_cap_is_counted_and_no_fault() -> None:
    newest = replace(CLOSED, serial=51, transaction_id=150, started_at=ENDED + 10)
    theirs = replace(BOOKED, transaction_id=150, started_at=moment(ENDED + 10))
    report = audit(evidence(with_transactions(newest), theirs, BOOKED))
    assert report.passed
    assert report.not_compared == 1


def test_a_station_that_is_not_ours_is_counted_and_no_fault() -> None:
    report = audit(evidence(BOOK, BOOKED, replace(BOOKED, transaction_id=9, station_id="FOREIGN")))
    assert report.passed
    assert report.not_compared == 1


def test_without_a_central_system_of_ours_only_the_stations_own_book_is_looked_at() -> None:
    report = audit(evidence(BOOK, sums=replace(SUMS, csms_replicas=0)))
    assert report.passed
    assert not report.csms_compared


def test_a_book_that_was_once_lost_adds_up_with_what_it_carried_over() -> None:
    book = replace(
        with_transactions(replace(CLOSED, serial=4)),
        energy_mwh=15_300,
        row_energy_mwh=15_300,
        rebuilt=Rebuilt(4, 100),
    )
    sums = replace(
        SUMS, totals=RegisterSum(15_300, 5), living=RegisterSum(15_300, 3), retired=RegisterSum(0, 2)
    )
    report = audit(evidence(book, BOOKED, sums=sums), settled=True)
    assert report.passed
    assert report.rebuilt_books == 1
    wrong = replace(book, rebuilt=Rebuilt(4, 0))
    assert set(audit(evidence(wrong, BOOKED, sums=sums), settled=True).faults) == {Fault.ENERGY}
