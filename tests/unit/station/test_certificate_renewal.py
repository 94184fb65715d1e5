"""The station's own certificate, from the request to the next connection (security whitepaper A02, A03)."""

from typing import Any

import pytest

from evswarm_shared.certificates import read_request
from evswarm_worker.key_making import key_and_request
from evswarm_worker.station import MakeKey
from evswarm_worker.station.config import StationSecurity
from tests.support.station_certificates import authority, granted, pem
from tests.support.station_rig import NOON, StationRig, only

DAY = 86400.0
ROOT = authority(NOON)
TRUSTING = StationSecurity(0, "", (pem(ROOT.certificate),))
ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}


def requested(rig: StationRig, *, common_name: str = "", organization: str = "") -> str:
    """Have a certificate requested; the request."""
    assert (
        rig.command("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}) == ACCEPTED
    )
    make = rig.errands[-1]
    assert isinstance(make, MakeKey)
    key, request = key_and_request(common_name or make.common_name, organization or make.organization)
    rig.station.key_made(make.request, key, request, rig.now)
    rig.settle()
    return request


def rig_that_trusts(**options: Any) -> StationRig:
    rig = StationRig(**({"security": TRUSTING} | options))
    rig.answers["SignCertificate"] = {"status": "Accepted"}
    return rig.start()


def signed(rig: StationRig, chain: str) -> Any:
    return rig.command("CertificateSigned", {"certificateChain": chain})


def test_the_request_that_is_sent_names_the_station_and_its_operator() -> None:
    rig = rig_that_trusts(configuration={"CpoName": "Test CPO"})
    requested(rig)
    subject = read_request(only(rig.sent("SignCertificate"))["csr"]).subject
    assert "CN=CP-000002" in subject.rfc4514_string() and "O=Test CPO" in subject.rfc4514_string()


def test_a_signed_certificate_is_used_by_the_next_connection_with_mutual_tls() -> None:
    rig = rig_that_trusts()
    chain = granted(ROOT, requested(rig), NOON)
    assert signed(rig, chain) == ACCEPTED
    rig.command("ChangeConfiguration", {"key": "AuthorizationKey", "value": "0123456789abcdef"})
    assert rig.command("ChangeConfiguration", {"key": "SecurityProfile", "value": "3"}) == ACCEPTED
    rig.run(10.0)
    used = rig.connects[-1].security
    assert used is not None and used.certificate == chain and "PRIVATE KEY" in used.private_key


def test_with_mutual_tls_a_new_certificate_brings_a_new_connection() -> None:
    rig = rig_that_trusts()
    signed(rig, granted(ROOT, requested(rig), NOON))
    rig.command("ChangeConfiguration", {"key": "SecurityProfile", "value": "3"})
    rig.run(10.0)
    chain = granted(ROOT, requested(rig), NOON)
    signed(rig, chain)
    rig.run(10.0)
    used = rig.connects[-1].security
    assert len(rig.connects) == 3 and used is not None and used.certificate == chain


def test_a_certificate_outlives_the_worker() -> None:
    rig = rig_that_trusts()
    signed(rig, granted(ROOT, requested(rig), NOON))
    rig.command("ChangeConfiguration", {"key": "SecurityProfile", "value": "3"})
    rig.run(1.0)
    heir = rig.heir(security=TRUSTING).start()
    assert heir.connects[0].security is not None and heir.connects[0].security.certificate


@pytest.mark.parametrize(
    "make",
    [
        lambda rig: granted(authority(NOON, "Somebody"), requested(rig), NOON),
        lambda rig: granted(ROOT, requested(rig), NOON, days=0),
        lambda rig: granted(ROOT, requested(rig, common_name="CP-000003"), NOON),
        lambda rig: granted(ROOT, requested(rig, organization="Somebody"), NOON),
        lambda rig: granted(ROOT, key_and_request("CP-000002", "evswarm")[1], NOON) if requested(rig) else "",
        lambda rig: granted(ROOT, key_and_request("CP-000002", "evswarm")[1], NOON),
        lambda rig: "nonsense",
    ],
)
def test_a_certificate_that_cannot_be_used_is_discarded_and_an_event(make: Any) -> None:
    rig = rig_that_trusts()
    assert signed(rig, make(rig)) == REJECTED
    rig.run(1.0)
    assert [p["type"] for p in rig.sent("SecurityEventNotification")] == ["InvalidChargePointCertificate"]


def test_a_certificate_that_becomes_valid_later_is_used_from_then_on() -> None:
    rig = rig_that_trusts(now=NOON)
    signed(rig, granted(ROOT, requested(rig), NOON))
    rig.command("ChangeConfiguration", {"key": "SecurityProfile", "value": "3"})
    rig.run(10.0)
    later = granted(ROOT, requested(rig), NOON + DAY)
    assert signed(rig, later) == ACCEPTED
    rig.run(DAY / 2)
    assert all(c.security is None or c.security.certificate != later for c in rig.connects)
    rig.run(DAY)
    assert rig.connects[-1].security is not None and rig.connects[-1].security.certificate == later


def test_a_rejected_request_is_over() -> None:
    rig = rig_that_trusts()
    rig.answers["SignCertificate"] = {"status": "Rejected"}
    request = requested(rig)
    assert signed(rig, granted(ROOT, request, NOON)) == REJECTED


def test_a_certificate_that_ends_within_a_month_is_renewed_once_a_day() -> None:
    rig = rig_that_trusts()
    signed(rig, granted(ROOT, requested(rig), NOON, days=31))
    rig.command("ChangeConfiguration", {"key": "SecurityProfile", "value": "3"})
    rig.run(10.0)
    rig.errands.clear()
    rig.run(0.9 * DAY)
    assert not rig.errands
    rig.run(0.3 * DAY)
    assert len(rig.errands) == 1
    rig.run(1.0 * DAY)
    assert len(rig.errands) == 2


def test_a_request_that_the_connection_took_with_it_is_sent_again() -> None:
    rig = rig_that_trusts()
    rig.answers["SignCertificate"] = None
    request = requested(rig)
    rig.lose()
    rig.answers["SignCertificate"] = {"status": "Accepted"}
    rig.reachable()
    rig.run(10.0)
    assert rig.sent("SignCertificate") == [{"csr": request}] * 2
    assert signed(rig, granted(ROOT, request, NOON)) == ACCEPTED
