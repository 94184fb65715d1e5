"""grafana/dashboards/*.json, from a short specification of rows, panels and queries.

The sizes are Grafana's grid: 24 columns wide. A panel is a title, a question answered in its description, a unit and
its queries; everything else is the same for all of them and stands here once.
"""

from dataclasses import dataclass
from typing import Final, Literal

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.common import (
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    GridPos,
)

DATASOURCE: Final = DataSourceRef(type_val="prometheus", uid="evswarm-prometheus")
COLUMNS: Final = 24
STAT_HEIGHT: Final = 4
GRAPH_HEIGHT: Final = 8


@dataclass(frozen=True)
class Query:
    """A PromQL expression and how its series are called in the legend."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One question and the queries that answer it. `unit` is one of Grafana's unit names."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: Literal["stat", "graph"] = "graph"
    width: int = 12
    stacked: bool = False


OVERVIEW: Final = (
    Panel(
        "Desired",
        "How many stations were asked for?",
        "none",
        (Query("max(evswarm_stations_desired)"),),
        "stat",
        4,
    ),
    Panel(
        "Stations",
        "How many stations do the workers run?",
        "none",
        (Query("sum(evswarm_stations)"),),
        "stat",
        4,
    ),
    Panel(
        "Charging",
        "How many transactions are open?",
        "none",
        (Query("sum(evswarm_transactions_active)"),),
        "stat",
        4,
    ),
    Panel(
        "Power",
        "What do all stations deliver now?",
        "watt",
        (Query("sum(evswarm_charging_power_watts)"),),
        "stat",
        4,
    ),
    Panel(
        "Energy",
        "What was delivered since the workers started?",
        "kwatth",
        (Query("sum(evswarm_energy_delivered_joules_total) / 3.6e6"),),
        "stat",
        4,
    ),
    Panel(
        "Price",
        "What does a kWh cost now?",
        "none",
        (Query("max(evswarm_tariff_price_per_kilowatt_hour)"),),
        "stat",
        4,
    ),
    Panel(
        "Stations by state",
        "Are the stations where they should be? The line is what was asked for.",
        "none",
        (
            Query("sum by (state) (evswarm_stations) > 0", "{{state}}"),
            Query("max(evswarm_stations_desired)", "desired"),
        ),
    ),
    Panel(
        "Connectors by status",
        "What are the connectors doing (OCPP 1.6 ChargePointStatus)?",
        "none",
        (Query("sum by (status) (evswarm_connectors) > 0", "{{status}}"),),
        stacked=True,
    ),
    Panel(
        "Power, reported and metered",
        "Does the reported power agree with the rate of the energy?",
        "watt",
        (
            Query("sum(evswarm_charging_power_watts)", "reported"),
            Query("sum(rate(evswarm_energy_delivered_joules_total[$__rate_interval]))", "rate of energy"),
        ),
    ),
    Panel(
        "OCPP messages",
        "How much do stations and central system talk?",
        "mps",
        (
            Query(
                'sum by (action) (rate(evswarm_ocpp_messages_total{job="worker",message_type="Call"}'
                "[$__rate_interval])) > 0",
                "{{action}}",
            ),
        ),
        stacked=True,
    ),
    Panel(
        "Round trip of a call",
        "How fast does the central system answer the stations?",
        "s",
        tuple(
            Query(
                f"histogram_quantile({quantile}, sum by (le) "
                '(rate(evswarm_ocpp_call_duration_seconds_bucket{job="worker"}[$__rate_interval])))',
                f"p{round(quantile * 100)}",
            )
            for quantile in (0.5, 0.95, 0.99)
        ),
    ),
    Panel(
        "Failures",
        "Do calls fail, time out, or connections break?",
        "ops",
        (
            Query('sum(rate(evswarm_ocpp_call_errors_total{job="worker"}[$__rate_interval]))', "call errors"),
            Query('sum(rate(evswarm_ocpp_call_timeouts_total{job="worker"}[$__rate_interval]))', "time-outs"),
            Query(
                'sum(rate(evswarm_websocket_disconnects_total{job="worker"}[$__rate_interval]))',
                "disconnects",
            ),
        ),
    ),
    Panel(
        "Stations by worker",
        "Is the swarm spread evenly?",
        "none",
        (Query("sum by (instance) (evswarm_stations)", "{{instance}}"),),
        stacked=True,
    ),
    Panel(
        "CPU by process",
        "What does the swarm cost? 1 is one core.",
        "none",
        (Query("rate(process_cpu_seconds_total[$__rate_interval])", "{{job}} {{instance}}"),),
        stacked=True,
    ),
)


def files() -> dict[str, str]:
    """The dashboards, one file each."""
    overview = _dashboard("evswarm-overview", "Swarm overview", OVERVIEW)
    return {"grafana/dashboards/swarm-overview.json": overview}


def _dashboard(uid: str, title: str, panels: tuple[Panel, ...]) -> str:
    board = (
        dashboard.Dashboard(title)
        .uid(uid)
        .tags(["evswarm"])
        .readonly()
        .refresh("5s")
        .time("now-15m", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Live dashboard")
            .type(DashboardLinkType.LINK)
            .url("http://127.0.0.1:8000/")
            .target_blank(True)
        )
    )
    column = row = height = 0
    for number, panel in enumerate(panels, start=1):
        if column + panel.width > COLUMNS:
            column, row = 0, row + height
        height = STAT_HEIGHT if panel.kind == "stat" else GRAPH_HEIGHT
        built = _stat(panel) if panel.kind == "stat" else _graph(panel)
        built = built.id(number).grid_pos(GridPos(h=height, w=panel.width, x=column, y=row))
        board = board.with_panel(built)
        column += panel.width
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def _targets(panel: Panel) -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery()
        .expr(query.expr)
        .legend_format(query.legend)
        .ref_id(chr(ord("A") + number))
        .datasource(DATASOURCE)
        for number, query in enumerate(panel.queries)
    ]


def _stat(panel: Panel) -> stat.Panel:
    built = (
        stat.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(DATASOURCE)
        .unit(panel.unit)
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    )
    for target in _targets(panel):
        built = built.with_target(target)
    return built


def _graph(panel: Panel) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(DATASOURCE)
        .unit(panel.unit)
        .min(0)
        .fill_opacity(20 if panel.stacked else 5)
        .show_points(VisibilityMode.NEVER)
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(
            VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    if panel.stacked:
        built = built.stacking(StackingConfig().mode(StackingMode.NORMAL))
    for target in _targets(panel):
        built = built.with_target(target)
    return built
