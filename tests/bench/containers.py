"""What the containers of one compose project use: processor time and memory as the engine counts them, from outside."""

import json
import subprocess
import time
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import httpx

SOCKET: Final = "unix://"
API: Final = "/v1.41"


class Use(NamedTuple):
    """Of one container: CPU seconds since it began, its bytes of memory, and when that was (monotonic)."""

    cpu_seconds: float
    memory_bytes: float
    at: float


class Engine:
    """The engine's own API on its socket. Reading costs the containers nothing, unlike a command run inside them.

    Health checks run inside a container's control group, so their cost is the container's.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        command = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
        host = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        if not host.startswith(SOCKET):
            raise SystemExit(f"the engine at {host} is not on this machine: run the bench where it is")
        transport = httpx.HTTPTransport(uds=host.removeprefix(SOCKET))
        self._api = httpx.Client(base_url=f"http://engine{API}", transport=transport, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._api.close()

    def _get(self, path: str, **asked: str) -> Any:
        response = self._api.get(path, params=asked)
        response.raise_for_status()
        return response.json()

    def _containers(self) -> dict[str, str]:
        """Ids of the project's containers by short name (`worker-1`)."""
        mine = json.dumps({"label": [f"com.docker.compose.project={self._project}"]})
        return {
            row["Names"][0].removeprefix(f"/{self._project}-"): row["Id"]
            for row in self._get("/containers/json", filters=mine, all="true")
        }

    def use(self) -> dict[str, Use]:
        """What each container has used, by short name."""
        found = {}
        for name, container in sorted(self._containers().items()):
            said = self._get(f"/containers/{container}/stats", **{"stream": "false", "one-shot": "true"})
            found[name] = Use(
                said["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9,
                in_use(said["memory_stats"]),
                time.monotonic(),
            )
        return found

    def ended(self) -> list[str]:
        """The containers that ended since they came up, though the engine may have started them again; and why."""
        found = []
        for name, container in sorted(self._containers().items()):
            said = self._get(f"/containers/{container}/json")
            if said["RestartCount"] or not said["State"]["Running"]:
                why = "out of memory" if said["State"]["OOMKilled"] else f"exit {said['State']['ExitCode']}"
                found.append(f"{name} ({why})")
        return found


def in_use(memory: dict[str, Any]) -> float:
    """Bytes that `docker stats` shows: without the pages of files that could be dropped (both versions of cgroups)."""
    detail = memory["stats"]
    return float(memory["usage"] - detail.get("total_inactive_file", detail.get("inactive_file", 0)))


def percent(before: dict[str, Use], after: dict[str, Use]) -> dict[str, float]:
    """Per cent of one core that each container used from one reading to the next."""
    return {
        name: 100 * (use.cpu_seconds - before[name].cpu_seconds) / (use.at - before[name].at)
        for name, use in after.items()
    }
