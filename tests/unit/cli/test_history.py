"""What `evswarm history` prints."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from evswarm_cli.controller_client import ControllerClient
from evswarm_cli.errors import ControllerError
from evswarm_cli.history import HistoryClient
from evswarm_cli.main import app

RUN = {
    "run_id": "a" * 60,
    "started_at": "2026-11-22T08:00:00.000Z",
    "updated_at": "2026-11-22T09:00:00.000Z",
    "seed": 2**63 - 1,
    "stations": 1_000_000,
}


def test_a_row_that_goes_into_a_pipe_is_one_line_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HistoryClient, "page", lambda *_: {"items": [RUN]})
    result = CliRunner().invoke(app, ["history", "runs"])
    titles, row = result.output.splitlines()
    assert titles.split() == list(RUN)
    assert row.split() == [str(value) for value in RUN.values()]


def test_an_export_that_breaks_off_is_said_to_be_incomplete(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class BreaksOff(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"id,at\r\n"
            raise httpx.RemoteProtocolError("peer closed connection")

    def init(client: ControllerClient, _: str | None = None) -> None:
        client.url = "http://controller.test"
        answer = httpx.MockTransport(lambda _: httpx.Response(200, stream=BreaksOff()))
        client._http = httpx.Client(base_url=client.url, transport=answer)

    monkeypatch.setattr(HistoryClient, "__init__", init)
    result = CliRunner().invoke(app, ["export", "logs", "-o", str(tmp_path / "logs.csv")])
    assert result.exit_code != 0
    assert isinstance(result.exception, ControllerError)
    assert "broke off (peer closed connection)" in str(result.exception)
    assert "not all" in str(result.exception)
