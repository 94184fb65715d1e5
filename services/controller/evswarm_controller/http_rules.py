"""What holds for every HTTP exchange: JSON only for what changes something, small bodies, safe headers, counting.

Requiring application/json makes a browser ask before another site's page may change anything here.
"""

import time
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evswarm_controller.problems import problem
from evswarm_controller.telemetry import ControllerTelemetry

WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
METHODS: Final = WITH_BODY | {"GET", "HEAD", "OPTIONS", "DELETE"}
MAX_BODY_BYTES: Final = 65_536
UPLOADS: Final = "/uploads/"
"""Where stations send files of any type; a secret in the address takes the place of these rules."""
SAFE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class HttpRules:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, telemetry: ControllerTelemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = _refusal(scope["method"], scope["path"], Headers(scope=scope))
        try:
            if refusal is None:
                await self._app(scope, receive, send_safely)
            else:
                answer = problem(*refusal)
                await answer(scope, receive, send_safely)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            seconds = time.perf_counter() - began
            self._telemetry.count_request(method, _template(scope), status, seconds)


def _refusal(method: str, path: str, headers: Headers) -> tuple[HTTPStatus, str] | None:
    """Why a request is refused before anybody looks at it."""
    if method not in WITH_BODY or path.startswith(UPLOADS):
        return None
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with the header Content-Type: application/json."
    if "transfer-encoding" in headers:
        return HTTPStatus.LENGTH_REQUIRED, "Send the body with a Content-Length."
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {MAX_BODY_BYTES} bytes."
    return None


def _template(scope: Scope) -> str:
    """The template of the route that answered, so that no id becomes a label."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "other"
