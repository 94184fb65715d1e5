"""The stations that run here, and everything they share: the lease, one timer, the dialer, the group commit."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evswarm_shared.authorization_key import password
from evswarm_shared.bus.messages import StationCommit, StoredStation
from evswarm_shared.bus.port import WorkerBus
from evswarm_shared.errors import LeaseLostError
from evswarm_shared.settings import AuthKeyForm
from evswarm_shared.telemetry.counts import ConnectResult, StationCounts
from evswarm_shared.telemetry.service_log import about
from evswarm_worker.commits import GroupCommit
from evswarm_worker.delivered_security import secure_url
from evswarm_worker.dialer import Dialer
from evswarm_worker.endpoint import Endpoint
from evswarm_worker.errands import Errands
from evswarm_worker.errors import EndpointError
from evswarm_worker.gauges import ShardGauges
from evswarm_worker.history import NO_HISTORY, StationHistory
from evswarm_worker.host import HostShell, StationHost, StationMachine
from evswarm_worker.keepalive import KeepAlive
from evswarm_worker.lease import Lease
from evswarm_worker.publisher import Publisher
from evswarm_worker.real_clock import RealClock
from evswarm_worker.runner import Link, LinkTerms
from evswarm_worker.share import StationPlan
from evswarm_worker.station.effects import (
    CancelTransfer,
    Download,
    HandlerFailed,
    LinkSecurity,
    MakeKey,
    Upload,
)
from evswarm_worker.station.security import TLS
from evswarm_worker.station_tls import StationContexts
from evswarm_worker.timers import Timers

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How stations reach their central system; `ca` is a file in PEM. `csms_tls_url` is for security profiles 2 and 3."""

    csms_url: str
    ca: Path | None = None
    require_subprotocol: bool = True
    max_frame_bytes: int = 65536
    connect_timeout_seconds: float = 20.0
    source_addresses: tuple[str, ...] = ()
    csms_tls_url: str | None = None
    auth_key_form: AuthKeyForm = AuthKeyForm.BYTES


class Watcher(Protocol):
    """Who decides what becomes of stations: told when one ends, one way or another."""

    def settled(self, host: StationHost) -> None:
        """The station has ended in order."""

    def gone(self, host: StationHost) -> None:
        """The station was dropped: it failed, or it is not ours."""


class Shard(HostShell):
    """All stations of one worker under one lease."""

    def __init__(
        self,
        bus: WorkerBus,
        lease: Lease,
        settings: LinkSettings,
        counts: StationCounts,
        gauges: ShardGauges,
        *,
        tick_seconds: float,
        history: StationHistory = NO_HISTORY,
        listening: bool = False,
    ) -> None:
        self.lease = lease
        self.listening = listening
        self.history = history
        self.clock = RealClock()
        self.counts = counts
        self.gauges = gauges
        self.hosts: dict[str, StationHost] = {}
        self.keepalive = KeepAlive()
        self.dialer = Dialer(
            counts,
            self.keepalive,
            timeout_seconds=settings.connect_timeout_seconds,
            source_addresses=settings.source_addresses,
        )
        self.commits: GroupCommit[StationHost] = GroupCommit(bus, lease, StationHost.committed, self.not_ours)
        self.publisher = Publisher(
            bus, lease, self.clock, gauges, self._row_refused, tick_seconds=tick_seconds
        )
        self.errands = Errands(bus, settings.ca)
        self.watcher: Watcher | None = None
        self._settings = settings
        self._terms = LinkTerms(counts, lease, settings.max_frame_bytes, settings.require_subprotocol)
        self._timers = Timers(asyncio.get_running_loop(), self.clock)
        self._endpoints: dict[str, Endpoint] = {}
        self._contexts = StationContexts()
        self._fenced = asyncio.Event()
        self.let_go: tuple[StationHost, ...] = ()
        """The stations that ran to the last moment; whoever still needs their state finds it here."""

    async def run(self) -> None:
        """Keep everything going until cancelled, and let go of all stations then.

        Raises:
            LeaseLostError: (in a group) the lease is gone.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.keepalive.run())
                group.create_task(self.dialer.run())
                group.create_task(self.commits.run())
                group.create_task(self.publisher.run())
                group.create_task(self.errands.run())
                group.create_task(self._watch_fence())
        finally:
            self.discard()

    async def _watch_fence(self) -> None:
        await self._fenced.wait()
        raise LeaseLostError("the lease ran out")

    def add(self, plan: StationPlan, station: StationMachine, stored: StoredStation) -> StationHost:
        """Take in a station that this worker owns, and start it; one that is to be stopped only tells that it is."""
        host = StationHost(self, plan, station, len(stored.outbox))
        self.hosts[plan.station_id] = host
        self.publisher.mark(host)
        host.drive(station.start)
        return host

    def remove(self, host: StationHost) -> None:
        """Let go of a station without a word to anybody."""
        if self.hosts.get(host.station_id) is host:
            del self.hosts[host.station_id]
        host.discard()
        self.errands.forget(host)
        self.publisher.forget(host)

    def discard(self) -> None:
        """Let go of all stations at once: somebody else may run them already."""
        self._timers.stop()
        self.let_go = tuple(self.hosts.values())
        for host in self.let_go:
            self.remove(host)

    @property
    def outbox(self) -> int:
        """Transaction messages that the central system has not answered yet."""
        return sum(host.outbox for host in self.hosts.values())

    # --- what the hosts ask for ---

    def now(self) -> float:
        """Real unix seconds."""
        return self.clock.now()

    def may_act(self) -> bool:
        """Whether the lease is valid; the first time it is not, everything here ends."""
        if self.lease.valid():
            return True
        self._fenced.set()
        return False

    def connect(self, host: StationHost, security: LinkSecurity | None) -> Link | None:
        """Begin to open a WebSocket for `host`; without `security` as its URL says."""
        try:
            endpoint = self._endpoint(self._url(host, security))
            context = endpoint.context
            if security is not None and context is not None:
                context = self._contexts.context(security)
        except EndpointError as error:
            log.error(
                "%s cannot connect: %s", host.station_id, error, extra=about(station_id=host.station_id)
            )
            asyncio.get_running_loop().call_soon(host.link_failed, ConnectResult.UNREACHABLE)
            return None
        link = Link(host, endpoint, host.station_id, self._password(security), self._terms, context)
        self.dialer.dial(link)
        return link

    def commit(self, host: StationHost, commit: StationCommit) -> None:
        """Write `commit` with the next group."""
        self.commits.add(host, commit)

    def pace(self, link: Link, seconds: int) -> None:
        """Ping in the station's own rhythm."""
        self.keepalive.pace(link, seconds)

    def errand(self, host: StationHost, errand: Download | Upload | CancelTransfer | MakeKey) -> None:
        """Have it done beside the event loop."""
        self.errands.begin(host, errand)

    def mark_dirty(self, host: StationHost) -> None:
        """Publish with the next tick."""
        self.publisher.mark(host)

    def rearm(self, host: StationHost) -> None:
        """Arm the timers for the station."""
        self._timers.arm(host)

    def settled(self, host: StationHost) -> None:
        """Pass on that a station ended in order."""
        if self.watcher is not None:
            self.watcher.settled(host)

    def crashed(self, host: StationHost) -> None:
        """Drop a station that raised; it is resumed from its last checkpoint."""
        self.gauges.station_failures += 1
        log.exception(
            "station %s failed; it is resumed from its checkpoint",
            host.station_id,
            extra=about(station_id=host.station_id),
        )
        self._drop(host)

    def handler_failed(self, host: StationHost, failure: HandlerFailed) -> None:
        """Tell of a command that met a fault of ours."""
        self.gauges.station_failures += 1
        log.error(
            "%s failed at station %s; answered with InternalError",
            failure.action,
            host.station_id,
            exc_info=failure.error,
            extra=about(station_id=host.station_id, action=failure.action),
        )

    def line_dropped(self) -> None:
        """Count a log line that nobody will read."""
        self.gauges.log_lines_dropped += 1

    # --- inside ---

    def _url(self, host: StationHost, security: LinkSecurity | None) -> str:
        spec = host.plan.spec
        own = spec.csms_url if spec is not None else None
        url = own or self._settings.csms_url
        if security is None or security.profile < TLS:
            return url
        tls_url = spec.csms_tls_url if spec is not None else None
        return secure_url(url, tls_url or (None if own else self._settings.csms_tls_url))

    def _password(self, security: LinkSecurity | None) -> bytes | None:
        if security is None or not security.authorization_key:
            return None
        if self._settings.auth_key_form is AuthKeyForm.TEXT:
            return security.authorization_key.encode()
        return password(security.authorization_key)

    def _endpoint(self, url: str) -> Endpoint:
        endpoint = self._endpoints.get(url)
        if endpoint is None:
            endpoint = Endpoint(url, ca=self._settings.ca)
            self._endpoints[url] = endpoint
        return endpoint

    def not_ours(self, host: StationHost) -> None:
        """Drop a station that the store says is another worker's."""
        log.warning(
            "station %s runs elsewhere: dropped", host.station_id, extra=about(station_id=host.station_id)
        )
        self.commits.forget(host)
        self._drop(host)

    def _row_refused(self, station_id: str) -> None:
        host = self.hosts.get(station_id)
        if host is not None:
            self.not_ours(host)

    def _drop(self, host: StationHost) -> None:
        if host.ended:
            return
        self.remove(host)
        if self.watcher is not None:
            self.watcher.gone(host)
