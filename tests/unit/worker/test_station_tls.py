"""TLS contexts of single stations, shared where they are the same."""

import gc
import ssl
import time

import pytest

from evswarm_worker.errors import EndpointError
from evswarm_worker.station.effects import LinkSecurity
from evswarm_worker.station_tls import StationContexts
from tests.support.station_certificates import authority, pem, station_pem

NOW = time.time()
ROOT = authority(NOW)
CERTIFICATE, _, REST = station_pem(ROOT, "CP-1", NOW).partition("-----BEGIN PRIVATE KEY-----")
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----" + REST
OWN = LinkSecurity(3, "", (pem(ROOT.certificate),), CERTIFICATE, PRIVATE_KEY)


def test_servers_are_verified_by_the_roots_of_the_station_alone() -> None:
    context = StationContexts().context(OWN)
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    (trusted,) = context.get_ca_certs(binary_form=True)
    assert trusted == ssl.PEM_cert_to_DER_cert(pem(ROOT.certificate))


def test_stations_with_the_same_certificates_share_a_context_as_long_as_one_uses_it() -> None:
    contexts = StationContexts()
    first = contexts.context(OWN)
    assert contexts.context(LinkSecurity(3, "", OWN.roots, CERTIFICATE, PRIVATE_KEY)) is first
    assert contexts.context(LinkSecurity(2, "key", OWN.roots)) is not first
    del first
    gc.collect()
    assert not contexts._contexts


@pytest.mark.parametrize(
    "security", [LinkSecurity(2, "", ("nonsense",)), LinkSecurity(3, "", OWN.roots, "no", "key")]
)
def test_what_is_no_certificate_is_an_error_that_says_so(security: LinkSecurity) -> None:
    with pytest.raises(EndpointError, match="certificate"):
        StationContexts().context(security)
