"""The worker as the process that containers and the command start, on an embedded Valkey."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from evswarm_cli.ports import free_port
from evswarm_shared.bus.messages import Assignment, IndexRange, TariffChange, WorkerHeartbeat
from evswarm_shared.bus.redis import RedisBus

PATIENCE = 30.0


@contextmanager
def service(module: str, **settings: object) -> Iterator["subprocess.Popen[str]"]:
    """A service as a process of its own, killed at the end if it still runs."""
    environment = os.environ | {f"EVSWARM_{name.upper()}": str(value) for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", module], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


async def worker_with(bus: RedisBus, running: int) -> WorkerHeartbeat:
    """The only worker, once so many stations run on it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        workers = await bus.live_workers()
        if workers and workers[0].running >= running:
            return workers[0]
        assert time.monotonic() < deadline, f"{workers} after {PATIENCE:g} s"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"csms_url": "http://nowhere"}, 2, "ws:// or wss://"),
        ({"csms_url": "wss://localhost", "csms_ca": "/nowhere.pem"}, 2, "EVSWARM_CSMS_CA"),
        ({"csms_ca": __file__}, 2, "there is no certificate in PEM in it"),
        ({"tick_seconds": "soon"}, 2, "EVSWARM_TICK_SECONDS"),
        ({"tik_seconds": "1"}, 2, "EVSWARM_TIK_SECONDS"),
        ({"redis_url": "redis://127.0.0.1:1/0"}, 3, "the store does not answer"),
        ({"redis_url": "http://127.0.0.1:1/0"}, 2, "redis://"),
    ],
)
def test_a_worker_that_cannot_start_says_why_in_one_line(
    settings: dict[str, str], code: int, words: str
) -> None:
    with service("evswarm_worker", **settings) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert words in errors
    assert errors.count("\n") == 1


def test_a_taken_metrics_port_is_said_in_one_line(valkey_url: str, key_prefix: str) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with service(
            "evswarm_worker", redis_url=valkey_url, key_prefix=key_prefix, metrics_port=port
        ) as process:
            _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "metrics" in errors
    assert errors.count("\n") == 1


async def test_a_worker_runs_stations_tells_about_itself_and_ends_in_order(
    valkey_url: str, key_prefix: str
) -> None:
    store = {"redis_url": valkey_url, "key_prefix": key_prefix}
    port, count = free_port(), 40
    bus = RedisBus.connect(valkey_url, key_prefix)
    await bus.change_tariff(TariffChange(0.0, 300_000))
    with (
        service("evswarm_csms", csms_port=port, **store) as csms,
        service(
            "evswarm_worker", csms_url=f"ws://127.0.0.1:{port}", worker_on_shutdown="stop", **store
        ) as worker,
    ):
        assert csms.stderr is not None
        assert "listens for stations" in await asyncio.to_thread(csms.stderr.readline)
        alive = await worker_with(bus, 0)
        epoch = await bus.acquire_leadership("test", 600.0)
        assert epoch is not None
        share = Assignment(alive.worker_id, epoch, 1, (IndexRange(1, count + 1),), run_id="test")
        await bus.write_assignments("test", epoch, [share])
        running = await worker_with(bus, count)
        assert running.pid == worker.pid
        assert running.metrics_url is not None
        async with httpx.AsyncClient(trust_env=False) as client:
            metrics = (await client.get(running.metrics_url)).text
            health = await client.get(running.metrics_url.replace("/metrics", "/healthz"))
            nothing = await client.post(running.metrics_url)
        assert 'evswarm_websocket_connects_total{result="opened"}' in metrics
        assert 'evswarm_boot_notifications_total{status="Accepted"} 40.0' in metrics
        assert (health.status_code, health.text) == (200, "ok\n")
        assert nothing.status_code == 405
        worker.send_signal(signal.SIGTERM)
        _, errors = await asyncio.to_thread(worker.communicate, timeout=PATIENCE)
        assert worker.returncode == 0
        assert "Traceback" not in errors
        assert all(json.loads(line)["level"] == "INFO" for line in errors.splitlines())
        assert await bus.live_workers() == []
        assert await bus.owners() == {}
        assert await bus.count_open_transactions() == 0
        csms.send_signal(signal.SIGTERM)
        await asyncio.to_thread(csms.communicate, timeout=PATIENCE)
        assert csms.returncode == 0
    await bus.close()


async def test_a_worker_that_was_frozen_past_its_lease_comes_back_empty_under_a_new_name(
    valkey_url: str, key_prefix: str
) -> None:
    bus = RedisBus.connect(valkey_url, key_prefix)
    with service("evswarm_worker", redis_url=valkey_url, key_prefix=key_prefix, lease_seconds=2) as worker:
        first = await worker_with(bus, 0)
        await asyncio.sleep(1)
        worker.send_signal(signal.SIGSTOP)
        await asyncio.sleep(6)
        assert await bus.live_workers() == []
        worker.send_signal(signal.SIGCONT)
        second = await worker_with(bus, 0)
        assert second.worker_id != first.worker_id
        assert second.pid == first.pid
        worker.send_signal(signal.SIGTERM)
        await asyncio.to_thread(worker.communicate, timeout=PATIENCE)
        assert worker.returncode == 0
    await bus.close()
