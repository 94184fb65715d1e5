"""X.509 as the security whitepaper wants it (§2.6)."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from evswarm_shared import certificates
from evswarm_shared.certificates import CertificateFileError, CertificateRequestError, Certified

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def authority() -> Certified:
    return certificates.new_authority("Test CA", "evswarm", now=NOW, days=100)


def test_a_text_holds_certificates_when_each_of_them_can_be_read(authority: Certified) -> None:
    pem = authority.certificate_pem()
    assert certificates.holds_certificates(pem + pem)
    assert not certificates.holds_certificates(b"")
    assert not certificates.holds_certificates(b"nonsense")
    assert not certificates.holds_certificates(pem.replace(b"MII", b"XXX"))


def request_pem(key: object, subject: str = "CP-1", organization: str = "evswarm") -> str:
    """A station's request, signed with its key."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, subject),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        ]
    )
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, algorithm)  # type: ignore[arg-type]
    return request.public_bytes(serialization.Encoding.PEM).decode()


def test_the_authority_signs_itself_and_may_sign_others(authority: Certified) -> None:
    certificate = authority.certificate
    certificate.verify_directly_issued_by(certificate)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


@pytest.mark.parametrize("rsa_key", [False, True])
def test_a_server_certificate_names_its_hosts(authority: Certified, rsa_key: bool) -> None:
    server = certificates.issue_server(
        authority, ["csms.test", "127.0.0.1"], "evswarm", now=NOW, days=10, rsa_key=rsa_key
    )
    certificate = server.certificate
    certificate.verify_directly_issued_by(authority.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["csms.test"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert certificates.common_name(certificate.subject) == "csms.test"
    assert certificates.organization_name(certificate.subject) == "evswarm"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert isinstance(server.key, rsa.RSAPrivateKey) is rsa_key
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment is rsa_key


def test_a_station_certificate_is_for_clients_and_carries_the_serial_number(authority: Certified) -> None:
    certificate = certificates.issue_station(authority, "CP-1", "evswarm", now=NOW, days=10).certificate
    certificate.verify_directly_issued_by(authority.certificate)
    assert certificates.common_name(certificate.subject) == "CP-1"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_no_certificate_outlives_its_authority(authority: Certified) -> None:
    certificate = certificates.issue_station(authority, "CP-1", "evswarm", now=NOW, days=1000).certificate
    assert certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_a_request_is_signed_with_its_own_subject_and_key(authority: Certified) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    request = certificates.read_request(request_pem(key, "SN-4711", "Operator"))
    certificate = certificates.sign_request(authority, request, now=NOW, days=5)
    certificate.verify_directly_issued_by(authority.certificate)
    assert certificate.public_key() == key.public_key()
    assert certificates.common_name(certificate.subject) == "SN-4711"
    assert certificates.organization_name(certificate.subject) == "Operator"


def test_an_authority_that_is_over_signs_nothing(authority: Certified) -> None:
    request = certificates.read_request(request_pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(CertificateRequestError, match="expired"):
        certificates.sign_request(authority, request, now=NOW + datetime.timedelta(days=101), days=5)


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        (ec.generate_private_key(ec.SECP192R1()), "224 bits"),
        (rsa.generate_private_key(public_exponent=65537, key_size=1024), "2048 bits"),
        (ed25519.Ed25519PrivateKey.generate(), "RSA"),
    ],
    ids=["curve", "rsa", "ed25519"],
)
def test_a_weak_key_is_refused(key: object, complaint: str) -> None:
    with pytest.raises(CertificateRequestError, match=complaint):
        certificates.read_request(request_pem(key))


@pytest.mark.parametrize(
    "pem", ["", "nonsense", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_what_is_no_request_is_refused(pem: str) -> None:
    with pytest.raises(CertificateRequestError, match="no certificate signing request"):
        certificates.read_request(pem)


def test_a_request_that_another_key_signed_is_refused() -> None:
    pem = request_pem(ec.generate_private_key(ec.SECP256R1()))
    der = bytearray(x509.load_pem_x509_csr(pem.encode()).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(CertificateRequestError, match="not signed"):
        certificates.read_request(forged)


def test_a_certificate_and_its_key_are_read_back(authority: Certified) -> None:
    assert certificates.read_certified(authority.pem()).certificate == authority.certificate


def test_a_file_without_a_key_or_with_another_is_refused(authority: Certified) -> None:
    other = certificates.issue_station(authority, "CP-1", "evswarm", now=NOW, days=1)
    with pytest.raises(CertificateFileError, match="private key"):
        certificates.read_certified(authority.certificate_pem())
    with pytest.raises(CertificateFileError, match="not that of the certificate"):
        certificates.read_certified(
            authority.certificate_pem() + other.pem().split(b"-----END CERTIFICATE-----\n")[1]
        )
