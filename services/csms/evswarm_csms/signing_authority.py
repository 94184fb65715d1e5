"""The certificate authority of this central system, which signs what stations ask for (security whitepaper A02, A03).

Only imported where one is configured, because of what `cryptography` takes in memory.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from evswarm_csms.errors import SigningAuthorityError
from evswarm_shared import certificates
from evswarm_shared.certificates import CertificateFileError, CertificateRequestError, Certified


class SigningAuthority:
    """Checks requests and signs them. `organization`: what they must name as owner (None: anything)."""

    def __init__(self, authority: Certified, *, days: int, organization: str | None) -> None:
        self._authority = authority
        self._days = days
        self._organization = organization

    @classmethod
    def load(cls, path: Path, *, days: int, organization: str | None) -> Self:
        """The authority in a PEM file with a certificate and its key.

        Raises:
            SigningAuthorityError: the file cannot be read or does not hold both.
        """
        try:
            return cls(certificates.read_certified(path.read_bytes()), days=days, organization=organization)
        except OSError as error:
            raise SigningAuthorityError(f"EVSWARM_CSMS_SIGNING_CA: {path}: {error.strerror}") from error
        except CertificateFileError as error:
            raise SigningAuthorityError(f"EVSWARM_CSMS_SIGNING_CA: {path}: {error}") from error

    def grant(self, csr: str, names: Collection[str], now: float) -> str | None:
        """Why a request (PEM) cannot be granted to a station with one of these names; None: it can be."""
        try:
            subject = certificates.read_request(csr).subject
        except CertificateRequestError as error:
            return str(error)
        name = certificates.common_name(subject)
        if name not in names:
            return f"the commonName {name!r} is not that of this station ({' or '.join(sorted(names))})"
        owner = certificates.organization_name(subject)
        if self._organization is not None and owner != self._organization:
            return f"the organizationName {owner!r} is not {self._organization!r}"
        if self._authority.certificate.not_valid_after_utc <= datetime.fromtimestamp(now, UTC):
            return "the certificate of the signing authority has expired"
        return None

    def sign(self, csr: str, now: float) -> str:
        """The chain for a request that was granted: its certificate, then the authority's (PEM).

        Raises:
            CertificateRequestError: it could not have been granted.
        """
        signed = certificates.sign_request(
            self._authority,
            certificates.read_request(csr),
            now=datetime.fromtimestamp(now, UTC),
            days=self._days,
        )
        return (
            Certified(signed, self._authority.key).certificate_pem() + self._authority.certificate_pem()
        ).decode()
