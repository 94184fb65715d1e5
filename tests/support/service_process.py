"""One service of ours as a process of its own, as a container would run it."""

import os
import signal
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Self

from tests.support.machine import ROOT

GRACE_SECONDS = 30


class ServiceProcess:
    """`python -m evswarm_<service>` with settings (`csms_port=…` becomes EVSWARM_CSMS_PORT). Ended by SIGTERM."""

    def __init__(self, service: str, **settings: object) -> None:
        self._module = f"evswarm_{service}"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("EVSWARM_")},
            **{f"EVSWARM_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", self._module],
            cwd=ROOT,
            env=self._environment,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()
        self._output.close()

    def restart(self) -> None:
        """End it in order and start it anew with the same settings."""
        self.terminate()
        self.process = self._start()

    def terminate(self) -> int:
        """SIGTERM, and its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Start it anew with the same settings after it was killed."""
        self.process = self._start()

    def tail(self, lines: int = 15) -> str:
        """Its module and the last lines it printed."""
        return "\n".join([f"--- {self._module}", *self.output().splitlines()[-lines:]])

    def check_alive(self) -> None:
        """Fail with what it printed if it has ended."""
        if self.process.poll() is not None:
            raise AssertionError(f"{self._module} ended with {self.process.returncode}:\n{self.output()}")

    def output(self) -> str:
        """What it printed so far."""
        self._output.seek(0)
        return self._output.read()
