"""Asks the historian, and passes on what it answers as it comes: an export is never held whole."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec

from evswarm_controller.errors import HistorianError, InvalidFieldError

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 60.0
"""A question over ten million rows may take a while."""
CONNECTIONS: Final = 32
STATUS_SECONDS: Final = 2.0


class HistorianStatus(msgspec.Struct, frozen=True):
    """How a historian says it is doing: records that wait by stream, rows written since its start by table."""

    state: str
    problem: str = ""
    waiting: dict[str, int] = {}
    written: dict[str, int] = {}


class _Refusal(msgspec.Struct):
    detail: str = "The historian says no more."
    field: str = ""


class _Page(msgspec.Struct):
    items: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer under way: `body` must be read to its end or closed."""

    media_type: str
    body: AsyncGenerator[bytes, None]


class HistorianClient:
    """The way to one historian. The caller owes a `close`."""

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self._url,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=8),
            trust_env=False,
            transport=transport,
        )

    async def ask(self, topic: str, parameters: Mapping[str, str]) -> Answer:
        """The historian's answer to a question.

        Raises:
            HistorianError: it is not there, or cannot answer.
            InvalidFieldError: the question makes no sense to it.
        """
        try:
            response = await self._http.send(
                self._http.build_request("GET", f"/history/{topic}", params=dict(parameters)), stream=True
            )
            if response.is_success:
                return Answer(response.headers.get("content-type", ""), _body(response))
            content = await response.aread()
            await response.aclose()
        except httpx.HTTPError as error:
            raise HistorianError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"No historian answers at {self._url} ({error or type(error).__name__}); start one with "
                "'evswarm historian', or say where it is with EVSWARM_HISTORIAN_URL.",
            ) from None
        try:
            refusal = msgspec.json.decode(content, type=_Refusal)
        except msgspec.MsgspecError:
            refusal = _Refusal()
        if response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise InvalidFieldError(refusal.field or "query", refusal.detail)
        raise HistorianError(response.status_code, refusal.detail)

    async def status(self) -> HistorianStatus:
        """How the historian is doing.

        Raises:
            HistorianError: it does not say so in time.
        """
        try:
            response = await self._http.get("/status", timeout=STATUS_SECONDS)
            response.raise_for_status()
            return msgspec.json.decode(response.content, type=HistorianStatus)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise HistorianError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"No historian answers at {self._url} ({error or type(error).__name__}).",
            ) from None

    async def items(self, topic: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        """One page of the historian's items, newest first.

        Raises:
            HistorianError: as `ask`, or the answer broke off.
            InvalidFieldError: as `ask`.
        """
        answer = await self.ask(topic, parameters)
        async with aclosing(answer.body) as parts:
            try:
                page = msgspec.json.decode(b"".join([part async for part in parts]), type=_Page)
            except (httpx.HTTPError, msgspec.MsgspecError) as error:
                raise HistorianError(
                    HTTPStatus.SERVICE_UNAVAILABLE, f"The historian at {self._url} broke off: {error}"
                ) from None
        return page.items

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


async def _body(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    try:
        async for part in response.aiter_raw():
            yield part
    finally:
        await response.aclose()
