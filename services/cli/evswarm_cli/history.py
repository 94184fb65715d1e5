"""`evswarm history` and `evswarm export`: what happened, from the historian by way of the controller."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any, Final

import httpx
import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from evswarm_cli.controller_client import ControllerClient
from evswarm_cli.errors import ControllerError, UsageError
from evswarm_cli.history_audit import PastTransaction
from evswarm_cli.options import Url

EXPORT_SECONDS: Final = 120.0
"""How long the controller may be silent during an export."""
PIPE_WIDTH: Final = 1000
"""Where there is no terminal a row is one line, however long: somebody takes it apart."""

out = Console(highlight=False)
_decode = msgspec.json.Decoder(PastTransaction).decode


class Topic(StrEnum):
    """What the history is about."""

    LOGS = "logs"
    MESSAGES = "messages"
    TRANSACTIONS = "transactions"
    EVENTS = "events"
    RUNS = "runs"


class ExportFormat(StrEnum):
    """The form of an export."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"


LINES: Final = {
    Topic.LOGS: ("at", "station_id", "level", "text"),
    Topic.MESSAGES: (
        "at",
        "station_id",
        "direction",
        "action",
        "outcome",
        "round_trip_ms",
        "error_code",
        "request",
        "response",
    ),
    Topic.EVENTS: ("at", "kind", "name", "station_id", "status", "detail"),
}
"""What is printed as lines, and what stands in them."""
SHOWN: Final = {
    Topic.TRANSACTIONS: (
        "station_id",
        "connector_id",
        "transaction_id",
        "started_at",
        "station_stopped_at",
        "energy_kwh",
        "earnings",
        "station_reason",
        "csms_meter_stop",
    ),
    Topic.RUNS: ("run_id", "started_at", "updated_at", "seed", "stations"),
}
"""The columns of the tables."""

TopicArgument = Annotated[Topic, typer.Argument(help="What to read.")]
Station = Annotated[str | None, typer.Option(help="Only of this station.")]
Since = Annotated[str | None, typer.Option(help="From this time on: RFC 3339 or unix seconds.")]
Until = Annotated[str | None, typer.Option(help="Before this time.")]
Run = Annotated[str | None, typer.Option(help="Only of this run.")]
Text = Annotated[str | None, typer.Option(help="Words that all stand in it.")]
Action = Annotated[str | None, typer.Option(help="An OCPP Action, or what was done.")]
Direction = Annotated[str | None, typer.Option(help="from_station or to_station.")]
Kind = Annotated[str | None, typer.Option(help="The kind of log line or event.")]
Status = Annotated[
    str | None, typer.Option(help="Outcome of a message, level of a line, state of a transaction.")
]
ShowTags = Annotated[bool, typer.Option("--tags", help="Show id tags as they are.")]


class HistoryClient(ControllerClient):
    """The controller's history routes."""

    def page(self, topic: Topic, parameters: dict[str, str]) -> dict[str, Any]:
        """GET /history/{topic}."""
        return self._json("GET", f"/history/{topic}?{httpx.QueryParams(parameters)}")

    @contextmanager
    def stream(self, topic: Topic, parameters: dict[str, str]) -> Iterator[Iterator[bytes]]:
        """GET /history/{topic} with a format: the bytes as they come.

        Raises:
            ControllerError: nothing answers, or it says why not; or the stream ends early.
        """
        with (
            self._plain_errors(),
            self._http.stream(
                "GET", f"/history/{topic}", params=parameters, timeout=EXPORT_SECONDS
            ) as response,
        ):
            if response.is_error:
                response.read()
                self._check(response)
            try:
                yield response.iter_raw()
            except httpx.HTTPError as error:
                raise ControllerError(
                    f"the history broke off ({error}): what has come of it so far is not all; ask again"
                ) from None


def past_transactions(url: str | None, run: str) -> Iterator[PastTransaction]:
    """The transactions of a run, from the history, one by one as they come.

    Raises:
        ControllerError: there is no history, or no such run in it.
    """
    with HistoryClient(url) as client:
        if not client.page(Topic.RUNS, {"run": run})["items"]:
            raise ControllerError(f"the history has no run {run}; 'evswarm history runs' lists those it has")
        with client.stream(Topic.TRANSACTIONS, {"run": run, "format": "jsonl"}) as parts:
            rest = b""
            for part in parts:
                *lines, rest = (rest + part).split(b"\n")
                yield from map(_decode, lines)


def history(
    topic: TopicArgument,
    station: Station = None,
    since: Since = None,
    until: Until = None,
    run: Run = None,
    text: Text = None,
    action: Action = None,
    direction: Direction = None,
    kind: Kind = None,
    status: Status = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest.")] = 20,
    tags: ShowTags = False,
    url: Url = None,
) -> None:
    """Show what happened, the newest last."""
    asked = _parameters(station, since, until, run, text, action, direction, kind, status, tags)
    with HistoryClient(url) as client:
        items = client.page(topic, asked | {"limit": str(limit)})["items"]
    items.reverse()
    if topic in LINES:
        for item in items:
            typer.echo("  ".join(_cell(item.get(name)) for name in LINES[topic]))
        return
    names = SHOWN[topic]
    table = Table(*(Column(name, overflow="fold") for name in names), box=None)
    for item in items:
        table.add_row(*(_cell(item.get(name)) for name in names))
    (out if out.is_terminal else Console(highlight=False, width=PIPE_WIDTH)).print(table)


def export(
    topic: TopicArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; by default standard output.")
    ] = None,
    form: Annotated[
        ExportFormat | None, typer.Option("--format", help="By default as the file's name says, else jsonl.")
    ] = None,
    station: Station = None,
    since: Since = None,
    until: Until = None,
    run: Run = None,
    text: Text = None,
    action: Action = None,
    direction: Direction = None,
    kind: Kind = None,
    status: Status = None,
    tags: ShowTags = False,
    url: Url = None,
) -> None:
    """Write everything that happened to a file, as it comes: memory does not grow with it."""
    wanted = form or _form_of(output)
    if output is None and wanted is ExportFormat.PARQUET and sys.stdout.isatty():
        raise UsageError("Parquet is not for a terminal: give --output FILE.parquet")
    asked = _parameters(station, since, until, run, text, action, direction, kind, status, tags)
    with HistoryClient(url) as client, client.stream(topic, asked | {"format": wanted.value}) as parts:
        if output is None:
            _copy(parts, sys.stdout.buffer)
            return
        try:
            with output.open("wb") as file:
                size = _copy(parts, file)
        except OSError as error:
            raise UsageError(f"cannot write {output}: {error.strerror}") from None
    out.print(f"{output}: {size:,} bytes")


def _copy(parts: Iterator[bytes], file: IO[bytes]) -> int:
    size = 0
    for part in parts:
        file.write(part)
        size += len(part)
    file.flush()
    return size


def _form_of(output: Path | None) -> ExportFormat:
    """The form that a file's name asks for.

    >>> _form_of(Path("a.CSV")).value, _form_of(None).value
    ('csv', 'jsonl')
    """
    suffix = "" if output is None else output.suffix.removeprefix(".").lower()
    return ExportFormat(suffix) if suffix in set(ExportFormat) else ExportFormat.JSONL


def _parameters(
    station: str | None,
    since: str | None,
    until: str | None,
    run: str | None,
    text: str | None,
    action: str | None,
    direction: str | None,
    kind: str | None,
    status: str | None,
    tags: bool,
) -> dict[str, str]:
    given = {
        "station": station,
        "since": since,
        "until": until,
        "run": run,
        "text": text,
        "action": action,
        "direction": direction,
        "kind": kind,
        "status": status,
        "tags": "full" if tags else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
