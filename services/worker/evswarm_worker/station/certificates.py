"""Looking into X.509 certificates: validity, chains, hash data, signatures (security whitepaper §2.6).

Imports `cryptography`, which takes memory: import this module only inside a function that was handed a certificate.
Certificates are PEM texts; `now` is real unix seconds.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import NameOID
from ocpp.v16.enums import HashAlgorithm

from evswarm_shared.errors import RemoteError
from evswarm_shared.ocpp16.datatypes import CertificateHashData

LEAST_RSA_BITS: Final = 2048
LEAST_CURVE_BITS: Final = 224
CHAIN_LIMIT: Final = 8
"""Certificates in a chain; more are nobody's hierarchy."""

_REVOCATIONS: Final = re.compile(r"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)

_HASHES: Final = {
    HashAlgorithm.sha256: hashlib.sha256,
    HashAlgorithm.sha384: hashlib.sha384,
    HashAlgorithm.sha512: hashlib.sha512,
}


class CertificateFaultError(RemoteError):
    """A certificate is not what it should be; the text says why."""


class CertificateRevokedError(CertificateFaultError):
    """A certificate was taken back before it ended."""


def check_root(pem: str, known: Sequence[str], now: float) -> None:
    """A certificate that others are to be verified by: an authority, signed by itself or by one of `known`.

    Raises:
        CertificateFaultError: it is not.
    """
    certificate = _one(pem)
    _check_validity(certificate, now)
    _check_key(certificate)
    _check_authority(certificate)
    if _issuer_among(certificate, [certificate, *map(_one, known)]) is None:
        raise CertificateFaultError("neither a root nor signed by an installed one")


def signed_by(pem: str, issuer: str) -> bool:
    """Whether `issuer` signed the certificate."""
    return _signed_by(_one(pem), _one(issuer))


def vouches(pem: str, chain: Sequence[bytes]) -> bool:
    """Whether a root is in a chain (DER, leaf first), or signed the last certificate of it."""
    root = _one(pem)
    last = x509.load_der_x509_certificate(chain[-1])
    return root.public_bytes(serialization.Encoding.DER) in chain or _signed_by(last, root)


def is_valid(pem: str, now: float) -> bool:
    """Whether the first certificate of `pem` can be read and is valid at this time."""
    try:
        _check_validity(_all(pem)[0], now)
    except CertificateFaultError:
        return False
    return True


def validity(pem: str) -> tuple[float, float]:
    """From when until when the first certificate of `pem` is valid.

    Raises:
        CertificateFaultError: there is none.
    """
    certificate = _all(pem)[0]
    return certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()


def hash_data(pem: str, known: Sequence[str], algorithm: HashAlgorithm) -> CertificateHashData:
    """What names a certificate; `known` are certificates its issuer may be among."""
    certificate = _one(pem)
    issuer = _issuer_among(certificate, [certificate, *map(_one, known)]) or certificate
    digest = _HASHES[algorithm]
    return CertificateHashData(
        hash_algorithm=algorithm,
        issuer_name_hash=digest(certificate.issuer.public_bytes()).hexdigest(),
        issuer_key_hash=digest(_key_bits(issuer)).hexdigest(),
        serial_number=f"{certificate.serial_number:x}",
    )


def same_certificate(ours: CertificateHashData, theirs: CertificateHashData) -> bool:
    """Whether two names, of the same algorithm, name one certificate; hexadecimal digits have no case."""
    return (
        ours.issuer_name_hash.lower() == theirs.issuer_name_hash.lower()
        and ours.issuer_key_hash.lower() == theirs.issuer_key_hash.lower()
        and ours.serial_number.lower() == (theirs.serial_number.lower().lstrip("0") or "0")
    )


def check_station_certificate(
    chain: str, private_key: str, roots: Sequence[str], *, common_name: str, organization: str, now: float
) -> tuple[float, float]:
    """A chain that came for `private_key`: ours, well made, and of the operator's hierarchy (A02.FR.06).

    A validity that begins later is no fault. Returns from when until when it is valid.

    Raises:
        CertificateFaultError: it cannot be used.
    """
    certificates = _all(chain)
    leaf = certificates[0]
    key = serialization.load_pem_private_key(private_key.encode(), None)
    if _public_bytes(leaf.public_key()) != _public_bytes(key.public_key()):
        raise CertificateFaultError("not for the key that was requested")
    if leaf.not_valid_after_utc.timestamp() <= now:
        raise CertificateFaultError("expired")
    _check_key(leaf)
    if common_name not in _values(leaf, NameOID.COMMON_NAME):
        raise CertificateFaultError(f"its commonName is not {common_name}")
    if organization not in _values(leaf, NameOID.ORGANIZATION_NAME):
        raise CertificateFaultError(f"its organizationName is not {organization}")
    anchors = [_one(root) for root in roots]
    current = leaf
    for _ in range(CHAIN_LIMIT):
        anchor = _issuer_among(current, anchors)
        if anchor is not None:
            _check_validity(anchor, now)
            return leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
        above = _issuer_among(current, [one for one in certificates[1:] if one != current])
        if above is None:
            break
        _check_validity(above, now)
        _check_authority(above)
        current = above
    raise CertificateFaultError("not of the hierarchy of an installed root certificate")


def check_signing_certificate(pem: str, roots: Sequence[str], now: float, revocations: str = "") -> None:
    """The certificate that firmware was signed with, directly below a manufacturer's root (L01).

    `revocations` are the known revocation lists, PEM one after another; those that its root signed count, however old.

    Raises:
        CertificateRevokedError: its root has taken it back (L01.FR.25).
        CertificateFaultError: it cannot be trusted.
    """
    certificate = _one(pem)
    _check_validity(certificate, now)
    _check_key(certificate)
    root = _issuer_among(certificate, [_one(root) for root in roots])
    if root is None:
        raise CertificateFaultError("not signed by an installed manufacturer root certificate")
    _check_validity(root, now)
    if any(_takes_back(one, root, certificate) for one in revocation_lists(revocations)):
        raise CertificateRevokedError("revoked")


def revocation_lists(pem: str) -> list[x509.CertificateRevocationList]:
    """The revocation lists in a text.

    Raises:
        CertificateFaultError: one cannot be read.
    """
    try:
        return [x509.load_pem_x509_crl(match.group().encode()) for match in _REVOCATIONS.finditer(pem)]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateFaultError("a revocation list cannot be read") from error


def _takes_back(
    revocations: x509.CertificateRevocationList, issuer: x509.Certificate, certificate: x509.Certificate
) -> bool:
    key = issuer.public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey), "it has signed the certificate"
    return (
        revocations.issuer == issuer.subject
        and revocations.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
        and revocations.is_signature_valid(key)
    )


def signature_holds(pem: str, signature: str, sha256: bytes) -> bool:
    """Whether `signature` (Base64) over a file with this SHA-256 was made with the certificate's key (L01.FR.04).

    RSA-PSS of any salt length, or ECDSA.
    """
    try:
        raw = base64.b64decode("".join(signature.split()), validate=True)
        key = _one(pem).public_key()
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
            key.verify(raw, sha256, pss, Prehashed(hashes.SHA256()))
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, sha256, ec.ECDSA(Prehashed(hashes.SHA256())))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, CertificateFaultError, binascii.Error, ValueError):
        return False
    return True


def _all(pem: str) -> list[x509.Certificate]:
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateFaultError("no certificate in PEM") from error
    if len(certificates) > CHAIN_LIMIT:
        raise CertificateFaultError(f"more than {CHAIN_LIMIT} certificates")
    return certificates


def _one(pem: str) -> x509.Certificate:
    certificates = _all(pem)
    if len(certificates) != 1:
        raise CertificateFaultError("more than one certificate")
    return certificates[0]


def _check_validity(certificate: x509.Certificate, now: float) -> None:
    at = datetime.fromtimestamp(now, UTC)
    if certificate.not_valid_after_utc <= at:
        raise CertificateFaultError("expired")
    if certificate.not_valid_before_utc > at:
        raise CertificateFaultError("not valid yet")


def _check_key(certificate: x509.Certificate) -> None:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateFaultError("a key of an unknown kind") from error
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= LEAST_CURVE_BITS
    )
    if not strong:
        raise CertificateFaultError("its key is too weak (A00.FR.501)")


def _check_authority(certificate: x509.Certificate) -> None:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        raise CertificateFaultError("not of a certificate authority") from None
    if not constraints.ca:
        raise CertificateFaultError("not of a certificate authority")


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _issuer_among(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    return next((candidate for candidate in candidates if _signed_by(certificate, candidate)), None)


def _values(certificate: x509.Certificate, kind: x509.ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(kind)]


def _public_bytes(key: object) -> bytes:
    return key.public_bytes(  # type: ignore[attr-defined, no-any-return]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The public key as RFC 6960 hashes it: the bit string without its tag, length and unused bits."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    raise CertificateFaultError("a key of an unknown kind")
