"""Labels of log lines, against what stations really write."""

import re
from pathlib import Path

import pytest

from evswarm_shared.history.log_kinds import Level, LogKind, classify
from tests.support.machine import ROOT


@pytest.mark.parametrize(
    ("line", "level", "kind"),
    [
        ("[08:15:00] Connected", Level.INFO, LogKind.CONNECTION),
        ("[08:15:00] Connection lost: peer closed; next attempt in 3 s", Level.WARNING, LogKind.CONNECTION),
        ("Boot accepted; heartbeat every 60 s", Level.INFO, LogKind.BOOT),
        ("[08:15:00] Connector 1 faulted: GroundFailure", Level.ERROR, LogKind.FAULT),
        ("[08:15:00] Tag **01 refused: Blocked", Level.WARNING, LogKind.AUTHORIZATION),
        ("[08:15:00] Transaction stopped: connector 1, Local, 1.000 kWh", Level.INFO, LogKind.TRANSACTION),
        ("[08:15:00] StartTransaction given up after 3 attempts", Level.ERROR, LogKind.MESSAGE),
        ("[08:15:00] Price too high: connector 1 waits", Level.INFO, LogKind.POLICY),
        ("[08:15:00] Price changed to 0.35 EUR/kWh", Level.INFO, LogKind.POLICY),
        ("[08:15:00] Connector 2: car plugged in", Level.INFO, LogKind.CONNECTOR),
        ("nobody wrote this", Level.INFO, LogKind.OTHER),
    ],
)
def test_a_line_has_its_labels(line: str, level: Level, kind: LogKind) -> None:
    assert classify(line) == (level, kind)


def lines_in(folder: Path) -> set[str]:
    """The beginnings of the lines that the station's code writes, with a word in place of what is filled in."""
    pattern = re.compile(r'cabinet\.log\(\s*f?"([^"]+)"')
    return {
        re.sub(r"\{[^{}]*\}", "Word", text)
        for path in folder.rglob("*.py")
        for text in pattern.findall(path.read_text(encoding="utf-8"))
        if not text.startswith("{")
    }


def test_most_of_what_stations_write_is_known() -> None:
    lines = lines_in(ROOT / "services" / "worker" / "evswarm_worker" / "station")
    # A connector's number stands where the pattern above put a word.
    unknown = {
        line for line in lines if classify(line.replace("onnector Word", "onnector 1"))[1] is LogKind.OTHER
    }
    assert len(lines) > 30
    assert len(unknown) <= len(lines) // 4, sorted(unknown)
