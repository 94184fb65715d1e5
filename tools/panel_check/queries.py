"""Every PromQL expression in the dashboards, with Grafana's variables filled in as Grafana would."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
DASHBOARDS: Final = ROOT / "grafana" / "dashboards"
OPTIONAL_KINDS: Final = frozenset({"annotation"})
"""What may have nothing to show at a moment: nothing was scaled, no price changed."""


@dataclass(frozen=True)
class PanelQuery:
    """One expression and where it stands. `kind` is the panel's type, or `annotation`, or `variable`."""

    board: str
    place: str
    kind: str
    expr: str


def read_dashboards(folder: Path = DASHBOARDS) -> dict[str, dict[str, Any]]:
    """The dashboards that ask Prometheus, by file name; those in folders of their own ask other sources."""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def every_dashboard(folder: Path = DASHBOARDS) -> list[dict[str, Any]]:
    """All dashboards that Grafana is provisioned with, whomever they ask."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.json"))]


def queries_of(board: dict[str, Any]) -> Iterator[PanelQuery]:
    """Everything in one dashboard that is sent to Prometheus."""
    title = board["title"]
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield PanelQuery(title, panel["title"], panel["type"], target["expr"])
    for annotation in board["annotations"]["list"]:
        yield PanelQuery(title, annotation["name"], "annotation", annotation["expr"])
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            # label_values(<selector>, <label>): the selector is what has to exist.
            selector = variable["query"]["query"].removeprefix("label_values(").rpartition(",")[0]
            yield PanelQuery(title, variable["name"], "variable", selector)


def all_queries(boards: Iterable[dict[str, Any]]) -> list[PanelQuery]:
    """Everything that these dashboards send to Prometheus."""
    return [query for board in boards for query in queries_of(board)]


def filled(expr: str, *, rate_interval: str, time_range: str, worker: str = ".*", action: str = ".*") -> str:
    """The expression with the variables of ours and of Grafana replaced.

    Raises:
        ValueError: a variable is left that nothing is known about.
    """
    for name, value in (
        ("$__rate_interval", rate_interval),
        ("$__range", time_range),
        ("$worker", worker),
        ("$action", action),
    ):
        expr = expr.replace(name, value)
    if "$" in expr:
        raise ValueError(f"unknown variable in {expr}")
    return expr
