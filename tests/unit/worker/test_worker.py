"""What a worker says about itself."""

import socket

import pytest

from evswarm_worker.worker import reachable


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
