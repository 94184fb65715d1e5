"""One station in detail: what its worker knows of it now, and its power over the last hours."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.detail_schemas import PowerHistory, StationDetail
from evswarm_controller.api.history import MAX_LIMIT, TagDisplay, Tags
from evswarm_controller.api.stations import StationPath
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.errors import CommandFailedError
from evswarm_controller.power_history import HistoryItem, series_of
from evswarm_controller.problems import documented
from evswarm_shared.bus.messages import CommandOutcome, CommandTarget
from evswarm_shared.history.records import Side

MOST_SCHEDULE_HOURS: Final = 168
MOST_PAGES: Final = 4
"""Pages of the history that are read for one chart: 4,000 meter values."""

router = APIRouter(tags=["stations"])


class _Page(msgspec.Struct):
    items: list[HistoryItem]
    next_cursor: str | None = None


_PAGE: Final = msgspec.json.Decoder(_Page)


@router.get(
    "/stations/{station_id}/detail",
    response_model=StationDetail,
    responses=documented(
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.GATEWAY_TIMEOUT,
    ),
)
async def read_detail(
    context: ContextOf,
    station_id: StationPath,
    schedule_hours: Annotated[
        int,
        Query(ge=0, le=MOST_SCHEDULE_HOURS, description="How far ahead composite schedules are worked out."),
    ] = 24,
    tags: Tags = TagDisplay.MASKED,
) -> Response:
    """One station with everything inside, as its worker has it now: connectors, cars, configuration, profiles."""
    row = context.row(station_id)
    if not context.fleet.lives(row.worker_id):
        raise CommandFailedError(
            CommandOutcome.NOT_CONNECTED, f"Station {station_id} has no living worker at the moment."
        )
    asked = {"schedule_seconds": schedule_hours * 3600, "full_tags": tags is TagDisplay.FULL}
    reply = await context.router.inquire(
        CommandTarget.WORKER, row.worker_id, station_id, "describe", msgspec.json.encode(asked)
    )
    return Response(bytes(reply.payload), media_type="application/json")


@router.get(
    "/stations/{station_id}/power",
    response_model=PowerHistory,
    responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_IMPLEMENTED),
)
async def read_power(
    context: ContextOf,
    station_id: StationPath,
    minutes: Annotated[int, Query(ge=1, le=1440, description="How far back.")] = 60,
) -> Response:
    """Power, limit and state of charge of a station's connectors over the last minutes, from the history."""
    until = context.now()
    since = until - minutes * 60.0
    span = {"station": station_id, "since": str(since), "until": str(until)}
    told = {"action": "MeterValues", "direction": "from_station", "side": Side.STATION.value}
    messages, all_messages = await _read_all(context, "messages", {**span, **told})
    starts, all_starts = await _read_all(context, "logs", {**span, "kind": "transaction"})
    offers, all_offers = await _read_all(context, "logs", {**span, "kind": "policy", "text": "offers"})
    # Of lines of the same millisecond an offer comes before the start that tells of it again.
    lines = sorted([*starts, *offers], key=lambda item: item.at, reverse=True)
    return views.json_response(
        {
            "station_id": station_id,
            "since": datetime.fromtimestamp(since, UTC),
            "until": datetime.fromtimestamp(until, UTC),
            "complete": all_messages and all_starts and all_offers,
            "connectors": series_of(messages, lines),
        }
    )


async def _read_all(
    context: Context, topic: str, parameters: dict[str, Any]
) -> tuple[list[HistoryItem], bool]:
    """The items that answer it, newest first, and whether these are all."""
    items: list[HistoryItem] = []
    asked = {**parameters, "limit": str(MAX_LIMIT)}
    for _ in range(MOST_PAGES):
        answer = await context.historian.ask(topic, asked)
        page = _PAGE.decode(b"".join([part async for part in answer.body]))
        items += page.items
        if page.next_cursor is None:
            return items, True
        asked["cursor"] = page.next_cursor
    return items, False
