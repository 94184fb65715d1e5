"""What holds for every exchange: the gate, JSON only for what changes something, small bodies, safe headers, counting.

Requiring application/json makes a browser ask before another site's page may change anything here.
"""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evswarm_controller import docs_page
from evswarm_controller.access.gate import UPLOADS, Admitted, Exchange, Gate
from evswarm_controller.access.refusal import Refusal, Refused
from evswarm_controller.openapi_document import WITH_BODY
from evswarm_controller.path_table import PathTable
from evswarm_controller.problems import problem
from evswarm_controller.safe_headers import SAFE_HEADERS
from evswarm_controller.telemetry import ControllerTelemetry

METHODS: Final = WITH_BODY | {"GET", "HEAD", "OPTIONS", "DELETE"}
MAX_BODY_BYTES: Final = 262_144
SIGN_IN_CODE: Final = 4401
"""The feed is closed with this when it asks for a token: handshakes tell a page nothing about why they fail."""


class HttpRules:
    """ASGI middleware around the whole application. `now` is real unix time."""

    def __init__(
        self, app: ASGIApp, *, gate: Gate, telemetry: ControllerTelemetry, now: Callable[[], float]
    ) -> None:
        self._app = app
        self._gate = gate
        self._telemetry = telemetry
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        answered: float | None = None

        async def send_safely(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
                # A log that is followed goes on for hours: what counts is when an answer begins.
                answered = time.perf_counter()
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        judged = self._judge(scope)
        answer = _refusal(scope, judged) if isinstance(judged, Refused) else _bad_form(scope)
        try:
            await (answer or self._app)(scope, receive, send_safely)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            seconds = (answered or time.perf_counter()) - began
            self._telemetry.count_request(method, _template(scope), status, seconds)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        judged = self._judge(scope)
        if isinstance(judged, Refused):
            await _refuse_socket(judged, receive, send)
            return
        remaining = None if judged.expires_at is None else judged.expires_at - self._now()
        try:
            async with asyncio.timeout(remaining) as limit:
                await self._app(scope, receive, send)
        except TimeoutError:
            if not limit.expired():
                raise
            await send({"type": "websocket.close", "code": SIGN_IN_CODE, "reason": "the session is over"})

    def _judge(self, scope: Scope) -> Admitted | Refused:
        judged = self._gate.judge(exchange_of(scope), self._now())
        if isinstance(judged, Refused):
            self._telemetry.refusals.add(judged.reason)
        return judged


def exchange_of(scope: Scope) -> Exchange:
    """What the gate wants to know of a request or of the opening of a WebSocket."""
    client = scope.get("client")
    return Exchange(
        method=scope.get("method", "GET"),
        path=scope["path"],
        headers=Headers(scope=scope),
        client=client[0] if client else "",
    )


def _refusal(scope: Scope, refused: Refused) -> Response:
    wants_page = "text/html" in Headers(scope=scope).get("accept", "")
    if refused.reason is Refusal.TOKEN and scope["path"] == "/docs" and wants_page:
        return HTMLResponse(docs_page.SIGN_IN, refused.status, refused.headers)
    return problem(refused.status, refused.detail, headers=refused.headers)


def _bad_form(scope: Scope) -> Response | None:
    """Why a request is refused before anybody reads its body."""
    if scope["method"] not in WITH_BODY or scope["path"].startswith(UPLOADS):
        return None
    answer = _form_problem(Headers(scope=scope))
    # Where nobody would read the body, what the router says of the path or the method is more to the point.
    paths: PathTable = scope["app"].state.paths
    return answer if answer and paths.leads(scope["method"], scope["path"]) else None


def _form_problem(headers: Headers) -> Response | None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with the header Content-Type: application/json."
        )
    if "transfer-encoding" in headers:
        return problem(HTTPStatus.LENGTH_REQUIRED, "Send the body with a Content-Length.")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {MAX_BODY_BYTES} bytes.")
    return None


async def _refuse_socket(refused: Refused, receive: Receive, send: Send) -> None:
    """Tell the other end of a WebSocket why it gets none."""
    await receive()
    if refused.reason in (Refusal.TOKEN, Refusal.TRIES):
        await send({"type": "websocket.accept"})
        await send(
            {"type": "websocket.close", "code": SIGN_IN_CODE, "reason": "this controller asks for a token"}
        )
    else:
        # The server makes it a 403. Of an answer of our own it believes that the handshake was left undone, logs an
        # error, and would let any page of others fill the log.
        await send({"type": "websocket.close", "code": 1008, "reason": ""})


def _template(scope: Scope) -> str:
    """The template of the route that answered, so that no id becomes a label."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "other"
