"""The whole swarm as child processes of this one: what to start with which settings, and in which order to end it."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from evswarm_cli.child import Child
from evswarm_cli.controller_client import ControllerClient
from evswarm_cli.errors import StartError, UsageError
from evswarm_cli.local_tls import ensure_certificates, tls_settings
from evswarm_cli.ports import free_port, reachable, require_free, require_reachable, require_trusted
from evswarm_cli.store import answers, store_command
from evswarm_shared.settings import PREFIX, SERVICES, ControllerSettings, CsmsSettings, ShutdownPolicy

START_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.1
WORKER_GRACE_SECONDS: Final = 60.0
"""How long a worker may take to end its stations in order: thousands of them have a last message each."""
PATIENCE_SECONDS: Final = 5.0
"""How much longer we wait before we kill what does not end."""

HISTORIAN: Final = "historian"
CANNOT_RUN: Final = (2, 3)
"""Exit codes of a service whose settings or addresses do not do: starting it again would not help."""
AGAIN_SECONDS: Final = 5.0

WS_SCHEMES: Final = {"ws": 80, "wss": 443}
REDIS_SCHEMES: Final = {"redis": 6379, "rediss": 6379}


@dataclass(frozen=True, slots=True)
class SwarmOptions:
    """What `evswarm up` was asked for. None: the service's own default."""

    stations: int = 20
    workers: int = 2
    host: str = "127.0.0.1"
    port: int = 8000
    csms_port: int = 9000
    csms_tls_port: int | None = None
    tls: Path | None = None
    csms_url: str | None = None
    redis_url: str | None = None
    history: bool = True
    profile: str | None = None
    ramp: float | None = None
    seed: int | None = None
    clock_start: str | None = None
    clock_factor: float | None = None
    data: Path | None = None
    csms_auth_key: str | None = field(default=None, repr=False)
    csms_ca: Path | None = None
    client_cert: Path | None = None


class LocalSwarm:
    """Starts the processes, watches them, ends them. Use as a context manager: leaving it ends everything."""

    def __init__(self, options: SwarmOptions) -> None:
        self.options = options
        host = reachable(options.host)
        self.url = f"http://{host}:{options.port}"
        self.csms_url = options.csms_url or f"ws://{host}:{options.csms_port}"
        self._temporary = tempfile.TemporaryDirectory(prefix="evswarm-") if options.data is None else None
        self.directory = Path(self._temporary.name) if self._temporary else Path(options.data or ".")
        self._children: list[Child] = []
        self._historian_again_at = 0.0
        self.csms_tls_url: str | None = None
        self._client = ControllerClient(self.url, retries=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def client(self) -> ControllerClient:
        """The way to its controller."""
        return self._client

    @property
    def children(self) -> tuple[Child, ...]:
        """The running parts, first started first."""
        return tuple(self._children)

    def start(self) -> None:
        """Start every part and return when the controller serves.

        Raises:
            UsageError, SettingsError: the options or the environment cannot be right.
            StartError: a port is taken, something we depend on does not answer, or a part ended.
        """
        options = self.options
        if options.csms_url is None and options.port == options.csms_port:
            raise UsageError(f"--port and --csms-port are both {options.port}; they must differ")
        if options.client_cert and urlsplit(self.csms_url).scheme != "wss":
            raise UsageError("--client-cert needs a --csms-url that begins with wss://")
        if options.csms_url is not None and (options.tls or options.csms_tls_port):
            raise UsageError(
                "--tls and --csms-tls-port are about our own central system, not one at --csms-url"
            )
        if options.tls is not None:
            ensure_certificates(options.tls, reachable(options.host))
        for settings in SERVICES.values():
            loaded = settings.load(self._environment(options.redis_url or "redis://127.0.0.1"))
            if isinstance(loaded, ControllerSettings):
                loaded.require_protection()
            elif isinstance(loaded, CsmsSettings):
                self._look_at_tls(loaded)
        require_free(options.host, options.port, "--port")
        if options.csms_url is None:
            require_free(options.host, options.csms_port, "--csms-port")
            if self.csms_tls_url is not None:
                require_free(options.host, urlsplit(self.csms_tls_url).port or 0, "--csms-tls-port")
        else:
            require_reachable(options.csms_url, WS_SCHEMES, "--csms-url")
            require_trusted(options.csms_url, options.csms_ca, options.client_cert)
        logs = self.directory / "logs"
        try:
            logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(
                f"cannot write to {self.directory} ({error.strerror}); choose another --data"
            ) from None
        redis_url = options.redis_url or self._start_store()
        if options.redis_url:
            require_reachable(options.redis_url, REDIS_SCHEMES, "--redis-url")
        environment = self._environment(redis_url)
        if options.history:
            # Before all who have something to tell it, and ended after them.
            self._spawn(HISTORIAN, environment)
        if options.csms_url is None:
            self._spawn("csms", environment)
        self._spawn("controller", environment)
        for number in range(1, options.workers + 1):
            self._spawn("worker", environment, name=f"worker-{number}")
        self._wait_for(self._client.ready, "the controller does not get ready")
        # A kept store remembers another size; what was asked now counts.
        if self._client.totals()["desired"] != options.stations:
            self._client.scale(options.stations, options.profile, options.ramp)

    def _look_at_tls(self, csms: CsmsSettings) -> None:
        """Find out where our central system is reached by TLS, if it is."""
        if self.options.csms_url is not None:
            return
        if csms.csms_tls_cert is not None:
            if csms.csms_tls_port in (self.options.port, self.options.csms_port):
                raise UsageError(
                    f"port {csms.csms_tls_port} is for one thing only; choose another with --csms-tls-port"
                )
            self.csms_tls_url = f"wss://{reachable(self.options.host)}:{csms.csms_tls_port}"
        elif self.options.csms_tls_port is not None:
            raise UsageError("--csms-tls-port needs --tls, or a certificate in EVSWARM_CSMS_TLS_CERT")

    def check(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Start a historian that broke down again: what happens meanwhile waits in the store.

        Raises:
            StartError: any other part has ended by itself, or the historian says that it cannot run.
        """
        for number, child in enumerate(self._children):
            code = child.exit_code()
            if code is None:
                continue
            how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
            if child.name == HISTORIAN and code not in CANNOT_RUN:
                if time.monotonic() >= self._historian_again_at:
                    self._historian_again_at = time.monotonic() + AGAIN_SECONDS
                    self._children[number] = child.again()
                    say(f"{child.name} {how} and is started again; its log is {child.log}")
                continue
            words = child.last_words() if code >= 0 else ""
            reason = f":\n{words}" if words else f"; its log is {child.log}"
            raise StartError(f"{child.name} {how}{reason}")

    def stop(
        self, say: Callable[[str], None] = lambda _: None, hurried: Callable[[], bool] = lambda: False
    ) -> None:
        """End everything in the order that loses nothing: workers, then what they talk to, then the store.

        Whatever has not ended when `hurried` says so is killed.
        """
        workers = [c for c in self._children if c.name.startswith("worker")]
        others = [c for c in reversed(self._children) if c not in workers]
        if workers:
            say("stopping stations; Ctrl-C again ends all at once")
        for child in workers:
            child.terminate()
        deadline = time.monotonic() + WORKER_GRACE_SECONDS + PATIENCE_SECONDS
        for child in workers:
            if not child.wait(max(0.1, deadline - time.monotonic()), hurried) and not hurried():
                say(f"{child.name} did not end in time and was killed")
        for child in others:
            child.terminate()
            if not child.wait(PATIENCE_SECONDS, hurried) and not hurried():
                say(f"{child.name} did not end in time and was killed")
        self._children.clear()
        self._client.__exit__()
        if self._temporary:
            self._temporary.cleanup()
            self._temporary = None

    def _start_store(self) -> str:
        directory = self.directory / "store"
        directory.mkdir(parents=True, exist_ok=True)
        port = free_port()
        child = Child(
            "store",
            store_command("127.0.0.1", port, directory),
            os.environ,
            self.directory / "logs" / "store.log",
        )
        self._children.append(child)
        self._wait_for(lambda: answers("127.0.0.1", port), "the embedded store does not answer")
        return f"redis://127.0.0.1:{port}/0"

    def _spawn(self, service: str, environment: dict[str, str], name: str | None = None) -> None:
        name = name or service
        command = [sys.executable, "-m", f"evswarm_{service}"]
        self._children.append(Child(name, command, environment, self.directory / "logs" / f"{name}.log"))

    def _environment(self, redis_url: str) -> dict[str, str]:
        options = self.options
        own: dict[str, object | None] = {
            "REDIS_URL": redis_url,
            "HOST": options.host,
            "PORT": options.port,
            "CSMS_HOST": options.host,
            "CSMS_PORT": options.csms_port,
            "CSMS_URL": self.csms_url,
            "CSMS_AUTH_KEY": options.csms_auth_key,
            "CSMS_CA": options.csms_ca,
            "CLIENT_CERT": options.client_cert,
            "STATIONS": options.stations,
            "PROFILE": options.profile,
            "RAMP_PER_SECOND": options.ramp,
            "SEED": options.seed,
            "CLOCK_START": options.clock_start,
            "CSMS_TLS_PORT": options.csms_tls_port,
            "CLOCK_FACTOR": options.clock_factor,
            # One machine, one life: nobody is left to take over, so transactions are ended, not handed over.
            "WORKER_ON_SHUTDOWN": ShutdownPolicy.STOP,
            "WORKER_GRACE_SECONDS": WORKER_GRACE_SECONDS,
        }
        if options.tls is not None:
            own |= tls_settings(options.tls, options.csms_ca)
        if not os.environ.get(PREFIX + "CSMS_TLS_URL"):
            own["CSMS_TLS_URL"] = self.csms_tls_url
        port = free_port()
        own["HISTORY"] = str(options.history).lower()
        own["HISTORIAN_PORT"] = port
        own["HISTORIAN_URL"] = f"http://127.0.0.1:{port}"
        if not os.environ.get(PREFIX + "DATABASE_URL"):
            own["DATABASE_URL"] = f"sqlite:///{self.directory.resolve() / 'history.db'}"
        return dict(os.environ) | {
            PREFIX + name: str(value) for name, value in own.items() if value is not None
        }

    def _wait_for(self, condition: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise StartError(
                    f"{complaint} within {START_SECONDS:g} s; the logs are in {self.directory / 'logs'}"
                )
            time.sleep(POLL_SECONDS)
