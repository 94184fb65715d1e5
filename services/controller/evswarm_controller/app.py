"""The web application: routes, documents and files around the parts of one controller."""

from collections.abc import Iterable
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from evswarm_controller import docs_page, problems
from evswarm_controller.access.gate import Gate
from evswarm_controller.api import (
    audit,
    central_system,
    command_forms,
    conditions,
    csms_boot_rules,
    csms_stations,
    csms_tags,
    csms_uploads,
    history,
    live,
    logs,
    operations,
    pricing,
    raw_access,
    services,
    session,
    station_detail,
    stations,
    system,
    views,
)
from evswarm_controller.context import Context
from evswarm_controller.dashboard_files import DashboardFiles
from evswarm_controller.http_rules import HttpRules
from evswarm_controller.live_schema import live_schema
from evswarm_controller.openapi_document import completed
from evswarm_controller.path_table import PathTable
from evswarm_controller.telemetry import ControllerTelemetry, Gauges
from evswarm_shared.bus.messages import OperationState
from evswarm_shared.telemetry.exposition import loop_metrics, process_registry

VERSION: Final = version("evswarm-controller")
DESCRIPTION: Final = (
    "A swarm of simulated EV charging stations that speak OCPP 1.6J. Everything is JSON; whatever changes something "
    "needs Content-Type: application/json; errors are problem documents (RFC 9457). Changes as they happen come over "
    "the WebSocket /live, described by /live.schema.json."
)


def create_app(context: Context, dashboard: DashboardFiles) -> FastAPI:
    """The application that serves this controller."""
    app = FastAPI(title="evswarm", version=VERSION, description=DESCRIPTION, docs_url=None, redoc_url=None)
    app.state.context = context
    app.state.registry = process_registry(
        lambda: context.telemetry.metrics(lambda: _gauges(context)),
        context.history.recorder.metrics,
        context.history_streams.metrics,
        lambda: loop_metrics(context.telemetry.lag),
    )
    problems.install(app)
    app.add_middleware(HttpRules, gate=context.gate, telemetry=context.telemetry, now=context.now)
    routers = (
        operations.router,
        stations.router,
        station_detail.router,
        raw_access.router,
        command_forms.router,
        pricing.router,
        conditions.router,
        central_system.router,
        csms_stations.router,
        csms_tags.router,
        csms_boot_rules.router,
        csms_uploads.router,
        audit.router,
        system.router,
        services.router,
        session.router,
        logs.router,
        history.router,
        live.router,
    )
    for router in routers:
        app.include_router(router)
    app.router.routes.extend(dashboard.routes())
    _describe(app, context.gate)
    routes = [*app.routes, *(route for router in routers for route in router.routes)]
    app.state.paths = PathTable(routes)
    _expect_requests(routes, context.telemetry)
    return app


def _expect_requests(routes: Iterable[BaseRoute], telemetry: ControllerTelemetry) -> None:
    """Have every route with its usual answer among the metrics before the first request."""
    for route in routes:
        if isinstance(route, Route):
            status = getattr(route, "status_code", None) or HTTPStatus.OK.value
            for method in sorted(route.methods or ()):
                telemetry.expect_request(method, route.path, status)


def _describe(app: FastAPI, gate: Gate) -> None:
    """Serve the descriptions of the API and of the feed."""

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        return HTMLResponse(docs_page.render(app.openapi(), str(request.base_url)))

    @app.get("/docs/style.css", include_in_schema=False)
    async def style() -> Response:
        return Response(docs_page.STYLE, media_type="text/css")

    @app.get("/live.schema.json", include_in_schema=False)
    async def schema() -> Response:
        return views.json_response(live_schema())

    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = completed(
                make(),
                token_required=gate.token_required,
                forms=command_forms.forms_by_path(),
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _gauges(context: Context) -> Gauges:
    workers = context.observer.workers
    draining = sum(worker.draining for worker in workers.values())
    counts = context.hub.counts
    return Gauges(
        stations_desired=len(context.observer.wanted),
        stations_expected=context.observer.wanted.expected_to_run,
        workers_live=len(workers) - draining,
        workers_draining=draining,
        workers_lost=len(context.observer.lost_workers),
        last_seen={worker_id: worker.sent_at for worker_id, worker in workers.items()},
        operations_running=sum(
            operation.state is OperationState.RUNNING for operation in context.observer.operations.values()
        ),
        price=context.observer.price(),
        leading=context.reconciler.leads,
        store_losses=context.observer.losses,
        clients=len(context.hub),
        frames=counts.frames,
        bytes=counts.bytes,
        frames_dropped=counts.frames_dropped,
        resyncs=counts.resyncs,
    )
