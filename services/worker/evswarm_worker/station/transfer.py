"""What came of fetching or storing a file. The shell fills it in; the station decides what it means."""

from enum import StrEnum
from typing import Final

import msgspec

HEAD_BYTES: Final = 256
"""So much of the beginning of a fetched file is handed to the station."""


class TransferOutcome(StrEnum):
    """How a transfer ended."""

    DONE = "done"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    NOT_FOUND = "not found"
    DENIED = "permission denied"
    NOT_SUPPORTED = "not supported"
    BAD_ADDRESS = "bad address"
    REFUSED = "refused"
    TOO_BIG = "too big"
    TLS = "certificate not trusted"


class TransferResult(msgspec.Struct, frozen=True, gc=False):
    """The end of a transfer. Of a fetched file: its size in bytes, the SHA-256 of it all, and how it begins."""

    outcome: TransferOutcome
    detail: str = ""
    size: int = 0
    sha256: bytes = b""
    head: bytes = b""

    @property
    def in_words(self) -> str:
        """For the station's log."""
        return f"{self.outcome.value}{f' ({self.detail[:120]})' if self.detail else ''}"
