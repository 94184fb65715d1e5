"""`evswarm certificates`: an authority, a server certificate and station certificates to try the security profiles with."""

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from evswarm_cli.errors import UsageError
from evswarm_cli.local_tls import AUTHORITY
from evswarm_shared import certificates
from evswarm_shared.certificates import CertificateFileError, Certified

TRUSTED: Final = "ca.pem"
SERVER: Final = "csms.pem"
SERVER_RSA: Final = "csms-rsa.pem"
STATIONS: Final = "stations"
REVOKED: Final = "revoked.pem"
AUTHORITY_DAYS: Final = 3650


@dataclass(frozen=True, slots=True)
class CertificatePlan:
    """What to make. The first host is the commonName of the server; station ids are those of the stations' certificates.

    Stations in `revoke` have a certificate in the directory that is good no more.
    """

    hosts: Sequence[str]
    stations: Sequence[str]
    organization: str
    days: int
    revoke: Sequence[str] = ()


def make_certificates(directory: Path, plan: CertificatePlan, now: datetime.datetime) -> list[Path]:
    """Write the files and return their paths.

    An authority that is in the directory already is used again, so that stations can be added later; everything
    else is made anew. Files with a key in them can be read by their owner only.

    Raises:
        UsageError: the directory cannot be written, the authority in it is not ours to use, a name cannot stand in a
            certificate, or there is no certificate to revoke.
    """
    try:
        (directory / STATIONS).mkdir(parents=True, exist_ok=True)
        authority = _authority(directory / AUTHORITY, plan, now)
        written = [
            _write(directory / TRUSTED, authority.certificate_pem(), secret=False),
            _write(directory / REVOKED, _revocations(directory, authority, plan, now), secret=False),
        ]
        for name, rsa_key in ((SERVER, False), (SERVER_RSA, True)):
            server = certificates.issue_server(
                authority, plan.hosts, plan.organization, now=now, days=plan.days, rsa_key=rsa_key
            )
            written.append(_write(directory / name, server.pem()))
        for station_id in plan.stations:
            station = certificates.issue_station(
                authority, station_id, plan.organization, now=now, days=plan.days
            )
            written.append(_write(_station(directory, station_id), station.pem()))
    except OSError as error:
        raise UsageError(f"cannot write to {directory}: {error.strerror}") from None
    except ValueError as error:  # too long, empty, or not in ASCII where it has to be
        raise UsageError(f"a name cannot stand in a certificate: {error}") from None
    return [directory / AUTHORITY, *written]


def _station(directory: Path, station_id: str) -> Path:
    return directory / STATIONS / f"{quote(station_id, safe='')}.pem"


def _revocations(
    directory: Path, authority: Certified, plan: CertificatePlan, now: datetime.datetime
) -> bytes:
    """The list of what was revoked before and of what is revoked now; it may be empty."""
    path = directory / REVOKED
    numbers: set[int] = set()
    try:
        if path.exists():
            numbers = certificates.revoked_numbers(path.read_bytes())
        for station_id in plan.revoke:
            path = _station(directory, station_id)
            numbers.add(certificates.read_certified(path.read_bytes()).certificate.serial_number)
    except FileNotFoundError:
        raise UsageError(f"there is no {path} to revoke") from None
    except CertificateFileError as error:
        raise UsageError(f"{path} cannot be used: {error}") from None
    return certificates.revocation_list(authority, numbers, now=now, days=plan.days)


def _authority(path: Path, plan: CertificatePlan, now: datetime.datetime) -> Certified:
    if not path.exists():
        authority = certificates.new_authority(
            f"{plan.organization} test authority", plan.organization, now=now, days=AUTHORITY_DAYS
        )
        _write(path, authority.pem())
        return authority
    try:
        authority = certificates.read_certified(path.read_bytes())
    except CertificateFileError as error:
        raise UsageError(f"{path} cannot be used ({error}); remove it or choose another directory") from None
    if authority.certificate.not_valid_after_utc <= now:
        raise UsageError(f"the authority in {path} has expired; remove it or choose another directory")
    return authority


def _write(path: Path, content: bytes, *, secret: bool = True) -> Path:
    path.unlink(missing_ok=True)  # so that the mode below holds for a file that was there as well
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return path
