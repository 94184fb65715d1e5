"""The station's own certificate: requested, verified when it comes, used from when it is valid (whitepaper A02, A03)."""

from math import inf
from typing import Final

from ocpp.v16.enums import Action, ConfigurationKey, GenericStatus

from evswarm_shared.ocpp16.messages import SignCertificate, SignCertificateResponse
from evswarm_worker.station import security_events
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.effects import MakeKey
from evswarm_worker.station.security import (
    MUTUAL_TLS,
    KeyPair,
    SecurityEventType,
    identity,
    reconnect_soon,
    root_certificates,
    security_of,
    security_profile,
)

RENEWAL_SECONDS: Final = 30 * 86400.0
"""A certificate that ends within a month is renewed (A03.FR.02)."""
ASK_AGAIN_SECONDS: Final = 86400.0


def request_certificate(cabinet: Cabinet) -> bool:
    """Have a key made and ask for a certificate; False when CpoName, which goes into it, is not set."""
    organization = cabinet.configuration.text(ConfigurationKey.cpo_name)
    if not organization:
        return False
    security = security_of(cabinet)
    security.key_request += 1
    security.asked_at = cabinet.now
    security.requested_key = ""
    cabinet.lasting_changed = True
    cabinet.effects.append(MakeKey(security.key_request, serial_number(cabinet), organization))
    return True


def key_made(cabinet: Cabinet, request: int, private_key: str, signing_request: str) -> None:
    """The key pair that was asked for is there; its private half stays here (A02.FR.05)."""
    security = cabinet.security
    if security is None or request != security.key_request:
        return
    security.requested_key = private_key
    cabinet.lasting_changed = True
    cabinet.log("Certificate requested")
    cabinet.call(
        PendingCall(Action.sign_certificate, SignCertificate(signing_request), allowed_while_pending=True)
    )


def request_answered(cabinet: Cabinet, response: SignCertificateResponse) -> None:
    """The central system will have it signed, or will not."""
    if response.status is GenericStatus.rejected:
        request_failed(cabinet)


def request_failed(cabinet: Cabinet) -> None:
    """No certificate will come: the key is of no use."""
    if cabinet.security is not None:
        cabinet.security.requested_key = ""
        cabinet.lasting_changed = True
    cabinet.log("Certificate request rejected")


def certificate_came(cabinet: Cabinet, chain: str) -> bool:
    """A signed certificate: keep it if it can be used, else discard it and say so (A02.FR.06, FR.07)."""
    from evswarm_worker.station import certificates

    security = security_of(cabinet)
    try:
        if not security.requested_key:
            raise certificates.CertificateFaultError("no certificate was requested")
        valid_from, valid_until = certificates.check_station_certificate(
            chain,
            security.requested_key,
            root_certificates(cabinet),
            common_name=serial_number(cabinet),
            organization=cabinet.configuration.text(ConfigurationKey.cpo_name),
            now=cabinet.now,
        )
    except certificates.CertificateFaultError as fault:
        cabinet.log(f"Certificate discarded: {fault}")
        security_events.record(cabinet, SecurityEventType.INVALID_CHARGE_POINT_CERTIFICATE, str(fault))
        return False
    security.coming = KeyPair(chain, security.requested_key, valid_from, valid_until)
    security.requested_key = ""
    cabinet.lasting_changed = True
    cabinet.look_soon()
    return True


def look(cabinet: Cabinet) -> float:
    """Begin to use a certificate that has become valid; returns when to look again, in real unix seconds."""
    security = cabinet.security
    coming = None if security is None else security.coming
    if security is not None and coming is not None:
        if coming.valid_from > cabinet.now:
            return coming.valid_from
        security.coming = None
        security.identity = coming
        cabinet.lasting_changed = True
        cabinet.log("New certificate in use")
        security_events.record(cabinet, SecurityEventType.RECONFIGURATION, "a new charge point certificate")
        if security_profile(cabinet) >= MUTUAL_TLS:
            reconnect_soon(cabinet)
    return _renewal(cabinet)


def _renewal(cabinet: Cabinet) -> float:
    """Ask for a new certificate a month before the one in use ends; once a day until it comes (A03)."""
    if security_profile(cabinet) < MUTUAL_TLS:
        return inf
    own = identity(cabinet)
    if own is None or own.valid_until <= 0.0:
        return inf
    asked_at = -inf if cabinet.security is None else cabinet.security.asked_at
    due = max(own.valid_until - RENEWAL_SECONDS, asked_at + ASK_AGAIN_SECONDS)
    if due > cabinet.now:
        return due
    if cabinet.online and request_certificate(cabinet):
        return cabinet.now + ASK_AGAIN_SECONDS
    # The next connection looks again.
    return inf


def serial_number(cabinet: Cabinet) -> str:
    """The station's serial number, as BootNotification tells it (A00.FR.511)."""
    return cabinet.config.station_id[:25]
