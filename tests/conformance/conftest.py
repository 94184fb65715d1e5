"""Our central system as a process, and the store that it works on."""

import asyncio
import itertools
import socket
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import msgspec
import pytest

from evswarm_shared.bus.messages import Command, CommandReply, CommandTarget, StationRecord
from evswarm_shared.bus.redis import RedisBus
from tests.support.machine import free_port
from tests.support.ocpp_peers.raw_connection import PATIENCE
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
    async with asyncio.timeout(60):
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


class CommandSender:
    """Sends commands as a controller does."""

    def __init__(self, bus: RedisBus) -> None:
        self._bus = bus
        self._name = f"conformance-{uuid.uuid4().hex}"

    async def to_station(
        self, station_id: str, action: str, payload: object, seconds: float = PATIENCE
    ) -> CommandReply:
        """Have our central system send a CALL to a connected station; what became of it."""
        async with asyncio.timeout(PATIENCE):
            while (replica := await self._bus.csms_of(station_id)) is None:  # noqa: ASYNC110 - the store tells nobody
                await asyncio.sleep(0.02)
        return await self.send(CommandTarget.CSMS, replica, station_id, action, payload, seconds)

    async def send(
        self,
        target: CommandTarget,
        process_id: str,
        station_id: str,
        action: str,
        payload: object,
        seconds: float = PATIENCE,
    ) -> CommandReply:
        """Send a command to a process and wait for its reply."""
        async with self._bus.replies(self._name) as replies, asyncio.timeout(PATIENCE):
            command = Command(
                command_id=uuid.uuid4().hex,
                station_id=station_id,
                action=action,
                payload=msgspec.Raw(msgspec.json.encode(payload)),
                expires_at=time.time() + seconds,
                reply_to=self._name,
            )
            assert await self._bus.send_command(target, process_id, command)
            async for reply in replies:
                if reply.command_id == command.command_id:
                    return reply
        raise AssertionError("the replies ended")


@pytest.fixture
def commands(bus: RedisBus) -> CommandSender:
    """The way a controller gives commands."""
    return CommandSender(bus)
