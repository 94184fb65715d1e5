"""The history: what happened, from the database of the historian. Pages of JSON, or whole exports as streams."""

import logging
from datetime import date
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final

import httpx
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from evswarm_controller.api.export_files import disposition
from evswarm_controller.api.stations import StationPath
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.problems import documented
from evswarm_shared.history.records import Direction, Side

MAX_LIMIT: Final = 1000

log = logging.getLogger(__name__)
router = APIRouter(tags=["history"])


class PassedOn(StreamingResponse):
    """What the historian answers, as it comes. Where that breaks off this has no end either, so that its reader knows."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        except httpx.HTTPError as error:
            log.warning("the historian broke off an answer: %s", error or type(error).__name__)


class HistoryFormat(StrEnum):
    """The forms of an export."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"


class TagDisplay(StrEnum):
    """How id tags are shown."""

    MASKED = "masked"
    FULL = "full"


class MessageStatus(StrEnum):
    """What messages are asked for by."""

    ANSWERED = "answered"
    ERROR = "error"
    UNANSWERED = "unanswered"
    MALFORMED = "malformed"
    FAILED = "failed"


class TransactionStatus(StrEnum):
    """What a transaction is asked for by."""

    OPEN = "open"
    CLOSED = "closed"
    DISPUTED = "disputed"
    ONE_SIDED = "one_sided"


class HistoryTopic(StrEnum):
    """What `GET /stations/{station_id}/history` can be about."""

    LOGS = "logs"
    MESSAGES = "messages"
    TRANSACTIONS = "transactions"
    EVENTS = "events"


class DayView(BaseModel):
    """One day."""

    day: date = Field(examples=["2026-11-22"])
    sessions: int = Field(description="Transactions that began on it.")
    energy_wh: float = Field(description="What they drew, as far as they have ended.")
    earnings: float = Field(description="What they brought, in the currency.")


class DayList(BaseModel):
    """Days, the oldest first; those without a session are left out."""

    items: list[DayView]


class HistoryPage(BaseModel):
    """One page, newest first."""

    items: list[dict[str, Any]] = Field(description="What was found; the fields are in docs/history.md.")
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


# Documented here, judged by the historian, which says better what is wrong.
_TIME: Final = {
    "anyOf": [{"maxLength": 0}, {"format": "date-time"}, {"pattern": "^[01]?[0-9]{1,9}(\\.[0-9]{1,6})?$"}]
}
Since = Annotated[
    str,
    Query(max_length=40, json_schema_extra=_TIME, description="From this time on: RFC 3339 or unix seconds."),
]
Until = Annotated[str, Query(max_length=40, json_schema_extra=_TIME, description="Before this time.")]
Station = Annotated[str, Query(max_length=48, description="A station's id.")]
Run = Annotated[str, Query(max_length=64, description="A run's id, from /history/runs.")]
Words = Annotated[
    str,
    Query(
        max_length=200,
        json_schema_extra={"pattern": r"^$|[0-9A-Za-z]"},
        description="Words that all stand in it, in any order.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items a page.")]
Cursor = Annotated[
    str,
    Query(
        max_length=40,
        json_schema_extra={"pattern": "^([1-9][0-9]{0,18})?$"},
        description="`next_cursor` of the page before.",
    ),
]
Form = Annotated[
    HistoryFormat | None, Query(alias="format", description="Everything as one stream instead of a page.")
]
Tags = Annotated[TagDisplay, Query(description="`full` shows id tags as they are.")]

ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_IMPLEMENTED),
    200: {
        "model": HistoryPage,
        "description": "A page; with `format` a stream of everything, with `format=json` one list.",
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        },
    },
}


@router.get("/history/logs", responses=ANSWERS, response_class=Response)
async def read_logs(
    context: ContextOf,
    request: Request,
    since: Since = "",
    until: Until = "",
    station: Station = "",
    run: Run = "",
    kind: Annotated[str, Query(max_length=32, description="For example `transaction` or `connection`.")] = "",
    level: Annotated[str, Query(pattern="^(info|warning|error|)$", description="How bad it is.")] = "",
    text: Words = "",
    limit: Limit = 100,
    cursor: Cursor = "",
    form: Form = None,
) -> Response:
    """Log lines of the stations."""
    return await _pass_on(context, request, "logs")


@router.get("/history/messages", responses=ANSWERS, response_class=Response)
async def read_messages(
    context: ContextOf,
    request: Request,
    since: Since = "",
    until: Until = "",
    station: Station = "",
    run: Run = "",
    action: Annotated[str, Query(max_length=64, description="An OCPP Action.")] = "",
    direction: Annotated[Direction | None, Query(description="Who called.")] = None,
    side: Annotated[Side | None, Query(description="Who saw it pass.")] = None,
    status: Annotated[
        MessageStatus | None,
        Query(description="What became of the call; `failed`: whatever was not answered well."),
    ] = None,
    text: Words = "",
    limit: Limit = 100,
    cursor: Cursor = "",
    form: Form = None,
    tags: Tags = TagDisplay.MASKED,
) -> Response:
    """OCPP calls with their answers, both ways."""
    return await _pass_on(context, request, "messages")


@router.get("/history/transactions", responses=ANSWERS, response_class=Response)
async def read_transactions(
    context: ContextOf,
    request: Request,
    since: Since = "",
    until: Until = "",
    station: Station = "",
    run: Run = "",
    status: Annotated[
        TransactionStatus | None,
        Query(description="`disputed`: the sides disagree on the meter; `one_sided`: one has never spoken."),
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = "",
    form: Form = None,
    tags: Tags = TagDisplay.MASKED,
) -> Response:
    """Transactions as the station and as our central system have them, side by side."""
    return await _pass_on(context, request, "transactions")


@router.get(
    "/history/days",
    response_model=DayList,
    responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_IMPLEMENTED),
)
async def read_days(
    context: ContextOf,
    request: Request,
    since: Since = "",
    until: Until = "",
    station: Station = "",
    run: Run = "",
) -> Response:
    """Charging sessions, energy and earnings by the day on which they began: UTC, of the stations' own clock.

    Without `since`, the 31 days up to that of the last one.
    """
    return await _pass_on(context, request, "days")


@router.get("/history/events", responses=ANSWERS, response_class=Response)
async def read_events(
    context: ContextOf,
    request: Request,
    since: Since = "",
    until: Until = "",
    station: Station = "",
    run: Run = "",
    kind: Annotated[
        str, Query(pattern="^(command|action|fault|scale|operation|price|)$", description="What it is about.")
    ] = "",
    action: Annotated[str, Query(max_length=64, description="What was done.")] = "",
    status: Annotated[str, Query(max_length=32, description="How it ended.")] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
    form: Form = None,
    tags: Tags = TagDisplay.MASKED,
) -> Response:
    """What was done to the swarm: commands, actions by hand, scaling, prices."""
    return await _pass_on(context, request, "events")


@router.get("/history/runs", responses=ANSWERS, response_class=Response)
async def read_runs(
    context: ContextOf,
    request: Request,
    since: Since = "",
    until: Until = "",
    run: Run = "",
    limit: Limit = 100,
    cursor: Cursor = "",
    form: Form = None,
) -> Response:
    """The runs: when each began, its seed, and the configuration it had last."""
    return await _pass_on(context, request, "runs")


@router.get("/stations/{station_id}/history", responses=ANSWERS, response_class=Response)
async def read_station_history(
    context: ContextOf,
    request: Request,
    station_id: StationPath,
    topic: Annotated[HistoryTopic, Query(description="What to read.")] = HistoryTopic.LOGS,
    since: Since = "",
    until: Until = "",
    text: Annotated[str, Query(max_length=200, include_in_schema=False)] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
    form: Form = None,
    tags: Tags = TagDisplay.MASKED,
) -> Response:
    """One station's history, also of a station that is no more. Takes the filters of `/history/{topic}` too, such as
    `text`.
    """
    return await _pass_on(context, request, topic.value, station_id)


async def _pass_on(context: Context, request: Request, topic: str, station_id: str | None = None) -> Response:
    parameters = {
        name: value for name, value in request.query_params.items() if name != "topic" or not station_id
    }
    if station_id is not None:
        parameters["station"] = station_id
    answer = await context.historian.ask(topic, parameters)
    headers = {}
    form = parameters.get("format")
    if form:
        headers = disposition(context.now(), form, "evswarm", topic, parameters.get("station", ""))
    return PassedOn(answer.body, media_type=answer.media_type, headers=headers)
