"""What `evswarm history` prints."""

import pytest
from typer.testing import CliRunner

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
