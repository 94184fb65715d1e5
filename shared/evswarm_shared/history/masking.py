"""Takes the stations' passwords out of records before they leave the process. Pure.

Only what can carry one is looked into, so that all other records cost a comparison.
"""

from typing import Final

import msgspec
from msgspec import Raw

from evswarm_shared.history.records import EventRecord, MessageRecord, Outcome
from evswarm_shared.telemetry.secrets import HIDDEN, without_keys

CARRIERS: Final = frozenset(("ChangeConfiguration", "GetConfiguration", "set_configuration"))
"""Actions, of OCPP and by hand, whose payloads hold configuration keys with their values."""
_KEY: Final = b"authorizationkey"
_WHOLLY_HIDDEN: Final = Raw(msgspec.json.encode(HIDDEN))


def without_passwords(record: MessageRecord) -> MessageRecord:
    """The record with each AuthorizationKey masked (security whitepaper A00); a frame that is none, wholly."""
    if record.outcome is Outcome.MALFORMED:
        if _KEY not in bytes(record.request).lower():
            return record
        return msgspec.structs.replace(record, request=_WHOLLY_HIDDEN)
    if record.action not in CARRIERS:
        return record
    return msgspec.structs.replace(record, request=_masked(record.request), response=_masked(record.response))


def event_without_passwords(event: EventRecord) -> EventRecord:
    """The same of a command that was given."""
    if event.name not in CARRIERS:
        return event
    return msgspec.structs.replace(event, detail=_masked(event.detail))


def _masked(payload: Raw) -> Raw:
    text = bytes(payload)
    if _KEY not in text.lower():
        return payload
    return Raw(without_keys(text.decode("utf-8", "replace")).encode())
