"""One historian, put together: the writer, the retention, the answers to the controller, and its own metrics."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import uvicorn
from prometheus_client.core import Metric

from evswarm_historian.archive import Archive
from evswarm_historian.database import Database
from evswarm_historian.errors import DatabaseAwayError, DiskFullError, RecordsRefusedError
from evswarm_historian.library import Library
from evswarm_historian.listening import Server, listen
from evswarm_historian.retention import RETAINED, Holding, Retention, limits
from evswarm_historian.web import create_app
from evswarm_historian.writer import MEGABYTE, RETRY_SECONDS, HistorianState, Writer
from evswarm_shared.bus.port import HistoryTail
from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.settings import HistorianSettings
from evswarm_shared.telemetry import catalogue
from evswarm_shared.telemetry.exposition import family, loop_metrics, process_registry
from evswarm_shared.telemetry.http import TelemetryServer
from evswarm_shared.telemetry.loop_lag import LoopLag

RETENTION_SECONDS: Final = 30.0
GRACE_SECONDS: Final = 5
IDLE_SECONDS: Final = 75
"""For how long the controller's connections may wait for its next question: longer than it keeps them (5 s)."""
LAST_WRITE_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a running historian can be reached."""

    port: int
    metrics_url: str


class Historian:
    """`run` is its whole life."""

    def __init__(
        self, settings: HistorianSettings, bus: HistoryTail, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Nothing is opened yet.

        Raises:
            DatabaseUrlError: the address of the database cannot be used.
        """
        self._settings = settings
        self._clock = clock
        self.database = Database(settings.database_url)
        self.archive = Archive(self.database)
        self.writer = Writer(
            bus,
            self.archive,
            disk=self.database.path,
            min_free_bytes=settings.history_min_free_mb * MEGABYTE,
        )
        self._retention = Retention(self.database, limits(settings))
        self._held: dict[str, Holding] = {}
        self._expired = dict.fromkeys(catalogue.HISTORY_TABLES, 0)
        self._lag = LoopLag()

    async def run(self, stop: asyncio.Event, ready: Callable[[Listening], None]) -> None:
        """Serve until `stop` is set. A store or a database that is away is waited for.

        Raises:
            OSError: an address cannot be had.
        """
        settings = self._settings
        sockets = listen(settings.historian_host, settings.historian_port)
        registry = process_registry(self.metrics, lambda: loop_metrics(self._lag))
        telemetry = TelemetryServer(registry, self._health)
        metrics_url = await telemetry.start(settings.metrics_host, settings.metrics_port)
        server = Server(
            uvicorn.Config(
                create_app(Library(self.database), registry, self.status),
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=GRACE_SECONDS,
                timeout_keep_alive=IDLE_SECONDS,
            )
        )
        self._lag.start(asyncio.get_running_loop())
        try:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(server.serve([sockets]), name="answers")
                working = [
                    group.create_task(self._work(), name="writer"),
                    group.create_task(self.writer.watch_backlog(), name="backlog"),
                ]
                ready(Listening(sockets.getsockname()[1], metrics_url))
                await stop.wait()
                for task in working:
                    task.cancel()
                server.should_exit = True
                await serving
            await self._write_the_rest()
        finally:
            self._lag.stop()
            await telemetry.stop()
            await self.database.close()

    async def _work(self) -> None:
        await self._open()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.writer.run())
            group.create_task(self._retain())

    async def _open(self) -> None:
        for attempt in range(2**31):
            try:
                await self.database.open()
                await self.archive.load()
            except (DatabaseAwayError, DiskFullError, RecordsRefusedError) as error:
                full = isinstance(error, DiskFullError)
                self.writer.state = HistorianState.DISK_FULL if full else HistorianState.DATABASE_AWAY
                self.writer.problem = str(error)
                log.warning("waiting for the database: %s", error)
                await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            else:
                log.info("the database is open")
                return

    async def _retain(self) -> None:
        while True:
            try:
                await self.retain()
            except (DatabaseAwayError, DiskFullError) as error:
                log.warning("nothing is removed from the history: %s", error)
            await asyncio.sleep(RETENTION_SECONDS)

    async def retain(self) -> None:
        """Remove everything that is past its age or its room, in small steps.

        Raises:
            DatabaseAwayError, DiskFullError: some of it is left for the next time.
        """
        self._held = await self._retention.holdings()
        for name in RETAINED:
            while True:
                held = await self._retention.step(name, self._clock(), self._held[name])
                removed = self._held[name].rows - held.rows
                if not removed:
                    break
                self._held[name] = held
                self._expired[name] += removed
                await asyncio.sleep(0)

    async def _write_the_rest(self) -> None:
        """What the others said before they ended."""
        if self.writer.state is not HistorianState.WRITING:
            return
        self.writer.resume()
        try:
            async with asyncio.timeout(LAST_WRITE_SECONDS):
                while await self.writer.step():
                    pass
        except (BusUnavailableError, DatabaseAwayError, DiskFullError, TimeoutError) as error:
            log.warning("what was said last waits in the streams: %s", error or "out of time")

    def _health(self) -> str | None:
        return None if self.writer.state is HistorianState.WRITING else self.writer.problem or "starting"

    def status(self) -> dict[str, object]:
        """How it is doing: records that wait by stream, rows written since the start by table."""
        return {
            "state": self.writer.state,
            "problem": self.writer.problem,
            "waiting": self.writer.backlog,
            "written": self.writer.rows,
        }

    def metrics(self) -> Iterator[Metric]:
        """What the historian does and holds."""
        writer = self.writer
        yield family(catalogue.HISTORY_BACKLOG, writer.backlog)
        yield family(catalogue.HISTORY_RECORDS_LOST, writer.lost)
        yield family(catalogue.HISTORY_RECORDS_REFUSED, writer.refused)
        yield family(catalogue.HISTORY_ROWS_WRITTEN, writer.rows)
        yield family(catalogue.HISTORY_ROWS_EXPIRED, self._expired)
        yield family(catalogue.HISTORY_ROWS, {name: held.rows for name, held in self._held.items()})
        yield family(catalogue.HISTORY_BYTES, {name: held.bytes for name, held in self._held.items()})
        yield family(catalogue.HISTORIAN_STATE, {writer.state: 1})
