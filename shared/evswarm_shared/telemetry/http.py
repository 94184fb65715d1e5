"""A small HTTP server for /metrics and /healthz, on the event loop of the process it tells about.

On the loop rather than in a thread: a health check that is answered proves that the loop runs.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

HEAD_LIMIT_BYTES: Final = 16_384
HEAD_TIMEOUT_SECONDS: Final = 5.0
OPEN_REQUESTS: Final = 32
"""More requests at once than any scraper has are refused with 503."""

log = logging.getLogger(__name__)


class TelemetryServer:
    """Serves /metrics from a registry and /healthz from a function that says what is wrong (None: nothing)."""

    def __init__(self, registry: CollectorRegistry, health: Callable[[], str | None]) -> None:
        self._registry = registry
        self._health = health
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the URL of /metrics; port 0 takes a free one. The caller owes a `stop`.

        Raises:
            OSError: the address cannot be had.
        """
        self._server = await asyncio.start_server(self._serve, host, port, limit=HEAD_LIMIT_BYTES)
        port = self._server.sockets[0].getsockname()[1]
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{port}/metrics"

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            async with asyncio.timeout(HEAD_TIMEOUT_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.debug("a request for telemetry came to nothing", exc_info=True)
        finally:
            self._open -= 1
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        if self._open > OPEN_REQUESTS:
            return _response(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"too many requests\n")
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method not in (b"GET", b"HEAD"):
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"only GET and HEAD\n")
        if path == b"/metrics":
            body = generate_latest(self._registry)
            answer = _response(HTTPStatus.OK, CONTENT_TYPE_LATEST, body)
        elif path == b"/healthz":
            wrong = self._health()
            status = HTTPStatus.OK if wrong is None else HTTPStatus.SERVICE_UNAVAILABLE
            answer = _response(status, "text/plain", f"{wrong or 'ok'}\n".encode())
        else:
            answer = _response(HTTPStatus.NOT_FOUND, "text/plain", b"here are /metrics and /healthz\n")
        return answer if method == b"GET" else answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def _response(status: HTTPStatus, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
