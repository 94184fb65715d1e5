"""docker-compose.yml as a test drives it: a project of its own, on free ports of loopback, removed with its volumes."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import httpx

from evswarm_cli.ports import free_port
from tests.support.machine import ROOT

T = TypeVar("T")

SERVICES: Final = (
    "gateway",
    "redis",
    "csms",
    "controller",
    "worker",
    "historian",
    "postgres",
    "prometheus",
)
"""Everything but Grafana, whose image not every machine can pull. Nothing depends on it."""


def eventually(probe: Callable[[], T], accept: Callable[[T], bool], seconds: float, what: str) -> T:
    """Ask until the answer is acceptable and return it; past `seconds` fail with the last answer."""
    deadline = time.monotonic() + seconds
    last: object = "nothing"
    while time.monotonic() < deadline:
        try:
            last = answer = probe()
        except httpx.HTTPError as error:
            last = error
        else:
            if accept(answer):
                return answer
        time.sleep(0.25)
    raise AssertionError(f"{what} did not happen within {seconds:g} s; last: {last!r}")


class ComposeStack:
    """One running copy of the compose file."""

    def __init__(self, project: str, **settings: str) -> None:
        self.project = project
        self.api_port = free_port()
        self.csms_port = free_port()
        self.prometheus_port = free_port()
        self.kills: list[datetime] = []
        """When a container was killed."""
        self._environment = os.environ | {
            "PUBLISH_PORT": str(self.api_port),
            "PUBLISH_CSMS_PORT": str(self.csms_port),
            "PUBLISH_PROMETHEUS_PORT": str(self.prometheus_port),
            **settings,
        }
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self.api_port}", timeout=40, trust_env=False)
        self.prometheus = httpx.Client(
            base_url=f"http://127.0.0.1:{self.prometheus_port}", timeout=10, trust_env=False
        )

    def compose(self, *arguments: str, seconds: float = 300) -> str:
        """Run `docker compose` for this project and return what it printed."""
        command = ["docker", "compose", "--project-name", self.project, *arguments]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def up(self, workers: int, *, csms: int = 1, controllers: int = 1, wait: bool = True) -> None:
        """Bring the services up, or to other numbers of them, as a user does."""
        waiting = ["--wait", "--wait-timeout", "120"] if wait else []
        numbers = {"worker": workers, "csms": csms, "controller": controllers}
        scale = [part for name, number in numbers.items() for part in ("--scale", f"{name}={number}")]
        self.compose("up", "-d", *scale, *waiting, *SERVICES)

    def containers(self) -> list[dict[str, Any]]:
        """What `docker compose ps` tells, a container each."""
        return [json.loads(line) for line in self.compose("ps", "--all", "--format", "json").splitlines()]

    def containers_of(self, service: str) -> list[str]:
        """The ids of a service's containers, oldest number first."""
        return [
            row["ID"]
            for row in sorted(self.containers(), key=lambda r: str(r["Name"]))
            if row["Service"] == service
        ]

    def kill(self, container: str) -> None:
        """SIGKILL a container and keep it down."""
        subprocess.run(["docker", "update", "--restart=no", container], check=True, capture_output=True)
        subprocess.run(["docker", "kill", container], check=True, capture_output=True)
        self.kills.append(datetime.now(UTC))

    def limit_memory(self, container: str, limit: str) -> None:
        """Give a container so much memory and no swap, and restart it so that its process sees that."""
        limits = ["--memory", limit, "--memory-swap", limit]
        subprocess.run(["docker", "update", *limits, container], check=True, capture_output=True)
        subprocess.run(["docker", "restart", container], check=True, capture_output=True)

    def inspect(self, container: str) -> dict[str, Any]:
        """What the engine says of a container."""
        done = subprocess.run(["docker", "inspect", container], check=True, capture_output=True, text=True)
        [found] = json.loads(done.stdout)
        return dict(found)

    def killed_for_memory(self, container: str) -> int:
        """How many processes of a container the kernel has killed because it had used up its memory."""
        files = "/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"
        command = ["docker", "exec", container, "sh", "-c", f"cat {files} 2>/dev/null"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        counts = dict(line.split() for line in done.stdout.splitlines())
        return int(counts["oom_kill"])

    def get(self, path: str) -> Any:
        """GET from the API; the decoded JSON."""
        response = self.api.get(path)
        response.raise_for_status()
        return response.json()

    def lines(self, path: str, **asked: str) -> list[dict[str, Any]]:
        """GET everything that a path has, one JSON object each."""
        response = self.api.get(path, params={"format": "jsonl", **asked})
        response.raise_for_status()
        return [json.loads(line) for line in response.text.splitlines()]

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST to the API; the decoded JSON."""
        response = self.api.post(path, json=body)
        response.raise_for_status()
        return response.json()

    def query(self, promql: str) -> list[dict[str, Any]]:
        """An instant query to the stack's Prometheus: the result vector."""
        response = self.prometheus.get("/api/v1/query", params={"query": promql})
        response.raise_for_status()
        result: list[dict[str, Any]] = response.json()["data"]["result"]
        return result

    def logs(self) -> str:
        """What all services wrote."""
        return self.compose("logs", "--no-color")

    def down(self) -> None:
        """End and remove everything, volumes too."""
        self.api.close()
        self.prometheus.close()
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")
