"""The swarm bench: real processes on loopback, measured from outside. `python -m tests.bench.swarm [--quick] [--only …]`.

Prints each figure as it comes and merges all into docs/performance.json, from which docs/performance.md is generated. What
is compared runs in one run, in turn (A B A B). A run whose worker could not keep its own time (99 % of its event loop's
timers within 50 ms) is marked invalid instead of reported. Nothing is asserted.
"""

import argparse
import datetime
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from timeit import repeat
from typing import Final

import psutil
import uvloop

from evswarm_controller.planner import PlannedWorker, plan
from evswarm_shared.bus.messages import DesiredState
from tests.bench import csms_call, history_swarm, million
from tests.bench.metering import MORNING, PROFILE, charge
from tests.bench.steady import Figures, steady
from tests.bench.swarm_processes import NotInTimeError, Swarm
from tests.bench.test_policy import at_a_meter_value, bare, before_a_transaction, seconds_a_call
from tests.support.machine import ROOT
from tests.support.swarm import SwarmProcess

RESULTS: Final = ROOT / "docs" / "performance.json"
LONGEST_BOOT_SECONDS: Final = 300.0


def idle_hundred(quick: bool) -> Figures:
    """The whole of `evswarm up` with 100 stations: memory of all its processes, by resident and by shared-out pages."""
    began = time.monotonic()
    with SwarmProcess("--stations", "100") as swarm:
        swarm.wait_for_running(100, 120)
        running = time.monotonic() - began
        time.sleep(1 if quick else 5)
        parts = [psutil.Process(swarm.process.pid), *swarm.descendants()]
        sizes = [part.memory_full_info() for part in parts]
    return {
        "processes": len(parts),
        "resident_mb": sum(size.rss for size in sizes) / 1e6,
        "shared_out_mb": sum(size.pss for size in sizes) / 1e6,
        "start_to_running_seconds": running,
    }


def call_cost(quick: bool) -> Figures:
    """CPU of a call: a worker's full stations against bare clients, all of them with MeterValues of two values.

    At several paces: a process that sleeps between two calls finds its caches cold, and each call costs it more. The
    `ocpp` ChargePoint cannot keep the faster ones. Simulated time runs faster, so that each station sends several a second, and stands still while others are measured.
    """
    connections, seconds, rounds = (100, 2.0, 1) if quick else (500, 8.0, 2)
    paces = {"station": (3, 5, 10), "websockets": (3, 5, 10), "ocpp": (3,)}
    costs: dict[str, dict[int, list[float]]] = {
        kind: {pace: [] for pace in of_kind} for kind, of_kind in paces.items()
    }
    with Swarm(settings=MORNING) as swarm:
        swarm.scale(connections, 60, PROFILE)
        charge(swarm)
        url = f"ws://127.0.0.1:{swarm.csms_ports[0]}"
        for _ in range(rounds):
            for pace, found in costs["station"].items():
                swarm.pace(pace)
                found.append(steady(swarm, seconds)["worker_us_a_call"])
            swarm.pace(0)
            for kind in ("websockets", "ocpp"):
                for pace, found in costs[kind].items():
                    found.append(bare_cost(kind, url, connections, pace, seconds))
    best = {
        kind: {str(pace): min(found) for pace, found in of_kind.items()} for kind, of_kind in costs.items()
    }
    return {"stations": connections, "us_a_call": best, "rounds": costs}


def bare_cost(kind: str, url: str, connections: int, rate: float, seconds: float) -> float:
    """What a client without a station uses a call, in microseconds."""
    command = [sys.executable, "-m", "tests.bench.bare_client", kind, url]
    command += ["--connections", str(connections), "--rate", str(rate), "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=180, cwd=ROOT)
    return float(done.stdout.split()[-1])


def saturation(quick: bool) -> Figures:
    """One worker and one central system with more and more stations that all send a Heartbeat a second."""
    found = []
    with Swarm(settings={"CSMS_HEARTBEAT_INTERVAL_SECONDS": "1"}) as swarm:
        for stations in (2_000,) if quick else (4_000, 8_000, 12_000, 16_000):
            swarm.scale(stations, 120)
            time.sleep(1 if quick else 3)
            found.append({"stations": stations, **steady(swarm, 2 if quick else 10)})
    return {"steps": found, "most_calls_per_second": max(step["calls_per_second"] for step in found)}


def hundred_and_ten_thousand(quick: bool) -> Figures:
    """One worker, one central system, defaults: first 100 stations, then all, from the command to all running, then steady."""
    many, seconds = (1_000, 2.0) if quick else (10_000, 30.0)
    with Swarm() as swarm:
        empty = swarm.memory()
        swarm.scale(100, 60)
        time.sleep(1 if quick else 5)
        few = steady(swarm, seconds)
        swarm.cpu()
        boot = swarm.scale(many, 180)
        boot_cpu = swarm.cpu()
        time.sleep(1 if quick else 30)
        found = steady(swarm, seconds)
        full = swarm.memory()
    each = {name: (full[name] - empty[name]) / many / 1024 for name in full}
    cost = {stations: f["cpu_percent_all"] / stations for stations, f in ((100, few), (many, found))}
    return {
        "stations": many,
        "command_to_running_seconds": boot,
        "boot_cpu_seconds": boot_cpu,
        "steady": found,
        "few": few,
        "memory_kib_a_station": each,
        "cpu_a_station_against_hundred": cost[many] / cost[100],
    }


def most_stations(quick: bool) -> Figures:
    """More and more stations over three workers and three central systems, until they are not held."""
    return held((1_500,) if quick else (20_000, 30_000, 40_000, 50_000), 3, quick)


def held(sizes: Sequence[int], pairs: int, quick: bool = False) -> Figures:
    """So many stations over some pairs of a worker and a central system, each worker with addresses of its own.

    Ends at the first size of which not all stations run in time, or whose workers do not keep their own time.
    """
    settle, seconds = (1, 2) if quick else (15, 20)
    found: list[Figures] = []
    with Swarm(workers=pairs, csms=pairs) as swarm:
        empty = swarm.memory()
        kinds = sorted({name.split("-")[0] for name in empty})
        for stations in sizes:
            try:
                boot = swarm.scale(stations, LONGEST_BOOT_SECONDS)
            except NotInTimeError:
                boot = LONGEST_BOOT_SECONDS
            time.sleep(settle)
            running = steady(swarm, seconds)
            full = swarm.memory()
            found.append(
                {
                    "stations": stations,
                    "held": swarm.get("/totals")["running"],
                    "command_to_running_seconds": boot,
                    "steady": running,
                    "memory_kib_a_station": {
                        kind: sum(full[n] - empty[n] for n in full if n.split("-")[0] == kind)
                        / stations
                        / 1024
                        for kind in kinds
                    },
                }
            )
            if found[-1]["held"] < stations or not running["valid"]:
                break
    return {"workers": pairs, "steps": found}


def central_system(quick: bool) -> Figures:
    """CPU of a MeterValues in the central system against bare echo servers of `websockets`."""
    return csms_call.measure(stations=200, calls=4_000 if quick else 20_000, rounds=1 if quick else 3)


def policy(_: bool) -> Figures:
    """The policy's two questions against four bare comparisons."""
    least, before, at = seconds_a_call(bare, before_a_transaction, at_a_meter_value)
    return {
        "before_a_transaction_us": before * 1e6,
        "at_a_meter_value_us": at * 1e6,
        "bare_us": least * 1e6,
        "ratio": max(before, at) / least,
    }


def planner(_: bool) -> Figures:
    """One of 100 workers is lost that run 100,000 stations."""
    crew = [PlannedWorker(f"worker-{number:03d}") for number in range(100)]
    desired = DesiredState(generation=1, count=100_000)
    previous = plan(desired, crew, {}, leader_epoch=1).assignments
    rounds = repeat(lambda: plan(desired, crew[:-1], previous, leader_epoch=1), number=1, repeat=20)
    return {"milliseconds": min(rounds) * 1e3}


def simulation(quick: bool) -> Figures:
    """Planner and bus with a million stations and a thousand workers."""
    return uvloop.run(million.simulate(100_000 if quick else 1_000_000, 100 if quick else 1_000))


SCENARIOS: Final[dict[str, Callable[[bool], Figures]]] = {
    "policy": policy,
    "planner": planner,
    "simulation": simulation,
    "idle_hundred": idle_hundred,
    "central_system": central_system,
    "call_cost": call_cost,
    "history_cost": history_swarm.cost,
    "history_keeps_up": history_swarm.keeps_up,
    "saturation": saturation,
    "ten_thousand": hundred_and_ten_thousand,
    "most_stations": most_stations,
}


def machine() -> Figures:
    """Where and when, and how busy the machine was with other things."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    """Run the scenarios asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes and short times; writes nothing")
    parser.add_argument("--only", nargs="*", choices=sorted(SCENARIOS), help="by default all")
    parser.add_argument(
        "--hold", type=int, nargs="+", metavar="N", help="instead: see whether so many stations are held"
    )
    parser.add_argument("--pairs", type=int, default=3, help="with --hold: workers, and central systems")
    parser.add_argument("--out", type=Path, help="another file for the results")
    options = parser.parse_args()
    # Whoever ends the bench ends its processes too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    out = options.out or (None if options.quick else RESULTS)
    steps = {name: SCENARIOS[name] for name in options.only or SCENARIOS}
    if options.hold is not None:
        steps = {"most_stations": lambda quick: held(options.hold, options.pairs, quick)}
    for name, step in steps.items():
        where = machine()
        began = time.monotonic()
        figures = step(options.quick)
        print(f"== {name} ({time.monotonic() - began:.0f} s)\n{json.dumps(figures, indent=2)}", flush=True)
        if out is not None:
            known = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
            known[name] = {"machine": where, **figures}
            out.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
