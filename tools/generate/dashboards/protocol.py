"""OCPP as both sides saw it."""

from typing import Final

from tools.generate.dashboards.spec import (
    ACTION,
    CSMS_SIDE,
    MESSAGES,
    STATIONS_SIDE,
    WORKER,
    Board,
    Panel,
    Query,
    Row,
    quantiles,
    rate,
)

DURATION: Final = "evswarm_ocpp_call_duration_seconds"

PROTOCOL: Final = Board(
    "protocol",
    "OCPP protocol",
    "What do stations and central system say to each other, how fast, and what goes wrong?",
    (
        Row(
            "Latency",
            (
                Panel(
                    "How long calls of stations take",
                    "Is the central system evenly quick, or are there a few slow answers?",
                    "s",
                    (
                        Query(
                            f"sum by (le) (increase({DURATION}_bucket{{{STATIONS_SIDE},{ACTION}}}[$__rate_interval]))",
                            "{{le}}",
                        ),
                    ),
                    "heatmap",
                    links=(MESSAGES,),
                ),
                Panel(
                    "Slowest actions of stations",
                    "Which calls does the central system answer slowly? 95th percentile by action.",
                    "s",
                    (
                        Query(
                            "topk(8, histogram_quantile(0.95, "
                            + rate(f"{DURATION}_bucket{{{STATIONS_SIDE},{ACTION}}}", "action, le")
                            + ") > 0)",
                            "{{action}}",
                        ),
                    ),
                    links=(MESSAGES,),
                ),
                Panel(
                    "Round trip of the stations' calls",
                    "How fast does the central system answer?",
                    "s",
                    quantiles(DURATION, f"{STATIONS_SIDE},{ACTION}"),
                    links=(MESSAGES,),
                ),
                Panel(
                    "Round trip of the central system's calls",
                    "How fast do stations answer commands?",
                    "s",
                    quantiles(DURATION, f"{CSMS_SIDE},{ACTION}"),
                    links=(MESSAGES,),
                ),
            ),
        ),
        Row(
            "Traffic",
            (
                Panel(
                    "Calls of stations",
                    "What do stations say?",
                    "reqps",
                    (
                        Query(
                            rate(
                                f"evswarm_ocpp_messages_total{{{STATIONS_SIDE},{ACTION},"
                                'direction="sent",message_type="Call"}',
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
                    "Commands of the central system",
                    "What was asked of stations, and how did it end?",
                    "reqps",
                    (
                        Query(
                            rate(f"evswarm_csms_commands_total{{{ACTION}}}", "action, outcome") + " > 0",
                            "{{action}} {{outcome}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    "Calls waiting for an answer",
                    "Does one side hang?",
                    "none",
                    (Query("sum by (job) (evswarm_ocpp_calls_pending)", "{{job}}"),),
                ),
                Panel(
                    "Bytes on the WebSockets",
                    "How much is that on the wire?",
                    "Bps",
                    (
                        Query(
                            rate(f"evswarm_websocket_bytes_total{{{STATIONS_SIDE}}}", "direction"),
                            "{{direction}} by stations",
                        ),
                        Query(
                            rate(f"evswarm_websocket_bytes_total{{{CSMS_SIDE}}}", "direction"),
                            "{{direction}} by central system",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "What goes wrong",
            (
                Panel(
                    "Part of calls that fails",
                    "Is it more than the alert allows (5 %)?",
                    "percentunit",
                    (Query("job:evswarm_ocpp_calls_failed:ratio_rate1m", "calls of a {{job}}"),),
                    threshold=0.05,
                ),
                Panel(
                    "Errors answered",
                    "Which calls are answered with a CALLERROR, and with which code?",
                    "reqps",
                    (
                        Query(
                            rate(f"evswarm_ocpp_call_errors_total{{{ACTION}}}", "job, action, error_code")
                            + " > 0",
                            "{{action}} {{error_code}} (to {{job}})",
                        ),
                    ),
                    links=(MESSAGES,),
                ),
                Panel(
                    "Time-outs",
                    "Which calls get no answer in time?",
                    "reqps",
                    (
                        Query(
                            rate(f"evswarm_ocpp_call_timeouts_total{{{ACTION}}}", "job, action") + " > 0",
                            "{{action}} (of {{job}})",
                        ),
                    ),
                    links=(MESSAGES,),
                ),
                Panel(
                    "Frames without effect",
                    "Does one side send what the other cannot use?",
                    "reqps",
                    (
                        Query(
                            rate("evswarm_ocpp_dropped_frames_total", "job, kind") + " > 0",
                            "{{kind}} (at {{job}})",
                        ),
                    ),
                ),
                Panel(
                    "Failures of our central system",
                    "Did it fail on a message or a command by its own fault?",
                    "reqps",
                    (
                        Query(rate("evswarm_csms_failures_total", "part"), "{{part}}"),
                        Query(rate("evswarm_csms_meter_readings_dropped_total"), "readings dropped"),
                        Query(rate("evswarm_csms_events_dropped_total"), "events dropped"),
                    ),
                ),
                Panel(
                    "Boots",
                    "How are BootNotifications answered?",
                    "reqps",
                    (
                        Query(
                            rate(f"evswarm_boot_notifications_total{{{STATIONS_SIDE}}}", "status"),
                            "{{status}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Connections",
            (
                Panel(
                    "Stations connected",
                    "Do stations and central system agree on who is connected?",
                    "none",
                    (
                        Query("swarm:evswarm_stations_running:sum", "registered, as stations say"),
                        Query(
                            "sum(evswarm_csms_stations_connected)", "connected, as the central system says"
                        ),
                    ),
                ),
                Panel(
                    "Attempts to connect",
                    "Do they succeed, and if not, why?",
                    "reqps",
                    (
                        Query(
                            rate(f"evswarm_websocket_connects_total{{{STATIONS_SIDE}}}", "result") + " > 0",
                            "{{result}}",
                        ),
                    ),
                ),
                Panel(
                    "Connections that ended",
                    "Why do connections end?",
                    "reqps",
                    (
                        Query(
                            rate("evswarm_websocket_disconnects_total", "job, reason") + " > 0",
                            "{{reason}} (at {{job}})",
                        ),
                    ),
                ),
                Panel(
                    "Time to connect",
                    "How long does it take until a WebSocket is open?",
                    "s",
                    quantiles("evswarm_websocket_connect_duration_seconds", f'job="worker",{WORKER}'),
                ),
            ),
        ),
    ),
    by_action=True,
)
