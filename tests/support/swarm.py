"""`evswarm up` as a test drives it: a process on free ports of loopback, ended by Ctrl-C."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import psutil

from evswarm_cli.ports import free_port
from tests.support.compose import eventually

EVSWARM: Final = Path(sys.executable).with_name("evswarm")


class SwarmProcess:
    """A running `evswarm up`. Options are those of the command; ports are chosen here."""

    def __init__(self, *options: str, **environment: str) -> None:
        self.api_port = free_port()
        self.csms_port = free_port()
        self.url = f"http://127.0.0.1:{self.api_port}"
        self.csms_url = f"ws://127.0.0.1:{self.csms_port}"
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        ports = ["--port", str(self.api_port), "--csms-port", str(self.csms_port)]
        self.process = subprocess.Popen(
            [str(EVSWARM), "up", *ports, *options],
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env=os.environ | environment,
            start_new_session=True,
        )
        self.api = httpx.Client(base_url=self.url, timeout=40, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.interrupt()
            try:
                self.wait(45)
            except subprocess.TimeoutExpired:
                for child in self.descendants():
                    child.kill()
                self.process.kill()
                self.process.wait()
        self.api.close()
        self._output.close()

    def wait_for_running(self, count: int, seconds: float = 60) -> dict[str, Any]:
        """Wait until that many stations run; the totals then."""
        return eventually(
            lambda: self.get("/totals"), lambda t: t["running"] == count, seconds, f"{count} running"
        )

    def get(self, path: str) -> Any:
        """GET from the API; the decoded JSON."""
        if self.process.poll() is not None:
            raise AssertionError(f"evswarm up ended with {self.process.returncode}:\n{self.output()}")
        response = self.api.get(path)
        response.raise_for_status()
        return response.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST to the API; the decoded JSON."""
        response = self.api.post(path, json=body)
        response.raise_for_status()
        return response.json()

    def descendants(self) -> list[psutil.Process]:
        """The processes it started."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(number)

    def wait(self, seconds: float = 45) -> int:
        """Its exit code."""
        return self.process.wait(timeout=seconds)

    def output(self) -> str:
        """What it printed so far."""
        self._output.seek(0)
        return self._output.read()
