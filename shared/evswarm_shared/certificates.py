"""X.509 for the security profiles with TLS: a small authority, the certificates it issues, and requests it signs.

What these certificates look like is in the security whitepaper §2.6. Keys are elliptic (P-256) unless RSA is asked for. Nothing
here reads files or the clock. Import this only where certificates are used: `cryptography` takes some memory.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evswarm_shared.errors import LocalError, RemoteError

RSA_BITS: Final = 2048
"""The least the whitepaper allows for RSA (A00.FR.502); it allows 224 for elliptic curves (A00.FR.503)."""
LEAST_CURVE_BITS: Final = 224
CLOCK_SKEW: Final = datetime.timedelta(minutes=5)
"""Certificates are valid from a little before they are made: the clocks of stations are not exact."""

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class CertificateFileError(LocalError):
    """A file does not hold the certificate and key that it should; the message says what is missing."""


class CertificateRequestError(RemoteError):
    """A certificate signing request cannot be granted; the message says why."""


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    def certificate_pem(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def pem(self) -> bytes:
        """The certificate and then its key, not encrypted: keep it secret."""
        return self.certificate_pem() + self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def new_authority(name: str, organization: str, *, now: datetime.datetime, days: int) -> Certified:
    """A root authority that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name, organization)
    builder = _builder(subject, subject, key.public_key(), now, now + datetime.timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return Certified(builder.sign(key, hashes.SHA256()), key)


def issue_server(
    authority: Certified,
    hosts: Sequence[str],
    organization: str,
    *,
    now: datetime.datetime,
    days: int,
    rsa_key: bool = False,
) -> Certified:
    """A certificate for the central system under these host names and addresses; the first is its commonName.

    A server that offers both an elliptic and an RSA certificate serves every station (A00.FR.317).
    """
    key = _new_key(rsa_key)
    builder = _leaf(authority, _subject(hosts[0], organization), key.public_key(), now, days)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False
    )
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return Certified(builder.sign(authority.key, hashes.SHA256()), key)


def issue_station(
    authority: Certified,
    serial_number: str,
    organization: str,
    *,
    now: datetime.datetime,
    days: int,
    rsa_key: bool = False,
) -> Certified:
    """A client certificate for a station; `serial_number` is its commonName (A00.FR.511)."""
    key = _new_key(rsa_key)
    subject = _subject(serial_number, organization)
    return Certified(_client(authority, subject, key.public_key(), now, days), key)


def sign_request(
    authority: Certified, request: x509.CertificateSigningRequest, *, now: datetime.datetime, days: int
) -> x509.Certificate:
    """The client certificate that a checked request asks for, with the subject of the request.

    It ends no later than the authority does.

    Raises:
        CertificateRequestError: the key is of a kind that no station uses, or the authority is over.
    """
    key = request.public_key()
    if not isinstance(key, PublicKey):
        raise CertificateRequestError("the key must be RSA or elliptic")
    if authority.certificate.not_valid_after_utc <= now:
        raise CertificateRequestError("the certificate of the signing authority has expired")
    return _client(authority, request.subject, key, now, days)


def revocation_list(
    authority: Certified, serial_numbers: Iterable[int], *, now: datetime.datetime, days: int
) -> bytes:
    """The list of what the authority has taken back, in PEM; good until `days` from now."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - CLOCK_SKEW)
        .next_update(now + datetime.timedelta(days=days))
    )
    for number in sorted(serial_numbers):
        revoked = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now)
        builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def revoked_numbers(pem: bytes) -> set[int]:
    """The serial numbers in a revocation list.

    Raises:
        CertificateFileError: it is none.
    """
    try:
        return {revoked.serial_number for revoked in x509.load_pem_x509_crl(pem)}
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateFileError("this is no revocation list in PEM") from error


def read_request(pem: str) -> x509.CertificateSigningRequest:
    """A station's request, whose signature and key are as the whitepaper wants them.

    Raises:
        CertificateRequestError: it is no request, its signature does not hold, or its key is too weak.
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        signed = request.is_signature_valid
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise CertificateRequestError("this is no certificate signing request in PEM") from error
    if not signed:
        raise CertificateRequestError("the request is not signed with the key in it")
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= LEAST_CURVE_BITS
    )
    if not strong:
        raise CertificateRequestError(
            f"the key must be RSA of {RSA_BITS} bits or elliptic of {LEAST_CURVE_BITS} bits at least"
        )
    return request


def common_name(subject: x509.Name) -> str:
    """The commonName of a subject; empty without one."""
    return _attribute(subject, NameOID.COMMON_NAME)


def organization_name(subject: x509.Name) -> str:
    """The organizationName of a subject; empty without one."""
    return _attribute(subject, NameOID.ORGANIZATION_NAME)


def holds_certificates(pem: bytes) -> bool:
    """Whether a PEM text has a certificate in it, and none that cannot be read."""
    try:
        return bool(x509.load_pem_x509_certificates(pem))
    except ValueError:
        return False


def read_certified(pem: bytes) -> Certified:
    """The certificate and key in one PEM text.

    Raises:
        CertificateFileError: one of them is missing or they do not belong together.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateFileError(
            f"a certificate and its unencrypted private key are needed, both in PEM: {error}"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise CertificateFileError("the private key must be elliptic or RSA")
    if key.public_key() != certificate.public_key():
        raise CertificateFileError("the private key is not that of the certificate")
    return Certified(certificate, key)


def _attribute(subject: x509.Name, oid: x509.ObjectIdentifier) -> str:
    found = subject.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _new_key(rsa_key: bool) -> PrivateKey:
    if rsa_key:
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def _subject(name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: PublicKey,
    now: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _leaf(
    authority: Certified,
    subject: x509.Name,
    key: PublicKey,
    now: datetime.datetime,
    days: int,
) -> x509.CertificateBuilder:
    issuer = authority.certificate
    end = min(now + datetime.timedelta(days=days), issuer.not_valid_after_utc)
    is_rsa = isinstance(key, rsa.RSAPublicKey)  # the key exchange of TLS_RSA_… encrypts with it
    return (
        _builder(subject, issuer.subject, key, now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, key_encipherment=is_rsa), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
    )


def _client(
    authority: Certified,
    subject: x509.Name,
    key: PublicKey,
    now: datetime.datetime,
    days: int,
) -> x509.Certificate:
    builder = _leaf(authority, subject, key, now, days).add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
    )
    return builder.sign(authority.key, hashes.SHA256())


def _usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
