"""Ports and addresses, looked at before anything is started, so that trouble has a name."""

import secrets
import socket
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from evswarm_cli.errors import StartError, UsageError

LISTENERS: Final = range(16_384, 32_768)
"""Below the ports that Linux gives to outgoing connections (ip(7), ip_local_port_range): a service that restarts
finds its port free, not held by a client's connection, and no client that knocks meanwhile connects to itself."""


def reachable(host: str) -> str:
    """How a URL names a listener on `host`: a wildcard is reached by loopback, IPv6 stands in brackets."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{host}]" if ":" in host else host


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody uses at this moment, in `LISTENERS`.

    Raises:
        StartError: a hundred ports tried by chance are all in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(100):
        port = secrets.choice(LISTENERS)
        with socket.socket(family) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise StartError(f"no free port on {host} between {LISTENERS.start} and {LISTENERS.stop - 1}")


def require_free(host: str, port: int, option: str) -> None:
    """Make sure that we can listen there.

    Raises:
        StartError: somebody else does, or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StartError(
                f"cannot listen on {host}:{port} ({error.strerror}); choose another with {option}"
            ) from None


def require_reachable(url: str, schemes: dict[str, int], option: str, timeout: float = 5.0) -> None:
    """Make sure that something listens where `url` points; `schemes` maps each allowed scheme to its default port.

    Raises:
        UsageError: the URL is not one of these schemes, or names no host.
        StartError: nothing answers there.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{option} {url}: {error}") from None
    if parts.scheme not in schemes or not parts.hostname:
        raise UsageError(f"{option} {url}: expected {' or '.join(f'{s}://host:port' for s in schemes)}")
    port = port or schemes[parts.scheme]
    try:
        socket.create_connection((parts.hostname, port), timeout=timeout).close()
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise StartError(f"nothing answers at {parts.hostname}:{port} ({reason}); check {option}") from None


def require_trusted(
    url: str, authorities: Path | None, certificate: Path | None, timeout: float = 5.0
) -> None:
    """Make sure that TLS to a wss URL comes about with these files (PEM); other URLs need none.

    Raises:
        UsageError: a file does not hold what it should.
        StartError: the server is not trusted, or does not speak TLS.
    """
    parts = urlsplit(url)
    if parts.scheme != "wss" or parts.hostname is None:
        return
    try:
        context = ssl.create_default_context(cafile=authorities)
        if certificate is not None:
            context.load_cert_chain(certificate)
    except (ssl.SSLError, OSError) as error:
        raise UsageError(f"--csms-ca or --client-cert cannot be used: {error}") from None
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 443), timeout=timeout) as connection,
            context.wrap_socket(connection, server_hostname=parts.hostname),
        ):
            pass
    except ssl.SSLCertVerificationError as error:
        raise StartError(
            f"the server at {parts.netloc} is not trusted ({error.verify_message}); check --csms-ca and the host name"
        ) from None
    except OSError as error:
        raise StartError(
            f"no TLS with {parts.netloc} ({error.strerror or error}); check --csms-url"
        ) from None
