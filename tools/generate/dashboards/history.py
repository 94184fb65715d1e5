"""The history: does it keep up, does it lose anything, and how much is there?"""

from typing import Final

from tools.generate.dashboards.spec import Board, Panel, Query, Row, rate

HISTORY: Final = Board(
    "history",
    "History",
    "Is everything that happens kept, and how much is there of it?",
    (
        Row(
            "Keeping up",
            (
                Panel(
                    "State",
                    "Does the historian write? 1 is what it does now.",
                    "none",
                    (Query("max by (state) (evswarm_historian_state)", "{{state}}"),),
                ),
                Panel(
                    "Not written yet",
                    "Is the historian behind?",
                    "none",
                    (Query("sum by (stream) (evswarm_historian_backlog_records)", "{{stream}}"),),
                ),
                Panel(
                    "Room in the store",
                    "How full are the streams? At 100 % the oldest goes.",
                    "percentunit",
                    (
                        Query(
                            "max by (stream) (evswarm_history_entries_waiting) "
                            "/ on () group_left () max(evswarm_history_entries_kept)",
                            "{{stream}}",
                        ),
                    ),
                ),
                Panel(
                    "Records told",
                    "How much do workers, central system and controller tell?",
                    "ops",
                    (
                        Query(
                            rate("evswarm_history_records_written_total", "job, stream"), "{{job}} {{stream}}"
                        ),
                    ),
                ),
                Panel(
                    "Lost",
                    "Is anything lost: before the streams, in them, or at the database?",
                    "ops",
                    (
                        Query(rate("evswarm_history_records_dropped_total"), "dropped before the store"),
                        Query(rate("evswarm_historian_records_lost_total"), "lost to the cap"),
                        Query(rate("evswarm_historian_records_refused_total"), "refused by the database"),
                    ),
                ),
            ),
        ),
        Row(
            "Database",
            (
                Panel(
                    "Rows written",
                    "How fast does it grow?",
                    "ops",
                    (Query(rate("evswarm_historian_rows_written_total", "table"), "{{table}}"),),
                ),
                Panel(
                    "Rows removed",
                    "How much goes for its age or for room?",
                    "ops",
                    (Query(rate("evswarm_historian_rows_expired_total", "table"), "{{table}}"),),
                ),
                Panel(
                    "Rows",
                    "How many are there?",
                    "none",
                    (Query("sum by (table) (evswarm_historian_rows)", "{{table}}"),),
                    stacked=True,
                ),
                Panel(
                    "Content",
                    "How large is what they hold, without indexes?",
                    "bytes",
                    (Query("sum by (table) (evswarm_historian_content_bytes)", "{{table}}"),),
                    stacked=True,
                ),
            ),
        ),
    ),
    by_worker=False,
)
