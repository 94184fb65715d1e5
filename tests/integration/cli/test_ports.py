"""Ports and addresses are judged before anything is started."""

import socket
from pathlib import Path

import pytest

from evswarm_cli.errors import StartError, UsageError
from evswarm_cli.ports import free_port, reachable, require_free, require_reachable

SCHEMES = {"ws": 80, "wss": 443}


def test_a_wildcard_listener_is_reached_by_loopback() -> None:
    assert reachable("0.0.0.0") == "127.0.0.1"
    assert reachable("::") == "[::1]"
    assert reachable("192.0.2.7") == "192.0.2.7"


def test_a_free_port_is_one_that_no_outgoing_connection_can_take() -> None:
    first_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(1024 < free_port() < first_of_clients for _ in range(50))


@pytest.mark.parametrize("url", ["http://example.org", "ws://", "example.org:9000", "ws://host:99999"])
def test_a_url_that_is_no_websocket_is_a_usage_error_that_names_the_option(url: str) -> None:
    with pytest.raises(UsageError, match="--csms-url"):
        require_reachable(url, SCHEMES, "--csms-url")


def test_a_taken_port_is_named_with_the_option_that_changes_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=rf"127\.0\.0\.1:{port}.*--port"):
            require_free("127.0.0.1", port, "--port")


def test_an_address_where_nobody_listens_is_named() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(StartError, match=rf"nothing answers at 127\.0\.0\.1:{port}"):
            require_reachable(f"ws://127.0.0.1:{port}", SCHEMES, "--csms-url")
