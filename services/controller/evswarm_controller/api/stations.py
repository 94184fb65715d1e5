"""Stations: finding them, how many there are, starting and stopping one, and what hands do to it."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from evswarm_controller.api import new_station, views
from evswarm_controller.api.export_files import documented_files, file_answer, in_pages
from evswarm_controller.api.operation_schemas import OperationView
from evswarm_controller.api.schemas import (
    HandActionRequest,
    NewStationRequest,
    ScaleRequest,
    StationChange,
    StationList,
    StationRequest,
    StationView,
)
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.errors import (
    CommandFailedError,
    UnknownStationError,
)
from evswarm_controller.operation_progress import settled
from evswarm_controller.problems import OPERATION_HEADER, documented
from evswarm_controller.station_query import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    STATUS_PATTERN,
    Direction,
    SortField,
    StationQuery,
    find,
    matching,
    ordered,
    parse_filter,
)
from evswarm_shared.bus.messages import (
    CommandOutcome,
    CommandTarget,
    OperationSnapshot,
    ProfileName,
    StationSnapshot,
    StationSpec,
)
from evswarm_shared.text_exports import TextFormat

SETTLE_SECONDS: Final = 8.0
"""How long start and stop wait for the station before they answer with an operation instead."""

router = APIRouter(tags=["stations"])

StationPath = Annotated[str, Path(max_length=48, examples=["CP-000001"])]


class HandAction(StrEnum):
    """What a person standing at the station, or its surroundings, can do to it."""

    PLUG_IN = "plug_in"
    UNPLUG = "unplug"
    AUTHORIZE = "authorize"
    PRESS_STOP = "press_stop"
    FAULT = "fault"
    CLEAR_FAULT = "clear_fault"
    POWER_CYCLE = "power_cycle"
    NETWORK_DOWN = "network_down"
    NETWORK_UP = "network_up"
    RECONNECT = "reconnect"
    SET_CONFIGURATION = "set_configuration"
    ADD_TO_CACHE = "add_to_cache"
    OPEN_DOOR = "open_door"


@router.get(
    "/stations",
    response_model=StationList,
    responses={
        **documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
        **documented_files(StationList | list[StationView]),
    },
)
async def list_stations(
    context: ContextOf,
    q: Annotated[str, Query(max_length=100, description="Part of an id, worker, profile or message.")] = "",
    status: Annotated[
        str,
        Query(
            max_length=200,
            json_schema_extra={"pattern": STATUS_PATTERN},
            description="States, separated by commas: stations in any of them. The words `running` and `in transaction` "
            "narrow that, or all stations, to those that run, or have an open transaction.",
        ),
    ] = "",
    worker: Annotated[str | None, Query(max_length=200, description="A worker's id.")] = None,
    profile: Annotated[ProfileName | None, Query(description="A behaviour profile.")] = None,
    sort: Annotated[SortField, Query(description="What to sort by.")] = SortField.STATION_ID,
    direction: Annotated[
        Direction, Query(alias="dir", description="Ascending or descending.")
    ] = Direction.ASC,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Stations a page.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    form: Annotated[
        TextFormat | None, Query(alias="format", description="All that match as a file instead of a page.")
    ] = None,
) -> Response:
    """Find stations: search, filter, sort, and turn pages that stay right while the swarm changes."""
    context.require_ready()
    wanted = parse_filter(q=q, status=status, worker=worker, profile=profile)
    if form is not None:
        rows = ordered(matching(context.fleet.rows.values(), wanted), sort, direction)
        pages = in_pages(rows, views.station)
        return await file_answer(
            form, list(StationView.model_fields), pages, context.now(), "evswarm-stations"
        )
    page = find(
        context.fleet.rows.values(),
        StationQuery(
            filter=wanted,
            sort=sort,
            direction=direction,
            limit=limit,
            cursor=cursor or None,
        ),
    )
    return views.json_response(
        {
            "stations": [views.station(row) for row in page.rows],
            "total": page.total,
            "next_cursor": page.next_cursor,
        }
    )


@router.post(
    "/stations/scale",
    status_code=HTTPStatus.ACCEPTED,
    response_model=OperationView,
    responses=documented(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def scale(context: ContextOf, body: ScaleRequest) -> Response:
    """Set how many stations there are. The answer is an operation that ends when they are there."""
    operation = await context.wishes.scale(
        body.count, profile=body.profile, ramp_per_second=body.ramp_per_second
    )
    return views.accepted(operation)


STARTED_OR_STOPPED = {
    **documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
    HTTPStatus.ACCEPTED.value: {
        "model": OperationView,
        "description": "It takes longer: the operation that follows it.",
    },
}


@router.post("/stations/start", response_model=StationView, responses=STARTED_OR_STOPPED)
async def start_station(context: ContextOf, body: StationRequest) -> Response:
    """Start a stopped station, and answer with it once it runs."""
    context.require_ready()
    operation = await context.wishes.start(body.station_id)
    return await _settled(context, body.station_id, operation, stops=False)


@router.post("/stations/stop", response_model=StationView, responses=STARTED_OR_STOPPED)
async def stop_station(context: ContextOf, body: StationRequest) -> Response:
    """Stop a station in order, its transactions first, and answer with it once it has stopped. It stays stopped."""
    context.require_ready()
    operation = await context.wishes.stop(body.station_id)
    return await _settled(context, body.station_id, operation, stops=True)


@router.post(
    "/stations",
    status_code=HTTPStatus.CREATED,
    response_model=StationView,
    responses={
        **documented(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
        HTTPStatus.ACCEPTED.value: STARTED_OR_STOPPED[HTTPStatus.ACCEPTED.value],
    },
)
async def create_station(context: ContextOf, body: NewStationRequest) -> Response:
    """Create one station of a given identity, and answer with it once it runs.

    Under the name of a deleted one it is a new station; only its meters go on from where the old ones stood. What our
    central system knows of the name, such as a key, it forgets by DELETE /csms/stations/{station_id}.
    """
    context.require_ready()
    new_station.check(body)
    operation = await context.wishes.create(StationSpec(**body.model_dump()))
    return await _settled(context, body.station_id, operation, stops=False, status=HTTPStatus.CREATED)


@router.patch(
    "/stations/{station_id}",
    response_model=StationView,
    responses={
        **documented(
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.GATEWAY_TIMEOUT,
        ),
        200: {"description": "The station after it."},
    },
)
async def change_station(context: ContextOf, station_id: StationPath, body: StationChange) -> Response:
    """Leave a station to your hand alone, or let people come and go again."""
    return await _ask_worker(context, station_id, "set_autonomous", body.model_dump())


@router.delete(
    "/stations/{station_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses={
        **documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
        HTTPStatus.ACCEPTED.value: STARTED_OR_STOPPED[HTTPStatus.ACCEPTED.value],
    },
)
async def delete_station(context: ContextOf, station_id: StationPath) -> Response:
    """End a station that was created by name, its transactions first, and answer once it is gone."""
    context.require_ready()
    operation = await context.wishes.delete(station_id)
    if await context.mirror.wait_until(lambda: station_id not in context.fleet.rows, SETTLE_SECONDS):
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={OPERATION_HEADER: operation.operation_id})
    return views.accepted(operation)


@router.get("/stations/{station_id}", response_model=StationView, responses=documented(HTTPStatus.NOT_FOUND))
async def read_station(context: ContextOf, station_id: StationPath) -> Response:
    """One station as it is now."""
    return views.json_response(views.station(context.row(station_id)))


@router.post(
    "/stations/{station_id}/actions/{action}",
    response_model=StationView,
    responses={
        **documented(
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.GATEWAY_TIMEOUT,
        ),
        200: {"description": "The station after it."},
    },
)
async def act(
    context: ContextOf, station_id: StationPath, action: HandAction, body: HandActionRequest | None = None
) -> Response:
    """Do by hand what a driver, a defect or the network would do."""
    payload = {} if body is None else body.model_dump(exclude_none=True)
    return await _ask_worker(context, station_id, action.value, payload)


async def _ask_worker(context: Context, station_id: str, action: str, payload: dict[str, object]) -> Response:
    row = context.row(station_id)
    if not context.fleet.lives(row.worker_id):
        raise CommandFailedError(
            CommandOutcome.NOT_CONNECTED, f"Station {station_id} has no living worker at the moment."
        )
    reply, operation_id = await context.commands.ask(
        CommandTarget.WORKER, row.worker_id, station_id, action, msgspec.json.encode(payload)
    )
    after = views.station(msgspec.json.decode(reply.payload, type=StationSnapshot))
    return views.json_response(after, headers={OPERATION_HEADER: operation_id})


async def _settled(
    context: Context,
    station_id: str,
    operation: OperationSnapshot | None,
    *,
    stops: bool,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    def is_settled() -> bool:
        return settled(context.fleet, station_id, stops=stops)

    in_time = await context.mirror.wait_until(is_settled, SETTLE_SECONDS if operation else 0.0)
    if operation is not None and not in_time:
        return views.accepted(operation)
    row = context.fleet.rows.get(station_id)
    if row is None:
        raise UnknownStationError(station_id)
    headers = {OPERATION_HEADER: operation.operation_id} if operation else None
    return views.json_response(views.station(row), status, headers)
