"""grafana/dashboards/*.json: one module a dashboard, `spec` for what they are made of, `rendering` for the JSON."""

from typing import Final

from tools.generate.dashboards.charging import CHARGING
from tools.generate.dashboards.controller import CONTROLLER
from tools.generate.dashboards.history import HISTORY
from tools.generate.dashboards.overview import OVERVIEW
from tools.generate.dashboards.protocol import PROTOCOL
from tools.generate.dashboards.rendering import render
from tools.generate.dashboards.spec import Board
from tools.generate.dashboards.workers import RUNTIME

BOARDS: Final[tuple[Board, ...]] = (OVERVIEW, PROTOCOL, CHARGING, RUNTIME, CONTROLLER, HISTORY)
"""Every dashboard, the one to begin with first."""

FILE_NAMES: Final = {"overview": "swarm-overview", "protocol": "ocpp-protocol"}
"""Names of files that differ from the slug; the compose file names the first as Grafana's home."""


def files() -> dict[str, str]:
    """The dashboards, one file each."""
    return {
        f"grafana/dashboards/{FILE_NAMES.get(board.slug, board.slug)}.json": render(board) for board in BOARDS
    }
