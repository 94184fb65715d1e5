"""docs/conformance.md: which test holds which side to which clause, from the names of the tests themselves."""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from evswarm_shared.ocpp16.actions import ACTIONS, FeatureProfile, Sender

ROOT: Final = Path(__file__).resolve().parents[2]

CONFORMANCE: Final = "tests/conformance"

TABLES: Final = (
    "tests/unit/station/test_connector_status.py",
    "tests/unit/station/test_firmware_update.py",
    "tests/unit/station/test_link.py",
    "tests/unit/station/test_walks.py",
    "tests/unit/station/test_online_walks.py",
    "tests/unit/station/test_strict_walks.py",
    "tests/unit/csms/handlers/test_acceptance.py",
    "tests/unit/ocpp16/test_messages_against_schemas.py",
    "tests/fuzz/test_csms.py",
    "tests/fuzz/test_station.py",
)
"""Where state tables, walks, schemas and fuzzed frames are tested."""

CLAUSES: Final = {
    "4.1": "Authorize",
    "4.2": "BootNotification",
    "4.3": "DataTransfer",
    "4.4": "DiagnosticsStatusNotification",
    "4.5": "FirmwareStatusNotification",
    "4.6": "Heartbeat",
    "4.7": "MeterValues",
    "4.8": "StartTransaction",
    "4.9": "StatusNotification",
    "4.10": "StopTransaction",
    "5.1": "CancelReservation",
    "5.2": "ChangeAvailability",
    "5.3": "ChangeConfiguration",
    "5.4": "ClearCache",
    "5.5": "ClearChargingProfile",
    "5.6": "DataTransfer",
    "5.7": "GetCompositeSchedule",
    "5.8": "GetConfiguration",
    "5.9": "GetDiagnostics",
    "5.10": "GetLocalListVersion",
    "5.11": "RemoteStartTransaction",
    "5.12": "RemoteStopTransaction",
    "5.13": "ReserveNow",
    "5.14": "Reset",
    "5.15": "SendLocalList",
    "5.16": "SetChargingProfile",
    "5.17": "TriggerMessage",
    "5.18": "UnlockConnector",
    "5.19": "UpdateFirmware",
    "A01": "ChangeConfiguration",
    "A02": "CertificateSigned",
    "A03": "SignCertificate",
    "A04": "SecurityEventNotification",
    "L01": "SignedUpdateFirmware",
    "M03": "GetInstalledCertificateIds",
    "M04": "DeleteCertificate",
    "M05": "InstallCertificate",
    "N01": "GetLog",
}
"""The Action that a clause of OCPP 1.6, or a use case of the security whitepaper, is about."""

EXTENDED_TRIGGER: Final = "ExtendedTriggerMessage"
"""Tested together with TriggerMessage, whose clause it follows."""

SIDES: Final = {"test_csms": "central system", "test_station": "station"}

FRAMING: Final = "Connections and framing (OCPP-J 1.6, RFC 6455)"
GENERAL: Final = "General behaviour (OCPP 1.6 §3)"
KEYS: Final = "Configuration keys (OCPP 1.6 §9)"
FIELD: Final = "Life in the field"


class Case(NamedTuple):
    """One test case: the file, the function, and the parameters' id."""

    path: str
    function: str
    parameters: str


class Row(NamedTuple):
    """One test function under one heading."""

    side: str
    clause: str
    behaviour: str
    test: str


def files() -> dict[str, str]:
    """The one file."""
    cases = collected(CONFORMANCE, *(path for path in TABLES if (ROOT / path).exists()))
    judged = [case for case in cases if case.path.startswith(CONFORMANCE) and side_of(case.path)]
    headings: dict[str, Counter[Row]] = defaultdict(Counter)
    for case in judged:
        for heading in headings_of(case):
            headings[heading][row_of(case)] += 1
    lines = [
        "# Conformance",
        "",
        "Peers that are not ours, bare WebSockets and the `ocpp` package, talk to our central system and to our stations",
        "over real sockets. Every test below judges by the frames that were on the wire and is named by the clause that it",
        "holds us to: `4_2` is OCPP 1.6 §4.2, `j_4_1` is OCPP-J 1.6 §4.1, `rfc_6455` the WebSocket protocol, a letter and a",
        "number (`a05`) a use case of the security whitepaper. `make conformance` runs them all.",
        "",
        *_summary(judged, headings),
        "",
        "## Strict and lenient",
        "",
        "`EVSWARM_CSMS_STRICT` and `EVSWARM_STATION_STRICT` (default: true) decide what an unknown extra field is: a",
        "FormationViolation, or something to be dropped before the message is read again. Everything else that the schemas",
        "forbid is refused either way.",
    ]
    for action in sorted(spec.action.value for spec in ACTIONS.values()):
        lines += ["", f"## {action}", "", *_table(headings.get(action, Counter()))]
    for heading in (FRAMING, GENERAL, KEYS, FIELD):
        lines += ["", f"## {heading}", "", *_table(headings.get(heading, Counter()))]
    lines += ["", "## State tables, walks, schemas and fuzzed frames", "", *_tables(cases)]
    return {"docs/conformance.md": "\n".join(lines) + "\n"}


def collected(*paths: str) -> list[Case]:
    """Every test case under these paths, as pytest finds them.

    Raises:
        RuntimeError: they cannot be collected; the message is pytest's.
    """
    found = subprocess.run(  # noqa: S603 - our own interpreter on our own paths
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
            *paths,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        raise RuntimeError(f"the tests cannot be collected:\n{found.stdout[-3000:]}{found.stderr[-3000:]}")
    cases = []
    for line in found.stdout.splitlines():
        path, separator, rest = line.partition("::")
        if separator and path.endswith(".py"):
            function, _, parameters = rest.partition("[")
            cases.append(Case(path, function, parameters.removesuffix("]")))
    return cases


def side_of(path: str) -> str | None:
    """Which side the tests of a file judge; None for those that judge the judges."""
    name = Path(path).name
    return next((side for prefix, side in SIDES.items() if name.startswith(prefix)), None)


def clause_of(function: str) -> str:
    """The clause in a test's name, as `4.2`, `J 4.1.1`, `A05`; empty when it names none."""
    found = re.match(r"test_(j_)?(\d+(?:_\d+)*)_", function)
    if found:
        number = found[2].replace("_", ".")
        return f"J {number}" if found[1] else number
    found = re.match(r"test_([a-n]\d\d)_", function)
    if found:
        return found[1].upper()
    found = re.match(r"test_(chapter_\d|rfc_6455)_", function)
    return {"chapter_4": "4", "chapter_5": "5", "rfc_6455": "RFC 6455"}.get(found[1], "") if found else ""


def headings_of(case: Case) -> list[str]:
    """Under which headings a case stands: the Actions it is about, else what kind of behaviour it is."""
    clause = clause_of(case.function)
    named = set(ACTIONS) & set(re.split(r"[^A-Za-z]+", case.parameters))
    by_clause = CLAUSES.get(".".join(clause.split(".")[:2]))
    if by_clause == "TriggerMessage" and EXTENDED_TRIGGER in named:
        return [EXTENDED_TRIGGER]
    if by_clause is not None:
        return [by_clause]
    if named:
        return sorted(named)
    spelled = [
        action
        for action in ACTIONS
        if f"_{re.sub(r'(?<!^)(?=[A-Z])', '_', action).lower()}_" in f"{case.function}_"
    ]
    if spelled and not clause.startswith(("J", "RFC")):
        return sorted(spelled)
    if clause.startswith(("J", "RFC")):
        return [FRAMING]
    if clause.startswith("3"):
        return [GENERAL]
    return [KEYS] if clause.startswith("9") else [FIELD]


def row_of(case: Case) -> Row:
    """A case as a row: its name read as a sentence."""
    clause = clause_of(case.function)
    words = case.function.removeprefix("test_")
    if clause:
        words = re.sub(r"^(j_)?(\d+_)+|^[a-n]\d\d_|^chapter_\d_|^rfc_6455_", "", words)
    side = side_of(case.path) or ""
    return Row(side, clause, words.replace("_", " "), f"{Path(case.path).name}::{case.function}")


def _table(rows: Counter[Row]) -> list[str]:
    if not rows:
        return ["No test of its own."]
    lines = ["| side | clause | behaviour | cases | test |", "|---|---|---|---|---|"]
    for row, count in sorted(rows.items()):
        link = f"[`{row.test.partition('::')[0]}`](../{CONFORMANCE}/{row.test.partition('::')[0]})"
        lines.append(
            f"| {row.side} | {row.clause or '–'} | {row.behaviour} | {count} | {link} `{row.test.partition('::')[2]}` |"
        )
    return lines


def _summary(judged: list[Case], headings: dict[str, Counter[Row]]) -> list[str]:
    sides = Counter(side_of(case.path) for case in judged)
    total = ", ".join(f"{sides[side]} of the {side}" for side in SIDES.values())
    lines = [
        f"**{len(judged)} cases: {total}.** A case that is about several Actions stands with each of them.",
        "",
        "| profile | Actions | " + " | ".join(SIDES.values()) + " |",
        "|---|---|---|---|",
    ]
    for profile in FeatureProfile:
        specs = [spec for spec in ACTIONS.values() if spec.profile is profile]
        counts = _by_side(headings.get(spec.action.value, Counter()) for spec in specs)
        lines.append(f"| {profile} | {len(specs)} | {counts} |")
    lines += [
        f"| {heading} | – | {_by_side([headings.get(heading, Counter())])} |"
        for heading in (FRAMING, GENERAL, KEYS, FIELD)
    ]
    both = [spec.action.value for spec in ACTIONS.values() if spec.sender is Sender.BOTH]
    lines += ["", f"{', '.join(sorted(both))} goes both ways; every other Action has one side that sends it."]
    return lines


def _by_side(counters: Iterable[Counter[Row]]) -> str:
    counts: Counter[str] = Counter()
    for counter in counters:
        for row, count in counter.items():
            counts[row.side] += count
    return " | ".join(str(counts[side]) for side in SIDES.values())


def _tables(cases: list[Case]) -> list[str]:
    counts = Counter((case.path, case.function) for case in cases if not case.path.startswith(CONFORMANCE))
    lines = ["| what holds | cases | where |", "|---|---|---|"]
    for (path, function), count in counts.items():
        name = function.rpartition("::")[0] or function
        lines.append(f"| {name.removeprefix('test_').replace('_', ' ')} | {count} | [`{path}`](../{path}) |")
    return lines
