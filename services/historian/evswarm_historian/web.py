"""The history over HTTP, for the controller, which passes it on. Errors are `{"field", "detail"}` or `{"detail"}`."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from evswarm_historian.errors import (
    BadQueryError,
    DatabaseAwayError,
    DiskFullError,
    MissingLibraryError,
    RecordsRefusedError,
)
from evswarm_historian.exports import MEDIA_TYPES, ExportFormat, export, wants_text
from evswarm_historian.library import Library
from evswarm_historian.questions import Topic, read_question

SHOW_TAGS: Final = "tags"
DAYS_BY: Final = frozenset(("station", "run", "since", "until"))

NOT_NOW: Final = (DatabaseAwayError, DiskFullError, RecordsRefusedError)

_encode = msgspec.json.Encoder().encode
log = logging.getLogger(__name__)


class Export(StreamingResponse):
    """An export. Where the database breaks off it has no end either, so that its reader knows."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        except NOT_NOW as error:
            log.warning("an export broke off: %s", error)


def create_app(
    library: Library, registry: CollectorRegistry, status: Callable[[], Mapping[str, object]]
) -> Starlette:
    """The application: GET /history/{topic}, a page or an export; /status, and /metrics for who knows only this address."""

    async def read(request: Request) -> Response:
        return await _read(library, request)

    async def days(request: Request) -> Response:
        return await _days(library, request)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def tell(_: Request) -> Response:
        return _answer(status())

    return Starlette(
        routes=[
            Route("/status", tell, methods=["GET"]),
            Route("/history/days", days, methods=["GET"]),
            Route("/history/{topic}", read, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
        ],
        exception_handlers={
            BadQueryError: _bad_query,
            MissingLibraryError: _missing_library,
            **dict.fromkeys(NOT_NOW, _away),
        },
    )


async def _read(library: Library, request: Request) -> Response:
    try:
        topic = Topic(request.path_params["topic"])
    except ValueError:
        raise BadQueryError("topic", f"the history has {', '.join(Topic)}") from None
    parameters = dict(request.query_params)
    show_tags = parameters.pop(SHOW_TAGS, "masked") == "full"
    form = parameters.pop("format", "")
    question = read_question(topic, parameters)
    if not form:
        page = await library.page(question, show_tags=show_tags)
        return _answer({"items": page.items, "next_cursor": page.next_cursor})
    try:
        wanted = ExportFormat(form)
    except ValueError:
        raise BadQueryError("format", f"give one of {', '.join(ExportFormat)}") from None
    pages = library.pages(question, show_tags=show_tags, parsed=not wants_text(wanted))
    stream = export(topic, wanted, pages)
    # The first part before the head: a database that is away is an error, not an empty file.
    first = await anext(stream, b"")
    return Export(_after(first, stream), media_type=MEDIA_TYPES[wanted])


async def _days(library: Library, request: Request) -> Response:
    parameters = dict(request.query_params)
    for name in parameters.keys() - DAYS_BY:
        raise BadQueryError(name, f"days have no {name}")
    items = await library.days(read_question(Topic.TRANSACTIONS, parameters))
    return _answer({"items": items})


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part


def _answer(content: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(_encode(content), status_code=status, media_type="application/json")


async def _bad_query(_: Request, error: Exception) -> Response:
    field = error.field if isinstance(error, BadQueryError) else ""
    return _answer({"field": field, "detail": str(error)}, HTTPStatus.UNPROCESSABLE_ENTITY)


async def _missing_library(_: Request, error: Exception) -> Response:
    return _answer({"detail": str(error)}, HTTPStatus.NOT_IMPLEMENTED)


async def _away(_: Request, error: Exception) -> Response:
    log.warning("a question is not answered: %s", error)
    return _answer({"detail": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE)
