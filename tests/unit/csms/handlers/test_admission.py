"""What a station must show (security whitepaper §2)."""

import base64

import pytest

from evswarm_csms.handlers.admission import (
    Admission,
    Approach,
    ClientCertificate,
    Credentials,
    Ruling,
    SecurityRules,
    basic_credentials,
    judge,
)
from evswarm_shared import authorization_key
from evswarm_shared.bus.csms_records import StationRegistration

KEY = "0123456789abcdef0123456789abcdef"
OTHER = "another key of 16"


def basic(username: str = "CP-1", password: str | bytes = KEY) -> str:
    raw = password.encode() if isinstance(password, str) else password
    return "Basic " + base64.b64encode(username.encode() + b":" + raw).decode()


def registered(
    profile: int | None = None, key: str | None = KEY, serial_number: str = ""
) -> StationRegistration:
    digests = () if key is None else authorization_key.digests("salt", key)
    return StationRegistration("CP-1", profile, "salt", digests, serial_number)


OPEN = SecurityRules()
CERTIFICATE = ClientCertificate("CP-1", "evswarm")
PLAIN = Approach()
PLAIN_BASIC = Approach(authorization=basic())
PLAIN_WRONG = Approach(authorization=basic(password=OTHER))
TLS = Approach(encrypted=True)
TLS_BASIC = Approach(encrypted=True, authorization=basic())
TLS_WRONG = Approach(encrypted=True, authorization=basic(password=OTHER))
MUTUAL = Approach(encrypted=True, certificate=CERTIFICATE)
FOREIGN = Approach(encrypted=True, certificate=ClientCertificate("CP-2", "evswarm"))

A = Admission


@pytest.mark.parametrize(
    ("required", "approach", "ruling"),
    [
        (0, PLAIN, Ruling(A.ADMITTED, 0)),
        (0, PLAIN_BASIC, Ruling(A.ADMITTED, 1)),
        (0, PLAIN_WRONG, Ruling(A.WRONG_CREDENTIALS, 0)),
        (0, TLS, Ruling(A.ADMITTED, 0)),
        (0, TLS_BASIC, Ruling(A.ADMITTED, 2)),
        (0, TLS_WRONG, Ruling(A.WRONG_CREDENTIALS, 0)),
        (0, MUTUAL, Ruling(A.ADMITTED, 3)),
        (0, FOREIGN, Ruling(A.ADMITTED, 0)),
        (1, PLAIN, Ruling(A.WRONG_CREDENTIALS, 0)),
        (1, PLAIN_BASIC, Ruling(A.ADMITTED, 1)),
        (1, PLAIN_WRONG, Ruling(A.WRONG_CREDENTIALS, 0)),
        (1, TLS, Ruling(A.WRONG_CREDENTIALS, 0)),
        (1, TLS_BASIC, Ruling(A.ADMITTED, 2)),
        (1, TLS_WRONG, Ruling(A.WRONG_CREDENTIALS, 0)),
        (1, MUTUAL, Ruling(A.ADMITTED, 3)),
        (1, FOREIGN, Ruling(A.WRONG_CREDENTIALS, 0)),
        (2, PLAIN, Ruling(A.NEEDS_TLS, 0)),
        (2, PLAIN_BASIC, Ruling(A.NEEDS_TLS, 1)),
        (2, PLAIN_WRONG, Ruling(A.NEEDS_TLS, 0)),
        (2, TLS, Ruling(A.WRONG_CREDENTIALS, 0)),
        (2, TLS_BASIC, Ruling(A.ADMITTED, 2)),
        (2, TLS_WRONG, Ruling(A.WRONG_CREDENTIALS, 0)),
        (2, MUTUAL, Ruling(A.ADMITTED, 3)),
        (2, FOREIGN, Ruling(A.WRONG_CREDENTIALS, 0)),
        (3, PLAIN, Ruling(A.NEEDS_TLS, 0)),
        (3, PLAIN_BASIC, Ruling(A.NEEDS_TLS, 1)),
        (3, PLAIN_WRONG, Ruling(A.NEEDS_TLS, 0)),
        (3, TLS, Ruling(A.NEEDS_CERTIFICATE, 0)),
        (3, TLS_BASIC, Ruling(A.NEEDS_CERTIFICATE, 2)),
        (3, TLS_WRONG, Ruling(A.NEEDS_CERTIFICATE, 0)),
        (3, MUTUAL, Ruling(A.ADMITTED, 3)),
        (3, FOREIGN, Ruling(A.NEEDS_CERTIFICATE, 0)),
    ],
)
def test_every_profile_and_every_approach(required: int, approach: Approach, ruling: Ruling) -> None:
    assert judge("CP-1", approach, registered(required), OPEN) == ruling
    listener = SecurityRules(required, "salt", registered().key_digests)
    if required:  # a listener with a key wants profile 1 at least
        assert judge("CP-1", approach, None, listener) == ruling


def test_without_any_key_nobody_is_asked_for_one() -> None:
    assert judge("CP-1", PLAIN, None, OPEN).admission is A.ADMITTED
    assert judge("CP-1", PLAIN_BASIC, None, OPEN) == Ruling(A.ADMITTED, 0)


def test_a_key_makes_profile_1_the_least() -> None:
    assert judge("CP-1", PLAIN, registered(), OPEN).admission is A.WRONG_CREDENTIALS
    assert judge("CP-1", PLAIN, None, SecurityRules.of(0, KEY, None)).admission is A.WRONG_CREDENTIALS
    assert judge("CP-1", PLAIN_BASIC, None, SecurityRules.of(0, KEY, None)) == Ruling(A.ADMITTED, 1)


def test_a_station_with_a_key_of_its_own_does_not_get_in_with_the_common_one() -> None:
    rules = SecurityRules.of(1, OTHER, None)
    assert judge("CP-1", PLAIN_WRONG, registered(), rules).admission is A.WRONG_CREDENTIALS
    assert judge("CP-1", PLAIN_BASIC, registered(), rules).admission is A.ADMITTED
    assert judge("CP-1", PLAIN_WRONG, registered(key=None), rules).admission is A.ADMITTED


def test_the_key_may_come_as_the_bytes_that_its_digits_stand_for() -> None:
    approach = Approach(authorization=basic(password=bytes.fromhex(KEY)))
    assert judge("CP-1", approach, registered(1), OPEN) == Ruling(A.ADMITTED, 1)


def test_the_key_of_one_station_does_not_let_another_in() -> None:
    approach = Approach(authorization=basic(username="CP-2"))
    assert judge("CP-1", approach, registered(1), OPEN).admission is A.WRONG_CREDENTIALS


def test_profile_1_without_any_key_lets_nobody_in() -> None:
    assert judge("CP-1", PLAIN_BASIC, None, SecurityRules(1)).admission is A.WRONG_CREDENTIALS


def test_a_certificate_carries_the_registered_serial_number() -> None:
    registration = registered(3, None, serial_number="SN-7")
    assert judge("CP-1", MUTUAL, registration, OPEN).admission is A.NEEDS_CERTIFICATE
    by_serial = Approach(True, ClientCertificate("SN-7", ""))
    assert judge("CP-1", by_serial, registration, OPEN).admission is A.ADMITTED


def test_a_certificate_is_the_operators() -> None:
    for owner, admission in (("evswarm", A.ADMITTED), ("somebody else", A.NEEDS_CERTIFICATE)):
        assert judge("CP-1", MUTUAL, registered(3), SecurityRules.of(3, None, owner)).admission is admission


@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        (None, None),
        ("", None),
        ("Bearer abc", None),
        ("Basic", None),
        ("Basic !!!", None),
        ("Basic " + base64.b64encode(b"no colon").decode(), None),
        ("Basic " + base64.b64encode(b"\xff:x").decode(), None),
        ("basic  " + base64.b64encode(b"a:b:c").decode() + " ", Credentials("a", b"b:c")),
        ("Basic " + base64.b64encode(b"a:").decode(), Credentials("a", b"")),
        ("Basic " + base64.b64encode(b"a:\x00\xff").decode(), Credentials("a", b"\x00\xff")),
    ],
)
def test_basic_credentials_are_read(header: str | None, credentials: Credentials | None) -> None:
    assert basic_credentials(header) == credentials
