"""What the live feed costs the controller: processor time and bytes for 1, 10 and 50 dashboards, as ratios in one run.

`python -m tests.bench.feed` plays a worker whose 10,000 rows all change once a second, before a real controller on a
store of its own; then 50,000 rows, of which dashboards see windows. About two minutes. Nothing is asserted.
"""

import argparse
import asyncio
import base64
import secrets
import struct
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from evswarm_cli.ports import free_port
from evswarm_shared.bus.batches import STATIONS_PER_STEP, in_batches
from evswarm_shared.bus.messages import PatchEvent, StationState
from evswarm_shared.bus.redis import RedisBus
from tests.support.service_process import ServiceProcess
from tests.support.valkey import embedded_valkey
from tests.unit.controller.desk import row

CLIENTS = (0, 1, 10, 50)
SETTLE_SECONDS = 4.0
WINDOWS = (
    {"sort": "power_kw", "dir": "desc"},
    {"sort": "station_id", "offset": 25_000},
    {"status": "Charging", "sort": "energy_kwh"},
    {"q": "0077"},
)


class Dashboard:
    """The other end of the feed, doing as little as can be: it counts bytes and forgets them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.bytes = 0

    @classmethod
    async def open(cls, port: int, *messages: dict[str, object]) -> "Dashboard":
        """Connect, greet, and say these."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        writer.write(
            f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        self = cls(reader, writer)
        for message in ({"type": "hello"}, *messages):
            self._say(msgspec.json.encode(message))
        return self

    def _say(self, text: bytes) -> None:
        length = bytes((0x80 | len(text),)) if len(text) < 126 else b"\xfe" + struct.pack(">H", len(text))
        # Masked with zeros: the text stays as it is.
        self._writer.write(b"\x81" + length + bytes(4) + text)

    async def read(self) -> None:
        """Read until cancelled."""
        while data := await self._reader.read(2**20):
            self.bytes += len(data)

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()


class Swarm:
    """Rows that change: said on the channel of patches as workers say it, encoded before anything is measured."""

    def __init__(self, bus: RedisBus, stations: int, changing: int) -> None:
        self._bus = bus
        self._turns = [
            [
                msgspec.json.encode(PatchEvent("w1", tuple(rows)))
                for rows in in_batches([self._row(n, turn) for n in range(1, stations + 1)])
            ]
            for turn in range(2)
        ]
        self._changing = changing // STATIONS_PER_STEP

    async def begin(self) -> None:
        """Say all rows once."""
        await self._say(self._turns[0])

    async def live(self) -> None:
        """Change rows once a second, until cancelled."""
        turn = 0
        while True:
            began = time.monotonic()
            turn += 1
            events = self._turns[turn % 2]
            first = turn * self._changing % len(events)
            await self._say((events + events)[first : first + self._changing])
            await asyncio.sleep(max(0.0, 1.0 - (time.monotonic() - began)))

    async def _say(self, events: Sequence[bytes]) -> None:
        for event in events:
            await self._bus._link.execute("PUBLISH", self._bus._keys.patches, event)
            await asyncio.sleep(0.5 / len(events))

    @staticmethod
    def _row(number: int, turn: int) -> msgspec.Raw:
        state = StationState.CHARGING if number % 3 else StationState.AVAILABLE
        changed = row(f"CP-{number:06d}", worker_id="w1", state=state, energy_mwh=number * 10**6)
        return msgspec.Raw(msgspec.json.encode(msgspec.structs.replace(changed, power_w=7000 + turn)))


def processor_seconds(pid: int) -> float:
    """Processor time of a process so far, by the nanosecond."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


@contextmanager
def controller(redis_url: str, **settings: object) -> Iterator[tuple[ServiceProcess, int]]:
    """A controller on a prefix of its own, and its port."""
    port = free_port()
    with ServiceProcess(
        "controller", redis_url=redis_url, key_prefix=f"bench-{port}", port=port, **settings
    ) as process:
        yield process, port


async def ready(process: ServiceProcess, port: int) -> None:
    """Wait for the controller."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        while True:
            process.check_alive()
            try:
                if (await client.get("/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


async def measure(
    process: ServiceProcess, port: int, clients: int, seconds: float, *said: dict[str, object]
) -> tuple[float, float]:
    """Processor milliseconds a tick of half a second, and bytes a client a second."""
    dashboards = [
        await Dashboard.open(port, *([said[n % len(said)]] if said else [])) for n in range(clients)
    ]
    readers = [asyncio.create_task(each.read()) for each in dashboards]
    try:
        await asyncio.sleep(SETTLE_SECONDS)
        before, began = processor_seconds(process.process.pid), time.monotonic()
        sent = sum(each.bytes for each in dashboards)
        await asyncio.sleep(seconds)
        elapsed = time.monotonic() - began
        spent = processor_seconds(process.process.pid) - before
        received = sum(each.bytes for each in dashboards) - sent
    finally:
        for each in dashboards:
            each.close()
        await asyncio.gather(*readers, return_exceptions=True)
    return spent / elapsed * 500, received / elapsed / max(1, clients)


async def all_rows(redis_url: str, stations: int, seconds: float) -> None:
    """Every row to every dashboard."""
    with controller(redis_url, stations=stations) as (process, port):
        await ready(process, port)
        bus = RedisBus.connect(redis_url, f"bench-{port}")
        swarm = Swarm(bus, stations, stations)
        await swarm.begin()
        living = asyncio.create_task(swarm.live())
        print(f"{stations:,} rows that all change once a second")
        print("dashboards   ms a tick   of it for the feed   a dashboard   KB/s a dashboard")
        alone = one = 0.0
        for clients in CLIENTS:
            spent, received = await measure(process, port, clients, seconds)
            alone = alone or spent
            feed = spent - alone
            one = one or feed
            share = f"{feed / clients:11.2f}" if clients else " " * 11
            print(f"{clients:10}   {spent:9.1f}   {feed:18.1f}   {share}   {received / 1000:16.0f}")
            if clients > 1 and one > 0:
                print(f"{'':10}   {feed / one:.1f} times that of one dashboard")
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        await bus.close()


async def windows(redis_url: str, stations: int, seconds: float) -> None:
    """Windows of a swarm that is too large to be sent."""
    with controller(redis_url, stations=stations) as (process, port):
        await ready(process, port)
        bus = RedisBus.connect(redis_url, f"bench-{port}")
        swarm = Swarm(bus, stations, stations // 10)
        await swarm.begin()
        living = asyncio.create_task(swarm.live())
        print(
            f"\n{stations:,} rows by windows, a tenth of them changing each second, {len(WINDOWS)} searches"
        )
        print("dashboards   ms a tick   of it for the feed   KB/s a dashboard")
        alone = 0.0
        for clients in CLIENTS[:3]:
            said = [{"type": "window", **window} for window in WINDOWS]
            spent, received = await measure(process, port, clients, seconds, *said)
            alone = alone or spent
            print(f"{clients:10}   {spent:9.1f}   {spent - alone:18.1f}   {received / 1000:16.0f}")
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        await bus.close()


async def run(stations: int, many: int, seconds: float) -> None:
    """Both."""
    with tempfile.TemporaryDirectory() as folder, embedded_valkey(Path(folder)) as store:
        await all_rows(store.connection_url, stations, seconds)
        await windows(store.connection_url, many, seconds)


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.feed", description=__doc__)
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=50_000, help="stations of the swarm seen by windows")
    parser.add_argument("--seconds", type=float, default=12.0, help="length of each measurement")
    options = parser.parse_args()
    asyncio.run(run(options.stations, options.many, options.seconds))


if __name__ == "__main__":
    main()
