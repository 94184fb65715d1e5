"""Which of this machine's addresses stations connect from.

One address has about 28,000 ports towards one listener, so a worker that runs more stations than that, or several
workers on one machine against one central system, need more addresses. On Linux all of 127.0.0.0/8 is ours.
"""

import ipaddress
import itertools
from collections.abc import Iterator

from evswarm_worker.errors import EndpointError


def source_addresses(text: str | None) -> tuple[str, ...]:
    """The addresses in a setting, separated by commas; none where the system shall choose.

    Raises:
        EndpointError: one is not an IP address.
    """
    found = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    for address in found:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise EndpointError(
                f"EVSWARM_SOURCE_ADDRESSES: {address!r} is not an IP address; give for example 127.0.0.2,127.0.0.3"
            ) from None
    return found


def in_turn(addresses: tuple[str, ...]) -> Iterator[tuple[str, int] | None]:
    """Local addresses for one connection after the other, for ever; None leaves it to the system."""
    return itertools.cycle([(address, 0) for address in addresses] or [None])
