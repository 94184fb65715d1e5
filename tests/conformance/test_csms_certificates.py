"""Our central system as the authority of its stations, with real requests (security whitepaper A02, A03)."""

import datetime
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from evswarm_cli.certificates import CertificatePlan, make_certificates
from tests.conformance.conftest import CentralSystem, running_central_system
from tests.support.ocpp_peers.raw_connection import CALL, RawConnection, raw_station

BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files of an authority."""
    directory = tmp_path_factory.mktemp("authority")
    now = datetime.datetime.now(datetime.UTC)
    make_certificates(directory, CertificatePlan(["localhost"], [], "evswarm", 10), now)
    return directory


@pytest.fixture(scope="module")
def signing_system(valkey_url: str, authority: Path) -> Iterator[CentralSystem]:
    """A central system that signs."""
    signing = {"csms_signing_ca": authority / "authority.pem", "csms_cpo_name": "evswarm"}
    with running_central_system(valkey_url, **signing) as system:
        yield system


@pytest.fixture
async def station(signing_system: CentralSystem, station_id: str) -> AsyncIterator[RawConnection]:
    """A station that has booted."""
    async with raw_station(signing_system.url, station_id) as station:
        assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
        yield station


def request_for(key: Key, common_name: str, organization: str = "evswarm") -> str:
    names = ((NameOID.COMMON_NAME, common_name), (NameOID.ORGANIZATION_NAME, organization))
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


async def asked(station: RawConnection, csr: str) -> Any:
    return (await station.call("SignCertificate", {"csr": csr}))[2]


@pytest.mark.parametrize("kind", ["elliptic", "rsa"])
async def test_a02_a_good_request_is_accepted_and_the_certificate_for_its_key_follows(
    station: RawConnection, authority: Path, kind: str
) -> None:
    key: Key = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "elliptic"
        else rsa.generate_private_key(65537, 2048)
    )
    assert await asked(station, request_for(key, station.station_id)) == {"status": "Accepted"}
    call = await station.next_call("CertificateSigned")
    await station.answer(call, {"status": "Accepted"})
    leaf, issuer = x509.load_pem_x509_certificates(call[3]["certificateChain"].encode())
    assert leaf.public_key() == key.public_key()
    (name,) = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == station.station_id
    leaf.verify_directly_issued_by(issuer)
    assert issuer == x509.load_pem_x509_certificate((authority / "ca.pem").read_bytes())


@pytest.mark.parametrize("fault", ["another station", "another operator", "a weak key", "a forged signature"])
async def test_a02_a_bad_request_is_rejected_and_nothing_follows(station: RawConnection, fault: str) -> None:
    key: Key = ec.generate_private_key(ec.SECP256R1())
    if fault == "a weak key":
        key = rsa.generate_private_key(65537, 1024)
    name = "another" if fault == "another station" else station.station_id
    csr = request_for(key, name, "another" if fault == "another operator" else "evswarm")
    if fault == "a forged signature":
        der = x509.load_pem_x509_csr(csr.encode()).public_bytes(serialization.Encoding.DER)
        forged = der.replace(b"evswarm", b"evsware", 1)
        csr = x509.load_der_x509_csr(forged).public_bytes(serialization.Encoding.PEM).decode()
    assert await asked(station, csr) == {"status": "Rejected"}
    assert (await station.call("Heartbeat", {}))[0] == 3
    assert not [message for message in station.received if message[0] == CALL]
