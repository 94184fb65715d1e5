"""Boards as Grafana's JSON, by Grafana's own SDK. Whatever is the same for all panels stands here once."""

from typing import Final
from zlib import crc32

from grafana_foundation_sdk.builders import dashboard, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    GraphThresholdsStyleMode,
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
    DataTransformerConfig,
    DynamicConfigValue,
    GridPos,
    MatcherConfig,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from tools.generate.dashboards.spec import COLUMNS, Board, Panel, PanelLink

DATASOURCE: Final = DataSourceRef(type_val="prometheus", uid="evswarm-prometheus")
OURS: Final = "http://127.0.0.1:8000"
"""Where the dashboard of a swarm started with the defaults is; the variable `evswarm` changes it."""
GREEN: Final = "green"
RED: Final = "red"

ANNOTATIONS: Final = (
    ("Alerts", 'ALERTS{alertstate="firing"}', "{{alertname}}", "{{severity}} {{worker}} {{instance}}", RED),
    (
        "Price",
        "max(changes(evswarm_tariff_price_per_kilowatt_hour[15s])) > 0",
        "Price changed",
        "",
        "orange",
    ),
    ("Scale", "max(changes(evswarm_stations_desired[15s])) > 0", "Swarm scaled", "", "blue"),
)
"""What is drawn as lines into every graph: name, query, title, text, colour."""

Built = stat.Panel | timeseries.Panel | heatmap.Panel | table.Panel


def render(board: Board) -> str:
    """The JSON file of a dashboard, ending in a line break."""
    built = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags(["evswarm"])
        .readonly()
        .refresh("5s")
        .time("now-15m", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("evswarm")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["evswarm"])
            .as_dropdown(False)
            .include_vars(True)
            .keep_time(True)
        )
        .link(
            dashboard.DashboardLink("Live dashboard")
            .type(DashboardLinkType.LINK)
            .url("${evswarm:raw}/")
            .target_blank(True)
        )
    )
    for variable in _variables(board):
        built = built.with_variable(variable)
    for name, expr, title, text, colour in ANNOTATIONS:
        built = built.annotation(
            dashboard.AnnotationQuery()
            .name(name)
            .datasource(DATASOURCE)
            .enable(True)
            .icon_color(colour)
            .expr(expr)
            .step("5s")
            .title_format(title)
            .text_format(text)
        )
    y = 0
    for row in board.rows:
        built = built.with_row(
            dashboard.Row(row.title).id(_id(board, row.title)).grid_pos(GridPos(h=1, w=COLUMNS, x=0, y=y))
        )
        y += 1
        column = height = 0
        for panel in row.panels:
            if column + panel.width > COLUMNS:
                column, y, height = 0, y + height, 0
            height = max(height, panel.height)
            position = GridPos(h=panel.height, w=panel.width, x=column, y=y)
            number = _id(board, row.title, panel.title)
            built = built.with_panel(_panel(panel).id(number).grid_pos(position))
            column += panel.width
        y += height
    return JSONEncoder(sort_keys=True, indent=2).encode(built.build()) + "\n"


def _id(board: Board, *titles: str) -> int:
    """The number by which links name a panel: it stays when panels are added or moved."""
    return crc32("/".join((board.slug, *titles)).encode()) % 1_000_000


def _variables(board: Board) -> list[dashboard.QueryVariable | dashboard.TextBoxVariable]:
    variables: list[dashboard.QueryVariable | dashboard.TextBoxVariable] = []
    if board.by_worker:
        variables.append(_choice("worker", "Worker", "label_values(evswarm_stations, worker)"))
    if board.by_action:
        query = 'label_values(evswarm_ocpp_call_timeouts_total{job="worker"}, action)'
        variables.append(_choice("action", "Action", query))
    address = dashboard.TextBoxVariable("evswarm").label("Dashboard at").default_value(OURS)
    variables.append(address.current(VariableOption(text=OURS, value=OURS, selected=True)))
    return variables


def _choice(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": f"variable-{name}"})
        .definition(query)
        .multi(True)
        .include_all(True)
        # Without this, All would name every value it knows, and miss a worker that came since.
        .all_value(".*")
        .current(VariableOption(text="All", value="$__all", selected=True))
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def _panel(panel: Panel) -> Built:
    match panel.kind:
        case "stat":
            built: Built = stat.Panel().reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        case "graph":
            built = _graph(panel)
        case "heatmap":
            built = _heatmap(panel)
        case "table":
            built = _table(panel)
    built = built.title(panel.title).description(panel.description).datasource(DATASOURCE).unit(panel.unit)
    if panel.threshold is not None:
        built = built.thresholds(
            dashboard.ThresholdsConfig()
            .mode(ThresholdsMode.ABSOLUTE)
            .steps([Threshold(value=None, color=GREEN), Threshold(value=panel.threshold, color=RED)])
        )
    if panel.links:
        built = built.links([_link(link) for link in panel.links])
    for target in _targets(panel):
        built = built.with_target(target)
    return built


def _link(link: PanelLink) -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink(link.title)
        .type(DashboardLinkType.LINK)
        .url(f"${{evswarm:raw}}{link.path}")
        .target_blank(True)
    )


def _targets(panel: Panel) -> list[prometheus.Dataquery]:
    targets = []
    for number, query in enumerate(panel.queries):
        target = (
            prometheus.Dataquery()
            .expr(query.expr)
            .legend_format(query.legend)
            .ref_id(chr(ord("A") + number))
            .datasource(DATASOURCE)
        )
        if panel.kind == "heatmap":
            target = target.format(PromQueryFormat.HEATMAP)
        elif panel.kind == "table":
            target = target.format(PromQueryFormat.TABLE).instant()
        targets.append(target)
    return targets


def _graph(panel: Panel) -> timeseries.Panel:
    built = (
        timeseries.Panel()
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
    if panel.threshold is not None:
        built = built.thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    return built


def _heatmap(panel: Panel) -> heatmap.Panel:
    # The buckets come from Prometheus; Grafana has nothing to compute.
    return heatmap.Panel().calculate(False).y_axis(heatmap.YAxisConfig().unit(panel.unit))


def _table(panel: Panel) -> table.Panel:
    """A row for each value of the key, a column for each query."""
    columns = {f"Value #{chr(ord('A') + n)}": query.legend for n, query in enumerate(panel.queries)}
    built = (
        table.Panel()
        .with_transformation(
            DataTransformerConfig(id_val="joinByField", options={"byField": panel.table_key, "mode": "outer"})
        )
        .with_transformation(
            DataTransformerConfig(
                id_val="organize",
                options={
                    "excludeByName": {f"Time {n + 1}": True for n in range(len(panel.queries))}
                    | {"Time": True},
                    "renameByName": columns,
                },
            )
        )
    )
    for query, unit in zip(panel.queries, panel.column_units, strict=True):
        built = built.with_override(
            MatcherConfig(id_val="byName", options=query.legend),
            [DynamicConfigValue(id_val="unit", value=unit)],
        )
    return built.with_override(
        MatcherConfig(id_val="byName", options=panel.table_key),
        [
            DynamicConfigValue(
                id_val="links",
                value=[
                    {
                        "title": link.title,
                        "url": f"${{evswarm:raw}}{link.path}?worker=${{__value.raw}}",
                        "targetBlank": True,
                    }
                    for link in panel.links
                ],
            )
        ],
    )
