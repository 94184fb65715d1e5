"""Opens links, a bounded number at a time, each within its time-out, over all addresses of the central system."""

import asyncio
import ssl
import time
from collections import deque
from typing import Final

from evswarm_shared.telemetry.counts import ConnectResult, ProtocolCounts
from evswarm_shared.telemetry.tls_failures import HandshakeError
from evswarm_worker.keepalive import KeepAlive
from evswarm_worker.runner import Link, Phase
from evswarm_worker.source_addresses import in_turn

CONCURRENT: Final = 200
"""Handshakes under way at once. More would fill the listener's backlog and help nobody."""


class Dialer:
    """Turns waiting links into open ones, first come first served."""

    def __init__(
        self,
        counts: ProtocolCounts,
        keepalive: KeepAlive,
        *,
        timeout_seconds: float,
        concurrent: int = CONCURRENT,
        source_addresses: tuple[str, ...] = (),
    ) -> None:
        self._counts = counts
        self._keepalive = keepalive
        self._timeout = timeout_seconds
        self._concurrent = concurrent
        self._sources = in_turn(source_addresses)
        self._waiting: deque[Link] = deque()
        self._opening = 0
        self._wanted = asyncio.Event()

    @property
    def backlog(self) -> int:
        """Links that are not open yet."""
        return len(self._waiting) + self._opening

    def dial(self, link: Link) -> None:
        """Open `link` as soon as it is its turn."""
        self._waiting.append(link)
        self._wanted.set()

    async def run(self) -> None:
        """Open links until cancelled."""
        async with asyncio.TaskGroup() as attempts:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                while self._waiting and self._opening < self._concurrent:
                    link = self._waiting.popleft()
                    if link.phase is Phase.WAITING:
                        self._opening += 1
                        link.phase = Phase.OPENING
                        link.task = attempts.create_task(self._attempt(link))

    async def _attempt(self, link: Link) -> None:
        started = time.monotonic()
        try:
            result = await self._open(link)
        finally:
            link.task = None
            self._opening -= 1
            self._wanted.set()
        self._counts.connects.add(result)
        if result is not ConnectResult.OPENED:
            link.fail(result)
            return
        self._counts.connect_duration.observe(time.monotonic() - started)
        self._keepalive.watch(link)

    async def _open(self, link: Link) -> ConnectResult:
        """One attempt over the addresses there are; never raises for what the peer or the network does."""
        link.handshake = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._timeout):
                await self._connect(link)
                return await link.handshake
        except TimeoutError:
            return ConnectResult.TIMEOUT
        except HandshakeError as error:
            return error.result
        except ssl.SSLError:
            return ConnectResult.TLS
        except (OSError, ValueError):
            # ValueError: a name that resolves and that TLS does not take, such as one that begins with a dot.
            return ConnectResult.UNREACHABLE
        finally:
            link.handshake = None

    async def _connect(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        endpoint = link.endpoint
        addresses = await endpoint.addresses()
        for last, address in ((address is addresses[-1], address) for address in addresses):
            try:
                await loop.create_connection(
                    lambda: link,
                    address,
                    endpoint.port,
                    local_addr=next(self._sources),
                    ssl=link.context,
                    server_hostname=endpoint.host if link.context is not None else None,
                )
            except ssl.SSLError:
                raise
            except OSError:
                if last:
                    raise
            else:
                return
