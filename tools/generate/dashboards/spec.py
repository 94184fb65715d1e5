"""What a dashboard is made of, in the words of the person who reads it: boards, rows, panels and queries.

A panel is a question, asked in its description; sizes are those of Grafana's grid, 24 columns wide. How all this looks
as Grafana's JSON is the business of `rendering`.
"""

from dataclasses import dataclass
from typing import Final, Literal

COLUMNS: Final = 24

WORKER: Final = 'worker=~"$worker"'
"""Only the workers chosen at the top of the dashboard."""
ACTION: Final = 'action=~"$action"'
"""Only the actions chosen at the top of the dashboard."""
STATIONS_SIDE: Final = f'job="worker",{WORKER}'
CSMS_SIDE: Final = 'job="csms"'


@dataclass(frozen=True)
class Query:
    """A PromQL expression and how its series are called in the legend (in a table: its column)."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class PanelLink:
    """A way out of a panel. `path` is one of our own dashboard."""

    title: str
    path: str


MESSAGES: Final = PanelLink("Messages as they come", "/ui/messages")
WORKERS: Final = PanelLink("Workers", "/ui/workers")


@dataclass(frozen=True)
class Panel:
    """One question and the queries that answer it. `unit` is one of Grafana's unit names.

    A table joins its queries, which have `table_key` as their one label, into a row for each value of it. `threshold`
    is where a number becomes worrying.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Literal["stat", "graph", "heatmap", "table"] = "graph"
    width: int = 12
    stacked: bool = False
    threshold: float | None = None
    table_key: str = ""
    column_units: tuple[str, ...] = ()
    links: tuple[PanelLink, ...] = ()

    @property
    def height(self) -> int:
        """Grid rows."""
        return 4 if self.kind == "stat" else 8


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Board:
    """One dashboard. `by_worker` and `by_action` offer the variables of these names."""

    slug: str
    title: str
    description: str
    rows: tuple[Row, ...]
    by_worker: bool = True
    by_action: bool = False

    @property
    def uid(self) -> str:
        """Its name in addresses; for good, since people link to it."""
        return f"evswarm-{self.slug}"

    def panels(self) -> tuple[Panel, ...]:
        """All panels, in reading order."""
        return tuple(panel for row in self.rows for panel in row.panels)


def rate(selector: str, by: str = "") -> str:
    """The rate of a counter, a second, summed; with `by`, one series for each value of these labels."""
    grouping = f" by ({by}) " if by else ""
    return f"sum{grouping}(rate({selector}[$__rate_interval]))"


def quantiles(histogram: str, selector: str = "") -> tuple[Query, ...]:
    """Median, 95th and 99th percentile of a histogram."""
    buckets = f"{histogram}_bucket{{{selector}}}" if selector else f"{histogram}_bucket"
    return tuple(
        Query(f"histogram_quantile({q}, {rate(buckets, 'le')})", f"p{round(q * 100)}")
        for q in (0.5, 0.95, 0.99)
    )
