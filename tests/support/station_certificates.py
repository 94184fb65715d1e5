"""Certificates for stations in tests: an operator's authority, a manufacturer's, and what they sign."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from evswarm_shared.certificates import Certified, issue_station, new_authority, read_request, sign_request

DAYS = 365


def authority(now: float, name: str = "Test CPO", *, days: int = DAYS) -> Certified:
    """A root."""
    return new_authority(name, "evswarm", now=datetime.fromtimestamp(now, UTC), days=days)


def station_pem(root: Certified, station_id: str, now: float, *, days: int = DAYS) -> str:
    """A station's certificate and key in one text."""
    return (
        issue_station(root, station_id, "evswarm", now=datetime.fromtimestamp(now, UTC), days=days)
        .pem()
        .decode()
    )


def granted(root: Certified, request: str, now: float, *, days: int = DAYS) -> str:
    """The certificate that a request asks for, and its issuer, leaf first."""
    at = datetime.fromtimestamp(now, UTC)
    return pem(sign_request(root, read_request(request), now=at, days=days)) + pem(root.certificate)


def pem(certificate: x509.Certificate) -> str:
    """As text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def successor(old: Certified, name: str, now: float) -> Certified:
    """A new root that the old one has signed."""
    at = datetime.fromtimestamp(now, UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    fresh = new_authority(name, "evswarm", now=at, days=DAYS).certificate.subject
    certificate = (
        x509.CertificateBuilder()
        .subject_name(fresh)
        .issuer_name(old.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(old.key, hashes.SHA256())
    )
    return Certified(certificate, key)


def signature(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, data: bytes) -> str:
    """A firmware signature in Base64, as the whitepaper wants it."""
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
        raw = key.sign(data, pss, hashes.SHA256())
    else:
        raw = key.sign(data, ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(raw).decode()
