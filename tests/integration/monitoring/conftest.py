"""Where Prometheus comes from."""

import pytest

from tests.support.machine import missing
from tools.panel_check.prometheus_server import NoPrometheusError, binary


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of promtool; skips without one."""
    return _found("promtool")


@pytest.fixture(scope="session")
def prometheus_binary() -> str:
    """The path of Prometheus; skips without one."""
    return _found("prometheus")


def _found(name: str) -> str:
    try:
        return binary(name)
    except NoPrometheusError as error:
        missing(f"{name} ({error})")
        raise
