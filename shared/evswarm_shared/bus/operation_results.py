"""What became of each station of an operation, and how that is stored: a letter and a reason. Pure.

A result goes from PENDING to RUNNING and from there to one of the others, which are final. Back to PENDING goes only
what was certainly not done.
"""

from enum import StrEnum
from typing import Final

import msgspec


class StationOutcome(StrEnum):
    """How far an operation has come with one station; all but the first two are final."""

    PENDING = "pending"
    """Not begun: nothing was asked of the station yet."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It was asked, and nobody learned whether it was done."""
    CANCELLED = "cancelled"
    """Nothing was asked of the station, because the operation was cancelled before."""


class StationResult(msgspec.Struct, frozen=True):
    """The outcome at one station; `reason` says why where it has not succeeded."""

    station_id: str
    outcome: StationOutcome
    reason: str = ""


OPEN: Final = frozenset((StationOutcome.PENDING, StationOutcome.RUNNING))
_LETTERS: Final = {outcome: outcome.value[0] for outcome in StationOutcome}
_OUTCOMES: Final = {letter: outcome for outcome, letter in _LETTERS.items()}
PENDING_STORED: Final = _LETTERS[StationOutcome.PENDING]
RUNNING_STORED: Final = _LETTERS[StationOutcome.RUNNING]


def encode_result(result: StationResult) -> str:
    """As it is stored."""
    return _LETTERS[result.outcome] + result.reason


def decode_result(station_id: str, stored: str) -> StationResult:
    """From what is stored."""
    return StationResult(station_id, _OUTCOMES[stored[0]], stored[1:])
