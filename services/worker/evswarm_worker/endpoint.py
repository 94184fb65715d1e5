"""Where a station's central system is: its URL, its certificates, and all the addresses behind its name."""

import asyncio
import ipaddress
import itertools
import socket
import ssl
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from evswarm_shared.telemetry.tls_failures import Handshake
from evswarm_worker.errors import EndpointError

ADDRESS_TTL_SECONDS: Final = 5.0
ADDRESSES_TRIED: Final = 3
"""How many of a name's addresses one attempt tries before it is a failure."""


def tls_context(ca: Path | None, client_cert: Path | None) -> ssl.SSLContext:
    """A client context that verifies the server by `ca` (or the system's authorities) and may present `client_cert`.

    Raises:
        EndpointError: a file is missing or is not what it should be.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise EndpointError(f"EVSWARM_CSMS_CA: cannot use {ca}: {error}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslobject_class = Handshake
    if client_cert is not None:
        try:
            context.load_cert_chain(client_cert)
        except (OSError, ssl.SSLError) as error:
            raise EndpointError(f"EVSWARM_CLIENT_CERT: cannot use {client_cert}: {error}") from None
    return context


class Endpoint:
    """A central system. `context` is None for ws:// and the TLS context for wss://."""

    def __init__(self, url: str, *, ca: Path | None = None, client_cert: Path | None = None) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise EndpointError(f"{url} is no URL that can be used: {error}") from None
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise EndpointError(
                f"{url} is no central system's URL: it begins with ws:// or wss:// and a host"
            )
        self.url = url
        self.secure = parts.scheme == "wss"
        self.host = parts.hostname
        self.port = port if port is not None else (443 if self.secure else 80)
        self.context = tls_context(ca, client_cert) if self.secure else None
        self._prefix = parts.path.rstrip("/")
        self._query = parts.query
        self._addresses: list[str] = []
        self._resolved_at = float("-inf")
        self._resolving = asyncio.Lock()
        self._turn = itertools.count()

    def path(self, station_id: str) -> str:
        """The request path of a station: its percent-encoded identity is the last segment (OCPP-J 1.6 §3.1.1)."""
        return f"{self._prefix}/{quote(station_id, safe='')}"

    @property
    def query(self) -> str:
        """The URL's query, without the question mark."""
        return self._query

    async def addresses(self) -> list[str]:
        """The addresses to try, in order; each call begins with another one, so that replicas share the stations.

        Raises:
            OSError: the name cannot be resolved.
        """
        async with self._resolving:
            if time.monotonic() - self._resolved_at > ADDRESS_TTL_SECONDS:
                self._addresses = await self._resolve()
                self._resolved_at = time.monotonic()
        first = next(self._turn) % len(self._addresses)
        rotated = self._addresses[first:] + self._addresses[:first]
        return rotated[:ADDRESSES_TRIED]

    async def _resolve(self) -> list[str]:
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            try:
                found = await asyncio.get_running_loop().getaddrinfo(
                    self.host, self.port, type=socket.SOCK_STREAM
                )
            except UnicodeError as error:
                raise OSError(f"{self.host!r} cannot be a host's name") from error
            return sorted({str(address[0]) for *_, address in found})
        return [self.host]
