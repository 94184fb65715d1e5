"""One replica of the central system, put together: what runs, and in which order it ends."""

import asyncio
import contextlib
import logging
import math
import os
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from prometheus_client.core import Metric

from evswarm_csms.commands import CommandDesk
from evswarm_csms.configuration_desk import ConfigurationDesk
from evswarm_csms.directory import Directory
from evswarm_csms.dispatch import CertificateSigner, Desk, FailedPart
from evswarm_csms.errors import ListenError
from evswarm_csms.event_log import EventLog
from evswarm_csms.gate import Gate
from evswarm_csms.handlers.admission import SecurityRules
from evswarm_csms.history import central_history
from evswarm_csms.meter_batch import FLUSH_SECONDS, MeterBatch
from evswarm_csms.metrics import central_system_metrics
from evswarm_csms.outgoing import CallRules
from evswarm_csms.restoring import Restoring
from evswarm_csms.server.listener import StationServer
from evswarm_csms.server.tls import server_context
from evswarm_csms.session import Office, Session
from evswarm_csms.supervision import supervised
from evswarm_shared.bus.messages import CsmsHeartbeat
from evswarm_shared.bus.port import Bus
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.history.recorder import Recorder
from evswarm_shared.settings import CsmsSettings
from evswarm_shared.telemetry.counts import ProtocolCounts, Tally
from evswarm_shared.telemetry.exposition import loop_metrics, process_registry, protocol_metrics
from evswarm_shared.telemetry.http import TelemetryServer
from evswarm_shared.telemetry.loop_lag import LoopLag
from evswarm_shared.telemetry.own_addresses import reachable
from evswarm_shared.telemetry.process_use import ProcessorShare, memory_bytes

HEARTBEAT_SECONDS: Final = 2.0
RESTORING_LEASES: Final = 2
"""For how many leases after a loss the workers' books are looked at."""
SUBSCRIBE_SECONDS: Final = 2.0
"""How long stations wait for the commands to be listened to."""
CLOSE_SECONDS: Final = 3.0
"""How long clients get at the end to finish the closing handshake."""
FINISH_SECONDS: Final = 3.0
"""How long messages that wait for the store get at the end."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a running replica can be reached."""

    replica_id: str
    port: int
    metrics_url: str
    tls_port: int | None = None


class CentralSystem:
    """One replica. `run` is its whole life. `room` is how many connections it can hold, None for any number."""

    def __init__(
        self,
        settings: CsmsSettings,
        bus: Bus,
        *,
        replica_id: str | None = None,
        clock: Callable[[], float] = time.time,
        room: int | None = None,
    ) -> None:
        self._settings = settings
        self._bus = bus
        self._clock = clock
        self._room = room
        self.replica_id = replica_id or f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self.counts = ProtocolCounts()
        self._failures = Tally(FailedPart)
        self._lag = LoopLag()
        self._open_transactions = 0
        self._started_at = clock()
        self._processor = ProcessorShare()
        self._pause = min(HEARTBEAT_SECONDS, settings.lease_seconds / 4)
        self._store_away = False
        self._known = False
        self._doubtful = False
        """Whether the last heartbeat went unanswered: it may have made us known to a store that had forgotten us."""
        self._group: asyncio.TaskGroup | None = None
        self._working: set[asyncio.Task[None]] = set()
        self._meters = MeterBatch(bus.update_meter)
        self._directory = Directory(bus, self.replica_id, clock=clock, new_session=self._new_session)
        self._restoring = Restoring(bus, self._directory.connected)
        self._events = EventLog(bus.append_events)
        self._configuration = ConfigurationDesk(bus, self._events, clock=clock)
        self._tls = _tls(settings)
        self._gate = Gate(
            bus,
            self._directory,
            self._events,
            SecurityRules.of(settings.csms_security_profile, settings.csms_auth_key, settings.csms_cpo_name),
            accept_unknown=settings.csms_accept_unknown_stations,
            clock=clock,
            spawn=self._spawn,
        )
        self._recorder = Recorder(
            bus,
            f"csms-{self.replica_id}",
            enabled=settings.history,
            entries_kept=settings.history_entries_kept,
        )
        self._office = Office(
            desk=Desk(
                bus=bus,
                counts=self.counts,
                failures=self._failures,
                clock=clock,
                meters=self._meters,
                remember=self._directory.remember,
                events=self._events,
                configuration=self._configuration,
                authority=_authority(settings),
                accept_unknown_tags=settings.csms_accept_unknown_tags,
                heartbeat_interval_seconds=settings.csms_heartbeat_interval_seconds,
                history=central_history(settings, self._recorder),
            ),
            rules=CallRules(
                counts=self.counts,
                clock=clock,
                timeout_seconds=settings.csms_call_timeout_seconds,
                strict=settings.csms_strict,
            ),
            strict=settings.csms_strict,
            spawn=self._spawn,
            offline=self._directory.offline,
            idle=self._directory.idle,
        )
        self._commands = CommandDesk(
            bus,
            self.replica_id,
            self._directory,
            spawn=self._spawn,
            failures=self._failures,
            configuration=self._configuration,
            accept_unknown_tags=settings.csms_accept_unknown_tags,
            clock=clock,
        )
        self._server = StationServer(
            counts=self.counts,
            max_frame_bytes=settings.csms_max_frame_bytes,
            ping_interval_seconds=settings.csms_ping_interval_seconds,
            admit=self._gate.admit,
            attach=self._directory.attach,
            room=room,
        )
        self._telemetry = TelemetryServer(
            process_registry(
                lambda: protocol_metrics(self.counts),
                lambda: loop_metrics(self._lag),
                self._metrics,
                self._recorder.metrics,
            ),
            self._health,
        )

    async def run(self, stop: asyncio.Event, ready: Callable[[Listening], None]) -> None:
        """Serve until `stop` is set, then let the stations go and leave nothing behind.

        `ready` is called once, when stations and commands can come.

        Raises:
            ListenError: an address is taken.
            BusUnavailableError: the store is away from the beginning.
        """
        settings = self._settings
        await self._bus.ping()
        try:
            url = await self._telemetry.start(settings.metrics_host, settings.metrics_port)
        except OSError as error:
            raise ListenError(
                f"cannot serve metrics on {settings.metrics_host}:{settings.metrics_port}: {error.strerror}"
            ) from error
        metrics_url = reachable(url)
        self._lag.start(asyncio.get_running_loop())
        try:
            await self._heartbeat(metrics_url)
            async with asyncio.TaskGroup() as group:
                self._group = group
                commands_come = asyncio.Event()
                background = [
                    group.create_task(self._commands.run(commands_come), name="commands"),
                    group.create_task(self._directory.run(), name="directory"),
                    group.create_task(self._write_meters(), name="meters"),
                    group.create_task(self._events.run(), name="events"),
                    group.create_task(self._beat(metrics_url), name="heartbeat"),
                    group.create_task(self._recorder.run(), name="history"),
                    group.create_task(self._server.keep_alive(), name="keep-alive"),
                ]
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SUBSCRIBE_SECONDS):
                        await commands_come.wait()
                port = await self._server.listen(settings.csms_host, settings.csms_port)
                tls_port = None
                if self._tls is not None:
                    tls_port = await self._server.listen(
                        settings.csms_host, settings.csms_tls_port, self._tls
                    )
                ready(Listening(self.replica_id, port, metrics_url, tls_port))
                await stop.wait()
                await self._end()
                for task in background:
                    task.cancel()
        except* ListenError as errors:
            raise errors.exceptions[0] from None
        finally:
            self._lag.stop()
            await self._telemetry.stop()

    # --- inside

    def _new_session(self, station_id: str) -> Session:
        return Session(station_id, self._office)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        assert self._group is not None
        task = self._group.create_task(supervised(work, self._failures))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    async def _write_meters(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._meters.flush()

    async def _beat(self, metrics_url: str) -> None:
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self._heartbeat(metrics_url)
            except BusUnavailableError as error:
                if not self._store_away:
                    log.warning("the store does not take the heartbeat: %s", error)
                self._store_away = True
                continue
            if self._store_away:
                log.info("the store is back")
                self._store_away = False
                self._directory.reaffirm()

    async def _heartbeat(self, metrics_url: str) -> None:
        highest = self._office.desk.last_transaction_id
        last = await self._bus.last_transaction_id()
        doubtful, self._doubtful = self._doubtful, True
        known = await self._bus.csms_heartbeat(
            CsmsHeartbeat(
                replica_id=self.replica_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                metrics_url=metrics_url,
                started_at=self._started_at,
                sent_at=self._clock(),
                stations_connected=self._directory.connections,
                cpu_percent=self._processor.take(),
                memory_bytes=memory_bytes(),
                capacity=self._room,
            ),
            self._settings.lease_seconds,
        )
        self._doubtful = False
        await self._make_up_for_loss(last, highest, known=known and not doubtful)
        self._open_transactions = await self._bus.count_open_transactions()
        self._gate.registrations = await self._bus.count_registrations()

    async def _make_up_for_loss(self, last: int, highest: int, *, known: bool) -> None:
        """Give a store that has forgotten this replica, or the count of transactions, back what is known here.

        It counted `last` when the highest id known here was `highest`.
        """
        forgotten = self._known and not known
        if forgotten:
            self._directory.reaffirm()
        if self._restoring.has_forgotten(last, highest, replica=forgotten):
            self._restoring.begin(RESTORING_LEASES * math.ceil(self._settings.lease_seconds / self._pause))
        self._known = True
        desk = self._office.desk
        desk.last_transaction_id = max(last, desk.last_transaction_id)
        await self._restoring.look()

    async def _end(self) -> None:
        await self._server.close(seconds=CLOSE_SECONDS)
        if self._working:
            await asyncio.wait(tuple(self._working), timeout=FINISH_SECONDS)
        for task in tuple(self._working):
            task.cancel()
        await self._meters.flush()
        await self._recorder.flush()
        try:
            await self._directory.flush()
            await self._events.flush()
            await self._bus.release_csms(self.replica_id)
        except BusUnavailableError as error:
            log.warning("could not sign off in the store, the lease will run out: %s", error)

    def _health(self) -> str | None:
        return "the store is away" if self._store_away else None

    def _metrics(self) -> Iterator[Metric]:
        return central_system_metrics(
            stations_connected=self._directory.connections,
            transactions_open=self._open_transactions,
            commands=self._commands.counts,
            failures=self._failures,
            meter_readings_dropped=self._meters.dropped,
            events_dropped=self._events.dropped,
        )


def _tls(settings: CsmsSettings) -> ssl.SSLContext | None:
    if settings.csms_tls_cert is None:
        return None
    return server_context(
        settings.csms_tls_cert,
        settings.csms_tls_cert_rsa,
        settings.csms_tls_client_ca,
        settings.csms_tls_client_crl,
    )


def _authority(settings: CsmsSettings) -> CertificateSigner | None:
    if settings.csms_signing_ca is None:
        return None
    from evswarm_csms.signing_authority import SigningAuthority  # `cryptography` takes some memory

    return SigningAuthority.load(
        settings.csms_signing_ca, days=settings.csms_certificate_days, organization=settings.csms_cpo_name
    )
