"""The two kinds of payload a frame carries."""

from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct


class Request(Struct, frozen=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """The payload of a CALL; the class is named as its Action."""


class Response(Struct, frozen=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """The payload of a CALLRESULT; the class is named as its Action, plus `Response`."""


def refuse_unless_among(field: str, value: StrEnum, allowed: Collection[StrEnum]) -> None:
    """For messages that take only some values of an enum.

    Raises:
        ValueError: `value` is none of `allowed`.
    """
    if value not in allowed:
        raise ValueError(f"{field} cannot be {value}")
