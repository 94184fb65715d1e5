"""The files that `evswarm certificates` makes."""

import datetime
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evswarm_cli.certificates import CertificatePlan, make_certificates
from evswarm_cli.errors import UsageError
from evswarm_cli.main import app
from evswarm_shared import certificates

NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
PLAN = CertificatePlan(hosts=["localhost"], stations=["CP-1", "a/b"], organization="evswarm", days=10)


def test_every_file_is_there_and_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    paths = make_certificates(tmp_path / "new", PLAN, NOW)
    names = [str(path.relative_to(tmp_path / "new")) for path in paths]
    assert names == [
        "authority.pem",
        "ca.pem",
        "revoked.pem",
        "csms.pem",
        "csms-rsa.pem",
        "stations/CP-1.pem",
        "stations/a%2Fb.pem",
    ]
    for path in paths:
        secret = b"PRIVATE KEY" in path.read_bytes()
        assert secret is (path.name not in ("ca.pem", "revoked.pem"))
        assert path.stat().st_mode & 0o777 == (0o600 if secret else 0o644)


def test_tls_takes_the_files(tmp_path: Path) -> None:
    make_certificates(tmp_path, PLAN, NOW)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "csms.pem")
    server.load_cert_chain(tmp_path / "csms-rsa.pem")
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    client.load_cert_chain(tmp_path / "stations" / "CP-1.pem")


def test_an_authority_that_is_there_is_used_again(tmp_path: Path) -> None:
    make_certificates(tmp_path, PLAN, NOW)
    before = (tmp_path / "ca.pem").read_bytes()
    more = CertificatePlan(hosts=["localhost"], stations=["CP-2"], organization="evswarm", days=10)
    make_certificates(tmp_path, more, NOW)
    assert (tmp_path / "ca.pem").read_bytes() == before
    authority = certificates.read_certified((tmp_path / "authority.pem").read_bytes())
    for name in ("CP-1", "CP-2"):
        station = certificates.read_certified((tmp_path / "stations" / f"{name}.pem").read_bytes())
        station.certificate.verify_directly_issued_by(authority.certificate)


def test_what_was_revoked_stays_revoked(tmp_path: Path) -> None:
    def number(station_id: str) -> int:
        file = tmp_path / "stations" / f"{station_id}.pem"
        return certificates.read_certified(file.read_bytes()).certificate.serial_number

    make_certificates(tmp_path, PLAN, NOW)
    first, second = number("CP-1"), number("a%2Fb")
    make_certificates(tmp_path, replace(PLAN, stations=["CP-1"], revoke=["CP-1"]), NOW)
    make_certificates(tmp_path, replace(PLAN, stations=[], revoke=["a/b"]), NOW)
    assert certificates.revoked_numbers((tmp_path / "revoked.pem").read_bytes()) == {first, second}
    assert number("CP-1") not in {first, second}


def test_only_a_certificate_that_is_there_can_be_revoked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"CP-9\.pem to revoke"):
        make_certificates(tmp_path, replace(PLAN, revoke=["CP-9"]), NOW)


def test_an_authority_that_cannot_be_used_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_text("mine")
    with pytest.raises(UsageError, match="remove it or choose another"):
        make_certificates(tmp_path, PLAN, NOW)
    assert (tmp_path / "authority.pem").read_text() == "mine"


def test_an_expired_authority_is_said(tmp_path: Path) -> None:
    make_certificates(tmp_path, PLAN, NOW)
    with pytest.raises(UsageError, match="expired"):
        make_certificates(tmp_path, PLAN, NOW + datetime.timedelta(days=4000))


def test_a_directory_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        make_certificates(tmp_path / "file", PLAN, NOW)


def test_the_command_prints_what_it_wrote(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["certificates", str(tmp_path), "--station", "CP-9"])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == str(tmp_path / "stations" / "CP-9.pem")


@pytest.mark.parametrize("names", [{"stations": [""]}, {"stations": ["x" * 65]}, {"hosts": ["café"]}])
def test_a_name_that_cannot_stand_in_a_certificate_is_refused_with_a_sentence(
    tmp_path: Path, names: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="cannot stand in a certificate"):
        make_certificates(tmp_path, replace(PLAN, **names), NOW)
