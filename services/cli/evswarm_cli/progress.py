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
"""When no station runs by then, what the first one says about it is worth showing; so is what there is no room for."""
NOT_CONNECTED: Final = "Offline,Booting"
"""The states of stations that their central system has not accepted."""


def status_line(totals: dict[str, Any]) -> str:
    """The swarm in one line, from GET /totals."""
    return (
        f"{totals['running']:,} of {totals['desired']:,} stations running, {totals['charging']:,} charging, "
        f"{totals['power_kw']:,.1f} kW, {totals['energy_kwh']:,.1f} kWh, "
        f"{totals['earnings']:,.2f} {totals['currency']}"
    )


def why_not_connected(client: ControllerClient) -> str:
    """How many stations are not accepted by their central system, and what one of them says about it; empty for none."""
    found = client.stations(limit=1, status=NOT_CONNECTED)
    if not found["total"]:
        return ""
    station_id = found["stations"][0]["station_id"]
    last = client.logs(station_id)["logs"][-1:]
    return f"{found['total']:,} are not connected; {station_id} says: {''.join(last) or 'nothing'}"


def hints(client: ControllerClient, totals: dict[str, Any]) -> list[str]:
    """What somebody should know who waits for stations: lines to be shown once; none when all runs."""
    if totals["running"] >= totals["desired"]:
        return []
    lacking = client.services()["shortage"]
    lines = [lacking] if lacking else []
    if not totals["running"]:
        why = why_not_connected(client)
        lines.append(f"no station runs yet{f': {why}' if why else ''}")
    return lines


def watch(swarm: LocalSwarm, console: Console, stopped: Callable[[], bool]) -> None:
    """Show the swarm until `stopped` says so. Where there is no terminal, only what happened once is printed.

    Raises:
        StartError: a part of the swarm ended by itself.
    """
    began = time.monotonic()
    announced = hinted = False
    with Live(Text("starting stations"), console=console, refresh_per_second=4, transient=True) as live:
        while not stopped():
            swarm.check(lambda text: live.console.print(text, markup=False, soft_wrap=True))
            try:
                totals = swarm.client.totals()
                lines = []
                if not hinted and time.monotonic() - began > HINT_SECONDS:
                    lines = hints(swarm.client, totals)
                    hinted = True
            except ControllerError as error:
                live.update(Text(str(error), style="yellow"))
            else:
                live.update(Text(status_line(totals)))
                for line in lines:
                    live.console.print(line, markup=False)
                if not announced and totals["running"] == totals["desired"]:
                    announced = True
                    seconds = time.monotonic() - began
                    live.console.print(f"all {totals['running']:,} stations are up after {seconds:.1f} s")
            time.sleep(REFRESH_SECONDS)
