"""The audit of a past run."""

import pytest

from evswarm_cli.audit import Fault
from evswarm_cli.history_audit import PastTransaction, audit_past


def past(**changes: object) -> PastTransaction:
    """A transaction that both sides agree on."""
    fields: dict[str, object] = {
        "station_id": "CP-1",
        "connector_id": 1,
        "transaction_id": 7,
        "meter_start": 100,
        "station_seen": True,
        "csms_seen": True,
        "station_meter_stop": 600,
        "csms_meter_stop": 600,
        "station_reason": "Local",
        "csms_reason": "Local",
    }
    return PastTransaction(**(fields | changes))  # type: ignore[arg-type]


def test_a_run_in_which_both_sides_agree_passes() -> None:
    report = audit_past([past(), past(station_id="CP-2", csms_flags="id_tag_refused")])
    assert report.passed
    assert (report.stations, report.transactions, report.closed, report.open) == (2, 2, 2, 0)
    assert report.energy_wh == report.csms_energy_wh == 1000


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"csms_seen": False, "csms_meter_stop": None}, Fault.LOST),
        ({"station_seen": False, "station_meter_stop": None}, Fault.UNKNOWN),
        ({"station_meter_stop": None}, Fault.CLOSED_EARLY),
        ({"csms_meter_stop": None}, Fault.LEFT_OPEN),
        ({"station_meter_stop": None, "csms_meter_stop": None}, Fault.LEFT_OPEN),
        ({"csms_meter_stop": 599}, Fault.DIFFERS),
        ({"csms_reason": "Other"}, Fault.DIFFERS),
        ({"csms_flags": "meter_fell"}, Fault.FLAGGED),
    ],
)
def test_what_differs_is_found(changes: dict[str, object], fault: Fault) -> None:
    report = audit_past([past(), past(**changes)])
    assert report.faults == {fault.value: 1}
    assert report.findings[0].transaction_id == 7
    assert not report.passed


def test_a_transaction_that_still_runs_is_no_fault_unless_the_run_is_over() -> None:
    running = past(station_meter_stop=None, csms_meter_stop=None)
    assert audit_past([running], settled=False).passed
    assert not audit_past([running], settled=True).passed


def test_with_somebody_elses_central_system_there_is_one_book_only() -> None:
    report = audit_past([past(csms_seen=False, csms_meter_stop=None)])
    assert report.passed
    assert not report.csms_compared
