"""The official JSON schemas as a referee, and documents drawn from them. Shares nothing with the code under test."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft4Validator, FormatChecker

Schema = dict[str, Any]

FORMATS = FormatChecker(formats=())


def instant(text: str) -> Decimal:
    """Unix milliseconds of an RFC 3339 timestamp.

    Raises:
        ValueError: It is none.
    """
    found = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
        text,
        re.ASCII,
    )
    if found is None:
        raise ValueError(text)
    day, minute, second, fraction, sign, hours, minutes = found.groups()
    if int(second) > 60:
        raise ValueError(text)
    since = datetime.strptime(f"{day} {minute}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC) - datetime(
        1970, 1, 1, tzinfo=UTC
    )
    if sign:
        since -= timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
    return (since // timedelta(milliseconds=1) + int(second) * 1000) + Decimal(fraction or 0) * 1000


@FORMATS.checks("date-time", raises=ValueError)
def _is_timestamp(value: object) -> bool:
    if isinstance(value, str):
        instant(value)
    return True


@cache
def schema_of(message: str) -> Schema:
    """The schema of `Reset`, `ResetResponse`, …, its references replaced by what they refer to."""
    text = files("ocpp").joinpath("v16", "schemas", f"{message}.json").read_text(encoding="utf-8-sig")
    schema = json.loads(text, parse_float=Decimal)
    inlined: Schema = _inline(schema, schema.get("definitions", {}))
    return inlined


def _inline(node: Any, definitions: Schema) -> Any:
    if isinstance(node, list):
        return [_inline(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inline(definitions[node["$ref"].removeprefix("#/definitions/")], definitions)
    return {
        key: _inline(value, definitions) for key, value in node.items() if key not in ("definitions", "$id")
    }


def referee(message: str) -> Draft4Validator:
    """Draft 4 with exact decimals and a check of timestamps."""
    return Draft4Validator(schema_of(message), format_checker=FORMATS)


@st.composite
def timestamps(draw: st.DrawFn) -> str:
    """RFC 3339 in its variety: fractions of any length, offsets, small letters, a leap second."""
    day = draw(st.dates(min_value=date(2, 1, 1), max_value=date(9998, 12, 31)))
    hour, minute = draw(st.integers(0, 23)), draw(st.integers(0, 59))
    second = draw(st.integers(0, 59) | st.just(60))
    fraction = draw(
        st.just("") | st.text("0123456789", min_size=1, max_size=9).map(lambda digits: f".{digits}")
    )
    offset = st.tuples(st.sampled_from("+-"), st.integers(0, 23), st.integers(0, 59))
    zone = draw(st.sampled_from("Zz") | offset.map(lambda parts: f"{parts[0]}{parts[1]:02d}:{parts[2]:02d}"))
    return (
        f"{day.isoformat()}{draw(st.sampled_from('Tt'))}{hour:02d}:{minute:02d}:{second:02d}{fraction}{zone}"
    )


@cache
def documents(message: str) -> st.SearchStrategy[Any]:
    """Documents that the schema accepts, inside the ranges that every peer can hold."""
    return _drawn(schema_of(message))


def _drawn(schema: Schema) -> st.SearchStrategy[Any]:
    """The few keywords that OCPP's schemas use; anything else is an error, so that none is passed over."""
    unknown = schema.keys() - {
        *(
            "$schema",
            "title",
            "type",
            "properties",
            "required",
            "additionalProperties",
            "additionalItems",
            "javaType",
        ),
        *("items", "minItems", "enum", "maxLength", "format", "multipleOf"),
    }
    if unknown:
        raise LookupError(f"no way to draw {unknown}")
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "object":
            fields = {name: _drawn(field) for name, field in schema.get("properties", {}).items()}
            required = {name: fields.pop(name) for name in schema.get("required", ())}
            return st.fixed_dictionaries(required, optional=fields)
        case "array":
            return st.lists(_drawn(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
        case "integer":
            return st.integers(-(2**53) + 1, 2**53 - 1)
        case "number":
            return st.integers(-(10**10), 10**10).map(lambda tenths: Decimal(tenths) / 10)
        case "boolean":
            return st.booleans()
        case "string" if schema.get("format") == "date-time":
            return timestamps()
        case "string":
            longest = schema.get("maxLength", 50)
            exactly = st.characters(codec="utf-8").map(lambda character: character * longest)
            return st.text(st.characters(codec="utf-8"), max_size=min(longest, 60)) | exactly
        case kind:
            raise LookupError(f"no way to draw {kind}")


class Instant:
    """Milliseconds that equal what lies within one."""

    def __init__(self, milliseconds: Decimal) -> None:
        self.milliseconds = milliseconds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Instant) and abs(self.milliseconds - other.milliseconds) < 1

    def __hash__(self) -> int:
        raise TypeError("equality within a tolerance has no hash")

    def __repr__(self) -> str:
        return f"Instant({self.milliseconds})"


def meaning(document: Any, schema: Schema) -> Any:
    """The document with timestamps as instants and numbers as numbers, to compare what is said and not how."""
    if isinstance(document, dict):
        return {key: meaning(value, schema["properties"][key]) for key, value in document.items()}
    if isinstance(document, list):
        return [meaning(item, schema["items"]) for item in document]
    if schema.get("format") == "date-time":
        return Instant(instant(document))
    if isinstance(document, (int, float, Decimal)) and not isinstance(document, bool):
        return Decimal(str(document)).normalize()
    return document


def write(document: Any) -> bytes:
    """The document as JSON; decimals as the numbers they are."""
    return _write(document).encode()


def _write(document: Any) -> str:
    if isinstance(document, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_write(value)}" for key, value in document.items()) + "}"
    if isinstance(document, list):
        return "[" + ",".join(_write(item) for item in document) + "]"
    return str(document) if isinstance(document, Decimal) else json.dumps(document)


def read(text: bytes) -> Any:
    """JSON with its numbers exact, as the referee wants them."""
    return json.loads(text, parse_float=Decimal)


# --- damage --------------------------------------------------------------------------------------------------

OF_ANY_TYPE: tuple[Any, ...] = (None, True, 1, Decimal("1.5"), "text", [], {})
TIMESTAMPS: tuple[str, ...] = (
    "2026-11-22T11:15:32",
    "2026-11-22 11:15:32Z",
    "2026-11-22T11:15:32.1234567+01:00",
    "2016-12-31T23:59:60Z",
    "2026-11-22t11:15:32.5z",
    "2026-11-22T11:15:32,5Z",
    "2026-11-22T11:15:32.Z",
    "2026-11-22T11:15:32+0100",
    "2026-11-22T11:15:32+24:00",
    "2026-11-22T11:15Z",
    "2026-02-30T00:00:00Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T11:15:61Z",
    "20261122T111532Z",
    "2026-W47-7T11:15:32Z",
    "2026-11-22",
)
NUMBERS: tuple[Any, ...] = (
    0,
    -1,
    Decimal("1.0"),
    Decimal("21.4"),
    Decimal("0.3"),
    Decimal("4.11"),
    2**53 - 1,
)


@cache
def _all_enum_values() -> frozenset[str]:
    found: set[str] = set()
    open_ = [
        schema_of(path.name.removesuffix(".json"))
        for path in files("ocpp").joinpath("v16", "schemas").iterdir()
    ]
    while open_:
        node = open_.pop()
        found.update(node.get("enum", ()))
        open_ += [*node.get("properties", {}).values(), *([node["items"]] if "items" in node else [])]
    return frozenset(found)


def full_document(schema: Schema) -> Any:
    """A document in which every field is present and every list has one entry."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "object":
            return {name: full_document(field) for name, field in schema.get("properties", {}).items()}
        case "array":
            return [full_document(schema["items"])]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case _:
            return "2026-11-22T11:15:32Z" if schema.get("format") == "date-time" else "text"


def damaged_documents(message: str) -> Iterator[Any]:
    """The full document with one thing changed, once for every place and every change that tells types apart.

    Not null for the whole: that is an empty object to OCPP.
    """
    schema = schema_of(message)
    yield from (document for document in _damaged(full_document(schema), schema) if document is not None)


def _damaged(value: Any, schema: Schema) -> Iterator[Any]:
    yield from OF_ANY_TYPE
    if "enum" in schema:
        yield from _all_enum_values()
    elif schema.get("format") == "date-time":
        yield from TIMESTAMPS
    elif schema["type"] in ("integer", "number"):
        yield from NUMBERS
    elif schema["type"] == "string":
        yield from ("", "é" * schema.get("maxLength", 1), "é" * (schema.get("maxLength", 1) + 1))
    elif schema["type"] == "object":
        yield {**value, "notInTheSchema": 1}
        for name, field in schema.get("properties", {}).items():
            yield {key: other for key, other in value.items() if key != name}
            for changed in _damaged(value[name], field):
                yield {**value, name: changed}
    elif schema["type"] == "array":
        for changed in _damaged(value[0], schema["items"]):
            yield [changed]
