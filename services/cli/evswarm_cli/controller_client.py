"""A thin client of the controller's REST API: the routes the command needs, errors as sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

import httpx

from evswarm_cli.errors import ControllerError, UsageError
from evswarm_cli.ports import reachable
from evswarm_shared.settings import ControllerSettings

TIMEOUT_SECONDS: Final = 10.0
CONNECT_RETRIES: Final = 4
"""With the library's growing pauses some four seconds: a controller that was started just before is up by then."""


class ControllerClient:
    """Talks to one controller. Use it as a context manager."""

    def __init__(self, url: str | None = None, *, retries: int = CONNECT_RETRIES) -> None:
        """`url` None: where a controller with this environment's settings listens. Its token goes with every request.

        Raises:
            SettingsError: the environment configures no controller.
            UsageError: that is no http URL.
        """
        settings = ControllerSettings.load()
        self.has_token = settings.api_token is not None
        if url is None:
            url = f"http://{reachable(settings.host)}:{settings.port}"
        self.url = url.rstrip("/")
        if not self.url.startswith(("http://", "https://")):
            raise UsageError(f"--url {url}: expected http://host:port")
        try:
            self._http = httpx.Client(
                base_url=self.url,
                headers={"Authorization": f"Bearer {settings.api_token}"} if settings.api_token else None,
                timeout=TIMEOUT_SECONDS,
                trust_env=False,
                transport=httpx.HTTPTransport(retries=retries),
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise UsageError(f"--url {url}: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ready(self) -> bool:
        """Whether the controller serves requests."""
        try:
            return self._http.get("/readyz", timeout=2.0).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def totals(self) -> dict[str, Any]:
        """GET /totals."""
        return self._json("GET", "/totals")

    def workers(self) -> dict[str, Any]:
        """GET /workers."""
        return self._json("GET", "/workers")

    def services(self) -> dict[str, Any]:
        """GET /services."""
        return self._json("GET", "/services")

    def pricing(self) -> dict[str, Any]:
        """GET /pricing."""
        return self._json("GET", "/pricing")

    def scale(self, count: int, profile: str | None, ramp_per_second: float | None) -> dict[str, Any]:
        """POST /stations/scale."""
        body = {"count": count, "profile": profile, "ramp_per_second": ramp_per_second}
        return self._json("POST", "/stations/scale", {k: v for k, v in body.items() if v is not None})

    def operation(self, operation_id: str) -> dict[str, Any]:
        """GET /operations/{id}."""
        return self._json("GET", f"/operations/{operation_id}")

    def stations(self, limit: int, status: str = "") -> dict[str, Any]:
        """GET /stations: the first ones in these states, and how many there are."""
        return self._json("GET", f"/stations?{urlencode({'limit': limit, 'status': status})}")

    def logs(self, station_id: str) -> dict[str, Any]:
        """GET /stations/{id}/logs."""
        return self._json("GET", f"/stations/{station_id}/logs")

    def log_lines(self, station_id: str, *, calls: bool) -> list[str]:
        """GET /stations/{id}/logs as lines of text; `calls`: with the OCPP calls among them."""
        query = urlencode({} if calls else {"kind": "line"})
        entries = self._json("GET", f"/stations/{quote(station_id, safe='')}/logs?{query}")["entries"]
        return [f"[{entry['time']}] {entry['text']}" for entry in entries]

    def follow(self, station_id: str, *, calls: bool) -> Iterator[str]:
        """GET /stations/{id}/logs?follow: the lines that are kept, and then each as it comes, as long as it goes on."""
        asked = {"follow": "true"} if calls else {"follow": "true", "kind": "line"}
        path = f"/stations/{quote(station_id, safe='')}/logs"
        patience = httpx.Timeout(TIMEOUT_SECONDS, read=None)
        with self._plain_errors(), self._http.stream("GET", path, params=asked, timeout=patience) as answer:
            if answer.is_error:
                answer.read()
                raise ControllerError(problem_of(answer))
            yield from answer.iter_lines()

    def audit_stations(self, after: str, limit: int) -> dict[str, Any]:
        """GET /audit/stations."""
        return self._json("GET", f"/audit/stations?{urlencode({'after': after, 'limit': limit})}")

    def audit_sums(self) -> dict[str, Any]:
        """GET /audit/sums."""
        return self._json("GET", "/audit/sums")

    def transactions(self, before: int | None, limit: int) -> dict[str, Any]:
        """GET /csms/transactions: a page, newest first."""
        page = "" if before is None else f"&before={before}"
        return self._json("GET", f"/csms/transactions?limit={limit}{page}")

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        with self._plain_errors():
            response = self._http.request(method, path, json=body)
        self._check(response)
        result: dict[str, Any] = response.json()
        return result

    def _check(self, response: httpx.Response) -> None:
        """Make an error of an answer that is one; its body has been read.

        Raises:
            ControllerError: what the controller said.
        """
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise ControllerError(
                f"the controller at {self.url} has another token than EVSWARM_API_TOKEN here says"
                if self.has_token
                else f"the controller at {self.url} asks for a token: set EVSWARM_API_TOKEN to the one it was started with"
            )
        if response.is_error:
            raise ControllerError(problem_of(response))

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException:
            raise ControllerError(
                f"the controller at {self.url} did not answer in {TIMEOUT_SECONDS:g} s"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ControllerError(
                f"no controller answers at {self.url} ({error}); start one with 'evswarm up' or give --url"
            ) from None


def problem_of(response: httpx.Response) -> str:
    """The sentence in an RFC 9457 problem document, or what there is instead."""
    try:
        problem = response.json()
        return str(problem.get("detail") or problem.get("title") or response.text)
    except (ValueError, AttributeError):
        return f"HTTP {response.status_code} from {response.request.url}"
