"""What a station knows about security: profile, keys, certificates and what happened (security whitepaper §2, §3).

Data and the rules about it; certificates are looked into by `certificates`, which is loaded only when one comes.
"""

from enum import StrEnum
from typing import Final

import msgspec
from ocpp.v16.enums import ConfigurationKey

from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.effects import CONNECT, Connect, LinkSecurity

BASIC: Final = 1
"""The least profile that authenticates the station."""
TLS: Final = 2
"""The least profile that authenticates the central system."""
MUTUAL_TLS: Final = 3

FALLBACK_ATTEMPTS: Final = 3
"""Failed attempts after which a new security profile is given up for the one before (A05.FR.08)."""


class SecurityEventType(StrEnum):
    """Security whitepaper §8, spelled as there."""

    FIRMWARE_UPDATED = "FirmwareUpdated"
    FAILED_TO_AUTHENTICATE = "FailedToAuthenticationAtCentralSystem"
    SETTING_SYSTEM_TIME = "SettingSystemTime"
    STARTUP = "StartupOfTheDevice"
    RESET_OR_REBOOT = "ResetOrReboot"
    RECONFIGURATION = "ReconfigurationOfSecurityParameters"
    TAMPER_DETECTION = "TamperDetectionActivated"
    INVALID_FIRMWARE_SIGNATURE = "InvalidFirmwareSignature"
    INVALID_FIRMWARE_SIGNING_CERTIFICATE = "InvalidFirmwareSigningCertificate"
    INVALID_CENTRAL_SYSTEM_CERTIFICATE = "InvalidCentralSystemCertificate"
    INVALID_CHARGE_POINT_CERTIFICATE = "InvalidChargePointCertificate"
    INVALID_TLS_VERSION = "InvalidTLSVersion"
    INVALID_TLS_CIPHER_SUITE = "InvalidTLSCipherSuite"


class SecurityEvent(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Something an auditor wants to know; `at` on the station's own clock."""

    at: float
    type: str
    info: str


class KeyPair(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A certificate chain and the private key of its first certificate, PEM; valid in real unix seconds."""

    certificate: str
    private_key: str
    valid_from: float
    valid_until: float


class Security(msgspec.Struct, array_like=True):
    """Stored whole in the checkpoint. A station that nothing of this ever happened to has none.

    `undelivered` are the events the central system has not confirmed, `journal` is the security log, newest last.
    `roots` None: those it was delivered with; PEM, newest last. `fallback_root` is the root that the newest one
    replaced and that is tried once more (M05.FR.11). `identity` None: the certificate it was delivered with. `coming`
    becomes the identity when it is valid. `requested_key` belongs to the last certificate request, made at `asked_at`
    (real unix seconds).
    `previous_profile`: the profile to return to while the new one never worked.
    """

    undelivered: list[SecurityEvent] = []
    journal: list[SecurityEvent] = []
    roots: list[str] | None = None
    manufacturer_roots: list[str] = []
    fallback_root: str = ""
    on_fallback: bool = False
    identity: KeyPair | None = None
    coming: KeyPair | None = None
    requested_key: str = ""
    key_request: int = 0
    asked_at: float = 0.0
    previous_profile: int | None = None
    attempts: int = 0
    reconnect: bool = False


def security_of(cabinet: Cabinet) -> Security:
    """The state to change; made when there is none yet."""
    if cabinet.security is None:
        cabinet.security = Security()
    return cabinet.security


def security_profile(cabinet: Cabinet) -> int:
    """0 to 3."""
    return cabinet.configuration.integer(ConfigurationKey.security_profile)


def authorization_key(cabinet: Cabinet) -> str:
    """The password of Basic authentication; empty when there is none."""
    changed = cabinet.configuration.text(ConfigurationKey.authorization_key)
    if changed or cabinet.config.security is None:
        return changed
    return cabinet.config.security.authorization_key


def root_certificates(cabinet: Cabinet) -> list[str]:
    """The trusted roots of the central system, PEM, newest last."""
    if cabinet.security is not None and cabinet.security.roots is not None:
        return cabinet.security.roots
    return [] if cabinet.config.security is None else list(cabinet.config.security.roots)


def identity(cabinet: Cabinet) -> KeyPair | None:
    """The certificate that the station shows in profile 3, and its key."""
    if cabinet.security is not None and cabinet.security.identity is not None:
        return cabinet.security.identity
    delivered = cabinet.config.security
    if delivered is None or not delivered.certificate:
        return None
    return KeyPair(delivered.certificate, delivered.private_key, 0.0, delivered.valid_until)


def connect_effect(cabinet: Cabinet) -> Connect:
    """How to connect as the station is configured now; one security profile at a time (A00.FR.001)."""
    profile = security_profile(cabinet)
    if profile < BASIC:
        return CONNECT
    own = identity(cabinet) if profile >= MUTUAL_TLS else None
    return Connect(
        LinkSecurity(
            profile,
            authorization_key(cabinet) if profile < MUTUAL_TLS else "",
            _trusted(cabinet) if profile >= TLS else (),
            "" if own is None else own.certificate,
            "" if own is None else own.private_key,
        )
    )


def _trusted(cabinet: Cabinet) -> tuple[str, ...]:
    security = cabinet.security
    if security is not None and security.on_fallback:
        return (security.fallback_root,)
    return tuple(root_certificates(cabinet))


def reconnect_soon(cabinet: Cabinet) -> None:
    """Leave the connection as soon as the answer is out, and come back with what is configured now."""
    security_of(cabinet).reconnect = True
    cabinet.look_soon()


def change_profile(cabinet: Cabinet, profile: int) -> None:
    """Use another security profile, and remember the one that worked."""
    security = security_of(cabinet)
    if security.previous_profile is None:
        security.previous_profile = security_profile(cabinet)
    security.attempts = 0
    cabinet.configuration.put(ConfigurationKey.security_profile, str(profile))


def connection_works(cabinet: Cabinet) -> None:
    """The handshake went through: what was tried is what stays."""
    security = cabinet.security
    if security is None:
        return
    if security.previous_profile is not None:
        cabinet.log(f"Security profile {security_profile(cabinet)} works")
        security.previous_profile = None
        cabinet.lasting_changed = True
    if security.fallback_root:
        # Whichever of the two was good is the one root that stays (M05.FR.12).
        if security.on_fallback:
            security.roots = [security.fallback_root]
        security.fallback_root = ""
        security.on_fallback = False
        cabinet.lasting_changed = True


def attempt_failed(cabinet: Cabinet, *, decided: bool) -> bool:
    """An attempt to connect failed; True when something else is to be tried soon.

    `decided`: the peer, or its certificate, said no; nothing will change by waiting.
    """
    security = cabinet.security
    if security is None:
        return False
    if security.fallback_root and decided:
        security.on_fallback = not security.on_fallback
        if security.on_fallback:
            cabinet.log("Trying the central system's certificate with the root before")
            return True
    if security.previous_profile is None:
        return False
    security.attempts += 1
    if not decided and security.attempts < FALLBACK_ATTEMPTS:
        return False
    profile = security.previous_profile
    security.previous_profile = None
    cabinet.configuration.put(ConfigurationKey.security_profile, str(profile))
    cabinet.lasting_changed = True
    cabinet.log(f"Security profile given up: back to {profile}")
    return True
