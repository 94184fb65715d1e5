"""The API under fire from a client that knows its description and keeps to it, or does not: schemathesis.

Whatever the description allows must be taken, whatever it does not must be refused, and every answer must look as it is
described; without the token, every answer but the public ones must be 401.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.fuzz.conftest import FRAMES
from tests.support.swarm import SwarmProcess

TOKEN: Final = "open-sesame-open-sesame"
SCHEMATHESIS: Final = Path(sys.executable).with_name("schemathesis")
CONFIG: Final = Path(__file__).with_name("schemathesis.toml")
SETTINGS: Final = {
    "EVSWARM_API_TOKEN": TOKEN,
    # Nobody waits for stations that were told to be away, or grows to a million of them.
    "EVSWARM_COMMAND_TIMEOUT_SECONDS": "1",
    "EVSWARM_WORKER_CAPACITY": "20",
    "EVSWARM_RATE_LIMIT_PER_SECOND": "0",
}
SECONDS: Final = 20
SECONDS_IF_LONG: Final = 600


@pytest.mark.timeout(SECONDS_IF_LONG * 2)
def test_the_api_is_what_its_description_says(frames: int, seed: int, tmp_path: Path) -> None:
    long = frames > FRAMES
    phases = "examples,coverage,fuzzing,stateful" if long else "coverage,fuzzing"
    data = tmp_path / "swarm"
    with SwarmProcess("--stations", "3", "--workers", "1", "--data", str(data), **SETTINGS) as swarm:
        swarm.api.headers["Authorization"] = f"Bearer {TOKEN}"
        swarm.wait_for_running(3)
        done = subprocess.run(
            [
                str(SCHEMATHESIS),
                *("--config-file", str(CONFIG)),
                "run",
                f"{swarm.url}/openapi.json",
                *("--header", f"Authorization: Bearer {TOKEN}"),
                *("--checks", "all", "--phases", phases, "--seed", str(seed)),
                # Some answers take their time, because a station does.
                *("--max-response-time", "60"),
                *("--max-time", str(SECONDS_IF_LONG if long else SECONDS)),
                *("--continue-on-failure", "--no-shrink", "--warnings", "off", "--no-color"),
                *("--generation-database", "none"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=SECONDS_IF_LONG * 2,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
        print(done.stdout[-1_500:])
        assert swarm.process.poll() is None, swarm.output()
    controller = (data / "logs" / "controller.log").read_text()
    assert "Traceback" not in controller
    assert TOKEN not in controller
