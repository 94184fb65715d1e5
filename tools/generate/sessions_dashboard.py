"""grafana/dashboards/history/sessions.json: the charging sessions of the history, asked from its Postgres database.

Times in the tables are unix milliseconds, energy mWh, money millionths of the currency.
"""

import json
from typing import Any, Final

DATASOURCE: Final = {"type": "grafana-postgresql-datasource", "uid": "evswarm-history"}
STARTED: Final = "$__unixEpochFilter(started_ms / 1000)"
"""Grafana's macro for the time range, on whole seconds."""
ENDED: Final = "station_stopped_ms IS NOT NULL"
BIN: Final = "to_timestamp(started_ms / $__interval_ms * $__interval_ms / 1000.0)"
"""The beginning of the interval that a session began in: whole numbers, so the first division leaves the remainder."""
PER_INTERVAL: Final = "GROUP BY 1 ORDER BY 1"
SHORTEST_INTERVAL: Final = "5m"
"""Of a graph: in less, a small swarm begins one session or none."""

_STATS: Final = (
    ("Sessions", "How many began?", "none", f"SELECT count(*) AS sessions FROM transactions WHERE {STARTED}"),
    (
        "Energy",
        "What did those that ended deliver?",
        "kwatth",
        f"SELECT sum(energy_mwh) / 1e6 AS energy FROM transactions WHERE {STARTED}",
    ),
    (
        "Earnings",
        "What did they earn, in the swarm's currency?",
        "none",
        f"SELECT sum(earnings_micro) / 1e6 AS earnings FROM transactions WHERE {STARTED}",
    ),
    (
        "Mean energy",
        "How large is a session?",
        "kwatth",
        f"SELECT avg(energy_mwh) / 1e6 AS energy FROM transactions WHERE {STARTED} AND {ENDED}",
    ),
    (
        "Mean duration",
        "How long does one last?",
        "s",
        f"SELECT avg(station_stopped_ms - started_ms) / 1000 AS duration FROM transactions WHERE {STARTED} AND {ENDED}",
    ),
    (
        "Disputed",
        "On how many do station and central system disagree?",
        "none",
        f"SELECT count(*) AS disputed FROM transactions WHERE {STARTED} AND station_meter_stop <> csms_meter_stop",
    ),
)
_GRAPHS: Final = (
    (
        "Sessions begun",
        "When do cars come?",
        "none",
        f"SELECT {BIN} AS time, count(*) AS sessions FROM transactions WHERE {STARTED} {PER_INTERVAL}",
    ),
    (
        "Energy and earnings",
        "What do the sessions that began then deliver and earn?",
        "none",
        f"SELECT {BIN} AS time, sum(energy_mwh) / 1e6 AS kwh, sum(earnings_micro) / 1e6 AS earnings "
        f"FROM transactions WHERE {STARTED} {PER_INTERVAL}",
    ),
    (
        "Why sessions end",
        "Which reasons do stations give?",
        "none",
        f"SELECT {BIN} AS time, coalesce(station_reason, 'open') AS metric, count(*) AS sessions "
        f"FROM transactions WHERE {STARTED} GROUP BY 1, 2 ORDER BY 1",
    ),
    (
        "Duration",
        "How long do they last?",
        "s",
        f"SELECT {BIN} AS time, percentile_cont(0.5) WITHIN GROUP (ORDER BY station_stopped_ms - started_ms) / 1000 "
        f"AS median, max(station_stopped_ms - started_ms) / 1000.0 AS longest FROM transactions "
        f"WHERE {STARTED} AND {ENDED} {PER_INTERVAL}",
    ),
)
_TABLES: Final = (
    (
        "Latest sessions",
        "What happened last?",
        "SELECT to_timestamp(started_ms / 1000.0) AS started, station_id, connector_id, transaction_id, "
        "energy_mwh / 1e6 AS kwh, earnings_micro / 1e6 AS earnings, station_reason AS reason, csms_meter_stop, csms_flags "
        f"FROM transactions WHERE {STARTED} ORDER BY started_ms DESC LIMIT 200",
    ),
    (
        "Busiest stations",
        "Who charges most?",
        "SELECT station_id, count(*) AS sessions, sum(energy_mwh) / 1e6 AS kwh, sum(earnings_micro) / 1e6 AS earnings "
        f"FROM transactions WHERE {STARTED} GROUP BY 1 ORDER BY 3 DESC NULLS LAST LIMIT 50",
    ),
)


def queries() -> dict[str, str]:
    """Every query by the title of its panel."""
    return {
        **{title: sql for title, _, _, sql in (*_STATS, *_GRAPHS)},
        **{title: sql for title, _, sql in _TABLES},
    }


def files() -> dict[str, str]:
    """The one dashboard."""
    panels: list[dict[str, Any]] = []
    for number, (title, question, unit, sql) in enumerate(_STATS):
        place = {"h": 4, "w": 4, "x": number * 4, "y": 0}
        panels.append(_panel(len(panels) + 1, "stat", title, question, unit, sql, "table", place))
    for number, (title, question, unit, sql) in enumerate(_GRAPHS):
        place = {"h": 8, "w": 12, "x": number % 2 * 12, "y": 4 + number // 2 * 8}
        graph = _panel(len(panels) + 1, "timeseries", title, question, unit, sql, "time_series", place)
        panels.append(graph | {"interval": SHORTEST_INTERVAL})
    for number, (title, question, sql) in enumerate(_TABLES):
        place = {"h": 10, "w": 12, "x": number * 12, "y": 20}
        panels.append(_panel(len(panels) + 1, "table", title, question, "none", sql, "table", place))
    board = {
        "uid": "evswarm-sessions",
        "title": "Sessions",
        "description": "Charging sessions as the stations have them and as the central system has them.",
        "tags": ["evswarm"],
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "panels": panels,
    }
    return {"grafana/dashboards/history/sessions.json": json.dumps(board, indent=2, sort_keys=True) + "\n"}


def _panel(
    number: int, kind: str, title: str, question: str, unit: str, sql: str, form: str, place: dict[str, int]
) -> dict[str, Any]:
    return {
        "id": number,
        "type": kind,
        "title": title,
        "description": question,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "targets": [
            {
                "datasource": DATASOURCE,
                "editorMode": "code",
                "format": form,
                "rawQuery": True,
                "rawSql": sql,
                "refId": "A",
            }
        ],
    }
