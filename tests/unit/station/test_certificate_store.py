"""Root certificates: installed, named, deleted, replaced (security whitepaper M03, M04, M05)."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from evswarm_shared.certificates import issue_server
from evswarm_shared.telemetry.counts import ConnectResult
from evswarm_worker.station.config import StationSecurity
from evswarm_worker.station.configuration import CERTIFICATE_STORE_LENGTH
from tests.support.station_certificates import authority, pem, station_pem, successor
from tests.support.station_rig import NOON, StationRig, only

CENTRAL, MAKER = "CentralSystemRootCertificate", "ManufacturerRootCertificate"
ROOT, OTHER = authority(NOON), authority(NOON, "Other")


def install(rig: StationRig, certificate: str, kind: str = CENTRAL) -> Any:
    return rig.command("InstallCertificate", {"certificateType": kind, "certificate": certificate})["status"]


def installed(rig: StationRig, kind: str = CENTRAL) -> list[dict[str, str]]:
    answer = rig.command("GetInstalledCertificateIds", {"certificateType": kind})
    names: list[dict[str, str]] = answer.get("certificateHashData", [])
    assert answer["status"] == ("Accepted" if names else "NotFound")
    return names


def delete(rig: StationRig, name: dict[str, str]) -> Any:
    return rig.command("DeleteCertificate", {"certificateHashData": name})["status"]


def test_an_installed_root_is_named_by_its_hashes() -> None:
    rig = StationRig().start()
    assert install(rig, pem(ROOT.certificate)) == "Accepted"
    name = only(installed(rig))
    key = ROOT.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert name["issuerNameHash"] == hashlib.sha256(ROOT.certificate.issuer.public_bytes()).hexdigest()
    assert name["serialNumber"] == f"{ROOT.certificate.serial_number:x}"
    # The identifier is the SHA-1 over the same bits (RFC 5280 §4.2.1.2).
    assert len(name["issuerKeyHash"]) == 64 and len(key.digest) == 20
    assert installed(rig, MAKER) == []


def test_an_installed_root_outlives_the_worker() -> None:
    rig = StationRig().start()
    install(rig, pem(ROOT.certificate))
    assert len(installed(rig.heir().start())) == 1


@pytest.mark.parametrize(
    "certificate",
    [
        "no certificate",
        station_pem(ROOT, "CP-000002", NOON).partition("-----BEGIN PRIVATE")[0],
        pem(authority(NOON, days=0).certificate),
        pem(authority(NOON + 1e7).certificate),
        pem(ROOT.certificate) + pem(OTHER.certificate),
    ],
)
def test_what_is_no_valid_root_is_rejected(certificate: str) -> None:
    rig = StationRig().start()
    assert install(rig, certificate) == "Rejected"
    assert installed(rig) == []


def test_a_root_is_installed_once_however_often_it_comes() -> None:
    rig = StationRig().start()
    assert [install(rig, pem(ROOT.certificate)) for _ in range(2)] == ["Accepted", "Accepted"]
    assert len(installed(rig)) == 1


def test_a_full_store_takes_no_more() -> None:
    rig = StationRig().start()
    for number in range(CERTIFICATE_STORE_LENGTH):
        kind = CENTRAL if number % 2 else MAKER
        assert install(rig, pem(authority(NOON, f"Root {number}").certificate), kind) == "Accepted"
    assert install(rig, pem(ROOT.certificate)) == "Rejected"
    without = StationRig(configuration={"CertificateStoreMaxLength": "0"}).start()
    assert install(without, pem(ROOT.certificate)) == "Rejected"


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
def test_a_root_is_deleted_by_the_hashes_of_any_algorithm(algorithm: str) -> None:
    from ocpp.v16.enums import HashAlgorithm

    from evswarm_worker.station.certificates import hash_data

    rig = StationRig().start()
    install(rig, pem(ROOT.certificate))
    data = hash_data(pem(ROOT.certificate), [], HashAlgorithm(algorithm))
    name = {
        "hashAlgorithm": algorithm,
        "issuerNameHash": data.issuer_name_hash.upper(),
        "issuerKeyHash": data.issuer_key_hash,
        "serialNumber": "00" + data.serial_number,
    }
    if len(name["serialNumber"]) > 40:
        name["serialNumber"] = data.serial_number
    assert delete(rig, name) == "Accepted"
    assert delete(rig, name) == "NotFound"
    assert installed(rig) == []


def test_the_root_that_the_connection_hangs_on_is_not_deleted() -> None:
    security = StationSecurity(2, "0123456789abcdef", (pem(ROOT.certificate),))
    rig = StationRig(security=security).start()
    name = only(installed(rig))
    assert delete(rig, name) == "Failed"


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


SERVER = issue_server(
    ROOT, ["csms.test"], "evswarm", now=datetime.fromtimestamp(NOON, UTC), days=30
).certificate
BELOW = successor(ROOT, "Below the root", NOON).certificate


@pytest.mark.parametrize(
    ("chain", "answers"),
    [
        # Its own certificate alone is known, and says who signed it.
        ((der(SERVER),), ["Failed", "Accepted"]),
        # The whole chain is known.
        ((der(SERVER), der(BELOW), der(ROOT.certificate)), ["Failed", "Accepted"]),
        # Something between the two is not known: it could be either.
        ((der(authority(NOON, "Unknown").certificate),), ["Failed", "Failed"]),
    ],
)
def test_of_several_roots_the_one_that_verified_the_connection_is_not_deleted(
    chain: tuple[bytes, ...], answers: list[str]
) -> None:
    roots = (pem(ROOT.certificate), pem(OTHER.certificate))
    rig = StationRig(security=StationSecurity(2, "0123456789abcdef", roots))
    rig.server_chain = chain
    rig.start()
    assert [delete(rig, name) for name in installed(rig)] == answers


def strict(**options: Any) -> StationRig:
    security = StationSecurity(2, "0123456789abcdef", (pem(ROOT.certificate),))
    configuration = {"AdditionalRootCertificateCheck": "true"}
    return StationRig(security=security, configuration=configuration, **options).start()


def test_with_the_additional_check_a_root_must_be_signed_by_the_one_it_replaces() -> None:
    rig = strict()
    assert install(rig, pem(OTHER.certificate)) == "Rejected"
    new = successor(ROOT, "New root", NOON)
    assert install(rig, pem(new.certificate)) == "Accepted"
    assert len(installed(rig)) == 1
    rig.lose()
    rig.reachable()
    rig.run(120.0)
    assert rig.connects[-1].security is not None
    assert rig.connects[-1].security.roots == (pem(new.certificate),)


def test_a_replaced_root_is_tried_once_more_when_the_new_one_does_not_fit() -> None:
    rig = strict()
    install(rig, pem(successor(ROOT, "New root", NOON).certificate))
    rig.refusal = ConnectResult.UNTRUSTED
    rig.lose()
    rig.run(5.0)
    rig.refusal = None
    rig.reachable()
    rig.run(120.0)
    assert rig.connects[-1].security is not None
    assert rig.connects[-1].security.roots == (pem(ROOT.certificate),)
    assert len(installed(rig)) == 1
