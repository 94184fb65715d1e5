"""docker-compose.yml: what a command brings up."""

import re
from typing import Any

import yaml

from tests.support.machine import ROOT


def test_the_services_that_the_readme_names_bring_up_everything_but_grafana() -> None:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    command = re.search(
        r"^docker compose up --scale worker=3 (\w.*)$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert command
    started: set[str] = set()
    waiting = command[1].split()
    while waiting:
        name = waiting.pop()
        if name not in started:
            started.add(name)
            waiting += services[name].get("depends_on", ())
    assert started == set(services) - {"grafana"}
