"""The AuthorizationKey of a station as it is sent, stored and compared: stored never itself, only salted digests of it.

A fast digest is enough here and a slow one would be harm: keys have 16 characters at least and ought to be random (security
whitepaper A00.FR.205), and a whole swarm that reconnects at once is checked by one process.
"""

import contextlib
import hashlib
import hmac
import secrets
from typing import Final

SALT_BYTES: Final = 16
HEXADECIMAL_LENGTHS: Final = range(32, 41, 2)
"""Digits that stand for 16 to 20 bytes: shorter ones would be too few bytes and can only be meant as text."""
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")


def password(key: str) -> bytes:
    """What a station sends for a key: the bytes that 32 to 40 hexadecimal digits stand for, or any other key's text.

    A00.FR.205 and errata J §3.12: the configuration key is the hexadecimal representation of the password.
    """
    if len(key) in HEXADECIMAL_LENGTHS and _HEXADECIMAL.issuperset(key):
        return bytes.fromhex(key)
    return key.encode()


def new_salt() -> str:
    """A salt for one station."""
    return secrets.token_hex(SALT_BYTES)


def digests(salt: str, key: str) -> tuple[str, ...]:
    """The digests to store of a key: of its text, and where that is hexadecimal, of the bytes that it stands for.

    Both are seen as the password of HTTP Basic, for the configuration key is hexadecimal text (A00.FR.205).
    """
    forms = [key.encode()]
    with contextlib.suppress(ValueError):  # a key of other characters has the one form only
        forms.append(bytes.fromhex(key))
    return tuple(_digest(salt, form) for form in forms)


def matches(salt: str, stored: tuple[str, ...], password: bytes) -> bool:
    """Whether a password is the key; takes the same time whatever the password is."""
    offered = _digest(salt, password)
    found = False
    for digest in stored:
        found |= hmac.compare_digest(digest, offered)
    return found


def _digest(salt: str, form: bytes) -> str:
    return hashlib.sha256(salt.encode() + b"\x00" + form).hexdigest()
