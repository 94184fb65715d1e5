"""Key pairs of stations and the requests to have them certified (RFC 2986; security whitepaper A02, §2.6.1).

Imports `cryptography`, which takes memory: import this module only when a key is to be made.
"""

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def key_and_request(common_name: str, organization: str) -> tuple[str, str]:
    """A new private key (P-256, PKCS #8) and a signing request with this subject, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        ]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private_key.decode(), request.public_bytes(serialization.Encoding.PEM).decode()
