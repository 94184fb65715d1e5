"""The services as processes of ours on free ports of loopback, each to be stopped, frozen or killed by itself."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

from evswarm_cli.ports import free_port
from evswarm_cli.store import store_command

START_SECONDS: Final = 60.0


class LocalStack:
    """Store, central system and controller; workers and others are added. Leaving it ends every process."""

    def __init__(self, stations: int, **settings: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="evswarm-stack-")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        store, self.csms_port, api, history = (free_port() for _ in range(4))
        self.url = f"http://127.0.0.1:{api}"
        self.csms_url = f"ws://127.0.0.1:{self.csms_port}"
        self.environment = os.environ | {
            "EVSWARM_REDIS_URL": f"redis://127.0.0.1:{store}/0",
            "EVSWARM_PORT": str(api),
            "EVSWARM_CSMS_PORT": str(self.csms_port),
            "EVSWARM_CSMS_URL": self.csms_url,
            "EVSWARM_STATIONS": str(stations),
            "EVSWARM_HISTORIAN_PORT": str(history),
            "EVSWARM_HISTORIAN_URL": f"http://127.0.0.1:{history}",
            "EVSWARM_DATABASE_URL": f"sqlite:///{self._folder.name}/history.db",
            **settings,
        }
        self.api = httpx.Client(base_url=self.url, timeout=20, trust_env=False)
        data = Path(self._folder.name) / "store"
        data.mkdir()
        self.start("store", store_command("127.0.0.1", store, data))
        self.wait(lambda: _listens(store), "the store does not listen")
        self.service("historian")
        self.service("csms")
        self.service("controller")
        self.wait(self._ready, "the controller does not get ready")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.api.close()
        for name in reversed(list(self.processes)):
            self.end(name)
        self._folder.cleanup()

    def start(self, name: str, command: list[str], **settings: str) -> None:
        """Start a process under a name; what it writes goes to a file."""
        with (Path(self._folder.name) / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(  # noqa: S603 - our own services
                command, env=self.environment | settings, stdout=log, stderr=log, start_new_session=True
            )

    def service(self, service: str, name: str = "", **settings: str) -> None:
        """Start one of our services."""
        self.start(name or service, [sys.executable, "-m", f"evswarm_{service}"], **settings)

    def log(self, name: str) -> str:
        """What a process wrote so far."""
        path = Path(self._folder.name) / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process."""
        self.processes[name].send_signal(number)

    def kill(self, name: str) -> None:
        """End a process without a word."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def end(self, name: str) -> None:
        """End a process in order, or, when it does not, at once."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def get(self, path: str) -> Any:
        """GET from the API; the decoded JSON."""
        return self.api.get(path).raise_for_status().json()

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """POST to the API; whatever it answers."""
        return self.api.post(path, json=body)

    def wait(self, condition: Callable[[], bool], complaint: str, seconds: float = START_SECONDS) -> None:
        """Wait until the condition holds.

        Raises:
            TimeoutError: it does not.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if condition():
                    return
            time.sleep(0.1)
        logs = "\n".join(f"--- {name}\n{self.log(name)[-1500:]}" for name in self.processes)
        raise TimeoutError(f"{complaint} within {seconds:g} s\n{logs}")

    def wait_for_running(self, count: int) -> None:
        """Wait until so many stations run."""
        self.wait(lambda: bool(self.get("/totals")["running"] >= count), f"{count} stations do not run")

    def _ready(self) -> bool:
        return self.api.get("/readyz").status_code == httpx.codes.OK


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
