"""The three frames of OCPP-J (OCPP-J 1.6 §4.2): bytes to frame, and back in one pass.

A frame keeps its payload as raw JSON; `decode_request` and `decode_response`, at home in `payloads`, read it once the
Action is known.
"""

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from evswarm_shared.ocpp16.actions import ACTION_OF
from evswarm_shared.ocpp16.errors import ErrorCode, FrameError, FrameFault
from evswarm_shared.ocpp16.messages import Request, Response
from evswarm_shared.ocpp16.payloads import UNREADABLE, decode_request, decode_response
from evswarm_shared.ocpp16.timestamps import Timestamp, format_timestamp

__all__ = [
    "Call",
    "CallError",
    "CallResult",
    "Frame",
    "decode_frame",
    "decode_request",
    "decode_response",
    "encode_call",
    "encode_call_error",
    "encode_call_result",
    "encode_payload",
]

MAX_UNIQUE_ID_LENGTH: Final = 36
"""In characters (OCPP-J 1.6 §4.1.4)."""

MAX_DESCRIPTION_LENGTH: Final = 255
"""Of a CALLERROR of ours, in characters: OCPP 1.6 has no limit, its successor has this one."""

NO_READABLE_ID: Final = "-1"
"""What a CALLERROR answers to when the message id of the CALL is no text."""

_CALL: Final = 2
_CALL_RESULT: Final = 3
_CALL_ERROR: Final = 4

_UniqueId = Annotated[str, Meta(max_length=MAX_UNIQUE_ID_LENGTH)]


class Call(Struct, frozen=True, gc=False, array_like=True, tag=_CALL, forbid_unknown_fields=True):
    """A request: `payload` is for `decode_request`."""

    unique_id: _UniqueId
    action: str
    payload: Raw


class CallResult(
    Struct, frozen=True, gc=False, array_like=True, tag=_CALL_RESULT, forbid_unknown_fields=True
):
    """The answer to the CALL of the same id: `payload` is for `decode_response`."""

    unique_id: _UniqueId
    payload: Raw


class CallError(Struct, frozen=True, gc=False, array_like=True, tag=_CALL_ERROR, forbid_unknown_fields=True):
    """The refusal of the CALL of the same id. `code` is whatever the peer wrote, not always a code of OCPP."""

    unique_id: _UniqueId
    code: str
    description: str = ""
    details: Raw = Raw(b"{}")


Frame = Call | CallResult | CallError
"""One message of either side."""


def _write_timestamp(value: Any) -> str:
    if isinstance(value, Timestamp):
        return format_timestamp(value)
    raise NotImplementedError(f"no JSON for {type(value).__name__}")


_FRAME: Final[msgspec.json.Decoder[Call | CallResult | CallError]] = msgspec.json.Decoder(
    Call | CallResult | CallError
)
_ANYTHING: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder(enc_hook=_write_timestamp)
_START_OF_A_FRAME: Final = re.compile(r'\s*\[\s*([234])\s*,\s*"([^"\\\x00-\x1f]{1,36})"\s*,')


def decode_frame(data: bytes | str) -> Call | CallResult | CallError:
    """Read one WebSocket message.

    Raises:
        FrameError: It is no frame; says whether, and to which id, a CALLERROR is due.
    """
    try:
        return _FRAME.decode(data)
    except UNREADABLE:
        return _diagnose(data)


def encode_call(unique_id: str, request: Request) -> bytes:
    """A CALL of the Action that `request` belongs to; `unique_id` is new and at most 36 characters long."""
    return _ENCODER.encode((_CALL, unique_id, ACTION_OF[type(request)], request))


def encode_call_result(unique_id: str, response: Response) -> bytes:
    """The answer to the CALL `unique_id`."""
    return _ENCODER.encode((_CALL_RESULT, unique_id, response))


def encode_call_error(
    unique_id: str, code: ErrorCode, description: str = "", details: dict[str, Any] | None = None
) -> bytes:
    """The refusal of the CALL `unique_id`. Receivers may have little room for `description`: it is cut short."""
    return _ENCODER.encode(
        (_CALL_ERROR, unique_id, code, description[:MAX_DESCRIPTION_LENGTH], details or {})
    )


def encode_payload(payload: Request | Response) -> bytes:
    """The payload alone, as JSON: what an outbox keeps and a log shows."""
    return _ENCODER.encode(payload)


def _diagnose(data: bytes | str) -> CallError:
    """Say what is wrong with a message that is none of the three frames, or mend it if it is a sloppy CALLERROR."""
    try:
        elements = _ANYTHING.decode(data)
    except UNREADABLE:
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        start = _START_OF_A_FRAME.match(text)
        if start is None:
            raise FrameError(None, None, "not JSON") from None
        kind, unique_id = start.groups()
        violation = ErrorCode.FORMATION_VIOLATION if kind == str(_CALL) else None
        raise FrameError(unique_id, violation, "not JSON") from None
    if not isinstance(elements, list) or not elements:
        raise FrameError(None, None, "not a JSON array of a message")
    kind = elements[0]
    unique_id = elements[1] if len(elements) > 1 and isinstance(elements[1], str) else None
    if kind == _CALL and type(kind) is int:
        raise _bad_call(elements, unique_id)
    if kind == _CALL_ERROR and type(kind) is int and unique_id is not None and len(elements) >= 3:
        code = elements[2] if isinstance(elements[2], str) else ErrorCode.GENERIC_ERROR.value
        description = elements[3] if len(elements) > 3 and isinstance(elements[3], str) else ""
        details = elements[4] if len(elements) > 4 else {}
        return CallError(unique_id, code, description, Raw(_ENCODER.encode(details)))
    if kind in (_CALL_RESULT, _CALL_ERROR):
        raise FrameError(unique_id, None, "a malformed answer")
    raise FrameError(unique_id, None, "an unknown message type", FrameFault.UNKNOWN_TYPE)


def _bad_call(elements: list[Any], unique_id: str | None) -> FrameError:
    violation = ErrorCode.FORMATION_VIOLATION
    if len(elements) == 1:
        return FrameError(None, None, "a CALL without a message id")
    if unique_id is None:
        answer_to = str(elements[1]) if type(elements[1]) in (int, float) else NO_READABLE_ID
        return FrameError(answer_to, violation, "a message id that is not a string")
    if len(unique_id) > MAX_UNIQUE_ID_LENGTH:
        return FrameError(unique_id, violation, "a message id of more than 36 characters")
    if len(elements) != 4:
        return FrameError(unique_id, violation, f"a CALL of {len(elements)} elements instead of 4")
    return FrameError(unique_id, violation, "an Action that is not a string")
