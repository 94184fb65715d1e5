"""`evswarm audit` around the comparison: it reads all pages, is patient, and says what it found."""

from typing import Any, cast

from msgspec.structs import replace

from evswarm_cli.audit import Evidence, Fault, Finding, audit
from evswarm_cli.audit_command import FINDINGS_SHOWN, describe, patient_audit, read_evidence
from evswarm_cli.controller_client import ControllerClient
from tests.unit.cli.test_audit import BOOK, BOOKED, SUMS


class Controller:
    """A controller with two stations, two transactions, and pages of one. `lag`: sums that are wrong at first."""

    def __init__(self, lag: int = 0) -> None:
        self.lag = lag
        self.asked = 0

    def audit_stations(self, after: str, _: int) -> dict[str, Any]:
        number = 1 if after == "" else 2
        book = {
            "station_id": f"CP-00000{number}", "outbox": 0, "energy_mwh": 0, "earnings_micro": 0,
            "row_energy_mwh": None, "open_transactions": 0, "transactions": [],
        }  # fmt: skip
        return {"stations": [book], "next_after": "CP-000001" if number == 1 else None}

    def transactions(self, before: int | None, _: int) -> dict[str, Any]:
        number = 7 if before is None else 6
        found = {
            "transaction_id": number, "station_id": "FOREIGN", "connector_id": 1, "id_tag": "TAG",
            "meter_start": number, "started_at": "2026-01-01T00:00:00.250Z", "open": True, "last_meter_wh": None,
        }  # fmt: skip
        return {"transactions": [found], "next_before": 7 if number == 7 else None}

    def audit_sums(self) -> dict[str, Any]:
        self.asked += 1
        zero = {"energy_mwh": 0, "earnings_micro": 0}
        totals = {"energy_mwh": int(self.asked <= self.lag), "earnings_micro": 0}
        return {
            "totals": totals, "living": zero, "retired": zero, "living_stations": 2, "retired_stations": 0,
            "csms_replicas": 1,
        }  # fmt: skip


def test_all_pages_are_read() -> None:
    evidence = read_evidence(cast(ControllerClient, Controller()))
    assert [book.station_id for book in evidence.before] == ["CP-000001", "CP-000002"]
    assert [transaction.transaction_id for transaction in evidence.csms] == [7, 6]


def run(controller: Controller, wait_seconds: float) -> bool:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    return patient_audit(
        cast(ControllerClient, controller),
        settled=False,
        wait_seconds=wait_seconds,
        sleep=sleep,
        monotonic=lambda: clock[0],
    ).passed


def test_what_is_right_at_the_second_look_is_no_fault() -> None:
    assert run(Controller(lag=2), 5.0)


def test_what_stays_wrong_is_a_fault() -> None:
    controller = Controller(lag=100)
    assert not run(controller, 3.0)
    assert controller.asked == 4


def test_the_report_says_in_words_what_is_wrong() -> None:
    report = audit(Evidence((BOOK,), (), (BOOK,), SUMS))
    assert describe(report)[-2:] == [
        "lost: CP-000001 transaction 101: the central system does not have it",
        "failed: 1 lost",
    ]
    assert describe(audit(Evidence((BOOK,), (BOOKED,), (BOOK,), SUMS)))[-1].startswith("passed")


def test_a_long_list_of_findings_is_cut_with_a_word_about_the_rest() -> None:
    report = audit(Evidence((BOOK,), (), (BOOK,), SUMS))
    many = replace(report, findings=(Finding(Fault.LOST, "A", 1, "gone"),) * (FINDINGS_SHOWN + 5))
    assert any("5 more" in line for line in describe(many))
