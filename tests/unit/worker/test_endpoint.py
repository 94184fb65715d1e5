"""Where the central system is."""

from pathlib import Path

import pytest

from evswarm_worker.endpoint import Endpoint, tls_context
from evswarm_worker.errors import EndpointError


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("ws://csms:9000", "csms", 9000, "/CP%201"),
        ("ws://csms/", "csms", 80, "/CP%201"),
        ("wss://csms/ocpp/1.6/", "csms", 443, "/ocpp/1.6/CP%201"),
        ("ws://[::1]:9000/x", "::1", 9000, "/x/CP%201"),
    ],
)
def test_the_station_id_is_the_last_segment_of_the_url(url: str, host: str, port: int, path: str) -> None:
    endpoint = Endpoint(url)
    assert (endpoint.host, endpoint.port, endpoint.path("CP 1")) == (host, port, path)
    assert (endpoint.context is not None) is url.startswith("wss")


@pytest.mark.parametrize(
    "url", ["http://csms", "csms:9000", "ws://", "ws://csms:99999", "ws://csms:x", "ws://[::1", "ws://[x]"]
)
def test_what_is_no_websocket_url_is_refused(url: str) -> None:
    with pytest.raises(EndpointError):
        Endpoint(url)


def test_a_missing_certificate_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match=r"nowhere\.pem"):
        tls_context(tmp_path / "nowhere.pem", None)
    with pytest.raises(EndpointError, match="EVSWARM_CLIENT_CERT"):
        tls_context(None, tmp_path / "nowhere.pem")


def test_verification_of_the_server_is_on() -> None:
    import ssl

    context = tls_context(None, None)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


async def test_each_call_begins_with_the_next_address(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = Endpoint("ws://csms:9000")

    async def resolve() -> list[str]:
        return ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]

    monkeypatch.setattr(endpoint, "_resolve", resolve)
    starts = [(await endpoint.addresses())[0] for _ in range(5)]
    assert starts == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.1"]
    assert len(await endpoint.addresses()) == 3


async def test_an_address_is_not_looked_up() -> None:
    assert await Endpoint("ws://127.0.0.2:9000").addresses() == ["127.0.0.2"]


@pytest.mark.parametrize("host", ["a\x85b", "a..b", "x" * 64])
async def test_a_name_that_cannot_be_one_is_not_resolved_and_breaks_nothing(host: str) -> None:
    with pytest.raises(OSError, match="host"):
        await Endpoint(f"ws://{host}:9000").addresses()
