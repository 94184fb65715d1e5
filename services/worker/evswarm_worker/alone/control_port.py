"""A small HTTP server on this machine's own address, for the hand that drives a station alone. Knows no station.

No browser's page gets in: whoever sends an Origin, or asks for another name than this machine's, is refused.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from evswarm_worker.alone.control_answers import Answer, problem

HOST: Final = "127.0.0.1"
NAMES: Final = frozenset({"127.0.0.1", "localhost"})
HEAD_BYTES: Final = 16_384
BODY_BYTES: Final = 256 * 1024
REQUEST_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 40.0
OPEN_REQUESTS: Final = 32

log = logging.getLogger(__name__)


class ControlPort:
    """Hands requests (method, target, body) to `answer`."""

    def __init__(self, answer: Callable[[str, str, bytes], Awaitable[Answer]]) -> None:
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._open = 0

    async def start(self, port: int) -> str:
        """Listen, and return the URL; port 0 takes a free one. The caller owes a `stop`.

        Raises:
            OSError: the port cannot be had.
        """
        self._server = await asyncio.start_server(self._serve, HOST, port, limit=HEAD_BYTES)
        return f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await self._request(reader)
            if isinstance(request, Answer):
                answer = request
            else:
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await self._answer(*request)
            writer.write(_encoded(answer))
            async with asyncio.timeout(REQUEST_SECONDS):
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.debug("a request came to nothing", exc_info=True)
        finally:
            self._open -= 1
            writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> tuple[str, str, bytes] | Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        if self._open > OPEN_REQUESTS:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests at once")
        words = first.split(" ")
        length = headers.get("content-length", "0")
        if len(words) != 3 or not (length.isascii() and length.isdecimal()) or "transfer-encoding" in headers:
            return problem(HTTPStatus.BAD_REQUEST, "an HTTP/1.1 request with a Content-Length is expected")
        if "origin" in headers:
            return problem(HTTPStatus.FORBIDDEN, "no page of a browser may drive this station")
        if headers.get("host", HOST).rpartition(":")[0] not in NAMES and headers.get("host") not in NAMES:
            return problem(
                HTTPStatus.MISDIRECTED_REQUEST, "this station answers to 127.0.0.1 and localhost only"
            )
        if int(length) > BODY_BYTES:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {BODY_BYTES} bytes")
        if headers.get("expect", "").lower() == "100-continue":
            return problem(HTTPStatus.EXPECTATION_FAILED, "send the body at once")
        return words[0], words[1], await reader.readexactly(int(length))


def _encoded(answer: Answer) -> bytes:
    kind = "application/json" if answer.status is HTTPStatus.OK else "application/problem+json"
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(answer.body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + answer.body
