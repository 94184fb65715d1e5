"""Ten thousand stations in the compose form, measured from outside. `python -m tests.bench.compose [--stations 10000]`.

Builds the images, brings docker-compose.yml up under a project name of its own on free ports (all but Grafana), scales
by the API, measures, scales to nothing, audits, and removes everything, also when it is interrupted. Merges the figures
into docs/performance.json when they are of the full form. Nothing is asserted of a figure; an audit that fails, or a
container that ended, is an error.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import httpx

from tests.bench.containers import Engine, percent
from tests.bench.steady import CALL, LAG, LAG_LIMIT_SECONDS, Figures
from tests.bench.swarm import RESULTS, machine
from tests.bench.swarm_processes import Buckets, observations, quantile
from tests.support.compose import ComposeStack, eventually
from tests.support.machine import has_container_engine
from tests.support.product_audit import audited

STEP: Final = "containers"
PROJECT: Final = "evswarm-bench"
FULL: Final = 10_000
SCALE_SECONDS: Final = 300.0
BUILD_SECONDS: Final = 900.0
REMOVALS: Final = 3


def counted(stack: ComposeStack, metric: str, seconds: float) -> Buckets:
    """What the workers' histogram counted in the last so many seconds, as Prometheus has it."""
    query = f'sum by (le) (increase({metric}_bucket{{job="worker"}}[{seconds:.0f}s]))'
    return {float(sample["metric"]["le"]): float(sample["value"][1]) for sample in stack.query(query)}


def steady(stack: ComposeStack, engine: Engine, seconds: float) -> Figures:
    """CPU and memory of every container over a time of steady running, and the calls' rate and 99th percentile."""
    before = engine.use()
    time.sleep(seconds)
    after = engine.use()
    calls, lag = counted(stack, CALL, seconds), counted(stack, LAG, seconds)
    cpu, late = percent(before, after), quantile(lag, 0.99)
    return {
        "calls_per_second": observations(calls) / seconds,
        "call_p99_seconds": quantile(calls, 0.99),
        "cpu_percent": cpu,
        "cpu_percent_all": sum(cpu.values()),
        "memory_mib": {name: use.memory_bytes / 2**20 for name, use in after.items()},
        "loop_lag_p99_seconds": late,
        "valid": late <= LAG_LIMIT_SECONDS,
    }


def scale(stack: ComposeStack, count: int) -> float:
    """Ask for `count` stations; seconds from the command until exactly these run."""
    began = time.monotonic()
    answer = stack.api.post("/stations/scale", json={"count": count})
    if answer.is_error:
        raise SystemExit(f"{count} stations were refused: {answer.json().get('detail', answer.text)}")
    eventually(
        lambda: stack.get("/totals")["running"],
        lambda running: running == count,
        SCALE_SECONDS,
        f"{count} stations running",
    )
    return time.monotonic() - began


def measure(stack: ComposeStack, options: argparse.Namespace) -> Figures:
    """All figures, of a stack that is not up yet."""
    said("building the images")
    stack.compose("build", seconds=BUILD_SECONDS)
    said(f"starting {options.workers} worker(s), {options.csms} central system(s) and the rest")
    stack.up(workers=options.workers, csms=options.csms)
    eventually(
        lambda: len(stack.get("/workers")["workers"]), lambda n: n == options.workers, 60, "the workers"
    )
    with Engine(PROJECT) as engine:
        time.sleep(options.settle)
        empty = steady(stack, engine, options.seconds)
        said(f"scaling to {options.stations} stations")
        boot = scale(stack, options.stations)
        said(f"all run after {boot:.1f} s; they settle for {options.settle:g} s")
        time.sleep(options.settle)
        full = steady(stack, engine, options.seconds)
        held = stack.get("/totals")["running"]
        said("scaling to none, and auditing")
        down = scale(stack, 0)
        report = audited(f"http://127.0.0.1:{stack.api_port}", settled=True, wait=60)
        if ended := engine.ended():
            raise SystemExit(f"containers ended meanwhile: {', '.join(ended)}")
    return {
        "stations": options.stations,
        "workers": options.workers,
        "csms": options.csms,
        "held": held,
        "command_to_running_seconds": boot,
        "to_none_seconds": down,
        "empty": empty,
        "steady": full,
        "audit": {key: report[key] for key in ("stations", "transactions", "not_compared", "energy_wh")},
    }


def said(what: str) -> None:
    """Tell on standard error where we are; the figures go to standard output."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def remove(stack: ComposeStack) -> None:
    """Take all down, whoever presses Ctrl-C again; twice if need be: a start that was cut off may still be making some."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    said("taking all down")
    for _ in range(REMOVALS):
        with contextlib.suppress(
            AssertionError
        ):  # the command was interrupted, or a container came meanwhile
            stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")
            if not stack.containers():
                break
        time.sleep(2)
    stack.down()


def main() -> None:
    """Measure as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=FULL)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--csms", type=int, default=1, help="central systems")
    parser.add_argument("--settle", type=float, default=30.0, help="seconds before each measurement")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement; at least 15")
    parser.add_argument(
        "--out", type=Path, help="a file for the figures; by default kept with 10,000 or more"
    )
    options = parser.parse_args()
    if options.seconds < 15:
        parser.error("--seconds: Prometheus reads every five; 15 is the least that tells a rate")
    if not has_container_engine():
        raise SystemExit("no container engine answers (docker info, docker compose version)")
    out = options.out or (RESULTS if options.stations >= FULL else None)
    # Whoever ends the bench ends its containers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    where = machine()
    stack = ComposeStack(PROJECT, EVSWARM_STATIONS="0")
    try:
        # What a bench that was killed left behind would be measured along.
        stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")
        figures = measure(stack, options)
    except (AssertionError, httpx.HTTPError, subprocess.SubprocessError) as error:
        raise SystemExit(f"the bench did not come to its end: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit("interrupted") from None
    finally:
        remove(stack)
    print(json.dumps(figures, indent=2), flush=True)
    if out is not None:
        known = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
        known[STEP] = {"machine": where, **figures}
        out.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
