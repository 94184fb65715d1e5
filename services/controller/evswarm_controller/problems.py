"""Every error of the API as an RFC 9457 problem document.

`title` is the kind of error, `detail` what happened this time and what to do about it. A bad request has `errors`, a
list of field and message; a refusal by the station has `error_code` and `description`.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from evswarm_controller.errors import (
    CommandFailedError,
    HistorianError,
    InvalidFieldError,
    NoRoomError,
    NoStationMatchesError,
    NothingToCancelError,
    NothingToRetryError,
    NotReadyError,
    StationExistsError,
    TooLargeError,
    TooManyFollowersError,
    UnknownCursorError,
    UnknownOperationError,
    UnknownStationError,
    UnknownTagError,
    UnknownUploadAddressError,
    UnknownUploadError,
)
from evswarm_controller.safe_headers import SAFE_HEADERS
from evswarm_shared.bus.messages import CommandOutcome
from evswarm_shared.errors import BusUnavailableError, LocalError

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2
OPERATION_HEADER: Final = "Operation-Id"
"""Which operation a command was, in every answer to one."""

OUTCOME_STATUS: Final[dict[CommandOutcome, HTTPStatus]] = {
    CommandOutcome.DONE: HTTPStatus.OK,
    CommandOutcome.UNKNOWN_STATION: HTTPStatus.NOT_FOUND,
    CommandOutcome.NOT_CONNECTED: HTTPStatus.CONFLICT,
    CommandOutcome.REFUSED: HTTPStatus.CONFLICT,
    CommandOutcome.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    CommandOutcome.CALL_ERROR: HTTPStatus.BAD_GATEWAY,
    CommandOutcome.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
}

log = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Where it is: `count`, or `limit` of the query.", examples=["count"])
    message: str = Field(examples=["Input should be a valid integer"])


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(default="about:blank")
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no station CP-000042."])
    errors: list[FieldProblem] | None = Field(default=None, description="With 422: each bad field.")
    error_code: str | None = Field(default=None, description="With 502: the code of the station's CALLERROR.")
    description: str | None = Field(
        default=None, description="With 502: the description of the station's CALLERROR."
    )


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems; 503 goes without saying."""
    return {
        status.value: {
            "description": status.phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in (*statuses, HTTPStatus.SERVICE_UNAVAILABLE)
    }


def problem(
    status: int,
    detail: str,
    members: Mapping[str, object] | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as the answer, with `members` beside those that each has."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **(members or {})}
    return Response(
        msgspec.json.encode(body), status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def unavailable(detail: str) -> Response:
    """The store is away."""
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def install(app: FastAPI) -> None:
    """Make every error of this application a problem document."""

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        detail = str(error.detail)
        if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
            detail = f"There is nothing at {request.url.path}; the API is described at /docs."
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            detail = f"{request.method} is not possible at {request.url.path}."
            headers["Allow"] = ", ".join(app.state.paths.methods(request.url.path))
        return problem(error.status_code, detail, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> Response:
        errors = [{"field": _field(item["loc"]), "message": item["msg"]} for item in error.errors()]
        detail = "; ".join(f"{item['field']}: {item['message']}" for item in errors)
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, {"errors": errors})

    @app.exception_handler(InvalidFieldError)
    async def _field_error(_: Request, error: InvalidFieldError) -> Response:
        errors = [{"field": error.field, "message": str(error)}]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error.field}: {error}", {"errors": errors})

    @app.exception_handler(UnknownStationError)
    @app.exception_handler(UnknownOperationError)
    @app.exception_handler(NoStationMatchesError)
    @app.exception_handler(UnknownTagError)
    @app.exception_handler(UnknownCursorError)
    @app.exception_handler(UnknownUploadError)
    @app.exception_handler(UnknownUploadAddressError)
    async def _unknown(_: Request, error: LocalError) -> Response:
        return problem(HTTPStatus.NOT_FOUND, str(error))

    @app.exception_handler(TooLargeError)
    async def _too_large(_: Request, error: TooLargeError) -> Response:
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error), headers={"Connection": "close"})

    @app.exception_handler(NothingToCancelError)
    @app.exception_handler(NothingToRetryError)
    @app.exception_handler(StationExistsError)
    async def _exists(_: Request, error: LocalError) -> Response:
        return problem(HTTPStatus.CONFLICT, str(error))

    @app.exception_handler(NoRoomError)
    async def _no_room(_: Request, error: NoRoomError) -> Response:
        return problem(HTTPStatus.CONFLICT, str(error))

    @app.exception_handler(NotReadyError)
    async def _not_ready(_: Request, error: NotReadyError) -> Response:
        return unavailable(str(error))

    @app.exception_handler(TooManyFollowersError)
    async def _too_many(_: Request, error: TooManyFollowersError) -> Response:
        return unavailable(str(error))

    @app.exception_handler(BusUnavailableError)
    async def _store(_: Request, error: BusUnavailableError) -> Response:
        return unavailable(f"The store does not answer: {error}")

    @app.exception_handler(CommandFailedError)
    async def _command(_: Request, error: CommandFailedError) -> Response:
        status = OUTCOME_STATUS[error.outcome]
        members: dict[str, object] = {}
        detail = str(error) or error.outcome.value.replace("_", " ")
        if error.outcome is CommandOutcome.CALL_ERROR:
            members = {"error_code": error.error_code, "description": str(error)}
            detail = f"The station answered {error.error_code}" + (f": {error}" if str(error) else ".")
        elif error.outcome is CommandOutcome.INVALID:
            members = {"errors": [{"field": "payload", "message": detail}]}
        headers = {OPERATION_HEADER: error.operation_id} if error.operation_id else None
        return problem(status, detail, members, headers=headers)

    @app.exception_handler(HistorianError)
    async def _historian(_: Request, error: HistorianError) -> Response:
        return problem(error.status, str(error))

    @app.exception_handler(Exception)
    async def _defect(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        # This one answer is made outside of all middleware, so it gets its headers here.
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "Something went wrong here; the log says more.",
            headers={**SAFE_HEADERS, "Cache-Control": "no-store"},
        )


def _field(location: tuple[int | str, ...] | list[int | str]) -> str:
    """`("body", "count")` as `count`; a body that is wrong as a whole as `body`."""
    parts = [str(part) for part in location]
    if len(parts) > 1 and parts[0] in ("body", "query", "path", "header"):
        parts = parts[1:]
    if all(part.isdigit() for part in parts):
        return "body"
    return ".".join(parts)
