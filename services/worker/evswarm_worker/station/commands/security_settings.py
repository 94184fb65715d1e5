"""Changing the password and the security profile by ChangeConfiguration (security whitepaper A01, A05)."""

from ocpp.v16.enums import ConfigurationKey, ConfigurationStatus

from evswarm_worker.station import security_events
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.configuration import KEYS
from evswarm_worker.station.security import (
    BASIC,
    MUTUAL_TLS,
    TLS,
    SecurityEventType,
    authorization_key,
    change_profile,
    identity,
    reconnect_soon,
    root_certificates,
    security_profile,
)

_KEYS = frozenset((ConfigurationKey.authorization_key.value, ConfigurationKey.security_profile.value))
_ACCEPTED, _REJECTED = ConfigurationStatus.accepted, ConfigurationStatus.rejected


def is_security_key(key: str) -> bool:
    """Whether a change of this key, spelt as the standard spells it, is a matter of `change`."""
    return key in _KEYS


def change(cabinet: Cabinet, key: str, value: str) -> ConfigurationStatus:
    """Change a key that the connection hangs on, and connect anew with it. No value is ever logged (A01.FR.12)."""
    if not KEYS[key].accepts(value):
        return _REJECTED
    if key == ConfigurationKey.authorization_key:
        cabinet.configuration.put(key, value)
        used = BASIC <= security_profile(cabinet) < MUTUAL_TLS
    else:
        profile = int(value)
        missing = _missing(cabinet, profile)
        if missing:
            cabinet.log(f"Security profile {profile} refused: {missing}")
            return _REJECTED
        change_profile(cabinet, profile)
        used = True
    cabinet.lasting_changed = True
    cabinet.log(f"{key} changed")
    security_events.record(cabinet, SecurityEventType.RECONFIGURATION, f"{key} changed")
    if used:
        reconnect_soon(cabinet)
    return _ACCEPTED


def _missing(cabinet: Cabinet, profile: int) -> str:
    """What stands against a security profile; nothing when its prerequisites are met (A05.FR.01 to FR.04)."""
    if profile <= security_profile(cabinet):
        return "it is not higher than the one in use"
    if profile < MUTUAL_TLS and not KEYS[ConfigurationKey.authorization_key].accepts(
        authorization_key(cabinet)
    ):
        return "there is no AuthorizationKey"
    if profile < TLS:
        return ""
    from evswarm_worker.station.certificates import is_valid

    if not any(is_valid(root, cabinet.now) for root in root_certificates(cabinet)):
        return "no valid CentralSystemRootCertificate is installed"
    if profile == MUTUAL_TLS:
        own = identity(cabinet)
        if own is None or not is_valid(own.certificate, cabinet.now):
            return "there is no valid charge point certificate"
    return ""
