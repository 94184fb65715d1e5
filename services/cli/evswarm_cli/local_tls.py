"""TLS for a swarm on this machine: certificates of a test authority, made where there are none, and who is told of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

AUTHORITY: Final = "authority.pem"
DAYS: Final = 365


def ensure_certificates(directory: Path, host: str) -> None:
    """Make an authority and a server's certificate for `host` and this machine, unless the directory has them.

    Raises:
        UsageError: the directory cannot be written.
    """
    if (directory / AUTHORITY).exists():
        return
    from evswarm_cli.certificates import CertificatePlan, make_certificates  # takes a moment to import

    hosts = list(dict.fromkeys((host.strip("[]"), "localhost", "127.0.0.1")))
    make_certificates(directory, CertificatePlan(hosts, (), "evswarm", DAYS), datetime.now(UTC))


def tls_settings(directory: Path, authorities: Path | None) -> dict[str, object]:
    """The settings, without prefix, of a central system with these certificates and of stations that trust it.

    Stations trust `authorities` instead, where that is given.
    """
    pki = directory.resolve()
    return {
        "CSMS_TLS_CERT": pki / "csms.pem",
        "CSMS_TLS_CERT_RSA": pki / "csms-rsa.pem",
        "CSMS_TLS_CLIENT_CA": pki / "ca.pem",
        "CSMS_SIGNING_CA": pki / AUTHORITY,
        "CSMS_CA": authorities or pki / "ca.pem",
    }
