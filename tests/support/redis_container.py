"""A Redis of the release that the compose file names, in a container, for a test session."""

import os
from collections.abc import Iterator

import pytest

IMAGE = "redis:8.0"


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis in a container; without a Docker engine the test is skipped, in CI it fails."""
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    import docker  # type: ignore[import-untyped]
    from docker.errors import DockerException  # type: ignore[import-untyped]
    from testcontainers.community.redis import RedisContainer

    try:
        engine = docker.from_env()
        engine.ping()
        engine.close()
    except (DockerException, OSError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no Docker engine answers: {error}")
    with RedisContainer(IMAGE, user="redis") as container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(container.port)}/0"
