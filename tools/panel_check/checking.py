"""Whether a query has an answer that a panel can show."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tools.panel_check.prometheus_server import Prometheus
from tools.panel_check.queries import OPTIONAL_KINDS, PanelQuery, filled

RATE_INTERVAL: Final = "10s"
"""Some scrapes of one second each, as Grafana would take some of five."""


@dataclass(frozen=True)
class Finding:
    """What came of one query: `wrong` is empty when a panel can show it; `last` is its last value in words."""

    query: PanelQuery
    wrong: str
    last: str


def check(prometheus: Prometheus, queries: Iterable[PanelQuery], seconds: float) -> list[Finding]:
    """Ask Prometheus each of them, about the last `seconds`."""
    return [_finding(prometheus, query, seconds) for query in queries]


def _finding(prometheus: Prometheus, query: PanelQuery, seconds: float) -> Finding:
    expr = filled(query.expr, rate_interval=RATE_INTERVAL, time_range=f"{round(seconds)}s")
    try:
        series = prometheus.query_range(expr, seconds)
    except ValueError as error:
        return Finding(query, f"does not parse: {error}", "")
    if not series:
        return Finding(query, "" if query.kind in OPTIONAL_KINDS else "no data", "–")
    finite = [[v for _, text in one["values"] if math.isfinite(v := float(text))] for one in series]
    empty = sum(not values for values in finite)
    if empty:
        return Finding(query, f"{empty} of {len(series)} series are NaN or infinite throughout", "NaN")
    last = max(values[-1] for values in finite)
    more = f" (largest of {len(series)} series)" if len(series) > 1 else ""
    return Finding(query, "", f"{last:.6g}{more}")
