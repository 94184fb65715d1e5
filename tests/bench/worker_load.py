"""One worker with many stations against one csms, on loopback: CPU and memory of each process.

`python -m tests.bench.worker_load [--stations 1000] [--seconds 30]`. Starts its own store, csms and worker, writes the
assignment itself, waits until every station runs, measures for the time asked, and ends all of it.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import msgspec
import psutil
from prometheus_client.parser import text_string_to_metric_families

from evswarm_cli.ports import free_port
from evswarm_shared.bus.messages import (
    DEFAULT_MIX,
    Assignment,
    IndexRange,
    ProfileName,
    Segment,
    StationSnapshot,
    TariffChange,
)
from evswarm_shared.bus.redis import RedisBus
from evswarm_shared.clock import SimulatedClock
from tests.support.valkey import embedded_valkey


def start(module: str, url: str, profile_to: str | None = None, **settings: str) -> subprocess.Popen[bytes]:
    """A service as a process of its own, under cProfile when there is a file to write to."""
    environment = os.environ | {"EVSWARM_REDIS_URL": url, "EVSWARM_LOG_LEVEL": "WARNING", **settings}
    profiler = [] if profile_to is None else ["-m", "cProfile", "-o", profile_to]
    return subprocess.Popen([sys.executable, *profiler, "-m", module], env=environment)


def calls(metrics_url: str) -> float:
    """How many calls a worker's stations had answered."""
    text = httpx.get(metrics_url, trust_env=False).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "evswarm_ocpp_call_duration_seconds_count"
    )


def quantiles(metrics_url: str) -> dict[str, str]:
    """The histograms of a worker that were used: how many observations, and the buckets of median and p99."""
    text = httpx.get(metrics_url, trust_env=False).text
    found = {}
    for family in text_string_to_metric_families(text):
        buckets: dict[str, list[tuple[float, float]]] = {}
        for sample in family.samples if family.type == "histogram" else ():
            if sample.name.endswith("_bucket"):
                label = sample.labels.get("action", "")
                buckets.setdefault(label, []).append((float(sample.labels["le"]), sample.value))
        for label, counted in buckets.items():
            total = counted[-1][1]
            if total:
                p50, p99 = (next(le for le, n in counted if n >= q * total) for q in (0.5, 0.99))
                name = f"{family.name.removeprefix('evswarm_')} {label}"
                found[name] = f"{total:.0f}: p50 <= {p50} s, p99 <= {p99} s"
    return found


class Meter:
    """CPU and memory of a process."""

    def __init__(self, pid: int) -> None:
        self.process = psutil.Process(pid)
        self.cpu = self.read()

    def read(self) -> float:
        times = self.process.cpu_times()
        self.system = float(times.system)
        return float(times.user + times.system)

    def take(self) -> tuple[float, float]:
        """CPU seconds since the last call, and MiB now."""
        before, self.cpu = self.cpu, self.read()
        return self.cpu - before, self.process.memory_info().rss / 2**20


async def wait_for(bus: RedisBus, stations: int, deadline: float, quiet: bool) -> int:
    """Wait until so many stations run; how many do."""
    running, began = 0, time.monotonic()
    while running < stations and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        workers = await bus.live_workers()
        running = sum(worker.running for worker in workers)
        if running and not quiet:
            print(f"  {time.monotonic() - began:5.1f} s: {running} running, {workers[0].stations} started")
    return running


async def measure(url: str, port: int, worker_pid: int, csms_pid: int, options: argparse.Namespace) -> None:
    """Assign, wait, measure, print."""
    bus = RedisBus.connect(url)
    while not (workers := await bus.live_workers()):  # noqa: ASYNC110 - another process is waited for
        await asyncio.sleep(0.05)
    worker, csms = Meter(worker_pid), Meter(csms_pid)
    _, empty = worker.take()
    epoch = await bus.acquire_leadership("bench", 600.0)
    assert epoch is not None
    await bus.change_tariff(TariffChange(0.0, 300_000))
    mix = DEFAULT_MIX if options.profile is None else {ProfileName(options.profile): 1.0}
    share = IndexRange(1, options.stations + 1)
    began = time.monotonic()
    assignment = Assignment(
        worker_id=workers[0].worker_id,
        leader_epoch=epoch,
        generation=1,
        ranges=(share,),
        segments=(Segment(share, mix),),
        run_id="bench",
        seed=1,
        clock=SimulatedClock(),
        swarm_count=options.stations,
    )
    await bus.write_assignments("bench", epoch, [assignment])
    running = await wait_for(bus, options.stations, began + 120, not options.states)
    boot = time.monotonic() - began
    worker_cpu, memory = worker.take()
    csms_cpu, _ = csms.take()
    print(f"{running} of {options.stations} stations running after {boot:.1f} s")
    print(f"  to start: worker {worker_cpu:.2f} CPU-s, csms {csms_cpu:.2f} CPU-s")
    print(f"  worker: {empty:.0f} MiB empty, {(memory - empty) * 1024 / max(1, running):.1f} KiB a station")
    await asyncio.sleep(options.settle)
    live = (await bus.live_workers())[0]
    before = await asyncio.to_thread(calls, live.metrics_url or "")
    worker.take()
    csms.take()
    await asyncio.sleep(options.seconds)
    answered = await asyncio.to_thread(calls, live.metrics_url or "") - before
    worker_cpu, memory = worker.take()
    csms_cpu, csms_memory = csms.take()
    rows = [msgspec.json.decode(row, type=StationSnapshot) for row in (await bus.read_snapshots()).values()]
    live = (await bus.live_workers())[0]
    durations = await asyncio.to_thread(quantiles, live.metrics_url or "")
    print(f"steady for {options.seconds:.0f} s: {sum(row.transactions for row in rows)} transactions")
    print(f"  worker {100 * worker_cpu / options.seconds:.1f} % of a core, {memory:.0f} MiB")
    print(
        f"  {answered / options.seconds:.0f} calls/s, worker {1e6 * worker_cpu / max(1, answered):.0f} us CPU a call"
    )
    print(
        f"  worker {(memory - empty) * 1024 / max(1, running):.1f} KiB a station, loop lag {live.loop_lag_ms} ms"
    )
    print(f"  csms   {100 * csms_cpu / options.seconds:.1f} % of a core, {csms_memory:.0f} MiB")
    for name, found in durations.items():
        print(f"  {name:<44} {found}")
    if options.states:
        states: dict[str, int] = {}
        for row in rows:
            states[row.state] = states.get(row.state, 0) + 1
        print(" ", json.dumps(states))
        for station_id in list(states and [rows[0].station_id]):
            print("\n".join(await bus.read_log(station_id)))
    await bus.close()


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--settle", type=float, default=0.0, help="seconds before measuring begins")
    parser.add_argument("--profile", default=None)
    parser.add_argument("--states", action="store_true")
    parser.add_argument("--profile-worker", metavar="FILE", help="write a cProfile of the worker there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, embedded_valkey(Path(folder)) as server:
        port = free_port()
        url = server.connection_url
        csms = start("evswarm_csms", url, EVSWARM_CSMS_PORT=str(port))
        worker = start(
            "evswarm_worker",
            url,
            options.profile_worker,
            EVSWARM_CSMS_URL=f"ws://127.0.0.1:{port}",
            EVSWARM_WORKER_ON_SHUTDOWN="stop",
        )
        try:
            asyncio.run(measure(url, port, worker.pid, csms.pid, options))
        finally:
            began = time.monotonic()
            worker.send_signal(signal.SIGTERM)
            print(f"worker ended with {worker.wait(30)} after {time.monotonic() - began:.1f} s")
            csms.send_signal(signal.SIGTERM)
            print(f"csms ended with {csms.wait(30)}")


if __name__ == "__main__":
    main()
