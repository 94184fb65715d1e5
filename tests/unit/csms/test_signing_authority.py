"""The authority that signs stations' requests (security whitepaper A02)."""

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evswarm_csms.errors import SigningAuthorityError
from evswarm_csms.signing_authority import SigningAuthority
from evswarm_shared import certificates
from evswarm_shared.certificates import Certified
from tests.unit.csms.conversation import NOW, Replica, until

BEGINNING = datetime.datetime.fromtimestamp(NOW, datetime.UTC)


@pytest.fixture(scope="module")
def authority() -> Certified:
    return certificates.new_authority("Test CA", "evswarm", now=BEGINNING, days=100)


def csr(name: str = "CP-1", owner: str = "evswarm") -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, owner)]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def test_a_request_of_the_station_is_granted_and_signed(authority: Certified) -> None:
    signing = SigningAuthority(authority, days=30, organization="evswarm")
    request = csr()
    assert signing.grant(request, {"CP-1"}, NOW) is None
    leaf, root = x509.load_pem_x509_certificates(signing.sign(request, NOW).encode())
    leaf.verify_directly_issued_by(root)
    assert root == authority.certificate
    assert leaf.not_valid_after_utc == BEGINNING + datetime.timedelta(days=30)


@pytest.mark.parametrize(
    ("request_", "later", "reason"),
    [
        (csr("CP-2"), 0, "commonName 'CP-2'"),
        (csr(owner="somebody"), 0, "organizationName 'somebody'"),
        ("nonsense", 0, "no certificate signing request"),
        (csr(), 101 * 86_400, "expired"),
    ],
)
def test_other_requests_are_not_granted(
    authority: Certified, request_: str, later: float, reason: str
) -> None:
    signing = SigningAuthority(authority, days=30, organization="evswarm")
    refusal = signing.grant(request_, {"CP-1"}, NOW + later)
    assert refusal is not None
    assert reason in refusal


def test_files_that_do_not_do_are_named(tmp_path: Path, authority: Certified) -> None:
    path = tmp_path / "authority.pem"
    with pytest.raises(SigningAuthorityError, match=f"EVSWARM_CSMS_SIGNING_CA: {path}"):
        SigningAuthority.load(path, days=1, organization=None)
    path.write_bytes(authority.certificate_pem())
    with pytest.raises(SigningAuthorityError, match="key"):
        SigningAuthority.load(path, days=1, organization=None)
    path.write_bytes(authority.pem())
    assert SigningAuthority.load(path, days=1, organization=None).grant(csr(), {"CP-1"}, NOW) is None


async def test_the_station_gets_its_certificate_after_the_answer(authority: Certified) -> None:
    replica = Replica(authority=SigningAuthority(authority, days=30, organization=None))
    station = await replica.booted()
    station.say(2, "sign", "SignCertificate", {"csr": csr()})
    await until(lambda: len(station.wire.sent) == 2)
    answer, call = station.wire.take()
    assert answer == [3, "sign", {"status": "Accepted"}]
    assert call[2] == "CertificateSigned"
    leaf, _ = x509.load_pem_x509_certificates(call[3]["certificateChain"].encode())
    assert certificates.common_name(leaf.subject) == "CP-1"
    station.say(3, call[1], {"status": "Accepted"})
    await replica.settle()
    await replica.events.flush()
    events = await replica.bus.read_events("CP-1")
    assert [each.status for each in events] == [
        "Accepted",
        "SignCertificate Accepted",
        "CertificateSigned Accepted",
    ]


async def test_a_request_that_is_not_granted_is_rejected_and_the_event_says_why(authority: Certified) -> None:
    replica = Replica(authority=SigningAuthority(authority, days=30, organization=None))
    station = await replica.booted()
    assert (await station.call("SignCertificate", {"csr": csr("CP-2")}))[2] == {"status": "Rejected"}
    assert station.wire.take() == []
    await replica.events.flush()
    assert "'CP-2'" in (await replica.bus.read_events("CP-1"))[-1].detail


async def test_without_an_authority_every_request_is_rejected() -> None:
    replica = Replica()
    station = await replica.booted()
    assert (await station.call("SignCertificate", {"csr": csr()}))[2] == {"status": "Rejected"}
