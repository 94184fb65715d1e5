"""How a station is delivered as to security: what its plan and the worker's settings say, as PEM texts."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from evswarm_shared.bus.messages import StationSpec
from evswarm_shared.settings import WorkerSettings
from evswarm_worker.errors import EndpointError
from evswarm_worker.station.config import StationSecurity
from evswarm_worker.station.security import BASIC, MUTUAL_TLS, TLS

STATION_ID: Final = "{station_id}"
"""Stands in EVSWARM_CLIENT_CERT for the identity of each station (A00.FR.427: every station has its own)."""

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PRIVATE_KEY = re.compile(r"-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----.+?-----END \1-----", re.DOTALL)


def delivered_security(
    settings: WorkerSettings, spec: StationSpec | None, station_id: str
) -> StationSecurity | None:
    """What the station's plan says, else what the settings say; None when neither says anything.

    Raises:
        EndpointError: a certificate cannot be read.
    """
    url = settings.csms_url
    key, certificate = settings.csms_auth_key or "", ""
    roots: tuple[str, ...] = ()
    profile: int | None = None
    if spec is not None:
        url = spec.csms_url or url
        key = key if spec.authorization_key is None else spec.authorization_key
        profile = spec.security_profile
        if spec.root_certificates is not None:
            roots = _certificates(spec.root_certificates, "root_certificates")
        certificate = spec.client_certificate or ""
    if not roots and settings.csms_ca is not None:
        roots = _authorities(settings.csms_ca)
    if not certificate and settings.client_cert is not None:
        certificate = _read(Path(str(settings.client_cert).replace(STATION_ID, station_id)))
    if profile is None:
        profile = implied_profile(url, key, certificate)
    if not (profile or key or roots or certificate):
        return None
    if not certificate:
        return StationSecurity(profile, key, roots)
    chain, private_key, valid_until = _key_pair(certificate)
    return StationSecurity(profile, key, roots, chain, private_key, valid_until)


def require_usable_files(settings: WorkerSettings) -> None:
    """Look into the files that every station is given, so that a worker does not begin with one that none could use.

    Raises:
        EndpointError: one cannot be read, or does not hold what it should.
    """
    if settings.csms_ca is not None:
        _authorities(settings.csms_ca)
    if settings.client_cert is not None and STATION_ID not in str(settings.client_cert):
        _key_pair(_read(settings.client_cert))
    if settings.firmware_crl is not None:
        revocations(settings.firmware_crl)


def revocations(path: Path) -> str:
    """The revocation lists of a file, in PEM; read again when the file has changed.

    Raises:
        EndpointError: it cannot be read, or there is none in it.
    """
    return _revocations(_read(path), path)


def implied_profile(url: str, authorization_key: str, certificate: str) -> int:
    """The security profile that these settings amount to."""
    if not url.startswith("wss:"):
        return BASIC if authorization_key else 0
    if certificate:
        return MUTUAL_TLS
    return TLS if authorization_key else 0


def secure_url(url: str, tls_url: str | None) -> str:
    """Where a station connects from security profile 2 on."""
    if url.startswith("wss:"):
        return url
    return tls_url or f"wss:{url.removeprefix('ws:')}"


@lru_cache(maxsize=16)
def _read_once(path: Path, changed: int) -> str:
    return path.read_text()


def _read(path: Path) -> str:
    try:
        return _read_once(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise EndpointError(f"cannot read {path}: {error}") from None


def _authorities(path: Path) -> tuple[str, ...]:
    return _certificates(_read(path), f"EVSWARM_CSMS_CA={path}")


@lru_cache(maxsize=4)
def _revocations(text: str, path: Path) -> str:
    from evswarm_worker.station.certificates import CertificateFaultError, revocation_lists

    try:
        found = revocation_lists(text)
    except CertificateFaultError as error:
        raise EndpointError(f"EVSWARM_FIRMWARE_CRL: {path}: {error}") from None
    if not found:
        raise EndpointError(f"EVSWARM_FIRMWARE_CRL: there is no revocation list in PEM in {path}")
    return text


@lru_cache(maxsize=16)
def _certificates(text: str, where: str) -> tuple[str, ...]:
    found = tuple(match.group() + "\n" for match in _CERTIFICATE.finditer(text))
    if not found:
        raise EndpointError(f"{where}: there is no certificate in PEM in it")
    return found


@lru_cache(maxsize=16)
def _key_pair(text: str) -> tuple[str, str, float]:
    """Certificate chain, private key, and until when the first certificate is valid."""
    from evswarm_worker.station.certificates import CertificateFaultError, validity

    key = _PRIVATE_KEY.search(text)
    if key is None:
        raise EndpointError("the client certificate comes without its private key: both belong into one file")
    chain = "".join(_certificates(text, "client certificate"))
    try:
        return chain, key.group() + "\n", validity(chain)[1]
    except CertificateFaultError as error:
        raise EndpointError(f"the client certificate cannot be used: {error}") from None
