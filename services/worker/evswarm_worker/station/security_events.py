"""Security events: written to the security log, told to the central system, kept until it confirms (A04, §8)."""

from typing import Final

from msgspec import UNSET
from ocpp.v16.enums import Action

from evswarm_shared.ocpp16.messages import SecurityEventNotification
from evswarm_shared.ocpp16.timestamps import Timestamp
from evswarm_shared.telemetry.counts import DroppedFrame
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.security import (
    BASIC,
    SecurityEvent,
    SecurityEventType,
    security_of,
    security_profile,
)

JOURNAL_LIMIT: Final = 50
UNDELIVERED_LIMIT: Final = 50
INFO_LIMIT: Final = 255

_ACTION: Final = Action.security_event_notification
_E = SecurityEventType

LOGGED_ONLY: Final = frozenset((_E.FAILED_TO_AUTHENTICATE, _E.RECONFIGURATION))
"""Not critical, and nothing that a central system does not know already."""

ROUTINE: Final = frozenset((_E.STARTUP, _E.RESET_OR_REBOOT, _E.SETTING_SYSTEM_TIME))
"""Part of every station's day: told from security profile 1 on only. Central systems without the security extension
answer each of them with an error."""


def record(cabinet: Cabinet, kind: SecurityEventType, info: str = "") -> None:
    """Something happened that the security log wants to have, and the central system too unless it is told otherwise."""
    if kind in ROUTINE and security_profile(cabinet) < BASIC:
        return
    security = security_of(cabinet)
    event = SecurityEvent(float(cabinet.timestamp()), kind.value, info[:INFO_LIMIT])
    security.journal.append(event)
    del security.journal[:-JOURNAL_LIMIT]
    cabinet.lasting_changed = True
    if kind in LOGGED_ONLY:
        return
    cabinet.log(f"Security event: {kind.value}{f': {info}' if info else ''}")
    if len(security.undelivered) >= UNDELIVERED_LIMIT:
        # The first may be in flight.
        del security.undelivered[1]
        cabinet.counts.dropped_frames.add(DroppedFrame.QUEUE_FULL)
    security.undelivered.append(event)
    cabinet.look_soon()


def send_next(cabinet: Cabinet) -> None:
    """Put the oldest event that was not confirmed in line, unless it is under way."""
    security = cabinet.security
    if security is None or not security.undelivered or not cabinet.online:
        return
    calls = cabinet.calls
    if calls.in_flight is not None and calls.in_flight.action is _ACTION:
        return
    if any(call.action is _ACTION for call in calls.line or ()):
        return
    event = security.undelivered[0]
    request = SecurityEventNotification(event.type, Timestamp(event.at), event.info if event.info else UNSET)
    cabinet.call(PendingCall(_ACTION, request))


def confirmed(cabinet: Cabinet) -> None:
    """The central system has the oldest event, or will not have it."""
    if cabinet.security is not None and cabinet.security.undelivered:
        del cabinet.security.undelivered[0]
        cabinet.lasting_changed = True
        cabinet.look_soon()


def not_confirmed(cabinet: Cabinet, *, refused: bool) -> None:
    """No answer, or an error: an event is told again until there is an answer (A04.FR.02), an error is one."""
    if refused:
        cabinet.counts.dropped_frames.add(DroppedFrame.INVALID)
        confirmed(cabinet)
    else:
        cabinet.look_soon()
