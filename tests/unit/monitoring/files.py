"""How rules and PromQL are read here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from evswarm_shared.telemetry.catalogue import CATALOGUE
from evswarm_shared.telemetry.metric_spec import MetricSpec
from tests.support.machine import ROOT

RULES: Final = ROOT / "prometheus" / "rules"
RULE_TESTS: Final = ROOT / "prometheus" / "tests"

SPECS: Final[dict[str, MetricSpec]] = {name: spec for spec in CATALOGUE for name in spec.sample_names()}
"""Name of a sample → what it is a sample of."""
FROM_PROMETHEUS: Final = {"up", "ALERTS", "scrape_samples_post_metric_relabeling"}
TARGET_LABELS: Final = {"job", "instance", "worker", "csms", "le"}

_NAME: Final = re.compile(
    r"(?<![\w:$\"])(?:[a-z_]+:)?(?:evswarm|process|python_gc)_\w+(?::\w+)?|(?<![\w:$\"])(?:up|ALERTS|scrape_\w+)(?![\w(])"
)
_SELECTOR: Final = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_MATCHER: Final = re.compile(r"(\w+)\s*(=~|!=|!~|=)\s*\"([^\"]*)\"")


@dataclass(frozen=True)
class Rule:
    """A recording rule or an alert."""

    name: str
    expr: str
    is_alert: bool
    body: dict[str, Any]


def read_rules(folder: Path = RULES) -> list[Rule]:
    """All rules of all files."""
    return [
        Rule(rule.get("alert") or rule["record"], rule["expr"], "alert" in rule, rule)
        for path in sorted(folder.glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


def read_rule_tests() -> list[dict[str, Any]]:
    """All of promtool's tests."""
    return [
        test
        for path in sorted(RULE_TESTS.glob("*_test.yml"))
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]
    ]


def names_in(expr: str) -> set[str]:
    """The metrics, ours or recorded, that a PromQL expression names."""
    return set(_NAME.findall(expr))


def matchers_in(expr: str) -> Iterator[tuple[str, str, str, str]]:
    """Every (metric, label, operator, value) in the selectors of an expression."""
    for metric, inside in _SELECTOR.findall(expr):
        for label, operator, value in _MATCHER.findall(inside):
            yield metric, label, operator, value


def faults_of(expr: str, recorded: set[str]) -> list[str]:
    """What an expression asks for that does not exist: a metric, a label, or a value that the label never has."""
    faults = [f"no metric {name}" for name in names_in(expr) - SPECS.keys() - FROM_PROMETHEUS - recorded]
    for metric, label, operator, value in matchers_in(expr):
        spec = SPECS.get(metric)
        if spec is None or label in TARGET_LABELS:
            continue
        if label not in spec.label_names:
            faults.append(f"{metric} has no label {label}")
        elif operator in ("=", "!=") and spec.bounded is None:
            position = spec.label_names.index(label)
            if value not in {combination[position] for combination in spec.combinations()}:
                faults.append(f'{metric} never has {label}="{value}"')
    return faults
