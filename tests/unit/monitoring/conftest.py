"""The files of the monitoring, read once."""

import warnings
from typing import Any

import pytest

with warnings.catch_warnings():
    # The SDK recommends a newer schema while it is imported; ours is the one that every Grafana since 8 reads.
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    import tools.generate.dashboards  # noqa: F401

from tests.unit.monitoring.files import Rule, read_rules
from tools.panel_check.queries import read_dashboards


@pytest.fixture(scope="session")
def boards() -> dict[str, dict[str, Any]]:
    return read_dashboards()


@pytest.fixture(scope="session")
def rules() -> list[Rule]:
    return read_rules()
