"""The swarm at a glance: in ten seconds, whether it is well."""

from typing import Final

from tools.generate.dashboards.spec import (
    MESSAGES,
    STATIONS_SIDE,
    WORKER,
    WORKERS,
    Board,
    Panel,
    Query,
    Row,
    quantiles,
    rate,
)

OVERVIEW: Final = Board(
    "overview",
    "Swarm overview",
    "Is the swarm well, and is the central system under test well? If not: which of the other dashboards says why?",
    (
        Row(
            "Now",
            (
                Panel(
                    "Desired",
                    "How many stations were asked for?",
                    "none",
                    (Query("max(evswarm_stations_desired)"),),
                    "stat",
                    3,
                ),
                Panel(
                    "Running",
                    "How many of them are registered with their central system?",
                    "none",
                    (Query("swarm:evswarm_stations_running:sum"),),
                    "stat",
                    3,
                ),
                Panel(
                    "Missing",
                    "How many should be running and are not?",
                    "none",
                    (
                        Query(
                            "clamp_min(swarm:evswarm_stations_expected:max - swarm:evswarm_stations_running:sum, 0)"
                        ),
                    ),
                    "stat",
                    3,
                    threshold=1,
                ),
                Panel(
                    "Alerts",
                    "How many alerts are firing? The lines in the graphs below show when they began.",
                    "none",
                    (Query('count(ALERTS{alertstate="firing"}) or vector(0)'),),
                    "stat",
                    3,
                    threshold=1,
                ),
                Panel(
                    "Failing calls",
                    "Which part of the stations' calls fails or times out?",
                    "percentunit",
                    (Query('job:evswarm_ocpp_calls_failed:ratio_rate1m{job="worker"}'),),
                    "stat",
                    3,
                    threshold=0.05,
                    links=(MESSAGES,),
                ),
                Panel(
                    "Power",
                    "What do all stations deliver now?",
                    "watt",
                    (Query("swarm:evswarm_charging_power_watts:sum"),),
                    "stat",
                    3,
                ),
                Panel(
                    "Workers",
                    "How many workers have a valid lease?",
                    "none",
                    (Query('max(evswarm_workers{state="live"})'),),
                    "stat",
                    3,
                    links=(WORKERS,),
                ),
                Panel(
                    "Workers lost",
                    "How many went without a word, and nobody took their place?",
                    "none",
                    (Query('max(evswarm_workers{state="lost"})'),),
                    "stat",
                    3,
                    threshold=1,
                    links=(WORKERS,),
                ),
            ),
        ),
        Row(
            "Stations",
            (
                Panel(
                    "Stations by state",
                    "Are the stations where they should be? The line is what was asked for.",
                    "none",
                    (
                        Query(f"sum by (state) (evswarm_stations{{{WORKER}}}) > 0", "{{state}}"),
                        Query("swarm:evswarm_stations_expected:max", "expected to run"),
                    ),
                ),
                Panel(
                    "Connectors by status",
                    "What are the connectors doing (OCPP 1.6 ChargePointStatus)?",
                    "none",
                    (Query(f"sum by (status) (evswarm_connectors{{{WORKER}}}) > 0", "{{status}}"),),
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Protocol",
            (
                Panel(
                    "OCPP calls",
                    "How much do the stations say, and what?",
                    "reqps",
                    (
                        Query(
                            rate(
                                "evswarm_ocpp_messages_total"
                                f'{{{STATIONS_SIDE},direction="sent",message_type="Call"}}',
                                "action",
                            )
                            + " > 0",
                            "{{action}}",
                        ),
                    ),
                    stacked=True,
                    links=(MESSAGES,),
                ),
                Panel(
                    "Round trip of a call",
                    "How fast does the central system answer the stations?",
                    "s",
                    quantiles("evswarm_ocpp_call_duration_seconds", STATIONS_SIDE),
                    links=(MESSAGES,),
                ),
                Panel(
                    "Failures",
                    "Do calls fail or time out, or do connections break?",
                    "ops",
                    (
                        Query(rate(f"evswarm_ocpp_call_errors_total{{{STATIONS_SIDE}}}"), "call errors"),
                        Query(rate(f"evswarm_ocpp_call_timeouts_total{{{STATIONS_SIDE}}}"), "time-outs"),
                        Query(
                            rate(
                                f'evswarm_websocket_disconnects_total{{{STATIONS_SIDE},reason!="closed_by_us"}}'
                            ),
                            "broken connections",
                        ),
                    ),
                ),
                Panel(
                    "Stations by worker",
                    "Is the swarm spread evenly?",
                    "none",
                    (Query(f"sum by (worker) (evswarm_stations{{{WORKER}}})", "{{worker}}"),),
                    stacked=True,
                    links=(WORKERS,),
                ),
            ),
        ),
    ),
)
