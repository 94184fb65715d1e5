"""docs/bus.md, from the key names and the messages of the bus."""

import inspect
import re
import types
from collections.abc import Iterator
from enum import Enum
from typing import Any, Union, get_args, get_origin

import msgspec

from evswarm_shared.bus import csms_records, keys, messages, operation_results, station_ledger
from evswarm_shared.bus.batches import STATIONS_PER_STEP
from evswarm_shared.bus.keys import Keys
from evswarm_shared.clock import SimulatedClock


def files() -> dict[str, str]:
    """The one file."""
    lines = [
        "# The bus",
        "",
        "Services meet in Redis (or Valkey) and nowhere else, apart from OCPP. `shared/evswarm_shared/bus/port.py` says what",
        "can be done there and what each operation promises; this page lists what lies in the store. A write step is one Lua",
        f"script and carries at most {STATIONS_PER_STEP} stations.",
        "",
        "Generated from `keys.py`, `messages.py`, `operation_results.py`, `csms_records.py` and `station_ledger.py` in",
        "`shared/evswarm_shared/bus`.",
        "",
        "## Keys",
        "",
        "| key | what it holds |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in _names() if not meaning.startswith("Channel")),
        "",
        "## Channels",
        "",
        "A message reaches those that listen at that moment, at most once. Nothing that must happen depends on one.",
        "",
        "| channel | what is said there |",
        "|---|---|",
        *(
            f"| `{name}` | {_upper(meaning.removeprefix('Channel').lstrip(': ').removeprefix('of '))} |"
            for name, meaning in _names()
            if meaning.startswith("Channel")
        ),
        "",
        "## Caps",
        "",
        "| limit | value |",
        "|---|---|",
        *(f"| `{name}` | {value} |" for name, value in vars(keys).items() if isinstance(value, int)),
        "",
        "## Messages",
        "",
        "JSON wherever they are stored or sent whole. Fields with a default may be missing.",
    ]
    for cls in _messages():
        lines += ["", f"### {cls.__name__}", "", inspect.cleandoc(cls.__doc__ or "")]
        lines += ["", *_members(cls)]
    return {"docs/bus.md": "\n".join(lines) + "\n"}


def _names() -> Iterator[tuple[str, str]]:
    named = Keys()
    for name, member in vars(Keys).items():
        if name.startswith("_") or name == "prefix":
            continue
        if isinstance(member, property):
            yield getattr(named, name), _paragraph(member.__doc__)
        elif inspect.isfunction(member):
            wanted = [each for each in inspect.signature(member).parameters if each != "self"]
            yield getattr(named, name)(*(f"<{each}>" for each in wanted)), _paragraph(member.__doc__)


def _messages() -> list[type]:
    here = [
        value
        for module in (messages, operation_results, csms_records, station_ledger)
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and issubclass(value, msgspec.Struct | Enum)
    ]
    return [*here, SimulatedClock]


def _members(cls: type) -> Iterator[str]:
    if issubclass(cls, Enum):
        yield ", ".join(f"`{member.value}`" for member in cls)
        return
    yield "| field | type | default |"
    yield "|---|---|---|"
    if issubclass(cls, msgspec.Struct):
        for field in msgspec.structs.fields(cls):
            default = field.default
            if field.default_factory is not msgspec.NODEFAULT:
                default = field.default_factory()
            yield _row(field.encode_name, field.type, default)
    else:
        for name, parameter in inspect.signature(cls).parameters.items():
            yield _row(name, parameter.annotation, parameter.default)


def _row(name: str, kind: Any, default: Any) -> str:
    if default is msgspec.NODEFAULT:
        shown = "–"
    elif isinstance(default, Enum):
        shown = f"`{default.value}`"
    elif isinstance(default, msgspec.Raw):
        shown = f"`{bytes(default).decode()}`"
    elif isinstance(default, msgspec.Struct | SimulatedClock):
        shown = f"an empty {type(default).__name__}"
    elif default in ((), {}, "", frozenset()):
        shown = "empty"
    else:
        shown = f"`{msgspec.json.encode(default).decode()}`"
    return f"| `{name}` | {_type(kind)} | {shown} |"


def _type(kind: Any) -> str:
    if kind is None or kind is type(None):
        return "null"
    if kind is msgspec.Raw:
        return "JSON"
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(_type(each) for each in get_args(kind))
    if get_origin(kind) in (tuple, frozenset, list):
        return f"list of {_type(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"object of {_type(get_args(kind)[0])} → {_type(get_args(kind)[1])}"
    words = {str: "text", int: "integer", float: "number", bool: "true or false", bytes: "bytes"}
    return words.get(kind, getattr(kind, "__name__", str(kind)))


def _paragraph(docstring: str | None) -> str:
    return re.sub(r"\s+", " ", docstring or "").strip().replace("|", "\\|")


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
