"""One station of ours and our central system, each a process: from a password over TLS to mutual TLS.

Security whitepaper A01 (new password), A02 (certificate on request of the central system), A05 (higher profile), N01
(security log), and OCPP 1.6 §5.9 (diagnostics), all by the API.
"""

import datetime
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from evswarm_cli.certificates import CertificatePlan, make_certificates
from evswarm_cli.ports import free_port
from tests.support.service_process import ServiceProcess

PATIENCE = 60.0
STATION = "CP-000001"
FIRST_KEY = "the first key of it"
SECOND_KEY = "00112233445566778899aabbccddeeff"


class Operator:
    """Somebody who works with the API."""

    def __init__(self, client: httpx.Client, services: list[ServiceProcess]) -> None:
        self.client = client
        self._services = services

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        return answer.json() if answer.is_success else {}

    def wait(self, path: str, accept: Callable[[Any], object], what: str) -> Any:
        """The answer to a GET once it is as wanted."""
        deadline = time.monotonic() + PATIENCE
        seen: Any = None
        while time.monotonic() < deadline:
            for service in self._services:
                service.check_alive()
            try:
                seen = self.get(path)
            except httpx.TransportError:
                seen = {}
            if seen and accept(seen):
                return seen
            time.sleep(0.1)
        raise AssertionError(f"{what} did not happen: {seen}\n" + "\n".join(s.tail() for s in self._services))

    def command(self, action: str, payload: dict[str, Any]) -> Any:
        """The station's answer."""
        answer = self.client.post(f"/csms/stations/{STATION}/commands/{action}", json=payload)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def configure(self, key: str, value: str) -> None:
        assert self.command("ChangeConfiguration", {"key": key, "value": value}) == {"status": "Accepted"}

    def wait_for_event(self, status: str) -> None:
        self.wait(
            f"/csms/stations/{STATION}/events",
            lambda seen: any(event["status"] == status for event in seen["events"]),
            f"the event {status}",
        )


@pytest.fixture
def operator(valkey_url: str, key_prefix: str, tmp_path: Path) -> Iterator[Operator]:
    make_certificates(
        tmp_path,
        CertificatePlan(["localhost", "127.0.0.1"], [], "evswarm", 10),
        datetime.datetime.now(datetime.UTC),
    )
    tls_port, port = free_port(), free_port()
    store = {"redis_url": valkey_url, "key_prefix": key_prefix, "history": "false"}
    with ExitStack() as stack:
        services = [
            stack.enter_context(service)
            for service in (
                ServiceProcess(
                    "csms",
                    **store,
                    csms_port=free_port(),
                    csms_tls_port=tls_port,
                    csms_tls_cert=tmp_path / "csms.pem",
                    csms_tls_client_ca=tmp_path / "ca.pem",
                    csms_signing_ca=tmp_path / "authority.pem",
                    csms_cpo_name="evswarm",
                    csms_security_profile=2,
                    csms_auth_key=FIRST_KEY,
                ),
                ServiceProcess("controller", **store, port=port, stations=1),
                ServiceProcess(
                    "worker",
                    **store,
                    csms_url=f"wss://localhost:{tls_port}",
                    csms_ca=tmp_path / "ca.pem",
                    csms_auth_key=FIRST_KEY,
                    reconnect_ceiling_seconds=2,
                ),
            )
        ]
        client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0))
        yield Operator(client, services)


@pytest.mark.timeout(240)
def test_a_station_goes_from_a_password_over_tls_to_mutual_tls(operator: Operator) -> None:
    path = f"/csms/stations/{STATION}"
    operator.wait(path, lambda seen: seen["accepted"] and seen["connected"], "the boot by TLS and password")

    operator.configure("AuthorizationKey", SECOND_KEY)
    operator.wait(
        f"/stations/{STATION}/logs",
        lambda seen: sum(line.endswith("] Connected") for line in seen["logs"]) == 2,
        "the reconnect with the new key",
    )
    known = operator.wait(path, lambda seen: seen["connected"], "the record of the connection")
    assert (known["registered"], known["authorization_key"], known["security_profile"]) == (True, True, 2)

    operator.configure("CpoName", "evswarm")
    asked = operator.command("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
    assert asked == {"status": "Accepted"}
    operator.wait_for_event("CertificateSigned Accepted")

    operator.configure("SecurityProfile", "3")
    operator.wait(path, lambda seen: seen["security_profile"] == 3, "the connection with the certificate")
    operator.wait(path, lambda seen: seen["connected"], "the record of the connection")

    address = operator.client.post(f"{path}/uploads", json={}).json()["upload_url"]
    named = operator.command("GetDiagnostics", {"location": address})["fileName"]
    operator.wait_for_event("Uploaded")
    [stored] = operator.get("/csms/uploads")["uploads"]
    assert (stored["station_id"], stored["filename"]) == (STATION, named)
    log = operator.client.get(stored["download"]).text
    assert "SecurityProfile" in log
    assert FIRST_KEY not in log
    assert SECOND_KEY not in log
