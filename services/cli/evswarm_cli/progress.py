"""What `evswarm up` shows while it runs: one live line, first of progress and then of the swarm's state."""

import time
from collections.abc import Callable
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from evswarm_cli.controller_client import ControllerClient
from evswarm_cli.errors import ControllerError
from evswarm_cli.local_swarm import LocalSwarm

REFRESH_SECONDS: Final = 0.5
HINT_SECONDS: Final = 10.0
"""When no station runs by then, what the first one says about it is worth showing."""


def status_line(totals: dict[str, Any]) -> str:
    """The swarm in one line, from GET /totals."""
    return (
        f"{totals['running']:,} of {totals['desired']:,} stations running, {totals['charging']:,} charging, "
        f"{totals['power_kw']:,.1f} kW, {totals['energy_kwh']:,.1f} kWh, "
        f"{totals['earnings']:,.2f} {totals['currency']}"
    )


def why_none_runs(client: ControllerClient) -> str:
    """The last log line of the first station, as a sentence; the central system may be refusing them all."""
    stations = client.stations(limit=1)
    if not stations:
        return "no station runs yet"
    station_id = stations[0]["station_id"]
    last = client.logs(station_id)["logs"][-1:]
    return f"no station runs yet; {station_id} says: {''.join(last) or 'nothing'}"


def watch(swarm: LocalSwarm, console: Console, stopped: Callable[[], bool]) -> None:
    """Show the swarm until `stopped` says so. Where there is no terminal, only what happened once is printed.

    Raises:
        StartError: a part of the swarm ended by itself.
    """
    began = time.monotonic()
    announced = hinted = False
    with Live(Text("starting stations"), console=console, refresh_per_second=4, transient=True) as live:
        while not stopped():
            swarm.check()
            try:
                totals = swarm.client.totals()
            except ControllerError as error:
                live.update(Text(str(error), style="yellow"))
            else:
                live.update(Text(status_line(totals)))
                if not hinted and not totals["running"] and time.monotonic() - began > HINT_SECONDS:
                    hinted = True
                    live.console.print(why_none_runs(swarm.client), markup=False)
                if not announced and totals["running"] == totals["desired"]:
                    announced = True
                    seconds = time.monotonic() - began
                    live.console.print(f"all {totals['running']:,} stations are up after {seconds:.1f} s")
            time.sleep(REFRESH_SECONDS)
