"""What must not be read in a service log or in a stored frame: keys, passwords and id tags. Pure.

Masking is the last line of defence: who writes a log line or stores a frame leaves these out to begin with.
"""

import re
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "***"

_KEY_NAMES: Final = "AuthorizationKey|MasterPassword|CsmsAuthKey"
_IN_TEXT: Final = (
    # redis://user:password@host, and any other address
    (re.compile(r"(?<=://)[^/\s@\"']*@"), f"{HIDDEN}@"),
    (
        re.compile(r"(?i)(Authorization[\"']?\s*[:=,]\s*[b\"']*)(Basic|Bearer)\s+[A-Za-z0-9+/_=.-]+"),
        rf"\1\2 {HIDDEN}",
    ),
    # "idTag":"ABC", id_tag='ABC', parentIdTag: ABC
    (re.compile(r"(?i)((?:parent_?)?id_?tag[\"']?\s*[:=]\s*)([\"']?)[^\s\"',)}\]]+\2"), rf"\1\2{HIDDEN}\2"),
    (re.compile(rf"(?i)\b((?:{_KEY_NAMES})[\"']?\s*[:=]\s*)([\"']?)[^\s\"',)}}\]]+\2"), rf"\1\2{HIDDEN}\2"),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL),
        HIDDEN,
    ),
)
_KEY_VALUE: Final = re.compile(
    # ChangeConfiguration.req and GetConfiguration.conf: key and value are members beside one another, in either order
    rf'("key"\s*:\s*"(?:{_KEY_NAMES})"[^{{}}]*?"value"\s*:\s*)"(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)
_VALUE_KEY: Final = re.compile(
    rf'("value"\s*:\s*)"(?:[^"\\]|\\.)*"([^{{}}]*?"key"\s*:\s*"(?:{_KEY_NAMES})")', re.IGNORECASE
)


def scrubbed(text: str, secrets: Iterable[str] = ()) -> str:
    """A log line without passwords, keys and tags; `secrets` are values that are hidden wherever they stand."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    text = without_keys(text)
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def without_keys(frame: str) -> str:
    """An OCPP-J frame with the value of AuthorizationKey masked; tags stay, they are what billing is about."""
    return _VALUE_KEY.sub(rf'\1"{HIDDEN}"\2', _KEY_VALUE.sub(rf'\1"{HIDDEN}"', frame))
