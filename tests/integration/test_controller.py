"""The controller as a process: how it starts and ends, its feed over a real socket, a store that goes and comes."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import pytest_asyncio
import websockets

from evswarm_cli.ports import free_port
from evswarm_controller.live_schema import live_schema
from evswarm_shared.bus.redis import RedisBus
from evswarm_shared.history.recorder import Recorder
from evswarm_shared.history.records import Direction, MessageRecord, Outcome
from tests.support.history import AT, message
from tests.support.valkey import embedded_valkey
from tests.unit.controller.desk import PlayedWorker, row

SERVER_FRAME = jsonschema.Draft202012Validator({**live_schema(), "oneOf": [{"$ref": "#/$defs/server"}]})
WAIT_SECONDS = 30.0


class ControllerProcess:
    """A running controller."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.live_url = f"ws://127.0.0.1:{port}/live"

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_SECONDS)


def start(redis_url: str, prefix: str, **settings: object) -> ControllerProcess:
    port = free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("EVSWARM_")},
        "EVSWARM_REDIS_URL": redis_url,
        "EVSWARM_KEY_PREFIX": prefix,
        "EVSWARM_PORT": str(port),
        "EVSWARM_LEASE_SECONDS": "2",
        **{f"EVSWARM_{name.upper()}": str(value) for name, value in settings.items()},
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "evswarm_controller"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return ControllerProcess(process, port)


@contextmanager
def running(redis_url: str, prefix: str, **settings: object) -> Iterator[ControllerProcess]:
    """A controller that is ended with the block, however it ends."""
    controller = start(redis_url, prefix, **settings)
    try:
        yield controller
    finally:
        if controller.process.poll() is None:
            controller.process.kill()
        controller.process.communicate()


def failed(controller: ControllerProcess) -> tuple[int, str]:
    """The exit code and what was said of a controller that ends by itself."""
    _, said = controller.process.communicate(timeout=WAIT_SECONDS)
    return controller.process.returncode, said


async def eventually(
    client: httpx.AsyncClient, path: str, accept: Callable[[httpx.Response], bool]
) -> httpx.Response:
    """The first acceptable answer."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            with suppress(httpx.TransportError):
                answer = await client.get(path)
                if accept(answer):
                    return answer
            await asyncio.sleep(0.05)


@asynccontextmanager
async def client_of(controller: ControllerProcess) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a controller that is ready."""
    async with httpx.AsyncClient(base_url=controller.url, trust_env=False) as client:
        await eventually(client, "/readyz", lambda a: a.status_code == 200)
        yield client


@asynccontextmanager
async def working(redis_url: str, prefix: str, worker_id: str = "w1") -> AsyncIterator[PlayedWorker]:
    """A played worker that follows its assignment ten times a second."""
    bus = RedisBus.connect(redis_url, prefix)
    worker = PlayedWorker(bus, worker_id)
    await worker.join()

    async def work() -> None:
        while True:
            await worker.work()
            await asyncio.sleep(0.1)

    task = asyncio.create_task(work())
    try:
        yield worker
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await bus.close()


class Feed:
    """The other end of /live; every frame is held against the schema."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.rows: dict[str, list[Any]] = {}
        self.seq = -1

    async def next(self, *types: str) -> dict[str, Any]:
        """The next frame of one of these types."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                frame: dict[str, Any] = json.loads(await self.socket.recv())
                SERVER_FRAME.validate(frame)
                if frame["type"] in ("snapshot", "patch"):
                    if frame["type"] == "patch":
                        assert frame["seq"] == self.seq + 1
                    self.seq = frame["seq"]
                    for changed in (*frame.get("rows", []), *frame.get("add", [])):
                        self.rows[changed[0]] = changed
                if frame["type"] in types:
                    return frame

    async def say(self, **message: object) -> None:
        await self.socket.send(json.dumps(message))


async def pass_messages(worker: PlayedWorker, *records: MessageRecord) -> None:
    """Give these to the history, as a worker does."""
    recorder = Recorder(worker.bus, f"test-{id(records)}", clock=lambda: AT)
    for record in records:
        recorder.message(record)
    await recorder.flush()


@asynccontextmanager
async def feed_of(
    controller: ControllerProcess, **hello: object
) -> AsyncIterator[tuple[Feed, dict[str, Any]]]:
    """A feed past its hellos, and the server's hello."""
    async with websockets.connect(controller.live_url, proxy=None) as socket:
        feed = Feed(socket)
        greeting = await feed.next("hello")
        await feed.say(type="hello", **hello)
        yield feed, greeting


async def close_code(socket: websockets.ClientConnection) -> int | None:
    """Read to the end, and return the code it was closed with."""
    async with asyncio.timeout(WAIT_SECONDS):
        with suppress(websockets.ConnectionClosed):
            async for _ in socket:
                pass
    return socket.close_code


@pytest.fixture
def controller(valkey_url: str, key_prefix: str) -> Iterator[ControllerProcess]:
    """A controller of three stations."""
    with running(valkey_url, key_prefix, stations=3) as started:
        yield started


@pytest_asyncio.fixture
async def client(controller: ControllerProcess) -> AsyncIterator[httpx.AsyncClient]:
    """Its client, once it is ready."""
    async with client_of(controller) as ready:
        yield ready


@pytest_asyncio.fixture
async def worker(client: httpx.AsyncClient, valkey_url: str, key_prefix: str) -> AsyncIterator[PlayedWorker]:
    """A worker that runs the three stations."""
    async with working(valkey_url, key_prefix) as played:
        await eventually(client, "/totals", lambda a: a.json()["running"] == 3)
        yield played


async def test_a_swarm_is_planned_scaled_and_counted(client: httpx.AsyncClient, worker: PlayedWorker) -> None:
    answer = await client.post("/stations/scale", json={"count": 12})
    path = answer.headers["location"]
    done = await eventually(client, path, lambda a: a.json()["state"] != "running")
    assert (done.json()["state"], done.json()["done"]) == ("succeeded", 9)
    totals = (await client.get("/totals")).json()
    assert (totals["stations"], totals["running"], totals["desired"]) == (12, 12, 12)
    down = await client.post("/stations/scale", json={"count": 0})
    done = await eventually(client, down.headers["location"], lambda a: a.json()["state"] != "running")
    assert done.json()["state"] == "succeeded"
    assert (await client.get("/stations")).json()["total"] == 0


async def test_one_station_is_stopped_and_started(client: httpx.AsyncClient, worker: PlayedWorker) -> None:
    stopped = await client.post("/stations/stop", json={"station_id": "CP-000002"}, timeout=WAIT_SECONDS)
    assert (stopped.status_code, stopped.json()["status"]) == (200, "Stopped")
    started = await client.post("/stations/start", json={"station_id": "CP-000002"}, timeout=WAIT_SECONDS)
    assert (started.status_code, started.json()["running"]) == (200, True)


async def test_the_feed_shows_what_workers_publish(
    controller: ControllerProcess, worker: PlayedWorker
) -> None:
    async with feed_of(controller) as (feed, hello):
        assert hello["epoch"]
        assert not feed.socket.protocol.extensions
        snapshot = await feed.next("snapshot")
        assert len(snapshot["rows"]) == 3
        assert snapshot["agg"]["running"] == 3
        await worker.publish([row("CP-000001", worker_id="w1", power_w=7_000)])
        while feed.rows["CP-000001"][7] != 7_000:
            patch = await feed.next("patch")
        assert patch["agg"]["power_w"] == 7_000


async def test_a_followed_log_comes_whole_and_whenever_it_grows(
    controller: ControllerProcess, worker: PlayedWorker
) -> None:
    async with feed_of(controller) as (feed, _):
        await feed.say(type="sub", log="CP-000001")
        assert (await feed.next("log"))["events"] == []
        await worker.publish([row("CP-000001", worker_id="w1")], ("[10:00:00] one",))
        frame = await feed.next("log")
        assert (frame["id"], frame["events"]) == ("CP-000001", ["[10:00:00] one"])
        await pass_messages(
            worker, message(station="CP-000001", unique_id="mine"), message(station="CP-000002")
        )
        frame = await feed.next("log")
        assert [call["unique_id"] for call in frame["calls"]] == ["mine"]


async def test_messages_are_seen_as_they_pass_and_a_log_is_followed_line_by_line(
    client: httpx.AsyncClient, controller: ControllerProcess, worker: PlayedWorker
) -> None:
    async with (
        asyncio.timeout(WAIT_SECONDS),
        client.stream("GET", "/stations/CP-000001/logs?follow=true") as log,
        feed_of(controller) as (feed, hello),
    ):
        assert hello["history"]
        assert log.headers["content-type"].startswith("text/plain")
        lines = log.aiter_lines()
        await worker.publish([row("CP-000001", worker_id="w1")], ("[10:00:00] one",))
        assert await anext(lines) == "[10:00:00] one"
        await feed.say(type="sub", messages={"action": "Reset"})
        assert (await feed.next("messages"))["items"] == []
        now = time.time()
        reset = message("Reset", at=now, direction=Direction.TO_STATION, outcome=Outcome.UNANSWERED)
        await pass_messages(worker, message("Heartbeat", at=now), reset)
        (item,) = (await feed.next("messages"))["items"]
        assert (item["action"], item["outcome"]) == ("Reset", "unanswered")
        told = [await anext(lines), await anext(lines)]
        assert [line.split("] ")[1] for line in told] == [
            "→ Heartbeat answered in 1.5 ms",
            "← Reset not answered",
        ]
    await eventually(client, "/metrics", lambda a: "evswarm_dashboard_clients 0.0" in a.text)


async def test_a_page_that_does_not_read_holds_up_nobody_and_is_told_that_it_fell_behind(
    controller: ControllerProcess, worker: PlayedWorker
) -> None:
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", int(controller.url.rpartition(":")[2])))
    options: Any = {"sock": narrow, "max_queue": 1, "proxy": None}
    async with feed_of(controller) as (other, _), websockets.connect(controller.live_url, **options) as slow:
        await slow.recv()
        await slow.send('{"type":"hello"}')
        for turn in range(8):
            # Rows as long as those of a thousand stations, so that few ticks are many bytes.
            await worker.publish(
                [row("CP-000001", worker_id="w1", power_w=turn, last_message=f"{turn:02d}" * 100_000)]
            )
            while other.rows.get("CP-000001", [0] * 8)[7] != turn:
                await other.next("snapshot", "patch")
        reasons = [
            frame["reason"] for _ in range(16) if (frame := json.loads(await slow.recv()))["type"] == "resync"
        ]
        assert reasons == ["behind"]


async def test_a_swarm_above_the_limit_comes_by_windows(valkey_url: str, key_prefix: str) -> None:
    with running(valkey_url, key_prefix, stations=3, live_window_above=4) as controller:
        async with client_of(controller) as client, working(valkey_url, key_prefix):
            await eventually(client, "/totals", lambda a: a.json()["running"] == 3)
            async with feed_of(controller) as (feed, hello):
                assert hello["mode"] == "all"
                await client.post("/stations/scale", json={"count": 6})
                assert await close_code(feed.socket) == 4010
            async with feed_of(controller) as (feed, hello):
                assert hello["mode"] == "window"
                assert (await feed.next("snapshot"))["rows"] == []
                await feed.say(type="window", sort="station_id", dir="desc", offset=0, limit=2)
                window = await feed.next("window")
                while window["total"] < 6:
                    window = await feed.next("window")
                assert [each[0] for each in window["rows"]] == ["CP-000006", "CP-000005"]


async def test_a_feed_that_was_cut_goes_on_where_it_was(
    controller: ControllerProcess, worker: PlayedWorker
) -> None:
    async with feed_of(controller) as (feed, hello):
        await feed.next("snapshot")
        await feed.next("patch")
    async with feed_of(controller, epoch=hello["epoch"], seq=feed.seq) as (again, _):
        again.seq = feed.seq
        assert (await again.next("snapshot", "patch"))["type"] == "patch"
        await again.say(type="resync")
        assert (await again.next("resync"))["reason"] == "asked"
        assert (await again.next("snapshot"))["part"] == 1


@pytest.mark.parametrize(
    "message", ["{", "[]", '{"type":"sub","log":"X"}', '{"type":"hello","seq":1}', "x" * 5000]
)
async def test_a_client_that_does_not_keep_to_the_schema_is_shown_out(
    client: httpx.AsyncClient, controller: ControllerProcess, message: str
) -> None:
    async with websockets.connect(controller.live_url, proxy=None) as socket:
        await socket.send(message)
        assert await close_code(socket) in (1008, 1009)


def own_address(answer: httpx.Response) -> object:
    """The address at our end of the connection that an answer came by."""
    return answer.extensions["network_stream"].get_extra_info("client_addr")


async def test_a_connection_outlives_what_clients_keep_idle(controller: ControllerProcess) -> None:
    limits = httpx.Limits(keepalive_expiry=WAIT_SECONDS)
    async with httpx.AsyncClient(base_url=controller.url, trust_env=False, limits=limits) as client:
        ways = [own_address(await eventually(client, "/readyz", lambda a: a.status_code == 200))]
        await asyncio.sleep(6)  # httpx and uvicorn by themselves end an idle connection after 5
        ways.append(own_address(await client.get("/readyz")))
    assert ways[0] == ways[1]


async def test_pages_of_other_sites_get_no_feed(
    client: httpx.AsyncClient, controller: ControllerProcess
) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(
            controller.live_url, origin=websockets.Origin("http://evil.example"), proxy=None
        ):
            pass
    assert refused.value.response.status_code == 403
    origin = websockets.Origin(controller.url)
    async with websockets.connect(controller.live_url, origin=origin, proxy=None) as socket:
        assert json.loads(await socket.recv())["type"] == "hello"
    assert controller.end() == 0
    assert controller.process.stderr is not None
    assert "handshake" not in controller.process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_controller_that_is_asked_to_end_says_goodbye_and_resigns(
    client: httpx.AsyncClient,
    controller: ControllerProcess,
    worker: PlayedWorker,
    number: int,
) -> None:
    async with (
        client.stream("GET", "/stations/CP-000001/logs?follow=true"),
        feed_of(controller) as (feed, _),
    ):
        await feed.next("patch")
        assert await asyncio.to_thread(controller.end, number) == 0
        assert await close_code(feed.socket) == 1012
    assert await worker.bus.acquire_leadership("next", 5.0) is not None
    assert controller.process.stderr is not None
    assert "Traceback" not in controller.process.stderr.read()


async def test_a_standby_takes_over_from_a_leader_that_died(
    client: httpx.AsyncClient,
    controller: ControllerProcess,
    worker: PlayedWorker,
    valkey_url: str,
    key_prefix: str,
) -> None:
    with running(valkey_url, key_prefix, stations=99) as standby:
        async with client_of(standby) as second:
            controller.end(signal.SIGKILL)
            answer = await second.post("/stations/scale", json={"count": 5})
            await eventually(second, answer.headers["location"], lambda a: a.json()["state"] == "succeeded")
            assert (await second.get("/totals")).json()["running"] == 5


async def test_a_store_that_goes_and_comes_back_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with embedded_valkey(tmp_path, port=port, appendonly=True):
        controller = start(url, "gone", stations=2)
        try:
            async with client_of(controller) as client, working(url, "gone"):
                await eventually(client, "/totals", lambda a: a.json()["running"] == 2)
        except BaseException:
            controller.process.kill()
            raise
    try:
        async with httpx.AsyncClient(base_url=controller.url, trust_env=False) as client:
            gone = await eventually(client, "/stations", lambda a: a.status_code == 503)
            assert gone.headers["content-type"] == "application/problem+json"
            assert gone.headers["retry-after"]
            assert (await client.get("/healthz")).status_code == 200
            with embedded_valkey(tmp_path, port=port, appendonly=True):
                back = await eventually(client, "/stations", lambda a: a.status_code == 200)
                assert back.json()["total"] == 2
                assert await asyncio.to_thread(controller.end) == 0
    finally:
        controller.process.kill()
        controller.process.communicate()


def test_a_taken_port_is_one_clear_line(valkey_url: str, key_prefix: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = failed(start(valkey_url, key_prefix, port=port))
    assert code == 2
    assert said.count("\n") == 1
    assert str(port) in said


def test_a_store_that_is_not_there_is_one_clear_line() -> None:
    code, said = failed(start(f"redis://127.0.0.1:{free_port()}/0", "x"))
    assert code == 3
    assert said.count("\n") == 1
    assert "does not answer" in said


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"profile": "castle"}, "EVSWARM_PROFILE"),
        ({"price": "-1"}, "EVSWARM_PRICE"),
        ({"sttions": "1"}, "EVSWARM_STTIONS"),
        ({"timezone": "Mars/Base"}, "EVSWARM_TIMEZONE"),
    ],
)
def test_a_bad_setting_is_one_clear_line(
    valkey_url: str, key_prefix: str, settings: dict[str, str], named: str
) -> None:
    code, said = failed(start(valkey_url, key_prefix, **settings))
    assert code == 2
    assert said.count("\n") == 1
    assert named in said
