"""`evswarm audit`: reads both books from a controller, compares them, and looks again before it calls anything wrong."""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from evswarm_cli.audit import AuditReport, Book, CsmsTransaction, Evidence, Sums, audit
from evswarm_cli.controller_client import ControllerClient

BOOKS_A_PAGE: Final = 1000
TRANSACTIONS_A_PAGE: Final = 5000
LOOK_AGAIN_SECONDS: Final = 1.0
FINDINGS_SHOWN: Final = 20


def read_evidence(client: ControllerClient) -> Evidence:
    """Read everything, in the order that the audit needs."""
    before = _books(client)
    csms = _transactions(client)
    after = _books(client)
    return Evidence(before, csms, after, msgspec.convert(client.audit_sums(), Sums))


def patient_audit(
    client: ControllerClient,
    *,
    settled: bool,
    wait_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> AuditReport:
    """Audit until nothing is wrong, at most for `wait_seconds`: rows are a tick behind, and replays take a while."""
    deadline = monotonic() + wait_seconds
    while True:
        report = audit(read_evidence(client), settled=settled)
        if report.passed or monotonic() >= deadline:
            return report
        sleep(LOOK_AGAIN_SECONDS)


def describe(report: AuditReport) -> list[str]:
    """The report as lines for people."""
    lines = [
        f"stations         {report.stations:,}",
        f"transactions     {report.transactions:,} ({report.open:,} open, {report.waiting:,} with messages on their way)",
        f"energy           {report.energy_wh:,} Wh by the stations, {report.csms_energy_wh:,} Wh by the central system",
    ]
    if not report.csms_compared:
        lines.append("the central system is not ours: its book was not compared")
    if report.not_compared:
        lines.append(
            f"not compared     {report.not_compared:,} that one book has forgotten, or of other stations"
        )
    if report.rebuilt_books:
        lines.append(
            f"rebuilt          {report.rebuilt_books:,} stations' books, which the store once lost: of what ended before "
            "nothing is known"
        )
    for finding in report.findings[:FINDINGS_SHOWN]:
        number = "" if finding.transaction_id is None else f" transaction {finding.transaction_id}"
        lines.append(f"{finding.fault}: {finding.station_id or 'the swarm'}{number}: {finding.detail}")
    if len(report.findings) > FINDINGS_SHOWN:
        lines.append(f"… and {len(report.findings) - FINDINGS_SHOWN:,} more (--json has all)")
    faults = ", ".join(f"{count:,} {fault}" for fault, count in report.faults.items())
    lines.append("passed: nothing lost, doubled or left open" if report.passed else f"failed: {faults}")
    return lines


def _books(client: ControllerClient) -> list[Book]:
    books: list[Book] = []
    after: str | None = ""
    while after is not None:
        page: dict[str, Any] = client.audit_stations(after, BOOKS_A_PAGE)
        books += msgspec.convert(page["stations"], list[Book])
        after = page["next_after"]
    return books


def _transactions(client: ControllerClient) -> list[CsmsTransaction]:
    found: list[CsmsTransaction] = []
    before: int | None = None
    while True:
        page = client.transactions(before, TRANSACTIONS_A_PAGE)
        found += msgspec.convert(page["transactions"], list[CsmsTransaction])
        before = page["next_before"]
        if before is None:
            return found
