"""What a line of a station's log is about, and how bad it is, told from its text. Pure; a table, first match wins.

The station writes for people; this is where its wording is tied to labels that can be filtered by.
"""

import re
from enum import StrEnum
from typing import Final

from evswarm_shared.charging_policy import PolicyReason


class Level(StrEnum):
    """How bad it is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogKind(StrEnum):
    """What it is about."""

    CONNECTION = "connection"
    BOOT = "boot"
    AUTHORIZATION = "authorization"
    TRANSACTION = "transaction"
    CONNECTOR = "connector"
    POLICY = "policy"
    CONFIGURATION = "configuration"
    MESSAGE = "message"
    FAULT = "fault"
    SECURITY = "security"
    FILE = "file"
    """Firmware, diagnostics and logs on their way."""
    RESERVATION = "reservation"
    PROFILE = "profile"
    """Charging profiles."""
    LIFE = "life"
    OTHER = "other"


_TIME: Final = re.compile(r"^\[\d\d:\d\d:\d\d\] ")
_POLICY: Final = "|".join(re.escape(reason.value) for reason in PolicyReason)
_RULES: Final = tuple(
    (re.compile(pattern), level, kind)
    for pattern, level, kind in (
        (r"Connection (failed|lost)", Level.WARNING, LogKind.CONNECTION),
        (r"(Connected|Network back)", Level.INFO, LogKind.CONNECTION),
        (r"Boot accepted", Level.INFO, LogKind.BOOT),
        (r"Boot ", Level.WARNING, LogKind.BOOT),
        (r"(Rebooting|Clock set|Heartbeat)", Level.INFO, LogKind.BOOT),
        (r"Central system's time ignored", Level.WARNING, LogKind.BOOT),
        (r"(Connector \d+|Station) faulted", Level.ERROR, LogKind.FAULT),
        (r"(Connector \d+|Station) repaired", Level.INFO, LogKind.FAULT),
        (r"Tag \S+ (not authorized|refused|may not)", Level.WARNING, LogKind.AUTHORIZATION),
        (r"(Tag |Authorization cache)", Level.INFO, LogKind.AUTHORIZATION),
        (r"(Transaction (started|stopped)|Remote (start|stop))", Level.INFO, LogKind.TRANSACTION),
        (r"\S+ given up after", Level.ERROR, LogKind.MESSAGE),
        (r"(No answer to|Answer to \S+ not understood|\S+ answered with)", Level.WARNING, LogKind.MESSAGE),
        (r"DataTransfer", Level.WARNING, LogKind.MESSAGE),
        (r"Security (event|profile \S+ (refused|given))", Level.WARNING, LogKind.SECURITY),
        (r"Certificate (discarded|request rejected)", Level.WARNING, LogKind.SECURITY),
        (
            r"(Security|Certificate|New certificate|Reconnecting with|Trying the central)",
            Level.INFO,
            LogKind.SECURITY,
        ),
        (r"(Upload|Firmware .*) (failed|refused|not installed|ignored)", Level.WARNING, LogKind.FILE),
        (r"Upload failed|Firmware not installed", Level.WARNING, LogKind.FILE),
        (r"(Firmware|Upload)", Level.INFO, LogKind.FILE),
        (r"Reservation", Level.INFO, LogKind.RESERVATION),
        (r"Charging profile", Level.INFO, LogKind.PROFILE),
        (r"Local list", Level.INFO, LogKind.AUTHORIZATION),
        (rf"({_POLICY})", Level.INFO, LogKind.POLICY),
        (r"(Connector \d+ offers|Price changed)", Level.INFO, LogKind.POLICY),
        (r"Configuration", Level.INFO, LogKind.CONFIGURATION),
        (r"Connector \d+", Level.INFO, LogKind.CONNECTOR),
        (r"(Started|Stopped|Resumed|Shutting down|Left to itself)", Level.INFO, LogKind.LIFE),
    )
)


def classify(line: str) -> tuple[Level, LogKind]:
    """Level and kind of a line, with or without the time in front; OTHER where no rule knows it."""
    text = _TIME.sub("", line, count=1)
    for pattern, level, kind in _RULES:
        if pattern.match(text):
            return level, kind
    return Level.INFO, LogKind.OTHER
