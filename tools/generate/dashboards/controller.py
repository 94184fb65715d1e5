"""The controller: planning, API and the dashboard's feed."""

from typing import Final

from tools.generate.dashboards.spec import WORKERS, Board, Panel, Query, Row, quantiles, rate

REQUESTS: Final = "evswarm_http_request_duration_seconds"

CONTROLLER: Final = Board(
    "controller",
    "Controller and dashboard",
    "Does the swarm follow what is asked, does the API answer, and do browsers keep up?",
    (
        Row(
            "Planning",
            (
                Panel(
                    "Asked and there",
                    "Does the swarm follow what was asked?",
                    "none",
                    (
                        Query("max(evswarm_stations_desired)", "desired"),
                        Query("swarm:evswarm_stations_expected:max", "expected to run"),
                        Query("swarm:evswarm_stations:sum", "on workers"),
                        Query("swarm:evswarm_stations_running:sum", "running"),
                    ),
                ),
                Panel(
                    "Workers",
                    "Who is there to run stations?",
                    "none",
                    (Query("max by (state) (evswarm_workers)", "{{state}}"),),
                    width=6,
                    links=(WORKERS,),
                ),
                Panel(
                    "Under way",
                    "Are operations under way, and who leads?",
                    "none",
                    (
                        Query("max(evswarm_operations_running)", "operations"),
                        Query("sum(evswarm_controller_leading)", "leaders"),
                    ),
                    width=6,
                ),
                Panel(
                    "Time to scale",
                    "How long did scale commands take, over the time shown?",
                    "s",
                    tuple(
                        Query(
                            f"histogram_quantile({q}, sum by (le) "
                            "(increase(evswarm_scale_duration_seconds_bucket[$__range])))",
                            f"p{round(q * 100)}",
                        )
                        for q in (0.5, 0.95)
                    ),
                ),
                Panel(
                    "Versions",
                    "Which version runs?",
                    "none",
                    (Query("count by (version) (evswarm_build_info)", "{{version}}"),),
                ),
            ),
        ),
        Row(
            "API",
            (
                Panel(
                    "Requests",
                    "What is asked of the API?",
                    "reqps",
                    (Query(rate(f"{REQUESTS}_count", "method, route") + " > 0", "{{method}} {{route}}"),),
                    stacked=True,
                ),
                Panel(
                    "Answers",
                    "Does it answer with errors?",
                    "reqps",
                    (Query(rate(f"{REQUESTS}_count", "status") + " > 0", "{{status}}"),),
                    stacked=True,
                ),
                Panel(
                    "Refused",
                    "Is somebody kept out: a wrong token, a foreign name or page, too many changes?",
                    "reqps",
                    (Query(rate("evswarm_http_refused_total", "reason") + " > 0", "{{reason}}"),),
                ),
                Panel("Time to answer", "How fast is the API?", "s", quantiles(REQUESTS)),
                Panel(
                    "Lag of the event loop",
                    "Does the controller keep up?",
                    "s",
                    quantiles("evswarm_event_loop_lag_seconds", 'job="controller"'),
                ),
            ),
        ),
        Row(
            "Live feed",
            (
                Panel(
                    "Open dashboards",
                    "How many browsers watch?",
                    "none",
                    (Query("sum by (instance) (evswarm_dashboard_clients)", "{{instance}}"),),
                ),
                Panel(
                    "Sent to dashboards",
                    "How much is sent to them?",
                    "Bps",
                    (Query(rate("evswarm_dashboard_bytes_total"), "bytes"),),
                    width=6,
                ),
                Panel(
                    "Frames to dashboards",
                    "In how many pieces?",
                    "ops",
                    (Query(rate("evswarm_dashboard_frames_total"), "frames"),),
                    width=6,
                ),
                Panel(
                    "Dashboards that do not keep up",
                    "Are patches left out for slow readers?",
                    "ops",
                    (
                        Query(rate("evswarm_dashboard_frames_dropped_total"), "patches left out"),
                        Query(rate("evswarm_dashboard_resyncs_total"), "fresh snapshots"),
                    ),
                ),
                Panel(
                    "Prometheus",
                    "Do scrapes succeed? 1 is yes.",
                    "none",
                    (Query("min by (job) (up)", "{{job}}"),),
                ),
            ),
        ),
    ),
    by_worker=False,
)
