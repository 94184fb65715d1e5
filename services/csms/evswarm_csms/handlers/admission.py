"""Who may open a WebSocket: what a station must show for its security profile (security whitepaper §2.3 to §2.5).

Profile 0 is plain, 1 plain with HTTP Basic, 2 TLS with HTTP Basic, 3 TLS with a client certificate. A station that shows
more than it must is welcome.
"""

import base64
import binascii
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from evswarm_shared import authorization_key
from evswarm_shared.bus.csms_records import StationRegistration

NO_SECURITY: Final = 0
BASIC: Final = 1
TLS_WITH_BASIC: Final = 2
MUTUAL_TLS: Final = 3


class Admission(Enum):
    """What the central system says to a station before the upgrade."""

    ADMITTED = auto()
    UNKNOWN_STATION = auto()
    STORE_AWAY = auto()
    NO_ROOM = auto()
    """This replica holds as many connections as it can; another may have room."""
    WRONG_CREDENTIALS = auto()
    """No HTTP Basic, or not the identity and key of this station."""
    NEEDS_TLS = auto()
    """The station has to connect by TLS."""
    NEEDS_CERTIFICATE = auto()
    """No client certificate, or another station's."""


class ClientCertificate(NamedTuple):
    """The subject of a client certificate whose path has been verified."""

    common_name: str
    organization: str


class Approach(NamedTuple):
    """How a client comes: by TLS or not, with which certificate and which Authorization header."""

    encrypted: bool = False
    certificate: ClientCertificate | None = None
    authorization: str | None = None


class Ruling(NamedTuple):
    """The answer, the security profile that the client has shown, and whether by the station's next key."""

    admission: Admission
    profile: int = NO_SECURITY
    next_key: bool = False


@dataclass(frozen=True, slots=True)
class SecurityRules:
    """What holds for stations that have nothing of their own.

    `profile` is the least profile, `key_salt` and `key_digests` those of the common key (empty: none), `organization`
    what client certificates must name as their owner (None: anything).
    """

    profile: int = NO_SECURITY
    key_salt: str = ""
    key_digests: tuple[str, ...] = ()
    organization: str | None = None

    @classmethod
    def of(cls, profile: int, key: str | None, organization: str | None) -> "SecurityRules":
        """The rules with this common key."""
        salt = authorization_key.new_salt()
        return cls(profile, salt, () if key is None else authorization_key.digests(salt, key), organization)


def judge(
    station_id: str, approach: Approach, registration: StationRegistration | None, rules: SecurityRules
) -> Ruling:
    """Whether a station may come in like this.

    With a key to compare with, profile 1 is the least, unless the station's registration says 0; and a wrong key is
    refused in any case.
    """
    salt, digests = rules.key_salt, rules.key_digests
    if registration is not None and registration.key_digests:
        salt, digests = registration.key_salt, registration.key_digests
    coming = registration.next_key_digests if registration is not None else ()
    credentials = basic_credentials(approach.authorization)
    password_fits = next_key = False
    if credentials is not None and credentials.username == station_id:
        password_fits = authorization_key.matches(salt, digests, credentials.password)
        if registration is not None and coming:
            next_key = authorization_key.matches(registration.key_salt, coming, credentials.password)
    profile = NO_SECURITY
    if approach.certificate is not None and _belongs_to(
        approach.certificate, station_id, registration, rules
    ):
        profile = MUTUAL_TLS
    elif password_fits or next_key:
        profile = TLS_WITH_BASIC if approach.encrypted else BASIC
    if registration is not None and registration.security_profile is not None:
        required = registration.security_profile
    else:
        required = max(rules.profile, BASIC if digests or coming else NO_SECURITY)
    wrong_key = bool(credentials and (digests or coming))
    return Ruling(_admission(profile, required, approach, wrong_key=wrong_key), profile, next_key)


def _admission(profile: int, required: int, approach: Approach, *, wrong_key: bool) -> Admission:
    if profile >= required and not (profile == NO_SECURITY and wrong_key):
        return Admission.ADMITTED
    if required >= TLS_WITH_BASIC and not approach.encrypted:
        return Admission.NEEDS_TLS
    if required == MUTUAL_TLS:
        return Admission.NEEDS_CERTIFICATE
    return Admission.WRONG_CREDENTIALS


def _belongs_to(
    certificate: ClientCertificate,
    station_id: str,
    registration: StationRegistration | None,
    rules: SecurityRules,
) -> bool:
    """A00.FR.404 and A00.FR.405; the serial number is the station id unless the registration gives another."""
    owner_fits = rules.organization is None or certificate.organization == rules.organization
    serial = registration.serial_number if registration is not None else ""
    return owner_fits and certificate.common_name == (serial or station_id)


class Credentials(NamedTuple):
    """What HTTP Basic carries. The password is bytes: a key may be binary."""

    username: str
    password: bytes


def basic_credentials(authorization: str | None) -> Credentials | None:
    """The credentials in an Authorization header (RFC 7617); None when there are none that can be read.

    The station id may hold a colon in its percent-encoded form only, so the first colon ends it.
    """
    scheme, _, encoded = (authorization or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        username, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return Credentials(username.decode(), password) if colon else None
    except (binascii.Error, UnicodeDecodeError):
        return None
