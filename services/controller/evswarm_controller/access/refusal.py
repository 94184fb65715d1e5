"""Why an exchange is refused, and what its sender is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus


class Refusal(StrEnum):
    """What was wrong, as it is counted."""

    HOST = "host"
    ORIGIN = "origin"
    TOKEN = "token"  # noqa: S105 - the name of a reason
    TRIES = "tries"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Refused:
    """An exchange that goes no further, and the answer to it."""

    reason: Refusal
    status: HTTPStatus
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
