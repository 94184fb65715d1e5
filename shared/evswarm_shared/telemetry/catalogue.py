"""Every metric that evswarm publishes. The exposition, docs/metrics.md and the checks of rules and panels start here.

Names, labels and units are a public interface. Rules for a new one: a base unit in the name; `_total` for counters;
no station, tag, transaction, address or free text in a label; who a worker is stands in the labels of its target.
"""

from typing import Final

from ocpp.v16.enums import ChargePointStatus, Reason, RegistrationStatus

from evswarm_shared.bus.messages import CommandOutcome, HistoryStream, StationState
from evswarm_shared.telemetry.counts import (
    ACTIONS,
    CALL_DURATION_BOUNDS,
    ERROR_CODES,
    OTHER,
    TRANSACTION_DURATION_BOUNDS,
    ConnectResult,
    DisconnectReason,
    DroppedFrame,
    FaultKind,
    PolicyAction,
    PolicyReason,
)
from evswarm_shared.telemetry.loop_lag import LAG_BOUNDS
from evswarm_shared.telemetry.metric_spec import (
    EVERYWHERE,
    BoundedLabels,
    Exposer,
    Kind,
    MetricSpec,
    label,
)

SAMPLES_PER_TARGET: Final = 2_000
"""The most samples one /metrics may have, however many stations there are."""

WORKER: Final = (Exposer.WORKER,)
CSMS: Final = (Exposer.CSMS,)
CONTROLLER: Final = (Exposer.CONTROLLER,)
BOTH_SIDES: Final = (Exposer.WORKER, Exposer.CSMS)

HTTP_DURATION_BOUNDS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0)
SCALE_DURATION_BOUNDS: Final = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
HTTP_ROUTES_SHOWN: Final = 100
"""Combinations of method, route and status with series of their own; what comes later counts as `other`."""
WORKERS_SHOWN: Final = 200
"""Workers with a series of their own on a controller."""
FAILED_PARTS: Final = ("message", "command", "errand")
REFUSAL_REASONS: Final = ("host", "origin", "token", "tries", "rate")
WORKER_STATES: Final = ("live", "draining", "lost")

STATIONS: Final = MetricSpec(
    "evswarm_stations",
    Kind.GAUGE,
    "Stations on this worker.",
    WORKER,
    (label("state", StationState),),
)
CONNECTORS: Final = MetricSpec(
    "evswarm_connectors",
    Kind.GAUGE,
    "Connectors by ChargePointStatus (OCPP 1.6 §7.7).",
    WORKER,
    (label("status", (status.value for status in ChargePointStatus)),),
)
STATIONS_RUNNING: Final = MetricSpec(
    "evswarm_stations_running",
    Kind.GAUGE,
    "Stations that are switched on and registered with their central system.",
    WORKER,
)
TRANSACTIONS_ACTIVE: Final = MetricSpec(
    "evswarm_transactions_active", Kind.GAUGE, "Open transactions, as the stations see it.", WORKER
)
CHARGING_POWER: Final = MetricSpec(
    "evswarm_charging_power_watts", Kind.GAUGE, "Power of all connectors together.", WORKER
)
ENERGY_DELIVERED: Final = MetricSpec(
    "evswarm_energy_delivered_joules_total", Kind.COUNTER, "Energy that flowed on this worker.", WORKER
)
REVENUE: Final = MetricSpec(
    "evswarm_revenue_total",
    Kind.COUNTER,
    "Energy times the price at the time it flowed, in units of the currency.",
    WORKER,
    bounded=BoundedLabels(("currency",), "the currency of the swarm (ISO 4217)", 1),
)
TRANSACTIONS_STARTED: Final = MetricSpec(
    "evswarm_transactions_started_total", Kind.COUNTER, "Transactions that stations started.", WORKER
)
TRANSACTIONS_STOPPED: Final = MetricSpec(
    "evswarm_transactions_stopped_total",
    Kind.COUNTER,
    "Transactions that stations stopped, by Reason (OCPP 1.6 §7.36).",
    WORKER,
    (label("reason", Reason),),
    catch_all=True,
)
TRANSACTION_DURATION: Final = MetricSpec(
    "evswarm_transaction_duration_seconds",
    Kind.HISTOGRAM,
    "Simulated time from start to stop of a transaction.",
    WORKER,
    bounds=TRANSACTION_DURATION_BOUNDS,
)

OCPP_MESSAGES: Final = MetricSpec(
    "evswarm_ocpp_messages_total",
    Kind.COUNTER,
    "OCPP messages of this side; answers count under the action they answer.",
    BOTH_SIDES,
    (
        label("direction", ("sent", "received")),
        label("message_type", ("Call", "CallResult", "CallError")),
        label("action", (*ACTIONS, OTHER)),
    ),
)
CALL_DURATION: Final = MetricSpec(
    "evswarm_ocpp_call_duration_seconds",
    Kind.HISTOGRAM,
    "Time from writing a call to reading its answer.",
    BOTH_SIDES,
    (label("action", ACTIONS),),
    catch_all=True,
    bounds=CALL_DURATION_BOUNDS,
)
CALL_ERRORS: Final = MetricSpec(
    "evswarm_ocpp_call_errors_total",
    Kind.COUNTER,
    "Calls of this side that the peer answered with a CALLERROR.",
    BOTH_SIDES,
    (label("action", ACTIONS), label("error_code", ERROR_CODES)),
    catch_all=True,
)
CALL_TIMEOUTS: Final = MetricSpec(
    "evswarm_ocpp_call_timeouts_total",
    Kind.COUNTER,
    "Calls of this side that got no answer in time.",
    BOTH_SIDES,
    (label("action", ACTIONS),),
    catch_all=True,
)
CALLS_PENDING: Final = MetricSpec(
    "evswarm_ocpp_calls_pending", Kind.GAUGE, "Calls of this side that wait for an answer.", BOTH_SIDES
)
DROPPED_FRAMES: Final = MetricSpec(
    "evswarm_ocpp_dropped_frames_total",
    Kind.COUNTER,
    "Frames and readings that had no effect, by why.",
    BOTH_SIDES,
    (label("kind", DroppedFrame),),
    catch_all=True,
)
WEBSOCKET_CONNECTS: Final = MetricSpec(
    "evswarm_websocket_connects_total",
    Kind.COUNTER,
    "Attempts to open a WebSocket, by how they ended.",
    BOTH_SIDES,
    (label("result", ConnectResult),),
    catch_all=True,
)
WEBSOCKET_DISCONNECTS: Final = MetricSpec(
    "evswarm_websocket_disconnects_total",
    Kind.COUNTER,
    "Open WebSockets that ended, by why.",
    BOTH_SIDES,
    (label("reason", DisconnectReason),),
    catch_all=True,
)
WEBSOCKET_CONNECT_DURATION: Final = MetricSpec(
    "evswarm_websocket_connect_duration_seconds",
    Kind.HISTOGRAM,
    "Time to open a WebSocket, TLS and handshake included.",
    BOTH_SIDES,
    bounds=CALL_DURATION_BOUNDS,
)
WEBSOCKET_BYTES: Final = MetricSpec(
    "evswarm_websocket_bytes_total",
    Kind.COUNTER,
    "Bytes read from and written to WebSockets.",
    BOTH_SIDES,
    (label("direction", ("sent", "received")),),
)
BOOT_NOTIFICATIONS: Final = MetricSpec(
    "evswarm_boot_notifications_total",
    Kind.COUNTER,
    "BootNotifications by the RegistrationStatus they were answered with (OCPP 1.6 §7.35).",
    BOTH_SIDES,
    (label("status", RegistrationStatus),),
    catch_all=True,
)

OUTBOX_MESSAGES: Final = MetricSpec(
    "evswarm_outbox_messages",
    Kind.GAUGE,
    "Transaction messages that the central system has not answered yet.",
    WORKER,
)
POLICY_DECISIONS: Final = MetricSpec(
    "evswarm_policy_decisions_total",
    Kind.COUNTER,
    "Decisions of the charging policy, with the reason it gave.",
    WORKER,
    (label("action", PolicyAction), label("reason", PolicyReason)),
    catch_all=True,
)
FAULTS_INJECTED: Final = MetricSpec(
    "evswarm_faults_injected_total",
    Kind.COUNTER,
    "Things that were made to go wrong by hand.",
    WORKER,
    (label("kind", FaultKind),),
    catch_all=True,
)
BUS_LAG: Final = MetricSpec(
    "evswarm_bus_lag_seconds", Kind.GAUGE, "Time the store takes to answer a heartbeat.", WORKER
)
STATION_FAILURES: Final = MetricSpec(
    "evswarm_station_failures_total",
    Kind.COUNTER,
    "Faults of our own in a station: a command answered with InternalError, or a resume from the checkpoint.",
    WORKER,
)
PUBLISH_FAILURES: Final = MetricSpec(
    "evswarm_publish_failures_total",
    Kind.COUNTER,
    "Batches of rows that the store did not take; they were tried again.",
    WORKER,
)
LOG_LINES_DROPPED: Final = MetricSpec(
    "evswarm_log_lines_dropped_total",
    Kind.COUNTER,
    "Lines of station logs that were pushed out before they were published.",
    WORKER,
)

CSMS_STATIONS_CONNECTED: Final = MetricSpec(
    "evswarm_csms_stations_connected",
    Kind.GAUGE,
    "Stations whose WebSocket this replica holds.",
    CSMS,
)
CSMS_TRANSACTIONS_OPEN: Final = MetricSpec(
    "evswarm_csms_transactions_open",
    Kind.GAUGE,
    "Open transactions of all stations, as the central system sees it; the same on every replica.",
    CSMS,
)
CSMS_COMMANDS: Final = MetricSpec(
    "evswarm_csms_commands_total",
    Kind.COUNTER,
    "Commands that the central system carried out on stations.",
    CSMS,
    (label("action", ACTIONS), label("outcome", CommandOutcome)),
    catch_all=True,
)
CSMS_FAILURES: Final = MetricSpec(
    "evswarm_csms_failures_total",
    Kind.COUNTER,
    "Messages, commands and what follows them that the central system could not handle by its own fault.",
    CSMS,
    (label("part", FAILED_PARTS),),
    catch_all=True,
)
CSMS_METER_READINGS_DROPPED: Final = MetricSpec(
    "evswarm_csms_meter_readings_dropped_total",
    Kind.COUNTER,
    "Readings that found no room while the store was away, or that named the transaction of another station.",
    CSMS,
)
CSMS_EVENTS_DROPPED: Final = MetricSpec(
    "evswarm_csms_events_dropped_total",
    Kind.COUNTER,
    "Events of stations that found no room while the store was away.",
    CSMS,
)

STATIONS_DESIRED: Final = MetricSpec(
    "evswarm_stations_desired", Kind.GAUGE, "Stations that were asked for.", CONTROLLER
)
STATIONS_EXPECTED: Final = MetricSpec(
    "evswarm_stations_expected",
    Kind.GAUGE,
    "Stations that should be running: those asked for without those that were stopped by hand.",
    CONTROLLER,
)
WORKERS: Final = MetricSpec(
    "evswarm_workers",
    Kind.GAUGE,
    "Workers: with a valid lease, on their way out, or gone without a word and not replaced.",
    CONTROLLER,
    (label("state", WORKER_STATES),),
)
WORKER_LAST_SEEN: Final = MetricSpec(
    "evswarm_worker_last_seen_timestamp_seconds",
    Kind.GAUGE,
    "When a live worker's heartbeat was sent last, in unix time.",
    CONTROLLER,
    bounded=BoundedLabels(("worker",), "the id of a live worker", WORKERS_SHOWN),
)
OPERATIONS_RUNNING: Final = MetricSpec(
    "evswarm_operations_running",
    Kind.GAUGE,
    "Operations that are under way, of every kind.",
    CONTROLLER,
)
SCALE_DURATION: Final = MetricSpec(
    "evswarm_scale_duration_seconds",
    Kind.HISTOGRAM,
    "From a scale command to the swarm being so.",
    CONTROLLER,
    bounds=SCALE_DURATION_BOUNDS,
)
TARIFF_PRICE: Final = MetricSpec(
    "evswarm_tariff_price_per_kilowatt_hour",
    Kind.GAUGE,
    "Price a kWh, in units of the currency.",
    CONTROLLER,
)
CONTROLLER_LEADING: Final = MetricSpec(
    "evswarm_controller_leading", Kind.GAUGE, "1 on the controller that plans, else 0.", CONTROLLER
)
STORE_LOSSES: Final = MetricSpec(
    "evswarm_store_losses_total",
    Kind.COUNTER,
    "How often the store came back without what it had held.",
    CONTROLLER,
)
HTTP_REQUEST_DURATION: Final = MetricSpec(
    "evswarm_http_request_duration_seconds",
    Kind.HISTOGRAM,
    "Time to answer a request to the API.",
    CONTROLLER,
    bounded=BoundedLabels(
        ("method", "route", "status"),
        "the methods, route templates and status codes of the API",
        HTTP_ROUTES_SHOWN + 1,
    ),
    bounds=HTTP_DURATION_BOUNDS,
)
HTTP_REFUSED: Final = MetricSpec(
    "evswarm_http_refused_total",
    Kind.COUNTER,
    "Requests and feeds that were refused for a name or page that is not ours, a wrong token or too many tries of one, or too many changes.",
    CONTROLLER,
    (label("reason", REFUSAL_REASONS),),
    catch_all=True,
)
DASHBOARD_CLIENTS: Final = MetricSpec("evswarm_dashboard_clients", Kind.GAUGE, "Open live feeds.", CONTROLLER)
DASHBOARD_FRAMES: Final = MetricSpec(
    "evswarm_dashboard_frames_total", Kind.COUNTER, "Frames sent to live feeds.", CONTROLLER
)
DASHBOARD_BYTES: Final = MetricSpec(
    "evswarm_dashboard_bytes_total", Kind.COUNTER, "Bytes sent to live feeds.", CONTROLLER
)
DASHBOARD_FRAMES_DROPPED: Final = MetricSpec(
    "evswarm_dashboard_frames_dropped_total",
    Kind.COUNTER,
    "Patches that slow feeds did not get.",
    CONTROLLER,
)
DASHBOARD_RESYNCS: Final = MetricSpec(
    "evswarm_dashboard_resyncs_total", Kind.COUNTER, "Fresh snapshots sent to open feeds.", CONTROLLER
)

BUILD_INFO: Final = MetricSpec(
    "evswarm_build_info",
    Kind.GAUGE,
    "The version that runs; always 1.",
    CONTROLLER,
    bounded=BoundedLabels(("version",), "the version of the package", 1),
)
EVENT_LOOP_LAG: Final = MetricSpec(
    "evswarm_event_loop_lag_seconds",
    Kind.HISTOGRAM,
    "How late the event loop runs its timers.",
    EVERYWHERE,
    bounds=LAG_BOUNDS,
)

_GENERATION: Final = (label("generation", ("0", "1", "2")),)
_LIBRARY: Final = (
    ("process_cpu_seconds_total", Kind.COUNTER, "Processor time used, user and system.", ()),
    ("process_resident_memory_bytes", Kind.GAUGE, "Memory in use.", ()),
    ("process_virtual_memory_bytes", Kind.GAUGE, "Memory addressed.", ()),
    ("process_open_fds", Kind.GAUGE, "Open file descriptors.", ()),
    ("process_max_fds", Kind.GAUGE, "File descriptors that may be open.", ()),
    ("process_start_time_seconds", Kind.GAUGE, "When the process started, in unix time.", ()),
    ("python_gc_collections_total", Kind.COUNTER, "Runs of the garbage collector.", _GENERATION),
    ("python_gc_objects_collected_total", Kind.COUNTER, "Objects it freed.", _GENERATION),
    ("python_gc_objects_uncollectable_total", Kind.COUNTER, "Objects it could not free.", _GENERATION),
)

FEEDERS: Final = (Exposer.WORKER, Exposer.CSMS, Exposer.CONTROLLER)
HISTORIAN: Final = (Exposer.HISTORIAN,)
HISTORY_STREAM: Final = (label("stream", HistoryStream),)
HISTORY_TABLES: Final = ("logs", "messages", "transactions", "events", "runs")
HISTORIAN_STATES: Final = ("writing", "store_away", "database_away", "disk_full")
HISTORY_RECORDS_WRITTEN: Final = MetricSpec(
    "evswarm_history_records_written_total",
    Kind.COUNTER,
    "Records given to the historian.",
    FEEDERS,
    HISTORY_STREAM,
)
HISTORY_RECORDS_DROPPED: Final = MetricSpec(
    "evswarm_history_records_dropped_total",
    Kind.COUNTER,
    "Records that found no room while the store was away.",
    FEEDERS,
    HISTORY_STREAM,
)
HISTORY_ENTRIES_WAITING: Final = MetricSpec(
    "evswarm_history_entries_waiting",
    Kind.GAUGE,
    "Entries, of many records each, that wait in the store for the historian.",
    (Exposer.CONTROLLER,),
    HISTORY_STREAM,
)
HISTORY_ENTRIES_KEPT: Final = MetricSpec(
    "evswarm_history_entries_kept",
    Kind.GAUGE,
    "Entries that each stream keeps at most, about; past it the oldest go.",
    (Exposer.CONTROLLER,),
)
HISTORY_RECORDS_TAKEN: Final = MetricSpec(
    "evswarm_history_records_taken_total",
    Kind.COUNTER,
    "Records up to which a historian has taken a stream, those the cap took included.",
    (Exposer.CONTROLLER,),
    HISTORY_STREAM,
)
HISTORY_BACKLOG: Final = MetricSpec(
    "evswarm_historian_backlog_records",
    Kind.GAUGE,
    "Records in the streams that are not in the database yet, those the cap took included.",
    HISTORIAN,
    HISTORY_STREAM,
)
HISTORY_RECORDS_LOST: Final = MetricSpec(
    "evswarm_historian_records_lost_total",
    Kind.COUNTER,
    "Records that the streams' cap took before they could be written.",
    HISTORIAN,
    HISTORY_STREAM,
)
HISTORY_RECORDS_REFUSED: Final = MetricSpec(
    "evswarm_historian_records_refused_total",
    Kind.COUNTER,
    "Records that could not be read, or that the database would not take.",
    HISTORIAN,
    HISTORY_STREAM,
)
HISTORY_ROWS_WRITTEN: Final = MetricSpec(
    "evswarm_historian_rows_written_total",
    Kind.COUNTER,
    "Rows written to the database.",
    HISTORIAN,
    (label("table", HISTORY_TABLES),),
)
HISTORY_ROWS_EXPIRED: Final = MetricSpec(
    "evswarm_historian_rows_expired_total",
    Kind.COUNTER,
    "Rows removed for their age or for room.",
    HISTORIAN,
    (label("table", HISTORY_TABLES),),
)
HISTORY_ROWS: Final = MetricSpec(
    "evswarm_historian_rows",
    Kind.GAUGE,
    "Rows in the database.",
    HISTORIAN,
    (label("table", HISTORY_TABLES),),
)
HISTORY_BYTES: Final = MetricSpec(
    "evswarm_historian_content_bytes",
    Kind.GAUGE,
    "Size of what the rows hold, without indexes.",
    HISTORIAN,
    (label("table", HISTORY_TABLES),),
)
HISTORIAN_STATE: Final = MetricSpec(
    "evswarm_historian_state",
    Kind.GAUGE,
    "1 for what the historian is doing now.",
    HISTORIAN,
    (label("state", HISTORIAN_STATES),),
)

GROUPS: Final[dict[str, tuple[MetricSpec, ...]]] = {
    "Stations and charging": (
        STATIONS,
        STATIONS_RUNNING,
        CONNECTORS,
        TRANSACTIONS_ACTIVE,
        CHARGING_POWER,
        ENERGY_DELIVERED,
        REVENUE,
        TRANSACTIONS_STARTED,
        TRANSACTIONS_STOPPED,
        TRANSACTION_DURATION,
        POLICY_DECISIONS,
        FAULTS_INJECTED,
    ),
    "OCPP and WebSockets": (
        OCPP_MESSAGES,
        CALL_DURATION,
        CALL_ERRORS,
        CALL_TIMEOUTS,
        CALLS_PENDING,
        DROPPED_FRAMES,
        WEBSOCKET_CONNECTS,
        WEBSOCKET_DISCONNECTS,
        WEBSOCKET_CONNECT_DURATION,
        WEBSOCKET_BYTES,
        BOOT_NOTIFICATIONS,
        OUTBOX_MESSAGES,
    ),
    "Worker": (BUS_LAG, STATION_FAILURES, PUBLISH_FAILURES, LOG_LINES_DROPPED),
    "Central system": (
        CSMS_STATIONS_CONNECTED,
        CSMS_TRANSACTIONS_OPEN,
        CSMS_COMMANDS,
        CSMS_FAILURES,
        CSMS_METER_READINGS_DROPPED,
        CSMS_EVENTS_DROPPED,
    ),
    "Controller": (
        STATIONS_DESIRED,
        STATIONS_EXPECTED,
        WORKERS,
        WORKER_LAST_SEEN,
        OPERATIONS_RUNNING,
        SCALE_DURATION,
        TARIFF_PRICE,
        CONTROLLER_LEADING,
        STORE_LOSSES,
        HTTP_REQUEST_DURATION,
        HTTP_REFUSED,
        DASHBOARD_CLIENTS,
        DASHBOARD_FRAMES,
        DASHBOARD_BYTES,
        DASHBOARD_FRAMES_DROPPED,
        DASHBOARD_RESYNCS,
        BUILD_INFO,
    ),
    "History": (
        HISTORY_RECORDS_WRITTEN,
        HISTORY_RECORDS_DROPPED,
        HISTORY_ENTRIES_WAITING,
        HISTORY_ENTRIES_KEPT,
        HISTORY_RECORDS_TAKEN,
        HISTORY_BACKLOG,
        HISTORY_RECORDS_LOST,
        HISTORY_RECORDS_REFUSED,
        HISTORY_ROWS_WRITTEN,
        HISTORY_ROWS_EXPIRED,
        HISTORY_ROWS,
        HISTORY_BYTES,
        HISTORIAN_STATE,
    ),
    "Process": (
        EVENT_LOOP_LAG,
        *(
            MetricSpec(name, kind, text, EVERYWHERE, labels, ours=False)
            for name, kind, text, labels in _LIBRARY
        ),
    ),
}
"""The metrics under the headings of the document."""

CATALOGUE: Final[tuple[MetricSpec, ...]] = tuple(spec for group in GROUPS.values() for spec in group)
