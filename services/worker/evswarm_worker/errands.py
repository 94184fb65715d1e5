"""What stations have done for them outside the event loop: files fetched and stored, keys made. A few at a time.

Each errand is a task that waits for a thread; what comes of it goes back to its station as an input.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from evswarm_shared.errors import BusUnavailableError
from evswarm_shared.history.log_lines import read_line
from evswarm_worker.file_transfer import FileTransfer
from evswarm_worker.host import StationHost
from evswarm_worker.station.effects import CancelTransfer, Download, MakeKey, Upload
from evswarm_worker.station.log_file import log_text
from evswarm_worker.station.transfer import TransferOutcome, TransferResult

THREADS: Final = 8
DOWNLOAD_SECONDS: Final = 600.0
UPLOAD_SECONDS: Final = 120.0

log = logging.getLogger(__name__)

Errand = Download | Upload | MakeKey


class LogReader(Protocol):
    """Where the lines that a station wrote are kept."""

    async def read_log(self, station_id: str) -> list[str]:
        """The station's last log lines, newest last."""


class Errands:
    """The errands of one shard."""

    def __init__(
        self, logs: LogReader, ca: Path | None, *, threads: int = THREADS, seconds: float | None = None
    ) -> None:
        self._logs = logs
        self._seconds = seconds
        self._threads = threads
        self._context = _verifying(ca)
        self._pool: ThreadPoolExecutor | None = None
        self._under_way: dict[StationHost, dict[int, FileTransfer]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Keep errands possible until cancelled; then let go of all of them."""
        try:
            await asyncio.Event().wait()
        finally:
            for host in list(self._under_way):
                self.forget(host)
            for task in self._tasks:
                task.cancel()
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)

    def begin(self, host: StationHost, errand: Errand | CancelTransfer) -> None:
        """Do an errand of a station, as soon as there is a thread for it."""
        if isinstance(errand, CancelTransfer):
            transfer = self._under_way.get(host, {}).get(errand.transfer)
            if transfer is not None:
                transfer.cancel()
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="errand")
        task = asyncio.get_running_loop().create_task(self._do(host, errand))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self, host: StationHost) -> None:
        """The station is not ours any more: its errands end, and nobody hears of them."""
        for transfer in self._under_way.pop(host, {}).values():
            transfer.cancel()

    async def _do(self, host: StationHost, errand: Errand) -> None:
        if isinstance(errand, MakeKey):
            await self._make_key(host, errand)
            return
        seconds = DOWNLOAD_SECONDS if isinstance(errand, Download) else UPLOAD_SECONDS
        transfer = FileTransfer(self._context, seconds=self._seconds or seconds)
        self._under_way.setdefault(host, {})[errand.transfer] = transfer
        try:
            result = await self._transfer(host, errand, transfer)
        finally:
            mine = self._under_way.get(host)
            if mine is not None:
                mine.pop(errand.transfer, None)
                if not mine:
                    del self._under_way[host]
        if not transfer.cancelled.is_set():
            host.drive(host.station.transferred, errand.transfer, result)

    async def _transfer(
        self, host: StationHost, errand: Download | Upload, transfer: FileTransfer
    ) -> TransferResult:
        loop = asyncio.get_running_loop()
        if isinstance(errand, Download):
            return await loop.run_in_executor(self._pool, transfer.download, errand.url)
        text = errand.text
        if errand.log is not None:
            unpublished = list(host.lines)
            try:
                lines = await self._logs.read_log(host.station_id)
            except BusUnavailableError as error:
                return TransferResult(TransferOutcome.UNREACHABLE, f"the log is not at hand: {error}")
            text += log_text([read_line(line).line for line in (*lines, *unpublished)], errand.log)
        return await loop.run_in_executor(
            self._pool, transfer.upload, errand.url, errand.file_name, text.encode()
        )

    async def _make_key(self, host: StationHost, errand: MakeKey) -> None:
        key, request = await asyncio.get_running_loop().run_in_executor(
            self._pool, _key_and_request, errand.common_name, errand.organization
        )
        host.drive(host.station.key_made, errand.request, key, request)


def _key_and_request(common_name: str, organization: str) -> tuple[str, str]:
    from evswarm_worker.key_making import key_and_request

    return key_and_request(common_name, organization)


def _verifying(ca: Path | None) -> Callable[[], ssl.SSLContext]:
    """A context that trusts the system's authorities and those of `ca`; made when it is first needed."""

    @cache
    def context() -> ssl.SSLContext:
        made = ssl.create_default_context()
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if ca is not None:
            made.load_verify_locations(ca)
        return made

    return context
