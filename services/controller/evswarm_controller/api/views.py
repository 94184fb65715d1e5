"""The controller's data as the JSON that `schemas` describes, built directly: a page of 1,000 rows takes milliseconds."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from evswarm_controller.problems import OPERATION_HEADER
from evswarm_controller.worker_rates import round_trip_p95_ms
from evswarm_shared.bus.messages import (
    OperationSnapshot,
    StationSnapshot,
    TransactionRecord,
    WorkerHeartbeat,
)
from evswarm_shared.ocpp16.timestamps import format_timestamp

_encode = msgspec.json.Encoder().encode


def json_response(
    content: object, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """An answer that is encoded as it stands."""
    return Response(_encode(content), status_code=status, headers=headers, media_type="application/json")


def timestamp(at: float | None) -> str | None:
    """Unix seconds as RFC 3339 in UTC with milliseconds; None for never (0 or None)."""
    if not at:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(at: float | None) -> str | None:
    """As `timestamp`, of a time that somebody else has written: 0 is a time as any other, None is none."""
    return None if at is None else format_timestamp(at)


def station(row: StationSnapshot) -> dict[str, Any]:
    """StationView."""
    return {
        "station_id": row.station_id,
        "status": row.state,
        "running": row.running,
        "charging": row.transactions > 0,
        "connectors": row.connectors,
        "transactions": row.transactions,
        "power_kw": row.power_w / 1000,
        "session_kwh": row.session_wh / 1000,
        "energy_kwh": row.energy_mwh / 1_000_000,
        "earnings": row.earnings_micro / 1_000_000,
        "worker_id": row.worker_id,
        "profile": row.profile,
        "last_message": row.last_message,
        "last_message_at": timestamp(row.last_message_at),
        "changed_at": timestamp(row.changed_at),
    }


def operation(snapshot: OperationSnapshot) -> dict[str, Any]:
    """OperationView."""
    return {
        "operation_id": snapshot.operation_id,
        "kind": snapshot.kind,
        "action": snapshot.action,
        "generation": snapshot.generation,
        "state": snapshot.state,
        "target": snapshot.target,
        "done": snapshot.done,
        "failed": snapshot.failed,
        "message": snapshot.message,
        "cancelling": snapshot.cancelling,
        "created_at": timestamp(snapshot.created_at),
        "updated_at": timestamp(snapshot.updated_at),
        "expires_at": timestamp(snapshot.expires_at),
        "station_ids": snapshot.station_ids,
    }


def accepted(snapshot: OperationSnapshot) -> Response:
    """The answer that names the operation to follow."""
    headers = {"Location": f"/operations/{snapshot.operation_id}", OPERATION_HEADER: snapshot.operation_id}
    return json_response(operation(snapshot), HTTPStatus.ACCEPTED, headers)


def worker(heartbeat: WorkerHeartbeat, assigned: int) -> dict[str, Any]:
    """WorkerView."""
    return {
        "worker_id": heartbeat.worker_id,
        "host": heartbeat.host,
        "pid": heartbeat.pid,
        "metrics_url": heartbeat.metrics_url,
        "addresses": heartbeat.addresses,
        "started_at": timestamp(heartbeat.started_at),
        "last_seen_at": timestamp(heartbeat.sent_at),
        "lease_epoch": heartbeat.lease_epoch,
        "applied_generation": heartbeat.applied_generation,
        "assigned": assigned,
        "stations": heartbeat.stations,
        "running": heartbeat.running,
        "draining": heartbeat.draining,
        "loop_lag_ms": heartbeat.loop_lag_ms,
        "capacity": heartbeat.capacity,
        "cpu_percent": heartbeat.cpu_percent,
        "memory_bytes": heartbeat.memory_bytes,
        "messages_per_second": heartbeat.messages_per_second,
        "round_trip_p95_ms": round_trip_p95_ms((heartbeat,)),
    }


def transaction(record: TransactionRecord) -> dict[str, Any]:
    """TransactionView."""
    return {
        **msgspec.structs.asdict(record),
        "started_at": instant(record.started_at),
        "stopped_at": instant(record.stopped_at),
        "open": record.stopped_at is None,
    }
