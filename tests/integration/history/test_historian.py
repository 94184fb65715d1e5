"""The historian as a process: killed, without its database, without room, and late."""

import contextlib
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from evswarm_cli.ports import free_port
from evswarm_shared.bus.messages import HistoryBatch, HistoryStream
from evswarm_shared.bus.redis import RedisBus
from evswarm_shared.history.records import encode_batches
from tests.support.compose import eventually
from tests.support.history import AT, log
from tests.support.service_process import ServiceProcess

TRAFFIC = HistoryStream.TRAFFIC


class Historian:
    """A historian process on one store and one database, and what it says of itself."""

    def __init__(self, valkey_url: str, key_prefix: str, database_url: str, **settings: object) -> None:
        self._settings: dict[str, object] = {
            "redis_url": valkey_url,
            "key_prefix": key_prefix,
            "database_url": database_url,
            "historian_port": free_port(),
            "metrics_port": free_port(),
        } | settings
        self.process = ServiceProcess("historian", **self._settings)
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self._settings['historian_port']}", trust_env=False
        )

    def kill(self) -> None:
        """kill -9, and start anew."""
        self.process.process.send_signal(signal.SIGKILL)
        self.process.process.wait()
        self.process.__exit__(None, None, None)
        self.process = ServiceProcess("historian", **self._settings)

    def metric(self, name: str) -> float:
        """The value of one sample, by name and labels as Prometheus writes them."""
        for line in self.http.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        raise AssertionError(f"no {name}")

    def texts(self, **asked: str) -> list[str]:
        """Every log line there is, newest first."""
        answer = self.http.get("/history/logs", params={"format": "jsonl", **asked})
        answer.raise_for_status()
        return [line.partition('"text":"')[2].partition('"')[0] for line in answer.text.splitlines()]

    def wait(self, probe: Callable[[], Any], wanted: Any, what: str) -> None:
        """Until the answer is the one wanted."""
        eventually(probe, lambda found: found == wanted, 30, what)

    def end(self) -> None:
        """In order."""
        self.http.close()
        self.process.__exit__(None, None, None)


@pytest.fixture
def start(valkey_url: str, key_prefix: str) -> Iterator[Callable[..., Historian]]:
    with contextlib.ExitStack() as stack:

        def make(database_url: str, **settings: object) -> Historian:
            historian = Historian(valkey_url, key_prefix, database_url, **settings)
            stack.callback(historian.end)
            return historian

        yield make


@pytest.fixture
async def bus(valkey_url: str, key_prefix: str) -> Any:
    bus = RedisBus.connect(valkey_url, key_prefix, timeout_seconds=10)
    yield bus
    await bus.close()


async def tell(bus: RedisBus, first: int, count: int, *, entries_kept: int = 4096, size: int = 10) -> None:
    """Append batches of ten lines, numbered from `first`, each padded to about `size` bytes."""
    for number in range(first, first + count, 10):
        lines = [log(f"line-{n}-{'x' * size}", at=AT) for n in range(number, number + 10)]
        ((data, records),) = encode_batches("run", "test", lines)
        await bus.append_history(TRAFFIC, "test", [HistoryBatch(number, data, records)], entries_kept)


def numbers(texts: list[str]) -> list[int]:
    """The numbers of the lines, oldest first."""
    return [int(text.split("-")[1]) for text in reversed(texts)]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/h.db"
    return str(request.getfixturevalue("postgres_url"))


async def test_every_record_is_there_once_however_often_the_historian_is_killed(
    start: Callable[..., Historian], bus: RedisBus, url: str
) -> None:
    historian = start(url)
    told = 0
    for _ in range(3):
        await tell(bus, told, 3000)
        told += 3000
        # In the middle of it: the next one finds entries that were read, and perhaps written, but not removed.
        with contextlib.suppress(AssertionError):
            eventually(lambda: historian.texts(limit="1"), bool, 2, "the first rows")
        historian.kill()
    historian.wait(lambda: len(historian.texts()), told, "everything written")
    assert numbers(historian.texts()) == list(range(told))
    assert historian.metric('evswarm_historian_records_lost_total{stream="traffic"}') == 0


async def test_past_the_cap_the_oldest_go_and_are_counted(
    start: Callable[..., Historian], bus: RedisBus, tmp_path: Path
) -> None:
    await bus.open_history()
    await tell(bus, 0, 1000, entries_kept=20, size=2000)
    historian = start(f"sqlite:///{tmp_path}/h.db")
    historian.wait(lambda: _written(historian) + _lost(historian), 1000.0, "all accounted for")
    kept = numbers(historian.texts())
    assert kept == list(range(1000 - len(kept), 1000))
    assert _lost(historian) + len(kept) == 1000
    # The last entries of a stream cannot be missed: the loss is known when the next one comes.
    assert 200 <= len(kept) < 1000


async def test_while_the_database_is_away_nothing_within_the_cap_is_lost(
    start: Callable[..., Historian], bus: RedisBus, tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    folder.write_text("in the way")
    historian = start(f"sqlite:///{folder}/h.db")
    eventually(lambda: _state(historian), lambda state: state == "database_away", 30, "the database is away")
    await tell(bus, 0, 500)
    answer = historian.http.get("/history/logs")
    assert answer.status_code == 503
    assert "database" in answer.json()["detail"]
    historian.wait(lambda: _backlog(historian), 500.0, "the backlog shows")
    folder.unlink()
    historian.wait(lambda: _backlog(historian), 0.0, "everything written")
    assert numbers(historian.texts()) == list(range(500))
    assert _state(historian) == "writing"


async def test_without_room_on_the_disk_it_stops_writing_and_says_so(
    start: Callable[..., Historian], bus: RedisBus, tmp_path: Path
) -> None:
    historian = start(f"sqlite:///{tmp_path}/h.db", history_min_free_mb=1_000_000_000)
    await tell(bus, 0, 100)
    eventually(lambda: _state(historian), lambda state: state == "disk_full", 30, "the disk is full")
    status = historian.http.get("/status").json()
    assert status["state"] == "disk_full" and status["problem"]
    assert historian.texts() == []
    assert (await bus.history_backlog(TRAFFIC)).entries == 10


async def test_a_locked_database_is_waited_for(
    start: Callable[..., Historian], bus: RedisBus, tmp_path: Path
) -> None:
    historian = start(f"sqlite:///{tmp_path}/h.db")
    eventually(lambda: _state(historian), lambda state: state == "writing", 30, "it writes")
    blocker = sqlite3.connect(tmp_path / "h.db", isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    await tell(bus, 0, 100)
    time.sleep(0.5)  # noqa: ASYNC251 - the lock must be met
    blocker.execute("ROLLBACK")
    blocker.close()
    historian.wait(lambda: len(historian.texts()), 100, "everything written")


async def test_an_ordered_end_writes_what_is_there(
    start: Callable[..., Historian], bus: RedisBus, tmp_path: Path
) -> None:
    historian = start(f"sqlite:///{tmp_path}/h.db")
    eventually(lambda: _state(historian), lambda state: state == "writing", 30, "it writes")
    await tell(bus, 0, 500)
    assert historian.process.terminate() == 0
    with sqlite3.connect(tmp_path / "h.db") as rows:
        assert rows.execute("SELECT count(*) FROM logs").fetchone() == (500,)
    rows.close()


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        ({"database_url": "mysql://x"}, 2, "DATABASE_URL"),
        ({"database_url": "sqlite:///"}, 2, "three slashes"),
        ({"database_url": "sqlite:///x.db", "historian_host": "203.0.113.1"}, 3, "cannot listen"),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(settings: dict[str, str], code: int, said: str) -> None:
    with ServiceProcess("historian", **settings) as process:
        assert process.process.wait(30) == code
        assert said in process.output()
        assert "Traceback" not in process.output()


def _backlog(historian: Historian) -> float:
    return historian.metric('evswarm_historian_backlog_records{stream="traffic"}')


def _written(historian: Historian) -> float:
    return historian.metric('evswarm_historian_rows_written_total{table="logs"}')


def _lost(historian: Historian) -> float:
    return historian.metric('evswarm_historian_records_lost_total{stream="traffic"}')


def _state(historian: Historian) -> str:
    for state in ("writing", "store_away", "database_away", "disk_full"):
        if historian.metric(f'evswarm_historian_state{{state="{state}"}}') == 1:
            return state
    return ""
