"""What settings and plans make of a station's security."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evswarm_shared.bus.messages import ProfileName, StationSpec
from evswarm_shared.certificates import revocation_list
from evswarm_shared.settings import WorkerSettings
from evswarm_worker.delivered_security import (
    delivered_security,
    implied_profile,
    require_usable_files,
    revocations,
    secure_url,
)
from evswarm_worker.errors import EndpointError
from tests.support.station_certificates import authority, pem, station_pem

NOW = time.time()
ROOT = authority(NOW)
KEY = "0123456789abcdef"


def spec(**fields: Any) -> StationSpec:
    return StationSpec("CP-1", ProfileName.HOME, **fields)


def test_a_plain_worker_gives_its_stations_nothing() -> None:
    assert delivered_security(WorkerSettings(), None, "CP-1") is None
    assert delivered_security(WorkerSettings(), spec(), "CP-1") is None


@pytest.mark.parametrize(
    ("url", "key", "certificate", "profile"),
    [
        ("ws://x", "", "", 0),
        ("ws://x", KEY, "", 1),
        ("ws://x", "", "pem", 0),
        ("wss://x", "", "", 0),
        ("wss://x", KEY, "", 2),
        ("wss://x", "", "pem", 3),
        ("wss://x", KEY, "pem", 3),
    ],
)
def test_the_profile_follows_from_the_settings(url: str, key: str, certificate: str, profile: int) -> None:
    assert implied_profile(url, key, certificate) == profile


def test_the_settings_hold_for_stations_without_a_plan_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(pem(ROOT.certificate))
    (tmp_path / "CP-1.pem").write_text(station_pem(ROOT, "CP-1", NOW, days=5))
    settings = WorkerSettings(
        csms_url="wss://x",
        csms_auth_key=KEY,
        csms_ca=tmp_path / "ca.pem",
        client_cert=tmp_path / "{station_id}.pem",
    )
    made = delivered_security(settings, None, "CP-1")
    assert made is not None
    assert (made.profile, made.authorization_key, len(made.roots)) == (3, KEY, 1)
    assert "CERTIFICATE" in made.certificate and "PRIVATE KEY" not in made.certificate
    assert "PRIVATE KEY" in made.private_key
    assert made.valid_until == pytest.approx(NOW + 5 * 86400, abs=2)
    with pytest.raises(EndpointError, match=r"CP-2\.pem"):
        delivered_security(settings, None, "CP-2")


def test_a_plan_goes_before_the_settings() -> None:
    plan = spec(
        authorization_key="other key of 16c", security_profile=0, root_certificates=pem(ROOT.certificate)
    )
    made = delivered_security(WorkerSettings(csms_auth_key=KEY), plan, "CP-1")
    assert made is not None
    assert (made.profile, made.authorization_key, len(made.roots)) == (0, "other key of 16c", 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"root_certificates": "nonsense"},
        {"client_certificate": pem(ROOT.certificate)},
        {"client_certificate": station_pem(ROOT, "x", NOW).partition("-----BEGIN PRIVATE")[2]},
    ],
)
def test_what_is_no_certificate_is_refused_with_a_reason(fields: dict[str, str]) -> None:
    with pytest.raises(EndpointError, match="certificate"):
        delivered_security(WorkerSettings(), spec(**fields), "CP-1")


def test_from_profile_2_on_the_address_is_one_with_tls() -> None:
    assert secure_url("wss://a/b", "wss://c") == "wss://a/b"
    assert secure_url("ws://a:9000/b", None) == "wss://a:9000/b"
    assert secure_url("ws://a:9000/b", "wss://c:9443") == "wss://c:9443"


def test_revocation_lists_are_read_and_others_refused(tmp_path: Path) -> None:
    path = tmp_path / "revoked.pem"
    with pytest.raises(EndpointError, match=r"cannot read .*revoked\.pem"):
        revocations(path)
    for content in (pem(ROOT.certificate), "-----BEGIN X509 CRL-----\nAA\n-----END X509 CRL-----"):
        path.write_text(content)
        with pytest.raises(EndpointError, match="EVSWARM_FIRMWARE_CRL"):
            revocations(path)
    good = revocation_list(ROOT, [1], now=datetime.fromtimestamp(NOW, UTC), days=1).decode()
    path.write_text(good)
    assert revocations(path) == good


@pytest.mark.parametrize("name", ["csms_ca", "client_cert", "firmware_crl"])
def test_a_file_that_no_station_could_use_is_refused_whatever_the_address(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.pem").write_text("nothing in PEM")
    for path in (tmp_path / "file.pem", tmp_path / "nowhere.pem"):
        with pytest.raises(EndpointError):
            require_usable_files(WorkerSettings.model_validate({"csms_url": "ws://x", name: path}))


def test_files_that_stations_can_use_are_taken_and_those_of_single_stations_left_for_later(
    tmp_path: Path,
) -> None:
    (tmp_path / "ca.pem").write_text(pem(ROOT.certificate))
    (tmp_path / "station.pem").write_text(station_pem(ROOT, "CP-1", NOW, days=5))
    for client_cert in (tmp_path / "station.pem", tmp_path / "{station_id}.pem"):
        require_usable_files(WorkerSettings(csms_ca=tmp_path / "ca.pem", client_cert=client_cert))
