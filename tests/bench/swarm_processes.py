"""The whole swarm as processes of one bench: any number of workers and central systems, and what each of them uses."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from evswarm_cli.ports import free_port
from evswarm_cli.store import answers, store_command

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 75.0
POLL_SECONDS: Final = 0.1
DEFAULTS: Final[Mapping[str, str]] = MappingProxyType({})
Buckets = dict[float, float]
"""Upper bound in seconds to observations at or below it."""


class NotInTimeError(Exception):
    """What was waited for has not come."""


class Swarm:
    """Store, central systems, controller and workers on free ports of loopback. Leaving the context ends them all.

    With `historian` there is one too, which writes into SQLite; without, the history's streams are read by nobody.
    Each worker has its own central system where there are several, in turn, and loopback addresses of its own to
    connect from, so that neither ports nor descriptors of one process bound the number of stations.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        csms: int = 1,
        stations: int = 0,
        historian: bool = False,
        settings: Mapping[str, str] = DEFAULTS,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="evswarm-bench-")
        self.processes: dict[str, psutil.Process] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._settings = dict(settings)
        self._counts = (workers, csms, stations)
        self._has_historian = historian
        self._spent: dict[str, float] = {}
        self.csms_ports: list[int] = []
        self.url = f"http://127.0.0.1:{free_port()}"
        self.api = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        workers, csms, stations = self._counts
        store = free_port()
        self._spawn("store", store_command("127.0.0.1", store, Path(self._folder.name)), {})
        self._wait(lambda: answers("127.0.0.1", store), "the store")
        common = {"REDIS_URL": f"redis://127.0.0.1:{store}/0", "LOG_LEVEL": "WARNING", **self._settings}
        if self._has_historian:
            common |= self._start_historian(common)
        ports = self.csms_ports = [free_port() for _ in range(csms)]
        for number, port in enumerate(ports, 1):
            self._service(f"csms-{number}", common | {"CSMS_PORT": str(port)})
        self._service("controller", common | {"PORT": self.url.rpartition(":")[2], "STATIONS": str(stations)})
        for number in range(1, workers + 1):
            own = {
                "CSMS_URL": f"ws://127.0.0.1:{ports[number % csms]}",
                "SOURCE_ADDRESSES": f"127.0.{number}.1,127.0.{number}.2",
                "WORKER_ON_SHUTDOWN": "stop",
                "WORKER_GRACE_SECONDS": "60",
            }
            self._service(f"worker-{number}", common | own)
        self._wait(lambda: len(self.get("/workers")["workers"]) == workers, "the workers")

    def _start_historian(self, common: dict[str, str]) -> dict[str, str]:
        """Start it and wait for it; the settings by which the others find it."""
        port = str(free_port())
        where = {"HISTORIAN_PORT": port, "HISTORIAN_URL": f"http://127.0.0.1:{port}"}
        database = {"DATABASE_URL": f"sqlite:///{self._folder.name}/history.db"}
        self._service("historian", common | where | database)
        status = f"{where['HISTORIAN_URL']}/status"
        self._wait(lambda: httpx.get(status, trust_env=False).is_success, "the historian")
        return where

    def _service(self, name: str, settings: dict[str, str]) -> None:
        environment = {f"EVSWARM_{key}": value for key, value in settings.items()}
        self._spawn(name, [sys.executable, "-m", f"evswarm_{name.split('-')[0]}"], environment)

    def _spawn(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        child = subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        self._children[name] = child
        self.processes[name] = psutil.Process(child.pid)
        self._spent[name] = 0.0

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for name, child in self._children.items():
                if child.poll() is not None:
                    raise SystemExit(f"{name} ended with {child.returncode}")
            try:
                if condition():
                    return
            except httpx.HTTPError:
                pass
            time.sleep(POLL_SECONDS)
        raise NotInTimeError(f"{what}: not within {seconds:.0f} s")

    def get(self, path: str) -> Any:
        """GET from the API; the decoded JSON."""
        response = self.api.get(path)
        response.raise_for_status()
        return response.json()

    def scale(self, count: int, seconds: float, profile: str | None = None) -> float:
        """Ask for `count` stations, of the mix of profiles or of one; seconds until all of them run."""
        began = time.monotonic()
        self.api.post("/stations/scale", json={"count": count, "profile": profile}).raise_for_status()
        self._wait(lambda: self.get("/totals")["running"] == count, f"{count} stations running", seconds)
        return time.monotonic() - began

    def pace(self, factor: float) -> None:
        """Let simulated time run so fast; 0 halts it, and with it whatever stations do of themselves."""
        self.api.patch("/conditions", json={"clock_factor": factor}).raise_for_status()
        # A new pace holds from a second later on.
        time.sleep(3 if factor else 1.5)

    def cpu(self) -> dict[str, float]:
        """CPU seconds (user and system) that each process has used since it was asked last."""
        used = {}
        for name, process in self.processes.items():
            times = process.cpu_times()
            total = float(times.user + times.system)
            used[name] = total - self._spent[name]
            self._spent[name] = total
        return used

    def memory(self) -> dict[str, float]:
        """Resident bytes of each process."""
        return {name: float(process.memory_info().rss) for name, process in self.processes.items()}

    def exposition(self, job: str) -> "Exposition":
        """What all processes of a job say on /metrics now. Quick: it is read when somebody asks it."""
        return Exposition(
            [
                httpx.get(f"http://{target['targets'][0]}/metrics", trust_env=False, timeout=30).text
                for target in self.get("/prometheus/targets")
                if target["labels"]["job"] == job
            ]
        )

    def stop(self) -> None:
        """End workers first, then what they talk to."""
        self.api.close()
        order = sorted(self._children, key=lambda name: (not name.startswith("worker"), name == "store"))
        workers = [name for name in order if name.startswith("worker")]
        for name in workers:
            self._children[name].send_signal(signal.SIGTERM)
        for name in order:
            child = self._children[name]
            if child.poll() is None and name not in workers:
                child.send_signal(signal.SIGTERM)
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._folder.cleanup()


class Exposition:
    """The metrics of some processes at one moment."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def histogram(self, metric: str) -> Buckets:
        """A histogram, summed over its labels and over all processes."""
        buckets: Buckets = {}
        for sample in self._samples(f"{metric}_bucket"):
            bound = float(sample.labels["le"])
            buckets[bound] = buckets.get(bound, 0.0) + sample.value
        return buckets

    def total(self, metric: str, **labels: str) -> float:
        """The values that bear these labels, summed over all other labels and over all processes."""
        return sum(
            sample.value for sample in self._samples(metric) if labels.items() <= sample.labels.items()
        )

    def _samples(self, name: str) -> Iterator[Sample]:
        for text in self._texts:
            for family in text_string_to_metric_families(text):
                yield from (sample for sample in family.samples if sample.name == name)


def between(before: Buckets, after: Buckets) -> Buckets:
    """What a histogram counted from one reading to the next."""
    return {bound: count - before.get(bound, 0.0) for bound, count in after.items()}


def observations(buckets: Buckets) -> float:
    """How many observations a histogram holds."""
    return max(buckets.values(), default=0.0)


def quantile(buckets: Buckets, q: float) -> float:
    """The bound of the bucket in which a quantile lies, in seconds; 0 without observations."""
    total = observations(buckets)
    return next((bound for bound in sorted(buckets) if total and buckets[bound] >= q * total), 0.0)
