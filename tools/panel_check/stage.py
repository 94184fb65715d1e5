"""The swarm that panels are checked against: one worker with a good central system, one with a bad one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from evswarm_cli.ports import free_port
from tools.panel_check.local_stack import LocalStack
from tools.panel_check.prometheus_server import ROOT

RULES: Final = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))

STATIONS: Final = 16
QUICK: Final = {
    "EVSWARM_CALL_TIMEOUT_SECONDS": "1",
    "EVSWARM_CSMS_CALL_TIMEOUT_SECONDS": "1",
    "EVSWARM_COMMAND_TIMEOUT_SECONDS": "3",
    "EVSWARM_RECONNECT_CEILING_SECONDS": "2",
    "EVSWARM_PROFILE": "public",
}


@contextmanager
def busy_stack() -> Iterator[LocalStack]:
    """A stack in which things go well and wrong, with half of its stations on each side."""
    with LocalStack(STATIONS, **QUICK) as stack:
        bad_port = free_port()
        live = f"{stack.url.replace('http', 'ws', 1)}/live"
        command = [sys.executable, "-m", "tools.panel_check.bad_peers"]
        stack.start(
            "bad-peers", [*command, "--port", str(bad_port), "--csms", stack.csms_url, "--live", live]
        )
        stack.service("worker", "worker-good")
        stack.service("worker", "worker-bad", EVSWARM_CSMS_URL=f"ws://127.0.0.1:{bad_port}")
        stack.wait_for_running(STATIONS // 2)
        yield stack
