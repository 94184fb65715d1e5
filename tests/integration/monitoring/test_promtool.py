"""Prometheus's own judgement of its configuration, the rules, and their tests."""

import subprocess
from pathlib import Path

import pytest

from tests.support.machine import ROOT

FOLDER = ROOT / "prometheus"


def run(promtool: str, *arguments: str | Path) -> str:
    done = subprocess.run(
        [promtool, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["prometheus.yml", "local.yml"])
def test_the_configuration_and_the_rules_it_names_are_valid(promtool: str, name: str) -> None:
    assert "rule files found" in run(promtool, "check", "config", "--lint=all", "--lint-fatal", FOLDER / name)


def test_every_rule_and_alert_does_what_its_tests_say(promtool: str) -> None:
    run(promtool, "test", "rules", *sorted((FOLDER / "tests").glob("*_test.yml")))


def test_a_rule_that_is_broken_fails_its_tests(promtool: str, tmp_path: Path) -> None:
    for kind in ("rules", "tests"):
        (tmp_path / kind).mkdir()
        for path in (FOLDER / kind).glob("*.yml"):
            text = path.read_text(encoding="utf-8").replace("ratio_rate1m > 0.05", "ratio_rate1m > 0.5")
            (tmp_path / kind / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError, match="OcppFailureRatioHigh"):
        run(promtool, "test", "rules", *sorted((tmp_path / "tests").glob("*_test.yml")))
