"""Where other machines find a process."""

import asyncio
import socket
from typing import Any

import pytest

from evswarm_shared.telemetry.own_addresses import own_addresses, reachable


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:9100/metrics", "http://127.0.0.1:9100/metrics"),
        ("http://localhost:9100/metrics", "http://localhost:9100/metrics"),
        ("http://0.0.0.0:9100/metrics", f"http://{socket.gethostname()}:9100/metrics"),
        ("http://[::]:9100/metrics", f"http://{socket.gethostname()}:9100/metrics"),
    ],
)
def test_a_server_on_every_address_is_told_by_the_hosts_name(url: str, told: str) -> None:
    assert reachable(url) == told


async def told(
    monkeypatch: pytest.MonkeyPatch, *addresses: str, error: OSError | None = None
) -> tuple[str, ...]:
    async def look(host: str, *_: object, **__: object) -> list[Any]:
        assert host == socket.gethostname()
        if error is not None:
            raise error
        return [(None, None, 0, "", (each, 0)) for each in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look)
    return await own_addresses()


async def test_the_addresses_of_every_network_are_told_once_and_loopback_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = ("172.18.0.5", "127.0.1.1", "::1", "172.19.0.7", "172.18.0.5", "fe80::1%eth0")
    assert await told(monkeypatch, *addresses) == ("172.18.0.5", "172.19.0.7", "fe80::1%eth0")


@pytest.mark.parametrize("error", [socket.gaierror("no such name"), TimeoutError()])
async def test_a_host_that_nobody_knows_has_none(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    assert await told(monkeypatch, error=error) == ()
