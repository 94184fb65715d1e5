"""What is wrong with a payload that a typed decode refused, told by the official schema: the cold path.

Where the types differ from the schemas on purpose:

- Frequency's unit Hertz and both spellings of Celsius are read wherever a unit is (errata of OCPP-J 1.6, §2.1).
- A payload of null is an empty object, as some peers write it.
- Integers beyond ±(2^53-1) and floats beyond double precision are refused: not every JSON peer can hold them.
- Instants outside the years 1 to 9999 are refused.
- Text with unpaired surrogates is refused: it is no Unicode.
- `format: uri` is not checked here: a station answers for the places it is sent to.
- A number is an integer when it is written as one: 1.0 is refused in every schema, of draft 4 and draft 6 alike.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeVar

import msgspec
from jsonschema import Draft4Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from msgspec import Raw

from evswarm_shared.ocpp16.errors import ErrorCode, PayloadError
from evswarm_shared.ocpp16.payloads import UNREADABLE
from evswarm_shared.ocpp16.timestamps import format_timestamp, parse_timestamp

Message = TypeVar("Message")

_CODE_OF_KEYWORD: Final = {
    "required": ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
    "type": ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "maxLength": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "enum": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "minimum": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "maximum": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "format": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "multipleOf": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "minItems": ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
}
_GRAVITY: Final = tuple(_CODE_OF_KEYWORD)

_READER: Final = msgspec.json.Decoder(float_hook=Decimal)
_WRITER: Final = msgspec.json.Encoder(decimal_format="number")
SHOWN_LENGTH: Final = 50
_FORMATS: Final = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_timestamp(value: object) -> bool:
    return not isinstance(value, str) or parse_timestamp(value) is not None


@cache
def _validator(schema: str) -> Draft4Validator:
    text = files("ocpp").joinpath("v16", "schemas", f"{schema}.json").read_text(encoding="utf-8-sig")
    return Draft4Validator(json.loads(text, parse_float=Decimal), format_checker=_FORMATS)


def read_again(
    schema: str, payload: Raw, decoder: "msgspec.json.Decoder[Message]", *, strict: bool
) -> Message:
    """Read a payload that `decoder` refused: null is an empty object, and lenient mends what is harmless.

    `schema` is the name of the message. Lenient drops unknown fields, and reads timestamps without a zone as UTC.

    Raises:
        PayloadError: Says what is wrong, with the code that OCPP-J 1.6 §4.2.3 has for it.
    """
    try:
        document = _READER.decode(payload)
    except UNREADABLE as error:
        raise PayloadError(ErrorCode.FORMATION_VIOLATION, f"payload is not JSON: {error}") from None
    if document is None:
        document = {}
    if not isinstance(document, dict):
        raise PayloadError(ErrorCode.FORMATION_VIOLATION, "payload is not an object")
    validator = _validator(schema)
    if not strict:
        _mend(document, validator)
    worst = min(validator.iter_errors(document), key=_rank, default=None)
    if worst is not None:
        raise PayloadError(_CODE_OF_KEYWORD.get(worst.validator, ErrorCode.FORMATION_VIOLATION), _say(worst))
    try:
        return decoder.decode(_WRITER.encode(document))
    except msgspec.DecodeError as error:
        raise PayloadError(ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, str(error)) from None


def _rank(error: ValidationError) -> tuple[int, int]:
    """Nearest to the root first: what is missing or of a wrong type there explains what is below."""
    keyword = error.validator
    return len(error.absolute_path), _GRAVITY.index(keyword) if keyword in _GRAVITY else len(_GRAVITY)


def _say(error: ValidationError) -> str:
    place = ".".join(str(step) for step in error.absolute_path) or "payload"
    if error.validator in ("required", "additionalProperties"):
        return f"{place}: {error.message}"
    say = _IN_WORDS.get(str(error.validator))
    if say is None:
        return f"{place}: against {error.validator} {error.validator_value}"
    return f"{place}: {say(error.instance, error.validator_value)}"


def _none_of(value: object, allowed: list[object]) -> str:
    given = str(value)
    shown = repr(given if len(given) <= SHOWN_LENGTH else given[:SHOWN_LENGTH] + "…")
    return f"{shown} is none of {', '.join(map(str, allowed))}"


_TYPES: Final = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}

_IN_WORDS: Final[dict[str, Callable[[Any, Any], str]]] = {
    "enum": _none_of,
    "type": lambda value, wanted: f"is {_TYPES.get(type(value), 'number')}, and should be {wanted}",
    "maxLength": lambda value, most: f"has {len(value)} characters, and at most {most} are allowed",
    "format": lambda value, _: "is no date and time as in 2026-11-22T12:00:00Z",
    "minItems": lambda value, least: f"has {len(value)} items, and needs {least}",
    "minimum": lambda value, least: f"{value} is less than {least}",
    "maximum": lambda value, most: f"{value} is more than {most}",
    "multipleOf": lambda value, step: f"{value} is no multiple of {step}",
}
"""Of what a value is and what is wanted, by keyword of the schema. Texts may be secret and are not shown, but for enums."""


def _mend(document: dict[str, Any], validator: Draft4Validator) -> None:
    for error in list(validator.iter_errors(document)):
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            for name in error.instance.keys() - error.schema.get("properties", {}).keys():
                del error.instance[name]
        elif error.validator == "format" and error.validator_value == "date-time":
            *path, field = error.absolute_path
            parent: Any = document
            for step in path:
                parent = parent[step]
            try:
                parent[field] = format_timestamp(parse_timestamp(error.instance, assume_utc=True))
            except ValueError:
                continue
