"""Limits of the machine: what does not fit is refused at once, with a sentence, and nothing happens to what runs."""

import resource
import subprocess
from pathlib import Path
from unittest.mock import patch

from tests.support.fault_swarm import FaultSwarm

FILES = 400


def test_a_scale_command_past_the_limit_of_open_files_is_refused_at_once(tmp_path: Path) -> None:
    real = subprocess.Popen

    def limited(*arguments: object, **options: object) -> object:
        return real(
            *arguments,  # type: ignore[call-overload]
            **options,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)),
        )

    with FaultSwarm(tmp_path, stations=100, workers=0) as swarm:
        with patch("tests.support.service_process.subprocess.Popen", limited):
            swarm.start_worker()
        swarm.start()
        swarm.wait_for_charging(5)
        answer = swarm.post("/stations/scale", {"count": 1000})
        assert answer.status_code == 409
        assert "1000 stations are more than the" in answer.json()["detail"]
        assert swarm.get("/totals")["desired"] == 100
        swarm.wait_for_running(100)
        swarm.settle()
