"""By which names this controller may be called, and which pages may call it.

A page of somebody else can have its own name resolve to 127.0.0.1 and then speak to us as if it were ours (DNS
rebinding). The name it was loaded from still stands in Host, so only names that we know are answered. An address
cannot be made to mean another machine, so every address is.
"""

import ipaddress
import re
from typing import Final

LOCALHOST: Final = "localhost"
_NETLOC: Final = re.compile(
    r"(?:\[(?P<address>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s:@/\[\]]+))(?::(?P<port>[0-9]{1,5}))?"
)


class TrustedNames:
    """The names that are ours."""

    def __init__(self, bound_to: str, allowed: str) -> None:
        """`bound_to`: what we listen on. `allowed`: names separated by commas, `*.` before one for all under it."""
        entries = {entry.strip().rstrip(".").lower() for entry in allowed.split(",")} - {""}
        self._allowed = frozenset(entry for entry in entries if not entry.startswith("*."))
        self._domains = tuple(entry[1:] for entry in sorted(entries) if entry.startswith("*."))
        self._own = frozenset({LOCALHOST, bound_to.lower()} - {""})

    def admits(self, host: str) -> bool:
        """Whether we answer to this value of the header Host."""
        name = name_of(host)
        return name in self._own or name.endswith(f".{LOCALHOST}") or _is_address(name) or self._listed(name)

    def is_own_page(self, origin: str, host: str) -> bool:
        """Whether a page of this Origin is ours: loaded from where it sends to, or from a name that was allowed.

        The second is for a proxy that changes Host. Another port of localhost is another page.
        """
        scheme, separator, netloc = origin.lower().partition("://")
        if not separator or scheme not in ("http", "https"):
            return False
        return netloc == host.lower() or self._listed(name_of(netloc))

    def _listed(self, name: str) -> bool:
        return name in self._allowed or name.endswith(self._domains)


def name_of(netloc: str) -> str:
    """The name or address of `name:port`, in lower case and without brackets; empty when it is neither.

    >>> name_of("[::1]:8000"), name_of("LocalHost:8000"), name_of("localhost:8000@elsewhere")
    ('::1', 'localhost', '')
    """
    match = _NETLOC.fullmatch(netloc)
    return (match["address"] or match["name"]).rstrip(".").lower() if match else ""


def port_of(netloc: str) -> str:
    """The port of `name:port`; empty when there is none.

    >>> port_of("[::1]:8000"), port_of("localhost")
    ('8000', '')
    """
    match = _NETLOC.fullmatch(netloc)
    return (match["port"] or "") if match else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
