"""Why TLS handshakes fail: both sides in memory, every byte that one writes read by the other."""

import datetime
import ssl
import warnings
from pathlib import Path

import pytest

from evswarm_shared import certificates
from evswarm_shared.telemetry.counts import ConnectResult
from evswarm_shared.telemetry.tls_failures import Handshake, HandshakeError, watched

OLD_CIPHERS = "AES128-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority and a server's certificate with its key."""
    folder = tmp_path_factory.mktemp("tls")
    now = datetime.datetime.now(datetime.UTC)
    authority = certificates.new_authority("authority", "evswarm", now=now, days=2)
    server = certificates.issue_server(authority, ["localhost"], "evswarm", now=now, days=1)
    (folder / "ca.pem").write_bytes(authority.certificate_pem())
    (folder / "server.pem").write_bytes(server.pem())
    return folder


def client(files: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if files is None else str(files / "ca.pem"))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslobject_class = Handshake
    return context


def server(files: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "server.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def shake(ours: ssl.SSLContext, theirs: ssl.SSLContext) -> tuple[ConnectResult | None, list[ConnectResult]]:
    """How the handshake ended for the client, and what the server heard of."""
    heard: list[ConnectResult] = []
    theirs.sslobject_class = watched(lambda error: heard.append(error.result))
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        ours.wrap_bio(down, up, server_hostname="localhost"),
        theirs.wrap_bio(up, down, server_side=True),
    ]
    result: ConnectResult | None = None
    for _ in range(4):
        for side in list(sides):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except HandshakeError as error:
                sides.remove(side)
                if not side.server_side:
                    result = error.result
    return result, heard


def test_a_handshake_that_succeeds_is_told_to_nobody(files: Path) -> None:
    assert shake(client(files), server(files)) == (None, [])


def test_a_server_of_old_versions_only_is_told_apart(files: Path) -> None:
    old = server(files)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert shake(client(files), old) == (ConnectResult.TLS_VERSION, [ConnectResult.TLS_VERSION])


def test_a_server_of_weak_cipher_suites_only_is_told_apart(files: Path) -> None:
    weak = server(files)
    weak.set_ciphers(OLD_CIPHERS)
    ours = client(files)
    ours.set_ciphers("ECDHE+AESGCM")
    assert shake(ours, weak) == (ConnectResult.TLS_CIPHER_SUITE, [ConnectResult.TLS_CIPHER_SUITE])


def test_a_missing_client_certificate_is_no_matter_of_cipher_suites(files: Path) -> None:
    mutual = server(files)
    mutual.load_verify_locations(files / "ca.pem")
    mutual.verify_mode = ssl.CERT_REQUIRED
    assert shake(client(files), mutual) == (ConnectResult.TLS, [ConnectResult.TLS])


def test_an_unknown_authority_is_distrust_and_to_the_server_a_refusal(files: Path) -> None:
    assert shake(client(None), server(files)) == (ConnectResult.UNTRUSTED, [ConnectResult.TLS])
