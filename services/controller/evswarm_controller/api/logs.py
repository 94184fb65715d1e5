"""A station's log: its last lines and calls, as a file, or as a stream that goes on."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BeforeValidator
from starlette.responses import Response, StreamingResponse

from evswarm_controller.api import views
from evswarm_controller.api.export_files import documented_files, file_answer, in_pages
from evswarm_controller.api.schemas import LogEntryView, LogView
from evswarm_controller.api.stations import StationPath
from evswarm_controller.context import ContextOf
from evswarm_controller.errors import InvalidFieldError, TooManyFollowersError
from evswarm_controller.log_entries import COLUMNS, KINDS, LINES, LogFilter, file_entry
from evswarm_controller.log_reading import follow_log, read_log
from evswarm_controller.problems import documented
from evswarm_shared.history.log_kinds import Level
from evswarm_shared.history.records import Direction
from evswarm_shared.text_exports import TextFormat

MAX_CALLS: Final = 1000
FOLLOWERS: Final = 100
LINE: Final = "line"
"""As a kind: whatever the station wrote itself."""
PLAIN_TEXT: Final = "text/plain; charset=utf-8"

Follow = Annotated[bool, BeforeValidator(lambda value: value or True)]
"""A switch that need not say `true`: `?follow` alone means it too."""

router = APIRouter(tags=["stations"])


_KIND_WORDS: Final = "|".join((LINE, *KINDS))
_FILES: Final = documented_files(LogView | list[LogEntryView])[HTTPStatus.OK.value]
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    **documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    HTTPStatus.OK.value: {
        **_FILES,
        "description": "The log; with `format` a file of its entries, with `follow` plain text that goes on.",
        "content": {**_FILES["content"], "text/plain": {"schema": {"type": "string"}}},
    },
}


@router.get("/stations/{station_id}/logs", responses=ANSWERS, response_class=Response)
async def read(
    context: ContextOf,
    station_id: StationPath,
    kind: Annotated[
        str,
        Query(
            max_length=200,
            json_schema_extra={"pattern": f"^(({_KIND_WORDS})(,({_KIND_WORDS}))*)?$"},
            description="`line`, `call` for OCPP calls, or what lines are about; several by comma.",
        ),
    ] = "",
    level: Annotated[Level, Query(description="The least bad that is wanted.")] = Level.INFO,
    action: Annotated[str, Query(max_length=64, description="Only calls of this OCPP Action.")] = "",
    direction: Annotated[Direction | None, Query(description="Only calls that went this way.")] = None,
    text: Annotated[str, Query(max_length=200, description="What is in it, payloads included.")] = "",
    limit: Annotated[
        int, Query(ge=0, le=MAX_CALLS, description="Most calls among the lines, the last ones.")
    ] = 50,
    form: Annotated[TextFormat | None, Query(alias="format", description="The entries as a file.")] = None,
    # Left out of the parameters described: what tries them all would wait for an end that never comes.
    follow: Annotated[Follow, Query(include_in_schema=False)] = False,
) -> Response:
    """A station's last 50 log lines and its last OCPP calls, newest last; with `?follow` plain text that goes on."""
    context.row(station_id)
    wanted = LogFilter(_kinds(kind), level, action, direction, text.strip())
    if follow:
        if form is not None:
            raise InvalidFieldError("format", "A log that is followed is plain text: leave format out.")
        if context.hub.followers >= FOLLOWERS:
            raise TooManyFollowersError(FOLLOWERS)
        return StreamingResponse(follow_log(context, station_id, wanted), media_type=PLAIN_TEXT)
    log = await read_log(context, station_id, wanted, limit)
    if form is not None:
        flat = form is TextFormat.CSV
        pages = in_pages(log.entries, lambda entry: file_entry(station_id, entry, flat=flat))
        return await file_answer(form, COLUMNS, pages, context.now(), station_id, "logs")
    lines = [line.line for line in log.lines]
    return views.json_response(
        {
            "station_id": station_id,
            "logs": lines,
            "count": len(lines),
            "entries": log.entries,
            "messages": log.messages,
        }
    )


def _kinds(text: str) -> frozenset[str]:
    kinds = set(filter(None, (part.strip().lower() for part in text.split(","))))
    if LINE in kinds:
        kinds = kinds - {LINE} | LINES
    unknown = sorted(kinds.difference(KINDS))
    if unknown:
        known = ", ".join((LINE, *KINDS))
        raise InvalidFieldError("kind", f"There is no kind {unknown[0]!r}; known are {known}.")
    return frozenset(kinds)
