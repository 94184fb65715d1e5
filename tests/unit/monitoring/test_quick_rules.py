"""Rules made quick for a test stay the same rules."""

import pytest
import yaml

from tests.unit.monitoring.files import RULES, read_rules
from tools.panel_check.quick_rules import WAIT, WINDOWS, quickened


def test_windows_and_waits_get_short_and_nothing_else_changes() -> None:
    for path in sorted(RULES.glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        quick = quickened(text)
        rules = [rule for group in yaml.safe_load(quick)["groups"] for rule in group["rules"]]
        assert {rule.get("for", WAIT) for rule in rules} == {WAIT}
        back = quick
        for long, short in WINDOWS.items():
            back = back.replace(f"[{short}]", f"[{long}]")
        assert [line for line in back.splitlines() if "for: " not in line] == [
            line for line in text.splitlines() if "for: " not in line
        ]
    assert len(read_rules()) > 20


def test_a_new_window_has_to_be_thought_of() -> None:
    with pytest.raises(ValueError, match=r"\[7m\]"):
        quickened("rate(x[7m])")
