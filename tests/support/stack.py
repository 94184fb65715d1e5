"""deploy/stack.yml on this machine as a swarm of one node, as a test drives it; the machine leaves the swarm afterwards."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

import httpx

from evswarm_cli.ports import free_port
from tests.support.compose import eventually
from tests.support.machine import ROOT

STORE_LABEL: Final = "evswarm.store=true"
OUT_OF_SEQUENCE: Final = "update out of sequence"
UPDATES: Final = 20


def docker(*arguments: str, check: bool = True, environment: Mapping[str, str] | None = None) -> str:
    """Run docker and return what it printed."""
    done = subprocess.run(
        ["docker", *arguments],
        cwd=ROOT,
        env=os.environ | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"docker {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def update(*arguments: str) -> None:
    """Run a docker command that changes a node or service, again while that changes by itself meanwhile.

    The command reads it, and the engine refuses to write over what is newer than what was read.
    """
    for _ in range(UPDATES):
        try:
            docker(*arguments)
        except AssertionError as error:
            if OUT_OF_SEQUENCE not in str(error):
                raise
        else:
            return
    raise AssertionError(f"docker {' '.join(arguments)}: {OUT_OF_SEQUENCE}, {UPDATES} times")


def in_a_swarm() -> bool:
    """Whether this machine's engine belongs to a swarm already, which is then not ours to change."""
    return docker("info", "--format", "{{.Swarm.LocalNodeState}}").strip() != "inactive"


class Stack:
    """One deployed copy of the stack. Entering makes the swarm and deploys; leaving removes both."""

    def __init__(self, name: str, **settings: str) -> None:
        self.name = name
        self.port = free_port()
        self._environment = {
            "PUBLISH_PORT": str(self.port),
            "PUBLISH_CSMS_PORT": str(free_port()),
            **settings,
        }
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=40, trust_env=False)

    def __enter__(self) -> Self:
        docker("swarm", "init", "--advertise-addr", "127.0.0.1")
        try:
            update("node", "update", "--label-add", STORE_LABEL, self.node)
            self.deploy()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.api.close()
        self._leave()

    @property
    def node(self) -> str:
        """The id of the one node."""
        return docker("node", "ls", "--quiet").strip()

    def deploy(self) -> None:
        """`docker stack deploy`, as a user does."""
        docker(
            "stack", "deploy", "--compose-file", "deploy/stack.yml", self.name, environment=self._environment
        )

    def set_availability(self, availability: str) -> None:
        """`drain` the node, or make it `active` again."""
        update("node", "update", "--availability", availability, self.node)

    def roll(self, service: str) -> None:
        """Replace a service's containers one after the other; returns when that is through."""
        update("service", "update", "--force", f"{self.name}_{service}")

    def containers(self, service: str) -> list[str]:
        """Ids of a service's running containers."""
        label = f"label=com.docker.swarm.service.name={self.name}_{service}"
        return docker("ps", "--quiet", "--filter", label).split()

    def wait_for_replicas(self, seconds: float = 120) -> None:
        """Wait until every service has all its replicas."""
        self._eventually(
            lambda: [
                json.loads(line)
                for line in docker("stack", "services", self.name, "--format", "{{json .}}").splitlines()
            ],
            lambda rows: all(
                have == want for have, want in (r["Replicas"].split()[0].split("/") for r in rows)
            ),
            seconds,
            "all replicas running",
        )

    def get(self, path: str) -> Any:
        """GET from the API through the gateway; the decoded JSON."""
        response = self.api.get(path)
        response.raise_for_status()
        return response.json()

    def wait_for_running(self, count: int, seconds: float = 120) -> None:
        """Wait until so many stations run."""
        self._eventually(
            lambda: self.get("/totals"), lambda t: t["running"] == count, seconds, f"{count} stations running"
        )

    def _eventually(
        self, probe: Callable[[], Any], accept: Callable[[Any], bool], seconds: float, what: str
    ) -> None:
        try:
            eventually(probe, accept, seconds, what)
        except AssertionError as error:
            tasks = docker("stack", "ps", "--no-trunc", self.name, check=False)
            raise AssertionError(f"{error}\n{tasks}") from None

    def _leave(self) -> None:
        docker("stack", "rm", self.name, check=False)
        prefix = f"name={self.name}_"
        eventually(
            lambda: docker("ps", "--all", "--quiet", "--filter", prefix), lambda ids: not ids, 60, "the end"
        )
        docker("swarm", "leave", "--force", check=False)
        for volume in docker("volume", "ls", "--quiet", "--filter", prefix).split():
            docker("volume", "rm", volume, check=False)
