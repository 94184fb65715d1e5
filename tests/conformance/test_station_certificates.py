"""X.509 at our stations: roots, their own certificate, signed firmware, and the password (security whitepaper A01 to M05, L01).

What they say of certificates is worked out here anew, from the certificates and the clauses.
"""

import base64
import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from evswarm_shared.certificates import Certified, read_certified
from tests.conformance.swarm_of_one import StationDriver, StationUnderTest, accepted
from tests.support.file_servers import FileServer, http_files
from tests.support.ocpp_peers.raw_connection import RawCentralSystem, RawConnection
from tests.support.station_certificates import authority, pem, signature, station_pem

NOW = time.time()
ROOT, OTHER, MAKER = authority(NOW, "Operator"), authority(NOW, "Somebody"), authority(NOW, "Maker")
SIGNER = read_certified(station_pem(MAKER, "signer", NOW).encode())
CENTRAL_ROOT, MAKER_ROOT = "CentralSystemRootCertificate", "ManufacturerRootCertificate"
AT_ONCE = "2020-01-01T00:00:00Z"
IMAGE = b"a signed image" * 100
KEY, NEW_KEY = "00112233445566778899aabbccddeeff", "a key as text, no digits"


@pytest.fixture
def server() -> Iterator[FileServer]:
    """Where firmware is fetched from."""
    with http_files() as server:
        yield server


@pytest.fixture
async def station(system: RawCentralSystem, stations: StationDriver) -> StationUnderTest:
    """One of our stations, whose central system takes its security messages."""
    for action in ("SecurityEventNotification", "SignedFirmwareStatusNotification"):
        system.answers[action] = {}
    system.answers["SignCertificate"] = {"status": "Accepted"}
    return await stations.start(system.url, configuration={"CpoName": "Test CPO"})


@pytest.fixture
async def connection(system: RawCentralSystem, station: StationUnderTest) -> RawConnection:
    """Its connection, booted and idle."""
    return await accepted(system, station)


async def command(connection: RawConnection, action: str, payload: dict[str, Any]) -> Any:
    answer = await connection.call(action, payload)
    assert answer[0] == 3, answer
    return answer[2]


async def install(connection: RawConnection, root: Certified, kind: str = CENTRAL_ROOT) -> Any:
    request = {"certificateType": kind, "certificate": pem(root.certificate)}
    return (await command(connection, "InstallCertificate", request))["status"]


async def installed(connection: RawConnection, kind: str = CENTRAL_ROOT) -> Any:
    return await command(connection, "GetInstalledCertificateIds", {"certificateType": kind})


def hash_data(certificate: x509.Certificate, algorithm: str = "SHA256") -> dict[str, str]:
    """CertificateHashDataType of a root that signed itself: as OCSP names certificates (whitepaper §6.1, RFC 6960 §4.1.1)."""
    digest = getattr(hashlib, algorithm.lower())
    point = certificate.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": digest(certificate.issuer.public_bytes()).hexdigest(),
        "issuerKeyHash": digest(point).hexdigest(),
        "serialNumber": f"{certificate.serial_number:x}",
    }


def issued(
    root: Certified, key: ec.EllipticCurvePublicKey, common_name: str, organization: str = "Test CPO"
) -> str:
    """A certificate for a key, and its issuer: what CertificateSigned brings."""
    at = datetime.now(UTC)
    names = ((NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common_name))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in names]))
        .issuer_name(root.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(hours=1))
        .not_valid_after(at + timedelta(days=90))
        .sign(root.key, hashes.SHA256())
    )
    return pem(certificate) + pem(root.certificate)


async def requested(connection: RawConnection) -> x509.CertificateSigningRequest:
    """The request that the station makes when it is told to."""
    trigger = {"requestedMessage": "SignChargePointCertificate"}
    assert await command(connection, "ExtendedTriggerMessage", trigger) == {"status": "Accepted"}
    sent = await connection.next_call("SignCertificate")
    return x509.load_pem_x509_csr(sent[3]["csr"].encode())


@pytest.mark.parametrize("kind", [CENTRAL_ROOT, MAKER_ROOT])
async def test_m05_an_installed_root_is_told_by_m03_with_its_hash_data(
    connection: RawConnection, kind: str
) -> None:
    assert await install(connection, ROOT, kind) == "Accepted"
    expected = {"status": "Accepted", "certificateHashData": [hash_data(ROOT.certificate)]}
    assert await installed(connection, kind) == expected


async def test_m05_a_root_that_has_expired_and_a_certificate_that_is_no_root_are_rejected(
    connection: RawConnection,
) -> None:
    assert await install(connection, authority(NOW, "Old", days=0)) == "Rejected"
    assert await install(connection, SIGNER) == "Rejected"
    assert await installed(connection) == {"status": "NotFound"}


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
async def test_m04_a_root_is_deleted_by_its_hash_data_once(connection: RawConnection, algorithm: str) -> None:
    assert await install(connection, ROOT) == await install(connection, OTHER) == "Accepted"
    wanted = {"certificateHashData": hash_data(ROOT.certificate, algorithm)}
    assert await command(connection, "DeleteCertificate", wanted) == {"status": "Accepted"}
    assert await command(connection, "DeleteCertificate", wanted) == {"status": "NotFound"}
    assert (await installed(connection))["certificateHashData"] == [hash_data(OTHER.certificate)]


async def test_a02_a_request_is_signed_with_its_own_strong_key_and_names_station_and_operator(
    connection: RawConnection, station: StationUnderTest
) -> None:
    request = await requested(connection)
    assert request.is_signature_valid
    key = request.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 224
    subject = {attribute.oid: attribute.value for attribute in request.subject}
    assert subject[NameOID.COMMON_NAME] == station.station_id
    assert subject[NameOID.ORGANIZATION_NAME] == "Test CPO"


async def test_a02_a_certificate_for_the_request_is_accepted_and_only_once(
    connection: RawConnection, station: StationUnderTest
) -> None:
    await install(connection, ROOT)
    key = (await requested(connection)).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    chain = {"certificateChain": issued(ROOT, key, station.station_id)}
    assert await command(connection, "CertificateSigned", chain) == {"status": "Accepted"}
    assert await command(connection, "CertificateSigned", chain) == {"status": "Rejected"}


@pytest.mark.parametrize("fault", ["another authority", "another key", "another station", "another operator"])
async def test_a02_a_certificate_that_does_not_fit_is_rejected_and_told_as_a_security_event(
    connection: RawConnection, station: StationUnderTest, fault: str
) -> None:
    await install(connection, ROOT)
    key = (await requested(connection)).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    chain = issued(
        OTHER if fault == "another authority" else ROOT,
        ec.generate_private_key(ec.SECP256R1()).public_key() if fault == "another key" else key,
        "another" if fault == "another station" else station.station_id,
        "another" if fault == "another operator" else "Test CPO",
    )
    answer = await command(connection, "CertificateSigned", {"certificateChain": chain})
    assert answer == {"status": "Rejected"}
    event = await connection.next_call("SecurityEventNotification")
    assert event[3]["type"] == "InvalidChargePointCertificate"


def firmware(server: FileServer, signed: bytes, signer: Certified = SIGNER) -> dict[str, Any]:
    server.files["/box-7.0.1.bin"] = IMAGE
    return {
        "requestId": 12,
        "firmware": {
            "location": f"{server.url}/box-7.0.1.bin",
            "retrieveDateTime": AT_ONCE,
            "signingCertificate": pem(signer.certificate),
            "signature": signature(signer.key, signed),
        },
    }


async def walk(connection: RawConnection, last: str) -> list[str]:
    """The statuses told, up to the last one; each names the request (L01.FR.10)."""
    told: list[str] = []
    while last not in told:
        payload = (await connection.next_call("SignedFirmwareStatusNotification"))[3]
        assert payload["requestId"] == 12
        told.append(payload["status"])
    return told


async def test_l01_firmware_with_a_good_signature_is_installed_and_boots(
    system: RawCentralSystem, station: StationUnderTest, connection: RawConnection, server: FileServer
) -> None:
    await install(connection, MAKER, MAKER_ROOT)
    answer = await command(connection, "SignedUpdateFirmware", firmware(server, IMAGE))
    assert answer == {"status": "Accepted"}
    told = await walk(connection, "Installing")
    assert told == ["Downloading", "Downloaded", "SignatureVerified", "Installing"]
    again = await accepted(system, station)
    assert again.calls("BootNotification")[0]["firmwareVersion"] == "7.0.1"
    assert (await walk(again, "Installed"))[-1] == "Installed"


async def test_l01_firmware_with_a_bad_signature_is_not_installed_and_told_as_a_security_event(
    connection: RawConnection, server: FileServer
) -> None:
    await install(connection, MAKER, MAKER_ROOT)
    answer = await command(connection, "SignedUpdateFirmware", firmware(server, IMAGE + b"!"))
    assert answer == {"status": "Accepted"}
    told = await walk(connection, "InvalidSignature")
    assert told == ["Downloading", "Downloaded", "InvalidSignature"]
    event = await connection.next_call("SecurityEventNotification")
    assert event[3]["type"] == "InvalidFirmwareSignature"


async def test_l01_a_signing_certificate_of_an_unknown_maker_is_refused_before_anything_is_fetched(
    connection: RawConnection, server: FileServer
) -> None:
    await install(connection, MAKER, MAKER_ROOT)
    stranger = read_certified(station_pem(OTHER, "signer", NOW).encode())
    answer = await command(connection, "SignedUpdateFirmware", firmware(server, IMAGE, stranger))
    assert answer == {"status": "InvalidCertificate"}
    event = await connection.next_call("SecurityEventNotification")
    assert event[3]["type"] == "InvalidFirmwareSigningCertificate"
    assert server.of("GET") == []


async def test_a01_the_key_is_the_password_of_the_next_handshake_and_digits_stand_for_bytes(
    system: RawCentralSystem, stations: StationDriver
) -> None:
    system.answers["SecurityEventNotification"] = {}
    station = await stations.start(
        system.url, configuration={"SecurityProfile": "1", "AuthorizationKey": KEY}
    )
    connection = await accepted(system, station)

    def password() -> bytes:
        scheme, _, encoded = system.requests[-1][1]["Authorization"].partition(" ")
        user, _, secret = base64.b64decode(encoded).partition(b":")
        assert (scheme, user) == ("Basic", station.station_id.encode())
        return secret

    assert password() == bytes.fromhex(KEY)
    change = {"key": "AuthorizationKey", "value": NEW_KEY}
    assert await command(connection, "ChangeConfiguration", change) == {"status": "Accepted"}
    await system.next_connection(station.station_id)
    assert password() == NEW_KEY.encode()
