"""A Postgres of the release that the compose file names, in a container, for a test session; a database for each test."""

import asyncio
import os
import time
import uuid
from collections.abc import Iterator

import asyncpg
import pytest

from tests.support.machine import has_container_engine, missing

IMAGE = "postgres:17"
USER = "evswarm"
START_SECONDS = 60


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server without a database's name; without a Docker engine the test is skipped, in CI it fails."""
    if not has_container_engine():
        missing("container engine")
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(IMAGE).with_exposed_ports(5432)
    for name, value in (("USER", USER), ("PASSWORD", USER), ("DB", USER)):
        container = container.with_env(f"POSTGRES_{name}", value)
    with container:
        url = f"postgresql://{USER}:{USER}@{container.get_container_host_ip()}:{container.get_exposed_port(5432)}"
        _wait_for(url)
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    asyncio.run(_execute(postgres_server, f"CREATE DATABASE {name}"))
    yield f"{postgres_server}/{name}"
    asyncio.run(_execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)"))


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            asyncio.run(_execute(url, "SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(f"{url}/{USER}", timeout=5)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
