"""What the history costs the swarm that tells it, and whether the historian keeps up with ten thousand stations."""

import time
from contextlib import ExitStack
from statistics import median
from typing import Final

from tests.bench.metering import MORNING, PROFILE, charge
from tests.bench.paired_ratios import spread
from tests.bench.steady import CALL, Figures, steady
from tests.bench.swarm_processes import Swarm

TELLERS: Final = ("worker", "csms", "controller")
OWN: Final = {"worker": ("worker",), "csms": ("csms",), "both": ("worker", "csms")}
"""What the swarm's own processor time a call is said of."""
LOOK_SECONDS: Final = 2.0
"""The historian looks so often how much there is to come: a backlog may be off by what is told meanwhile."""


def cost(quick: bool) -> Figures:
    """CPU of a call in worker and central system with the history and without, in short rounds by turns.

    Two swarms stand beside each other, one with a historian, as `evswarm up` has it; the one that is not measured is
    halted. Which of them goes first alternates, and so that no luck of one pair of swarms decides, others follow.
    All stations charge and send MeterValues of two values, as many a second as in the comparison with bare clients.
    """
    stations, rate, seconds, pairs, turns = (100, 5, 1.0, 1, 1) if quick else (500, 5, 4.0, 3, 4)
    found: dict[str, list[Figures]] = {"off": [], "on": []}
    for _ in range(pairs):
        with ExitStack() as stack:
            swarms: dict[str, Swarm] = {}
            for name in found:
                settings = MORNING | {"HISTORY": str(name == "on").lower(), "CLOCK_FACTOR": str(rate)}
                swarms[name] = swarm = stack.enter_context(Swarm(historian=name == "on", settings=settings))
                swarm.scale(stations, 60, PROFILE)
                charge(swarm)
                swarm.pace(0)
            for turn in range(turns):
                for name in ("on", "off") if turn % 2 else ("off", "on"):
                    swarms[name].pace(rate)
                    found[name].append(steady(swarms[name], seconds))
                    swarms[name].pace(0)
    costs = {name: [run["us_a_call"] for run in runs] for name, runs in found.items()}
    own = {
        name: {what: [sum(run[kind] for kind in kinds) for run in runs] for what, kinds in OWN.items()}
        for name, runs in costs.items()
    }
    return {
        "stations": stations,
        "calls_per_second": {name: [run["calls_per_second"] for run in runs] for name, runs in found.items()},
        "us_a_call": {name: {what: median(each[what]) for what in OWN} for name, each in own.items()},
        "rounds": costs,
        "growth": {what: spread(own["on"][what], own["off"][what]) for what in OWN},
        "valid": all(run["valid"] for runs in found.values() for run in runs),
        "loop_lag_p99_seconds": max(run["loop_lag_p99_seconds"] for runs in found.values() for run in runs),
    }


def keeps_up(quick: bool) -> Figures:
    """Stations that all send MeterValues every 10 s (2 s when quick), and the historian beside them on SQLite."""
    stations, every, seconds = (500, 2, 4.0) if quick else (10_000, 10, 60.0)
    with Swarm(historian=True, settings=MORNING) as swarm:
        swarm.scale(stations, 180, PROFILE)
        charge(swarm, every_seconds=every)
        time.sleep(2 if quick else 30)
        began, before = time.monotonic(), _told(swarm)
        running = steady(swarm, seconds)
        passed, after = time.monotonic() - began, _told(swarm)
        charging = swarm.get("/totals")["charging"]
    rates = {
        f"{what}_per_second": (after[what] - before[what]) / passed
        for what in ("meter_values", "records", "rows")
    }
    backlog = (before["backlog"], after["backlog"])
    return {
        "stations": stations,
        "charging": charging,
        **rates,
        "backlog_begin_end": backlog,
        "flat": backlog[1] - backlog[0] <= LOOK_SECONDS * rates["records_per_second"],
        "dropped": after["dropped"],
        "historian_cpu_percent": running["cpu_percent"]["historian"],
        "steady": running,
    }


def _told(swarm: Swarm) -> dict[str, float]:
    """Since the beginning: MeterValues, records told, rows written, records that nobody will write; and those to come."""
    tellers = [swarm.exposition(job) for job in TELLERS]
    historian = swarm.exposition("historian")
    return {
        "meter_values": sum(each.total(f"{CALL}_count", action="MeterValues") for each in tellers),
        "records": sum(each.total("evswarm_history_records_written_total") for each in tellers),
        "rows": historian.total("evswarm_historian_rows_written_total"),
        "backlog": historian.total("evswarm_historian_backlog_records"),
        "dropped": sum(each.total("evswarm_history_records_dropped_total") for each in tellers)
        + historian.total("evswarm_historian_records_lost_total")
        + historian.total("evswarm_historian_records_refused_total"),
    }
