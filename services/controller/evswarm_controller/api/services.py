"""Who is there: the processes around the swarm and how they are, and what this system is."""

import platform
import time
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.service_schemas import About, ServiceList, SettingView
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.errors import HistorianError
from evswarm_controller.lost_workers import LostWorker, fate
from evswarm_controller.problems import documented
from evswarm_shared.bus.messages import ControllerHeartbeat, CsmsHeartbeat
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.settings import PREFIX

HIDDEN: Final = "set, and not shown"

router = APIRouter(tags=["system"])


@router.get("/services", response_model=ServiceList)
async def list_services(context: ContextOf) -> Response:
    """Everything but the workers; answers without the store too, with what was last known."""
    store = await _store(context)
    try:
        controllers = await context.bus.live_controllers() if store["available"] else []
    except BusUnavailableError:
        controllers = []
    return views.json_response(
        {
            "store": store,
            "controllers": [_controller(each, context) for each in controllers],
            "csms": [_replica(each) for each in context.observer.csms],
            "historian": await _historian(context),
            "shortage": _shortage(context),
            "lost_workers": [_lost(each, context) for each in reversed(context.observer.lost_workers.recent)],
        }
    )


@router.get("/about", response_model=About, responses=documented(HTTPStatus.SERVICE_UNAVAILABLE))
async def read_about(context: ContextOf) -> Response:
    """Versions, the run, and the settings of this controller; secrets are named and not shown."""
    context.require_ready()
    desired = context.observer.desired
    clock = desired.clock
    return views.json_response(
        {
            "version": context.presence.version,
            "python": platform.python_version(),
            "platform": f"{platform.system()} {platform.machine()}",
            "controller_id": context.presence.controller_id,
            "run": {
                "run_id": desired.run_id,
                "seed": desired.seed,
                "id_prefix": desired.id_prefix,
                "began_at": views.timestamp(desired.began_at),
                "simulated_at": views.timestamp(context.observer.simulated_now()),
                "clock_factor": clock.factor,
                "generation": desired.generation,
                "stations": len(context.observer.wanted),
            },
            "prometheus_url": context.settings.prometheus_url,
            "settings": [each.model_dump() for each in settings_of(context.settings)],
        }
    )


def settings_of(settings: BaseModel) -> list[SettingView]:
    """The settings as they may be shown: those that somebody changed first, then by name."""
    shown = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value is None:
            text = ""
        elif not field.repr:
            text = HIDDEN
        else:
            # Of an address only what follows the '@': a password may stand before it.
            text = str(value).rpartition("@")[2] if "://" in str(value) else str(value)
        shown.append(
            SettingView(
                name=f"{PREFIX}{name.upper()}",
                value=text,
                changed=value != field.get_default(),
                description=field.description or "",
            )
        )
    return sorted(shown, key=lambda each: (not each.changed, each.name))


async def _store(context: Context) -> dict[str, Any]:
    address = context.settings.redis_url.rpartition("@")[2].rpartition("//")[2]
    began = time.perf_counter()
    try:
        await context.bus.ping()
    except BusUnavailableError as error:
        return {"available": False, "address": address, "ping_ms": None, "problem": str(error)}
    took = (time.perf_counter() - began) * 1000
    return {"available": True, "address": address, "ping_ms": round(took, 2), "problem": ""}


async def _historian(context: Context) -> dict[str, Any]:
    view = {
        "enabled": context.settings.history,
        "answers": False,
        "address": context.settings.historian_url.rpartition("@")[2],
        "state": None,
        "problem": "",
        "waiting": {},
        "written": {},
    }
    if not context.settings.history:
        return view
    try:
        status = await context.historian.status()
    except HistorianError as error:
        return {**view, "problem": str(error)}
    return {**view, "answers": True, **msgspec.structs.asdict(status)}


def _controller(heartbeat: ControllerHeartbeat, context: Context) -> dict[str, Any]:
    return {
        **_process(heartbeat),
        "controller_id": heartbeat.controller_id,
        "version": heartbeat.version,
        "leads": heartbeat.leads,
        "dashboards": heartbeat.dashboards,
        "answering": heartbeat.controller_id == context.presence.controller_id,
    }


def _replica(heartbeat: CsmsHeartbeat) -> dict[str, Any]:
    return {
        **_process(heartbeat),
        "replica_id": heartbeat.replica_id,
        "stations_connected": heartbeat.stations_connected,
        "capacity": heartbeat.capacity,
    }


def _process(heartbeat: ControllerHeartbeat | CsmsHeartbeat) -> dict[str, Any]:
    return {
        "host": heartbeat.host,
        "pid": heartbeat.pid,
        "started_at": views.timestamp(heartbeat.started_at),
        "last_seen_at": views.timestamp(heartbeat.sent_at),
        "cpu_percent": heartbeat.cpu_percent,
        "memory_bytes": heartbeat.memory_bytes,
    }


def _shortage(context: Context) -> str:
    desired = context.observer.known_desired
    return "" if desired is None else context.observer.shortage(desired)


def _lost(lost: LostWorker, context: Context) -> dict[str, Any]:
    became = fate(lost, context.fleet.rows, context.fleet.lives)
    return {
        "worker_id": lost.heartbeat.worker_id,
        "host": lost.heartbeat.host,
        "pid": lost.heartbeat.pid,
        "lease_epoch": lost.heartbeat.lease_epoch,
        "last_seen_at": views.timestamp(lost.heartbeat.sent_at),
        "lost_at": views.timestamp(lost.lost_at),
        "stations": len(lost.station_ids),
        "taken_over": became.taken_over,
        "waiting": became.waiting,
        "stopped": became.stopped,
        "removed": became.removed,
    }
