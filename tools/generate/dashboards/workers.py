"""The processes: what they cost, and whether they keep up."""

from typing import Final

from tools.generate.dashboards.spec import WORKER, WORKERS, Board, Panel, Query, Row, quantiles, rate

# Workers that the variable leaves out, but never another service.
CHOSEN: Final = f'job="worker",{WORKER}'

RUNTIME: Final = Board(
    "workers",
    "Workers and runtime",
    "Do the processes keep up, what do they cost, and which worker is in trouble?",
    (
        Row(
            "Workers",
            (
                Panel(
                    "Workers",
                    "Which worker has how many stations, and does it keep up? A row leads to our own list of workers.",
                    "none",
                    (
                        Query(f"sum by (worker) (evswarm_stations{{{WORKER}}})", "stations"),
                        Query(f"sum by (worker) (evswarm_stations_running{{{WORKER}}})", "running"),
                        Query(f"sum by (worker) (rate(process_cpu_seconds_total{{{CHOSEN}}}[1m]))", "cores"),
                        Query(f"sum by (worker) (process_resident_memory_bytes{{{CHOSEN}}})", "memory"),
                        Query(f"sum by (worker) (process_open_fds{{{CHOSEN}}})", "open files"),
                        Query(f"max by (worker) (evswarm_bus_lag_seconds{{{WORKER}}})", "store"),
                    ),
                    "table",
                    16,
                    table_key="worker",
                    column_units=("none", "none", "none", "bytes", "none", "s"),
                    links=(WORKERS,),
                ),
                Panel(
                    "Age of the last heartbeat",
                    "Does a worker fall silent? At 10 s it loses its lease, unless another time was set.",
                    "s",
                    (
                        Query(
                            "min by (worker) (timestamp(evswarm_worker_last_seen_timestamp_seconds)"
                            " - evswarm_worker_last_seen_timestamp_seconds)",
                            "{{worker}}",
                        ),
                    ),
                    width=8,
                    threshold=5,
                    links=(WORKERS,),
                ),
            ),
        ),
        Row(
            "Cost",
            (
                Panel(
                    "Processor",
                    "How many cores does each process use?",
                    "none",
                    (
                        Query(
                            'rate(process_cpu_seconds_total{job!="prometheus"}[$__rate_interval])',
                            "{{job}} {{instance}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    "Memory",
                    "How much memory does each process hold?",
                    "bytes",
                    (Query('process_resident_memory_bytes{job!="prometheus"}', "{{job}} {{instance}}"),),
                    stacked=True,
                ),
                Panel(
                    "Bytes a station",
                    "How much memory of the workers goes into one station? With few stations, the process itself counts.",
                    "bytes",
                    (
                        Query(
                            f"sum by (worker) (process_resident_memory_bytes{{{CHOSEN}}})"
                            f" / (sum by (worker) (evswarm_stations{{{WORKER}}}) > 0)",
                            "{{worker}}",
                        ),
                    ),
                ),
                Panel(
                    "Addressed memory",
                    "Does the address space of a process grow without end?",
                    "bytes",
                    (Query('process_virtual_memory_bytes{job!="prometheus"}', "{{job}} {{instance}}"),),
                ),
            ),
        ),
        Row(
            "Keeping up",
            (
                Panel(
                    "Lag of the event loop",
                    "How late do processes come to their work? 99th percentile.",
                    "s",
                    (
                        Query(
                            "job_instance:evswarm_event_loop_lag_seconds:p99_rate1m", "{{job}} {{instance}}"
                        ),
                    ),
                    threshold=0.25,
                ),
                Panel(
                    "Lag of the workers' loops",
                    "Is it a few late timers, or all of them?",
                    "s",
                    quantiles("evswarm_event_loop_lag_seconds", CHOSEN),
                ),
                Panel(
                    "Answer of the store",
                    "How long does the store take to answer a heartbeat?",
                    "s",
                    (Query(f"evswarm_bus_lag_seconds{{{WORKER}}}", "{{worker}}"),),
                ),
                Panel(
                    "Own failures",
                    "Do stations fail by our fault, do rows or log lines not reach the store?",
                    "ops",
                    (
                        Query(rate(f"evswarm_station_failures_total{{{WORKER}}}"), "stations resumed"),
                        Query(rate(f"evswarm_publish_failures_total{{{WORKER}}}"), "batches of rows refused"),
                        Query(rate(f"evswarm_log_lines_dropped_total{{{WORKER}}}"), "log lines dropped"),
                    ),
                ),
            ),
        ),
        Row(
            "Limits",
            (
                Panel(
                    "Open files",
                    "How near is a process to the number of files it may open? A station is one.",
                    "percentunit",
                    (Query('process_open_fds{job!="prometheus"} / process_max_fds', "{{job}} {{instance}}"),),
                    threshold=0.8,
                ),
                Panel(
                    "Samples a scrape",
                    "Does a target stay within its budget of 2,000 samples?",
                    "none",
                    (
                        Query(
                            'scrape_samples_post_metric_relabeling{job!="prometheus"}',
                            "{{job}} {{instance}}",
                        ),
                    ),
                    threshold=2000,
                ),
                Panel(
                    "Garbage collector",
                    "How often does it run, and does it find what it cannot free?",
                    "ops",
                    (
                        Query(
                            rate("python_gc_collections_total", "job, generation"),
                            "{{job}} gen {{generation}}",
                        ),
                        Query(rate("python_gc_objects_collected_total", "job"), "{{job}}: objects freed"),
                        Query(
                            rate("python_gc_objects_uncollectable_total", "job"), "{{job}}: not to be freed"
                        ),
                    ),
                ),
                Panel(
                    "Age of a process",
                    "Did a process start anew?",
                    "s",
                    (
                        Query(
                            'time() - process_start_time_seconds{job!="prometheus"}', "{{job}} {{instance}}"
                        ),
                    ),
                ),
            ),
        ),
    ),
)
