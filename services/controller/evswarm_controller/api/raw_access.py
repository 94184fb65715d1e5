"""Raw access to one station's connection: send a frame as it is, and see the frames that passed."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.history import TagDisplay, Tags
from evswarm_controller.api.schemas import Body
from evswarm_controller.api.stations import StationPath
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.errors import CommandFailedError, HistorianError, InvalidFieldError
from evswarm_controller.past_frames import frames_before
from evswarm_controller.problems import documented
from evswarm_shared.bus.messages import CommandOutcome, CommandTarget
from evswarm_shared.history.records import Direction, Side

FRAMES_KEPT: Final = 100
HISTORY_SECONDS: Final = 2.0
"""How long the frames of before are waited for."""

router = APIRouter(tags=["stations"])


class _Sending(Body):
    wait_seconds: float = Field(
        default=10.0,
        strict=True,
        ge=0,
        le=20,
        allow_inf_nan=False,
        description="How long the answer to a CALL is waited for; 0: not at all.",
    )
    full_tags: bool = Field(default=False, strict=True, description="Whether id tags are shown whole.")


class TextFrame(_Sending):
    """Any text, malformed on purpose or not."""

    frame: str = Field(max_length=200_000, examples=['[2,"1","Heartbeat"'])


class JsonFrame(_Sending):
    """Any JSON value as a frame; where each character counts, a text is better."""

    value: Any = Field(alias="json", examples=[[2, "1", "Heartbeat", {}]])


class CallFrame(_Sending):
    """A CALL of any action, with any payload."""

    action: str = Field(max_length=1000, examples=["Heartbeat"])
    payload: Any = Field(default={}, examples=[{}])
    unique_id: str = Field(default="", max_length=1000, description="By default a new one.")


class FrameSent(BaseModel):
    """What was sent and what came of it."""

    sent: str = Field(description="The frame; an AuthorizationKey in it is masked.")
    sent_at: str
    unique_id: str | None = Field(description="Under which an answer is due; null for what is no CALL.")
    outcome: str = Field(
        description="sent, answered, error, unanswered or disconnected.", examples=["answered"]
    )
    answer: str | None = Field(description="The frame that answered it.")
    round_trip_ms: float | None


class FrameView(BaseModel):
    """A frame that passed."""

    at: str
    direction: Direction = Field(description="Which way this frame went.")
    type: str = Field(description="CALL, CALLRESULT, CALLERROR or malformed.", examples=["CALL"])
    action: str = Field(description="Of an answer, that of its CALL; empty where it is not known.")
    unique_id: str
    round_trip_ms: float | None = Field(description="With an answer, how long it took.")
    raw: bool = Field(description="Sent by POST /stations/{station_id}/send.")
    source: str = Field(
        description="wire: as it passed. history: of before, written anew.", examples=["wire"]
    )
    frame: str


class FrameList(BaseModel):
    """The last frames of a station's connections."""

    station_id: str
    since: str = Field(description="From then on every frame is kept as it passes.")
    dropped: int = Field(description="Frames since then that made room for later ones.")
    count: int
    messages: list[FrameView] = Field(description="Oldest first.")


ANSWERS: Final = documented(
    HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.GATEWAY_TIMEOUT
)


@router.post("/stations/{station_id}/send", response_model=FrameSent, responses=ANSWERS)
async def send(
    context: ContextOf, station_id: StationPath, body: TextFrame | JsonFrame | CallFrame
) -> Response:
    """Send a frame on a station's connection as it is, and wait for the answer if it is a CALL. The station is not asked."""
    asked = {field.alias or name: getattr(body, name) for name, field in type(body).model_fields.items()}
    if not asked.get("unique_id"):
        asked.pop("unique_id", None)
    return Response(await _ask(context, station_id, "send", asked), media_type="application/json")


@router.get("/stations/{station_id}/messages", response_model=FrameList, responses=ANSWERS)
async def read_messages(
    context: ContextOf,
    station_id: StationPath,
    limit: Annotated[int, Query(ge=0, le=FRAMES_KEPT, description="Most frames, the last ones.")] = 100,
    tags: Tags = TagDisplay.MASKED,
) -> Response:
    """The last frames both ways. They are kept from the first question on; those of before come from the history."""
    asked = {"limit": limit, "full_tags": tags is TagDisplay.FULL}
    report = msgspec.json.decode(await _ask(context, station_id, "messages", asked))
    messages = report["messages"]
    if len(messages) < limit and not report["dropped"]:
        before = await _before(context, station_id, report["since"], limit, tags)
        messages = [*before, *messages][-limit:]
    return views.json_response({**report, "count": len(messages), "messages": messages})


async def _before(
    context: Context, station_id: str, since: str, limit: int, tags: TagDisplay
) -> list[dict[str, Any]]:
    if not context.settings.history:
        return []
    asked = {"station": station_id, "side": Side.STATION.value, "until": since, "limit": str(limit)}
    asked["tags"] = tags.value
    try:
        async with asyncio.timeout(HISTORY_SECONDS):
            return frames_before(await context.historian.items("messages", asked), since)
    except (HistorianError, TimeoutError):
        return []


async def _ask(context: Context, station_id: str, action: str, payload: Mapping[str, object]) -> bytes:
    row = context.row(station_id)
    if not context.fleet.lives(row.worker_id):
        raise CommandFailedError(
            CommandOutcome.NOT_CONNECTED, f"Station {station_id} has no living worker at the moment."
        )
    try:
        encoded = msgspec.json.encode(payload)
    except (UnicodeEncodeError, RecursionError) as error:
        field = "payload" if "payload" in payload else "json"
        raise InvalidFieldError(field, f"It cannot be written as JSON: {error}.") from None
    # Nobody is told: what is sent stands among the station's messages, and may be anything.
    reply = await context.router.inquire(CommandTarget.WORKER, row.worker_id, station_id, action, encoded)
    return bytes(reply.payload)
