"""`evswarm audit` as a user runs it, at the end of every test in which something is broken on purpose."""

import json
import os
import subprocess
from typing import Any

from tests.support.swarm import EVSWARM


def audited(url: str, *, settled: bool = False, wait: float = 20.0) -> dict[str, Any]:
    """Run it, for at most `wait` seconds of second looks; it must pass. Its report."""
    options = ["--settled"] if settled else []
    command = [str(EVSWARM), "audit", "--json", "--wait", str(wait), "--url", url, *options]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=dict(os.environ)
    )
    if not done.stdout:
        raise AssertionError(f"the audit did not run:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    if done.returncode or not report["passed"]:
        found = [f"{each['fault']} {each['station_id']}: {each['detail']}" for each in report["findings"]]
        raise AssertionError("\n".join([f"the audit failed: {report['faults']}", *found[:40]]))
    return report
