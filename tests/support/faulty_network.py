"""A TCP relay whose links a test can make slow, lossy, silent or dead. It runs in a thread of its own, on loopback.

With several targets it spreads connections over those that answer, as the gateway and DNS do in containers.
"""

import asyncio
import random
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from evswarm_cli.ports import free_port

T = TypeVar("T")
Address = tuple[str, int]

RETRANSMISSION_SECONDS: Final = 0.2
"""What a lost segment costs on a local link: TCP sends it again after that long, and what follows waits for it."""
CHUNK_BYTES: Final = 65536


@dataclass(eq=False)
class RelayedConnection:
    """One connection: when it was accepted (monotonic seconds), and what has passed through it."""

    accepted_at: float
    target: Address
    bytes_up: int = 0
    bytes_down: int = 0
    last_up_at: float = 0.0
    open: bool = True


class FaultyNetwork:
    """The road to `targets`. Knobs hold for the connections there are and those to come."""

    def __init__(self, *targets: Address, seed: int = 1) -> None:
        self.port: Final = free_port()
        self.latency_seconds = 0.0
        self.loss = 0.0
        self.hides_closing = False
        """The near side does not hear that the far side closed: what it says then is counted and goes nowhere."""
        self.connections: list[RelayedConnection] = []
        self._targets = list(targets)
        self._next = 0
        self._draw = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty-network", daemon=True)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._up = True
        self._pairs: dict[RelayedConnection, tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._relay, "127.0.0.1", self.port, backlog=4096))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # --- knobs ---

    def cut(self) -> None:
        """Reset every connection and let nobody in until `heal`."""
        self._run(self._cut())

    def fall_silent(self) -> None:
        """Let nothing through any more while every connection looks open, as when a cable is pulled."""
        self._run(self._silence(True))

    def heal(self) -> None:
        """All is well again; what waited on silent connections goes on its way."""
        self.latency_seconds = self.loss = 0.0
        self._run(self._silence(False))

    # --- what a test can see ---

    @property
    def open_connections(self) -> list[RelayedConnection]:
        """Those that are open now."""
        return [connection for connection in self.connections if connection.open]

    def accepted_a_second(self, since: float) -> list[int]:
        """How many connections came in each second from the monotonic time `since` on."""
        times = [c.accepted_at - since for c in self.connections if c.accepted_at >= since]
        counts = [0] * (int(max(times, default=0.0)) + 1)
        for at in times:
            counts[int(at)] += 1
        return counts

    # --- inside: everything below runs in the thread ---

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _cut(self) -> None:
        self._up = False
        for pair in list(self._pairs.values()):
            for writer in pair:
                writer.transport.abort()

    async def _silence(self, silent: bool) -> None:
        self._up = True
        if silent:
            self._flowing.clear()
        else:
            self._flowing.set()

    async def _end(self) -> None:
        self._server.close()
        await self._cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._up:
            return
        await self._flowing.wait()
        opened = await self._open()
        if opened is None:
            return
        target, far_reader, far_writer = opened
        connection = RelayedConnection(time.monotonic(), target)
        self.connections.append(connection)
        self._pairs[connection] = (writer, far_writer)
        ways = [
            asyncio.ensure_future(self._pump(reader, far_writer, connection, up=True)),
            asyncio.ensure_future(self._pump(far_reader, writer, connection, up=False)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if self.hides_closing:
                await asyncio.wait(ways[:1])
        finally:
            connection.open = False
            self._pairs.pop(connection, None)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.transport.abort()

    async def _open(self) -> tuple[Address, asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self._targets:
            target = self._targets[self._next % len(self._targets)]
            self._next += 1
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(*target)
                return target, reader, writer
        return None

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, of: RelayedConnection, *, up: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                delay = self.latency_seconds
                if self.loss and self._draw.random() < self.loss:
                    delay += RETRANSMISSION_SECONDS
                if delay:
                    await asyncio.sleep(delay)
                await self._flowing.wait()
                if up:
                    of.bytes_up += len(data)
                    of.last_up_at = time.monotonic()
                else:
                    of.bytes_down += len(data)
                if up and self.hides_closing:
                    continue
                writer.write(data)
                await writer.drain()
