"""What `evswarm up` shows while it runs: one live line of progress, then one live line of state."""

import time
from collections.abc import Callable
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from evswarm_cli.errors import ControllerError
from evswarm_cli.local_swarm import LocalSwarm

REFRESH_SECONDS: Final = 0.5


def status_line(totals: dict[str, Any]) -> str:
    """The swarm in one line, from GET /totals."""
    return (
        f"{totals['running']:,} of {totals['stations']:,} stations running, {totals['charging']:,} charging, "
        f"{totals['power_kw']:,.1f} kW, {totals['energy_kwh']:,.1f} kWh, "
        f"{totals['earnings']:,.2f} {totals['currency']}"
    )


def watch(swarm: LocalSwarm, console: Console, stopped: Callable[[], bool]) -> None:
    """Show the swarm until `stopped` says so.

    Raises:
        StartError: a part of the swarm ended by itself.
    """
    began = time.monotonic()
    announced = False
    line = Text("waiting for the first station")
    with Live(line, console=console, refresh_per_second=4, transient=not console.is_terminal) as live:
        while not stopped():
            swarm.check()
            try:
                totals = swarm.client.totals()
            except ControllerError as error:
                live.update(Text(str(error), style="yellow"))
            else:
                live.update(Text(status_line(totals)))
                wanted = totals.get("desired", totals["stations"])
                if not announced and totals["running"] >= wanted > 0:
                    announced = True
                    live.console.print(
                        f"all {totals['running']:,} stations are up after {time.monotonic() - began:.1f} s"
                    )
            time.sleep(REFRESH_SECONDS)
