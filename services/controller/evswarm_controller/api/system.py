"""The system itself: workers, health, and what Prometheus wants to know."""

import asyncio
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.schemas import Health, PrometheusTarget, WorkerList
from evswarm_controller.context import ContextOf
from evswarm_controller.problems import documented, unavailable

READY_TIMEOUT_SECONDS: Final = 2.0

router = APIRouter(tags=["system"])


@router.get("/workers", response_model=WorkerList, responses=documented())
async def list_workers(context: ContextOf) -> Response:
    """The workers whose lease is valid."""
    context.require_ready()
    assignments = await context.bus.read_assignments()
    return views.json_response(
        {
            "workers": [
                views.worker(
                    heartbeat,
                    assignments[worker_id].station_count() if worker_id in assignments else 0,
                )
                for worker_id, heartbeat in sorted(context.observer.workers.items())
            ]
        }
    )


@router.get("/healthz", response_model=Health)
async def alive() -> Response:
    """That this process lives; says nothing about the store."""
    return views.json_response({"status": "ok"})


@router.get("/readyz", response_model=Health, responses=documented())
async def ready(context: ContextOf) -> Response:
    """That the store answers and the swarm has been read."""
    try:
        async with asyncio.timeout(READY_TIMEOUT_SECONDS):
            await context.bus.ping()
    except TimeoutError:
        return unavailable("The store does not answer in time.")
    context.require_ready()
    return views.json_response({"status": "ok"})


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus text."}
    },
)
async def metrics(request: Request) -> Response:
    """The controller's own metrics; those of workers and csms replicas are at their own addresses."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/prometheus/targets", response_model=list[PrometheusTarget], responses=documented())
async def prometheus_targets(context: ContextOf) -> Response:
    """Every process that serves /metrics, for Prometheus's http_sd_configs."""
    if not context.observer.available:
        return unavailable("The store does not answer, so nobody knows who lives.")
    found = [("worker", worker_id, w.metrics_url) for worker_id, w in context.observer.workers.items()]
    found += [("csms", replica.replica_id, replica.metrics_url) for replica in context.observer.csms]
    found += [("controller", "", each.metrics_url) for each in await context.bus.live_controllers()]
    if context.settings.history:
        found.append(("historian", "", context.settings.historian_url))
    return views.json_response(
        [
            {
                "targets": [urlsplit(url).netloc],
                "labels": {"job": job, **({job: name} if name else {})},
            }
            for job, name, url in found
            if url
        ],
        HTTPStatus.OK,
    )
