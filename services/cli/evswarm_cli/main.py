"""The command line: options in, exit codes out."""

import datetime
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evswarm_cli.audit_command import describe, patient_audit
from evswarm_cli.controller_client import ControllerClient
from evswarm_cli.errors import StartError, UsageError
from evswarm_cli.history import export, past_transactions
from evswarm_cli.history import history as history_command
from evswarm_cli.history_audit import audit_past
from evswarm_cli.local_swarm import LocalSwarm, SwarmOptions
from evswarm_cli.options import Url
from evswarm_cli.ports import require_free
from evswarm_cli.progress import status_line, watch
from evswarm_cli.scaling import wait_for
from evswarm_cli.store import DEFAULT_PORT, store_command
from evswarm_shared.bus.messages import ProfileName
from evswarm_shared.errors import EvswarmError
from evswarm_shared.settings import SettingsError

app = typer.Typer(
    name="evswarm",
    help="A swarm of simulated EV charging stations that speak OCPP 1.6J.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@app.command()
def up(
    stations: Annotated[
        int,
        typer.Option(min=0, max=1_000_000, envvar="EVSWARM_STATIONS", help="How many stations to run."),
    ] = 20,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many worker processes share them.")] = 2,
    csms_url: Annotated[
        str | None,
        typer.Option(
            envvar="EVSWARM_CSMS_URL", help="Your own central system (ws:// or wss://); ours is not started."
        ),
    ] = None,
    profile: Annotated[
        ProfileName | None, typer.Option(help="One behaviour for all; by default a mix.")
    ] = None,
    host: Annotated[str, typer.Option(envvar="EVSWARM_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65535, envvar="EVSWARM_PORT", help="Port of API and dashboard.")
    ] = 8000,
    csms_port: Annotated[
        int, typer.Option(min=1, max=65535, envvar="EVSWARM_CSMS_PORT", help="Port of our central system.")
    ] = 9000,
    tls: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            help="Our central system speaks TLS too, with the certificates in this directory; made when missing.",
        ),
    ] = None,
    csms_tls_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Its port for TLS; 9443 without.")
    ] = None,
    ramp: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=100_000, help="Stations to start a second; by default as many as the machine can."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything random.")] = None,
    clock_start: Annotated[
        str | None,
        typer.Option(
            help="Simulated time to begin at, e.g. 2026-11-22T17:30:00Z; with --seed the same day again."
        ),
    ] = None,
    clock_factor: Annotated[
        float | None,
        typer.Option(
            min=0, max=600, help="Simulated seconds a real second: 60 makes an hour a minute, 0 stands still."
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Keep the swarm's state in this directory.")] = None,
    redis_url: Annotated[
        str | None,
        typer.Option(envvar="EVSWARM_REDIS_URL", help="Use this Redis instead of an embedded store."),
    ] = None,
    history: Annotated[
        bool, typer.Option(envvar="EVSWARM_HISTORY", help="Keep logs, messages and sessions in a database.")
    ] = True,
    csms_auth_key: Annotated[str | None, typer.Option(help="Stations send HTTP Basic with this key.")] = None,
    csms_ca: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Trusted authorities (PEM) for wss.")
    ] = None,
    client_cert: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Client certificate and key (PEM) for mutual TLS."),
    ] = None,
) -> None:
    """Run the whole swarm here: store, central system, controller and workers. Ctrl-C ends it."""
    options = SwarmOptions(
        stations=stations,
        workers=workers,
        host=host,
        port=port,
        csms_port=csms_port,
        tls=tls,
        csms_tls_port=csms_tls_port,
        csms_url=csms_url,
        redis_url=redis_url,
        history=history,
        profile=profile,
        ramp=ramp,
        seed=seed,
        clock_start=clock_start,
        clock_factor=clock_factor,
        data=data,
        csms_auth_key=csms_auth_key,
        csms_ca=csms_ca,
        client_cert=client_cert,
    )
    asked, hurried = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: hurried.set() if asked.is_set() else asked.set())
    with LocalSwarm(options) as swarm:
        swarm.start()
        out.print(f"dashboard        {swarm.url}/")
        out.print(f"API              {swarm.url}/docs")
        if swarm.client.has_token:
            out.print("access           both ask for EVSWARM_API_TOKEN")
        out.print(f"central system   {swarm.csms_url}/<station id>")
        if swarm.csms_tls_url:
            out.print(f"with TLS         {swarm.csms_tls_url}/<station id>")
        out.print(f"logs             {swarm.directory / 'logs'}")
        watch(swarm, out, asked.is_set)
        swarm.stop(say=lambda text: out.print(text), hurried=hurried.is_set)
    out.print("stopped")


@app.command()
def scale(
    count: Annotated[int, typer.Argument(min=0, help="How many stations there shall be.")],
    profile: Annotated[ProfileName | None, typer.Option(help="Behaviour of the stations this adds.")] = None,
    ramp_per_second: Annotated[
        float | None, typer.Option("--ramp", min=0.1, max=100_000, help="Stations to start a second.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Return when the swarm has that size.")] = True,
    patience: Annotated[
        float,
        typer.Option(min=1, help="Seconds without any station more, after which this gives up waiting."),
    ] = 60.0,
    url: Url = None,
) -> None:
    """Change the number of stations of a running swarm."""
    with ControllerClient(url) as client:
        operation = client.scale(count, profile, ramp_per_second)
        if wait:
            with out.status("scaling") as status:
                operation = wait_for(
                    client,
                    operation,
                    patience_seconds=patience,
                    show=lambda text: status.update(escape(text)),
                )
        out.print(f"{count:,} stations: {operation['state']}")


@app.command()
def status(url: Url = None) -> None:
    """Show the swarm and its workers."""
    with ControllerClient(url) as client:
        totals = client.totals()
        price = client.pricing()
        workers = client.workers()["workers"]
    out.print(status_line(totals))
    out.print(f"price {price['price']} {price['currency']}/kWh")
    table = Table("worker", "stations", "running", "host", box=None)
    for worker in workers:
        table.add_row(worker["worker_id"], str(worker["stations"]), str(worker["running"]), worker["host"])
    out.print(table)


@app.command()
def logs(
    station_id: Annotated[str, typer.Argument(help="For example CP-000001.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    calls: Annotated[
        bool, typer.Option("--calls", help="Show its OCPP calls and their answers too.")
    ] = False,
    url: Url = None,
) -> None:
    """Show a station's last log lines, newest last."""
    with ControllerClient(url) as client:
        shown = (client.follow if follow else client.log_lines)(station_id, calls=calls)
        for line in shown:
            typer.echo(line)


@app.command()
def audit(
    settled: Annotated[
        bool, typer.Option(help="Nothing may be open or on its way any more: for a swarm at 0 stations.")
    ] = False,
    wait_seconds: Annotated[
        float, typer.Option("--wait", min=0, help="Look again for so long before anything is called wrong.")
    ] = 5.0,
    run: Annotated[
        str | None, typer.Option(help="A past run, from the history: its transactions alone are compared.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
    url: Url = None,
) -> None:
    """Compare the central system's transactions with the stations' own ledgers; exit code 1 when they differ."""
    if run is not None:
        report = audit_past(past_transactions(url, run), settled=settled)
    else:
        with ControllerClient(url) as client:
            report = patient_audit(client, settled=settled, wait_seconds=wait_seconds)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        for line in describe(report):
            out.print(line, markup=False)
    if not report.passed:
        sys.exit(1)


app.command("history")(history_command)
app.command()(export)


def _exec(module: str, arguments: Sequence[str] = ()) -> NoReturn:
    os.execv(sys.executable, [sys.executable, "-m", f"evswarm_{module}", *arguments])  # noqa: S606 - our own interpreter


@app.command()
def csms() -> None:
    """Run one central system. Settings come from EVSWARM_… variables."""
    _exec("csms")


@app.command()
def worker() -> None:
    """Run one worker. Settings come from EVSWARM_… variables."""
    _exec("worker")


@app.command(
    add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True}
)
def station(context: typer.Context) -> None:
    """Run one station here, without a store: for a test of your central system. `--help` says how."""
    _exec("worker.alone", context.args)


@app.command()
def historian() -> None:
    """Run one historian. Settings come from EVSWARM_… variables."""
    _exec("historian")


@app.command()
def controller() -> None:
    """Run one controller. Settings come from EVSWARM_… variables."""
    _exec("controller")


@app.command()
def store(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = DEFAULT_PORT,
    data: Annotated[Path, typer.Option(help="Where to keep the data.")] = Path("evswarm-data"),
) -> None:
    """Run one embedded store, where there is no Redis."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"cannot write to {data} ({error.strerror}); choose another --data") from None
    require_free(host, port, "--port")
    command = store_command(host, port, data)
    os.execv(command[0], command)  # noqa: S606 - the binary of an installed package


@app.command()
def certificates(
    directory: Annotated[Path, typer.Argument(file_okay=False, help="Where to write the files.")],
    host: Annotated[
        list[str] | None,
        typer.Option(
            help="Name or address of the central system, repeatable; localhost and 127.0.0.1 without."
        ),
    ] = None,
    station: Annotated[
        list[str] | None, typer.Option(help="A station that gets a client certificate, repeatable.")
    ] = None,
    revoke: Annotated[
        list[str] | None,
        typer.Option(help="A station whose certificate in there is to be good no more, repeatable."),
    ] = None,
    organization: Annotated[str, typer.Option(help="Whose certificates they are (CpoName).")] = "evswarm",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long they are valid.")] = 365,
) -> None:
    """Make a test authority, server certificates and client certificates for TLS (security profiles 2 and 3)."""
    from evswarm_cli.certificates import CertificatePlan, make_certificates  # takes a moment to import

    plan = CertificatePlan(
        hosts=host or ["localhost", "127.0.0.1"],
        stations=station or [],
        organization=organization,
        days=days,
        revoke=revoke or [],
    )
    for path in make_certificates(directory, plan, datetime.datetime.now(datetime.UTC)):
        typer.echo(path)


def main() -> None:
    """Run the command; every expected failure is one sentence and an exit code."""
    try:
        app()
    except EvswarmError as error:
        err.print(f"evswarm: {error}", markup=False)
        sys.exit(2 if isinstance(error, UsageError | SettingsError) else 1)
    except OSError as error:  # what is printed cannot be written, for example to a disk that is full
        err.print(f"evswarm: {error}", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
