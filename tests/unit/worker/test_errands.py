"""Errands: results come back as inputs, and only to stations that are still ours."""

import asyncio
import threading
from typing import Any, ClassVar

import pytest

from evswarm_shared.errors import BusUnavailableError
from evswarm_worker import errands
from evswarm_worker.errands import Errands
from evswarm_worker.host import StationHost
from evswarm_worker.station.effects import CancelTransfer, Download, LogPart, MakeKey, Upload
from evswarm_worker.station.transfer import TransferOutcome, TransferResult
from tests.unit.worker.fakes import FakeStation
from tests.unit.worker.test_host import Shell

DONE = TransferResult(TransferOutcome.DONE)


class Logs:
    """The store's lines."""

    def __init__(self) -> None:
        self.available = True

    async def read_log(self, station_id: str) -> list[str]:
        if not self.available:
            raise BusUnavailableError("away")
        return ["[12:00:00] stored"]


class Transfer:
    """A transfer without sockets: keeps what it was asked, and ends when it is let."""

    asked: ClassVar[list[Any]] = []

    def __init__(self, *_: Any, **__: Any) -> None:
        self.cancelled = threading.Event()

    def cancel(self) -> None:
        self.cancelled.set()

    def download(self, url: str) -> TransferResult:
        self.asked.append(url)
        if url.startswith("slow"):
            self.cancelled.wait(5.0)
        return DONE

    def upload(self, url: str, file_name: str, data: bytes) -> TransferResult:
        self.asked.append((url, file_name, data))
        return DONE


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> StationHost:
    monkeypatch.setattr(errands, "FileTransfer", Transfer)
    Transfer.asked.clear()
    return Shell().host()


async def ended(made: Errands) -> None:
    async with asyncio.timeout(10.0):
        while made._tasks:
            await asyncio.wait(set(made._tasks))


def inputs(host: StationHost) -> list[tuple[Any, ...]]:
    assert isinstance(host.station, FakeStation)
    return host.station.inputs


async def test_a_download_comes_back_with_its_number(host: StationHost) -> None:
    made = Errands(Logs(), None)
    made.begin(host, Download(3, "http://x"))
    await ended(made)
    assert inputs(host) == [("transferred", 3, DONE)]


async def test_an_upload_takes_the_stored_and_the_unpublished_lines_along(host: StationHost) -> None:
    host.lines.append("[12:00:01] not published")
    made = Errands(Logs(), None)
    made.begin(host, Upload(1, "http://x", "a.log", "head\n", LogPart(12 * 3600.0 + 1, 0.0, None, None)))
    await ended(made)
    assert Transfer.asked == [("http://x", "a.log", b"head\n[12:00:00] stored\n[12:00:01] not published\n")]


async def test_without_the_store_an_upload_fails_and_can_be_tried_again(host: StationHost) -> None:
    logs = Logs()
    logs.available = False
    made = Errands(logs, None)
    made.begin(host, Upload(1, "http://x", "a.log", "", LogPart(0.0, 0.0, None, None)))
    await ended(made)
    ((_, _, result),) = inputs(host)
    assert result.outcome is TransferOutcome.UNREACHABLE


async def test_nobody_hears_of_what_was_cancelled_or_is_not_ours_any_more(host: StationHost) -> None:
    made = Errands(Logs(), None)
    made.begin(host, Download(1, "slow"))
    made.begin(host, Download(2, "slow"))
    await asyncio.sleep(0)
    made.begin(host, CancelTransfer(1))
    made.begin(host, CancelTransfer(99))
    made.forget(host)
    await ended(made)
    assert inputs(host) == [] and made._under_way == {}


async def test_a_key_is_made_with_its_request(host: StationHost) -> None:
    made = Errands(Logs(), None)
    made.begin(host, MakeKey(4, "CP-1", "Test CPO"))
    await ended(made)
    ((name, number, key, request),) = inputs(host)
    assert (name, number) == ("key_made", 4)
    assert "PRIVATE KEY" in key and "CERTIFICATE REQUEST" in request
