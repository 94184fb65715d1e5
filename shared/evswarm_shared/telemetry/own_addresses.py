"""Where other machines find this process: the URL of its /metrics, and the addresses it is scraped at."""

import asyncio
import contextlib
import socket
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit, urlunsplit

LOOK_SECONDS: Final = 2.0


def reachable(url: str) -> str:
    """The URL as others reach it: a server that listens on every address is reached by this host's name."""
    parts = urlsplit(url)
    with contextlib.suppress(ValueError):
        if ip_address(parts.hostname or "").is_unspecified:
            return urlunsplit(parts._replace(netloc=f"{socket.gethostname()}:{parts.port}"))
    return url


async def own_addresses() -> tuple[str, ...]:
    """The addresses that this host's name stands for, but for loopback; none where nobody tells in time."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(
                socket.gethostname(), None, type=socket.SOCK_STREAM
            )
    except OSError:  # TimeoutError is one too
        return ()
    addresses = dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found)
    return tuple(each for each in addresses if not ip_address(each.partition("%")[0]).is_loopback)
