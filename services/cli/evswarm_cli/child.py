"""One child process of `evswarm up`: started in a session of its own, its output in a file, tied to our life."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from evswarm_cli.tether import end_with_parent, tied

TAIL_BYTES: Final = 4096
POLL_SECONDS: Final = 0.02


class Child:
    """A running service, its name and its log.

    A session of its own keeps the terminal's Ctrl-C away from it: we end children ourselves, in order.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._start = (command, environment)
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the command line is our own
                tied(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """How the process ended; None while it runs."""
        return self._process.poll()

    def again(self) -> "Child":
        """The same, started anew after its end."""
        return Child(self.name, *self._start, self.log)

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self, seconds: float, hurried: Callable[[], bool] = lambda: False) -> bool:
        """Wait for the end; past `seconds`, or when it is hurried, kill the session. True when it ended by itself."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            if hurried() or time.monotonic() > deadline:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                return False
            time.sleep(POLL_SECONDS)
        return True

    def last_words(self, lines: int = 5) -> str:
        """The end of its log."""
        try:
            with self.log.open("rb") as output:
                output.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
                text = output.read().decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-lines:])
