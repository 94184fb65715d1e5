"""Raw payloads to typed messages. The fast path is one typed decode; what it refuses goes to `schema_referee`."""

from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw

from evswarm_shared.ocpp16.actions import ACTIONS, Sender
from evswarm_shared.ocpp16.errors import ErrorCode, PayloadError
from evswarm_shared.ocpp16.messages import Request, Response
from evswarm_shared.ocpp16.timestamps import Timestamp, parse_timestamp

Message = TypeVar("Message")

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises at bytes that are not what it looks for; the last at brackets nested without end."""


def _read_timestamp(target: type, value: Any) -> Timestamp:
    if target is Timestamp and isinstance(value, str):
        return parse_timestamp(value)
    raise TypeError(f"no {target.__name__} in a {type(value).__name__}")


_REQUESTS: Final = {
    name: msgspec.json.Decoder(spec.request, dec_hook=_read_timestamp) for name, spec in ACTIONS.items()
}
_RESPONSES: Final = {
    name: msgspec.json.Decoder(spec.response, dec_hook=_read_timestamp) for name, spec in ACTIONS.items()
}


def decode_request(action: str, payload: Raw, *, receiver: Sender, strict: bool = True) -> Request:
    """Read the payload of a CALL that `receiver` got.

    Lenient (`strict=False`) drops unknown fields and reads timestamps without a zone as UTC.

    Raises:
        PayloadError: Unknown Action, one that the receiver itself sends, or a payload against the schema.
    """
    spec = ACTIONS.get(action)
    if spec is None:
        raise PayloadError(ErrorCode.NOT_IMPLEMENTED, "unknown Action")
    if spec.sender is receiver:
        raise PayloadError(ErrorCode.NOT_SUPPORTED, f"{action} goes the other way")
    try:
        return _REQUESTS[action].decode(payload)
    except UNREADABLE:
        return _read_again(_REQUESTS[action], action, payload, strict)


def decode_response(action: str, payload: Raw, *, strict: bool = True) -> Response:
    """Read the payload of the CALLRESULT to a CALL of `action` that we sent.

    Raises:
        PayloadError: The payload is against the schema.
        KeyError: There is no such Action.
    """
    try:
        return _RESPONSES[action].decode(payload)
    except UNREADABLE:
        return _read_again(_RESPONSES[action], f"{action}Response", payload, strict)


def _read_again(decoder: "msgspec.json.Decoder[Message]", schema: str, payload: Raw, strict: bool) -> Message:
    # Imported here: most processes never meet a bad payload, and the schemas are heavy.
    from evswarm_shared.ocpp16.schema_referee import read_again

    try:
        return read_again(schema, payload, decoder, strict=strict)
    except RecursionError:
        raise PayloadError(ErrorCode.FORMATION_VIOLATION, "payload is nested too deeply") from None
    except ArithmeticError:
        # The referee cannot divide 1e400 by 0.1 either.
        raise PayloadError(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "a number is out of range") from None
