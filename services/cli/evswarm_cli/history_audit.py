"""The audit of a past run, from the history: what each station said of a transaction against what the central system did.

Registers and totals of a past run are gone, so only the transactions themselves are compared. Pure.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from evswarm_cli.audit import EXPECTED_FLAGS, AuditReport, Fault, Finding

FINDINGS_KEPT: Final = 10_000
"""More than this are counted only."""


class PastTransaction(msgspec.Struct, frozen=True):
    """A transaction of the history, as the export has it. Meters in Wh."""

    station_id: str
    connector_id: int
    transaction_id: int | None
    meter_start: int
    station_seen: bool
    csms_seen: bool
    station_meter_stop: int | None = None
    csms_meter_stop: int | None = None
    station_reason: str | None = None
    csms_reason: str | None = None
    csms_flags: str | None = None


def audit_past(transactions: Iterable[PastTransaction], *, settled: bool = True) -> AuditReport:
    """Compare both sides of every transaction. With `settled` none may be open; memory does not grow with their number."""
    stations: set[str] = set()
    faults: Counter[Fault] = Counter()
    findings: list[Finding] = []
    count = closed = energy = csms_energy = 0
    told_by_csms = 0
    for each in transactions:
        count += 1
        stations.add(each.station_id)
        told_by_csms += each.csms_seen
        if each.station_meter_stop is not None:
            closed += 1
            energy += each.station_meter_stop - each.meter_start
        if each.csms_meter_stop is not None:
            csms_energy += each.csms_meter_stop - each.meter_start
        for fault, detail in _faults(each, settled):
            faults[fault] += 1
            if len(findings) < FINDINGS_KEPT:
                findings.append(Finding(fault, each.station_id, each.transaction_id, detail))
    if not told_by_csms:
        # The central system was somebody else's: there is one book only.
        del faults[Fault.LOST]
        findings = [finding for finding in findings if finding.fault is not Fault.LOST]
    return AuditReport(
        passed=not faults,
        stations=len(stations),
        transactions=count,
        closed=closed,
        open=count - closed,
        waiting=0,
        not_compared=0,
        rebuilt_books=0,
        energy_wh=energy,
        csms_energy_wh=csms_energy,
        totals_energy_mwh=0,
        csms_compared=told_by_csms > 0,
        faults={fault.value: number for fault, number in sorted(faults.items())},
        findings=tuple(findings),
    )


def _faults(each: PastTransaction, settled: bool) -> Iterable[tuple[Fault, str]]:
    if not each.csms_seen:
        yield Fault.LOST, "the central system never told of it"
        return
    if not each.station_seen:
        yield Fault.UNKNOWN, "no station of ours told of it"
        return
    if each.station_meter_stop is None and each.csms_meter_stop is not None:
        yield Fault.CLOSED_EARLY, "the central system closed it, the station did not"
    elif each.station_meter_stop is None:
        if settled:
            yield Fault.LEFT_OPEN, "the station never stopped it"
    elif each.csms_meter_stop is None:
        yield Fault.LEFT_OPEN, "the central system never closed it"
    else:
        if each.station_meter_stop != each.csms_meter_stop:
            yield (
                Fault.DIFFERS,
                f"stopped at {each.station_meter_stop} Wh by the station, {each.csms_meter_stop} Wh by the central system",
            )
        if each.station_reason != each.csms_reason:
            yield (
                Fault.DIFFERS,
                f"reason {each.station_reason} by the station, {each.csms_reason} by the central system",
            )
    flags = set((each.csms_flags or "").split(",")) - EXPECTED_FLAGS - {""}
    if flags:
        yield Fault.FLAGGED, ", ".join(sorted(flags))
