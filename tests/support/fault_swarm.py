"""A swarm of separate processes, each of which a test can kill, freeze, restart or cut off, with the product's audit."""

import resource
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from evswarm_cli.ports import free_port
from evswarm_cli.store import answers, store_command
from evswarm_shared.bus.redis import RedisBus
from tests.support.compose import eventually
from tests.support.product_audit import audited
from tests.support.service_process import ServiceProcess

NOON: Final = "2026-11-23T12:00:00Z"
LEASE_SECONDS: Final = 3.0
PATIENCE: Final = 60.0


class StoreProcess:
    """The embedded store on a port and a directory that it keeps, with its append-only file."""

    def __init__(self, directory: Path, *, file_bytes: int | None = None) -> None:
        self.port = free_port()
        self.directory = directory
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process = self._start(file_bytes)

    def _start(self, file_bytes: int | None) -> "subprocess.Popen[bytes]":
        def limit() -> None:
            if file_bytes is not None:
                # Ignored, a full disk is an error of the write and not the end of the process.
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))

        process = subprocess.Popen(
            store_command("127.0.0.1", self.port, self.directory),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=limit,
            restore_signals=False,
            start_new_session=True,
        )
        deadline = time.monotonic() + PATIENCE
        while not answers("127.0.0.1", self.port):
            assert process.poll() is None and time.monotonic() < deadline, "the store does not start"
            time.sleep(0.05)
        return process

    def stop(self) -> None:
        """End it in order: everything is in its file."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def start(self, *, emptied: bool = False) -> None:
        """Start it again on the same port; `emptied`: without what it knew."""
        if emptied:
            for path in sorted(self.directory.rglob("*"), reverse=True):
                if path.is_file():
                    path.unlink()
        self.process = self._start(None)


class FaultSwarm:
    """Store, central systems, controllers and workers as processes of their own. Use as a context manager.

    `csms_road` and `store_road` may lead workers another way than straight, through a `FaultyNetwork`, and
    `csms_store_road` central systems.
    """

    def __init__(
        self,
        directory: Path,
        *,
        stations: int,
        workers: int = 2,
        csms: int = 1,
        controllers: int = 1,
        profile: str = "highway",
        store_bytes: int | None = None,
        **settings: object,
    ) -> None:
        self._stack = ExitStack()
        self._stations = stations
        self._counts = (csms, controllers, workers)
        self.store = StoreProcess(directory, file_bytes=store_bytes)
        self._settings: dict[str, object] = {
            "redis_url": self.store.url,
            "lease_seconds": LEASE_SECONDS,
            "reconnect_ceiling_seconds": 8,
            "call_timeout_seconds": 5,
            "stations": stations,
            "profile": profile,
            # At noon enough drivers come, and no policy says no; at night a test might wait for them in vain.
            "clock_start": NOON,
            **settings,
        }
        self.csms_ports = [free_port() for _ in range(csms)]
        self.controller_ports = [free_port() for _ in range(controllers)]
        self.csms_road: int | None = None
        self.store_road: int | None = None
        self.csms_store_road: int | None = None
        self.csms: list[ServiceProcess] = []
        self.controllers: list[ServiceProcess] = []
        self.workers: list[ServiceProcess] = []
        self.url = f"http://127.0.0.1:{self.controller_ports[0]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for service in (*self.controllers, *self.csms, *self.workers):
                print(service.tail())
        for service in (*self.workers, *self.controllers, *self.csms):
            service.process.kill()
            service.process.wait()
        self._stack.close()
        if self.store.process.poll() is None:
            self.store.process.kill()
        self.store.process.wait()

    def start(self) -> Self:
        """Start everything and wait until all stations run."""
        for port in self.csms_ports:
            road = self.csms_store_road
            store = f"redis://127.0.0.1:{road}/0" if road else self.store.url
            self.csms.append(self._service("csms", csms_port=port, redis_url=store))
        for port in self.controller_ports:
            self.controllers.append(self._service("controller", port=port))
        for _ in range(self._counts[2]):
            self.start_worker()
        self.wait_for_running(self._stations)
        return self

    def start_worker(self, **settings: object) -> ServiceProcess:
        """One more worker."""
        store = f"redis://127.0.0.1:{self.store_road}/0" if self.store_road else self.store.url
        worker = self._service(
            "worker",
            **{
                "csms_url": f"ws://127.0.0.1:{self.csms_road or self.csms_ports[0]}",
                "redis_url": store,
                **settings,
            },
        )
        self.workers.append(worker)
        return worker

    def _service(self, name: str, **settings: object) -> ServiceProcess:
        return self._stack.enter_context(ServiceProcess(name, **{**self._settings, **settings}))

    # --- what it says ---

    def get(self, path: str, url: str | None = None) -> Any:
        """GET from the API; the decoded JSON."""
        response = httpx.get(f"{url or self.url}{path}", timeout=20, trust_env=False)
        response.raise_for_status()
        return response.json()

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """POST to the API."""
        return httpx.post(f"{self.url}{path}", json=body, timeout=40, trust_env=False)

    def delete(self, path: str) -> httpx.Response:
        """DELETE on the API."""
        return httpx.delete(f"{self.url}{path}", timeout=40, trust_env=False)

    def knows(self, station_id: str) -> bool:
        """Whether there is such a station."""
        return httpx.get(f"{self.url}/stations/{station_id}", timeout=20, trust_env=False).status_code == 200

    def wait_for_running(self, count: int, seconds: float = PATIENCE) -> float:
        """Wait until so many stations run; how long that took."""
        began = time.monotonic()
        eventually(
            lambda: self.get("/totals"), lambda t: t["running"] == count, seconds, f"{count} stations running"
        )
        return time.monotonic() - began

    def wait_for_charging(self, count: int) -> None:
        """Wait until at least so many stations have a transaction."""
        eventually(lambda: self.get("/totals"), lambda t: t["charging"] >= count, PATIENCE, "charging")

    def open_transactions(self) -> dict[int, str]:
        """The central system's open transactions: id → station."""
        page = self.get("/csms/transactions?open=true&limit=10000")
        return {found["transaction_id"]: found["station_id"] for found in page["transactions"]}

    def charging_stations(self) -> list[str]:
        """The ids of the stations that charge."""
        page = self.get("/stations?status=Charging&limit=1000")
        return [row["station_id"] for row in page["stations"]]

    def act(self, station_id: str, action: str, **body: object) -> httpx.Response:
        """Do something by hand at connector 1 of a station."""
        return self.post(f"/stations/{station_id}/actions/{action}", {"connector_id": 1, **body})

    def worker_of(self, process: ServiceProcess) -> dict[str, Any]:
        """The worker that this process is, as the controller knows it; empty while it has no lease."""
        workers: Sequence[dict[str, Any]] = self.get("/workers")["workers"]
        return next((worker for worker in workers if worker["pid"] == process.process.pid), {})

    def runs(self, process: ServiceProcess, stations: int) -> bool:
        """Whether this worker runs so many stations."""
        return bool(self.worker_of(process).get("running") == stations)

    def bus(self) -> RedisBus:
        """A bus of the test's own; the caller owes `close`."""
        return RedisBus.connect(self.store.url)

    # --- how it ends ---

    def audit(self, *, settled: bool = False, wait: float = 20.0) -> dict[str, Any]:
        """Run `evswarm audit`, which must pass; its report."""
        return audited(self.url, settled=settled, wait=wait)

    def settle(self) -> dict[str, Any]:
        """Audit the running swarm, end every station, and audit again: nothing may be open or on its way."""
        self.audit()
        assert self.post("/stations/scale", {"count": 0}).status_code == 202
        self.wait_for_running(0)
        report = self.audit(settled=True)
        print(
            f"audit: {report['stations']} stations, {report['transactions']} transactions, "
            f"{report['energy_wh']} Wh here, {report['csms_energy_wh']} Wh there, nothing lost"
        )
        assert report["transactions"] > 0
        return report


def freeze(process: ServiceProcess) -> None:
    """SIGSTOP."""
    process.process.send_signal(signal.SIGSTOP)


def wake(process: ServiceProcess) -> None:
    """SIGCONT."""
    process.process.send_signal(signal.SIGCONT)


def wait_until(accept: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for a condition."""
    eventually(accept, lambda answer: answer, seconds, what)
