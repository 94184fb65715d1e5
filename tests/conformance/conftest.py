"""Our central system as a process, and the store that it works on."""

import itertools
import socket
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from evswarm_cli.ports import free_port
from evswarm_shared.bus.messages import StationRecord
from evswarm_shared.bus.redis import RedisBus
from tests.conformance.command_sender import CommandSender
from tests.conformance.swarm_of_one import StationDriver, WorkerProcess
from tests.support.ocpp_peers.raw_connection import PATIENCE, RawCentralSystem
from tests.support.service_process import ServiceProcess


class CentralSystem:
    """A running `evswarm_csms`. `url` is where stations connect, `bus` speaks to its store."""

    def __init__(self, process: ServiceProcess, port: int, redis_url: str, key_prefix: str) -> None:
        self.process = process
        self.port = port
        self.url = f"ws://127.0.0.1:{port}"
        self.redis_url = redis_url
        self.key_prefix = key_prefix

    def wait_until_listening(self) -> None:
        """Return when it accepts connections."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.process.check_alive()
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@contextmanager
def running_central_system(redis_url: str, **settings: object) -> Iterator[CentralSystem]:
    """A central system with settings of its own."""
    port, key_prefix = free_port(), f"conformance-{uuid.uuid4().hex}"
    process = ServiceProcess("csms", redis_url=redis_url, key_prefix=key_prefix, csms_port=port, **settings)
    with process:
        system = CentralSystem(process, port, redis_url, key_prefix)
        system.wait_until_listening()
        yield system


@pytest.fixture(scope="session")
def central_system(valkey_url: str) -> Iterator[CentralSystem]:
    """Our central system with its defaults, shared by all tests: each takes a station id of its own."""
    with running_central_system(valkey_url) as system:
        yield system


@pytest.fixture(scope="session")
def lenient_central_system(valkey_url: str) -> Iterator[CentralSystem]:
    """Our central system with the switches the other way: unknown fields dropped, unknown tags and stations refused."""
    with running_central_system(
        valkey_url,
        csms_strict="false",
        csms_accept_unknown_tags="false",
        csms_accept_unknown_stations="false",
        csms_max_frame_bytes=2048,
    ) as system:
        yield system


_numbers = itertools.count(1)


@pytest.fixture
def station_id() -> str:
    """An identity that no other test uses."""
    return f"CONFORM-{next(_numbers):03d}"


@pytest.fixture
async def bus(central_system: CentralSystem) -> AsyncIterator[RedisBus]:
    """The store of `central_system`."""
    bus = RedisBus.connect(central_system.redis_url, central_system.key_prefix)
    yield bus
    await bus.close()


@pytest.fixture
async def registered_station(lenient_central_system: CentralSystem, station_id: str) -> str:
    """A station that `lenient_central_system` knows but has not accepted yet."""
    bus = RedisBus.connect(lenient_central_system.redis_url, lenient_central_system.key_prefix)
    await bus.write_station(StationRecord(station_id, accepted=False))
    await bus.close()
    return station_id


@pytest.fixture
def commands(bus: RedisBus) -> CommandSender:
    """The way a controller gives commands."""
    return CommandSender(bus)


@pytest.fixture(scope="session")
def worker(valkey_url: str) -> Iterator[WorkerProcess]:
    """Our worker, shared by all tests: each has stations of its own."""
    worker = WorkerProcess(valkey_url, call_timeout_seconds=2, reconnect_ceiling_seconds=4, tick_seconds=0.2)
    with worker.process:
        yield worker


@pytest.fixture
async def stations(worker: WorkerProcess) -> AsyncIterator[StationDriver]:
    """Makes stations of ours; those of the test end with it."""
    driver = await StationDriver.of(worker)
    yield driver
    await driver.close()


@pytest.fixture
async def system() -> AsyncIterator[RawCentralSystem]:
    """A central system that is not ours and keeps every frame."""
    async with RawCentralSystem().listening() as system:
        yield system
