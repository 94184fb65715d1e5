"""Judges every exchange before a route sees it."""

import hashlib
import ipaddress
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from evswarm_controller.access.names import TrustedNames, name_of, port_of
from evswarm_controller.access.refusal import Refusal, Refused
from evswarm_controller.access.sessions import Session, Sessions, cookie_name, cookies
from evswarm_controller.access.token_buckets import CLIENTS_KEPT, TokenBuckets
from evswarm_shared.settings import ControllerSettings

PROBES: Final = frozenset({"/metrics", "/healthz", "/readyz"})
"""Asked by machines, under any name and without a token; they tell nothing that identifies anybody."""
UPLOADS: Final = "/uploads/"
"""Where stations send files; a secret in the address takes the place of everything else."""
PUBLIC: Final = frozenset({"/", "/ui", "/session"})
PUBLIC_UNDER: Final = ("/ui/", "/assets/")
"""The dashboard's files, the same in every installation, and where to sign in."""
CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

TRIES: Final = 10
"""Wrong tokens that one client may try at once."""
TRIES_PER_SECOND: Final = 0.1

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="evswarm"'}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, or the opening of a WebSocket. `headers` has its names in lower case, `client` is an IP address."""

    method: str
    path: str
    headers: Mapping[str, str]
    client: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """An exchange that may go on, for a WebSocket until `expires_at` (unix seconds; None: for ever)."""

    expires_at: float | None = None


class Gate:
    """The rules of one controller, and what it remembers of its clients."""

    def __init__(self, settings: ControllerSettings) -> None:
        self._names = TrustedNames(settings.host, settings.allowed_hosts)
        self._sessions = (
            None
            if settings.api_token is None
            else Sessions(settings.api_token, settings.session_hours * 3600)
        )
        self._changes = TokenBuckets(settings.rate_limit_per_second, settings.rate_limit_burst)
        self._tries = TokenBuckets(TRIES_PER_SECOND, TRIES)
        self._last_wrong: OrderedDict[str, bytes] = OrderedDict()

    @property
    def token_required(self) -> bool:
        """Whether there is a token at all."""
        return self._sessions is not None

    @property
    def session_seconds(self) -> int:
        """How long a session lasts."""
        return 0 if self._sessions is None else self._sessions.life_seconds

    def judge(self, exchange: Exchange, now: float) -> Admitted | Refused:
        """Whether this exchange may go on, at unix time `now`."""
        if exchange.path in PROBES or exchange.path.startswith(UPLOADS):
            return Admitted()
        host = exchange.headers.get("host", "")
        if not self._names.admits(host):
            return _wrong_host(host)
        origin = exchange.headers.get("origin")
        if origin is not None and not self._names.is_own_page(origin, host):
            return _wrong_origin(origin)
        found = self._credentials(exchange, now)
        if isinstance(found, Refused) and not _is_public(exchange.path):
            return found
        session = found if isinstance(found, Session) else None
        if exchange.method in CHANGING:
            wait = self._changes.take(session.session_id if session else _network(exchange.client), now)
            if wait:
                return _too_often(wait)
        return Admitted(session.expires_at if session else None)

    def is_signed_in(self, exchange: Exchange, now: float) -> bool:
        """Whether what this exchange brings would do for the API."""
        return not isinstance(self._credentials(exchange, now), Refused)

    def sign_in(self, token: str, client: str, now: float) -> str | Refused | None:
        """The value of a cookie for who has the token; None when there is no token to be had."""
        if self._sessions is None:
            return None
        refused = self._try(self._sessions, token, client, now, again=True)
        return refused or self._sessions.begin(now)

    def _credentials(self, exchange: Exchange, now: float) -> Session | Refused | None:
        """The session, None for who brings the token itself or needs none, or why neither will do."""
        if self._sessions is None:
            return None
        scheme, _, token = exchange.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._try(self._sessions, token.strip(), exchange.client, now, again=False)
        name = cookie_name(port_of(exchange.headers.get("host", "")))
        for value in cookies(exchange.headers.get("cookie", ""), name):
            session = self._sessions.read(value, now)
            if session is not None:
                return session
        return Refused(
            Refusal.TOKEN,
            HTTPStatus.UNAUTHORIZED,
            "This controller asks for a token: send the header 'Authorization: Bearer …' with its EVSWARM_API_TOKEN, "
            "or sign in at /.",
            CHALLENGE,
        )

    def _try(self, sessions: Sessions, token: str, client: str, now: float, *, again: bool) -> Refused | None:
        """Compare a token. With `again`, one that was just found wrong counts once more.

        A program that goes on with an old token is no guesser, and must not lock others out behind the same gateway.
        """
        network = _network(client)
        wait = self._tries.wait(network, now)
        if wait:
            return Refused(
                Refusal.TRIES,
                HTTPStatus.TOO_MANY_REQUESTS,
                f"Too many wrong tokens came from {client or 'there'}; try again in {math.ceil(wait)} s.",
                {"Retry-After": str(math.ceil(wait))},
            )
        if sessions.is_token(token):
            return None
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        if again or self._last_wrong.get(network) != digest:
            self._tries.take(network, now)
        self._last_wrong[network] = digest
        self._last_wrong.move_to_end(network)
        if len(self._last_wrong) > CLIENTS_KEPT:
            self._last_wrong.popitem(last=False)
        return Refused(
            Refusal.TOKEN,
            HTTPStatus.UNAUTHORIZED,
            "That is not this controller's EVSWARM_API_TOKEN.",
            {"WWW-Authenticate": f'{CHALLENGE["WWW-Authenticate"]}, error="invalid_token"'},
        )


def _is_public(path: str) -> bool:
    return path in PUBLIC or path.startswith(PUBLIC_UNDER)


def _network(client: str) -> str:
    """Who counts as one client: an IPv4 address, or the /64 that whoever has an IPv6 address has whole."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return client


def _wrong_host(host: str) -> Refused:
    return Refused(
        Refusal.HOST,
        HTTPStatus.MISDIRECTED_REQUEST,
        f"This controller is not called {name_of(host)[:100]!r}. Use localhost or its address, or add the name to "
        "EVSWARM_ALLOWED_HOSTS.",
    )


def _wrong_origin(origin: str) -> Refused:
    return Refused(
        Refusal.ORIGIN,
        HTTPStatus.FORBIDDEN,
        f"A page of {origin[:100]!r} may not use this controller. Behind a proxy that changes Host, add the page's "
        "name to EVSWARM_ALLOWED_HOSTS.",
    )


def _too_often(wait: float) -> Refused:
    return Refused(
        Refusal.RATE,
        HTTPStatus.TOO_MANY_REQUESTS,
        f"Too many changes at once; go on in {math.ceil(wait)} s. EVSWARM_RATE_LIMIT_PER_SECOND and "
        "EVSWARM_RATE_LIMIT_BURST set the limit.",
        {"Retry-After": str(math.ceil(wait))},
    )
