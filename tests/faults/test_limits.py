"""Limits of the machine: what does not fit is refused at once, with a sentence, and nothing happens to what runs."""

import asyncio
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from msgspec.structs import replace

from evswarm_shared.file_limit import capacity
from tests.support.compose import eventually
from tests.support.fault_swarm import FaultSwarm

FILES = 400


@contextmanager
def few_files() -> Iterator[None]:
    """Services that start in here may open no more than `FILES`."""
    real = subprocess.Popen

    def limited(*arguments: object, **options: object) -> object:
        return real(
            *arguments,  # type: ignore[call-overload]
            **options,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)),
        )

    with patch("tests.support.service_process.subprocess.Popen", limited):
        yield


async def wish_for(swarm: FaultSwarm, count: int) -> None:
    """Wish for so many stations behind the controller's back."""
    bus = swarm.bus()
    try:
        desired = await bus.read_desired()
        assert desired is not None
        await bus.write_desired(replace(desired, count=count, generation=desired.generation + 1))
    finally:
        await bus.close()


def test_a_scale_command_past_the_limit_of_open_files_is_refused_at_once(tmp_path: Path) -> None:
    with FaultSwarm(tmp_path, stations=100, workers=0) as swarm:
        with few_files():
            swarm.start_worker()
        swarm.start()
        swarm.wait_for_charging(5)
        answer = swarm.post("/stations/scale", {"count": 1000})
        assert answer.status_code == 409
        assert "1000 stations are more than the" in answer.json()["detail"]
        assert swarm.get("/totals")["desired"] == 100
        swarm.wait_for_running(100)
        swarm.settle()


def test_a_central_system_without_files_for_more_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    room = capacity(FILES)
    with FaultSwarm(tmp_path, stations=100, workers=0) as swarm:
        swarm.start_worker()
        with few_files():
            swarm.start()
        swarm.wait_for_charging(5)
        answer = swarm.post("/stations/scale", {"count": 2 * FILES})
        assert answer.status_code == 409
        assert f"more than the {room} that 1 central system(s) can hold" in answer.json()["detail"]
        # Far more than files come at once all the same, as when somebody else's stations do.
        asyncio.run(wish_for(swarm, 2 * FILES))
        swarm.wait_for_running(room)
        refused = "as many as the open files allow: further ones are refused"
        eventually(swarm.csms[0].output, lambda log: refused in log, 10, "the refusal in the log")
        swarm.post("/stations/scale", {"count": 100})
        swarm.wait_for_running(100)
        swarm.settle()
