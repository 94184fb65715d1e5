"""The frames that nearly all traffic of a station consists of (RFC 6455 §5.2, §5.3), without an object for each.

What a station sends is one masked text frame: the same bytes as the sans-I/O layer of `websockets` makes, but without a
system call for each mask: masks come from the operating system's generator by the page. What it hears is mostly one
short text frame in a segment of its own; everything else is for that layer to read.
"""

import os
from collections.abc import Callable
from struct import Struct
from typing import Final

_SHORT: Final = Struct("!BB4s").pack
_MIDDLE: Final = Struct("!BBH4s").pack
_LONG: Final = Struct("!BBQ4s").pack
_FINAL_TEXT: Final = 0x81
_MASKED: Final = 0x80
_PAGE_BYTES: Final = 4096


class TextFrames:
    """Makes frames for any number of connections; each mask is used once."""

    __slots__ = ("_apply", "_masks", "_next")

    def __init__(self, apply: Callable[[bytes, bytes], bytes]) -> None:
        """`apply` is the masking of `websockets`: written in C, where that is built."""
        self._apply = apply
        self._masks = b""
        self._next = 0

    def __call__(self, text: bytes) -> bytes:
        """The frame that carries `text`, which is UTF-8."""
        at = self._next
        if at == len(self._masks):
            self._masks = os.urandom(_PAGE_BYTES)
            at = 0
        self._next = at + 4
        mask = self._masks[at : at + 4]
        length = len(text)
        if length < 126:
            head = _SHORT(_FINAL_TEXT, _MASKED | length, mask)
        elif length < 65536:
            head = _MIDDLE(_FINAL_TEXT, _MASKED | 126, length, mask)
        else:
            head = _LONG(_FINAL_TEXT, _MASKED | 127, length, mask)
        return head + self._apply(text, mask)


def short_text(segment: bytes) -> bytes | None:
    """The message, if `segment`, which begins a frame, is one whole unmasked text frame of at most 125 bytes."""
    size = len(segment) - 2
    if 0 <= size < 126 and segment[0] == _FINAL_TEXT and segment[1] == size:
        return segment[2:]
    return None


def ends_a_frame(segment: bytes) -> bool:
    """Whether `segment`, which begins an unmasked frame, is a row of whole frames."""
    at, end = 0, len(segment)
    while at + 2 <= end:
        size = segment[at + 1]
        at += 2
        if size == 126:
            size = int.from_bytes(segment[at : at + 2])
            at += 2
        elif size == 127:
            size = int.from_bytes(segment[at : at + 8])
            at += 8
        elif size > 127:
            return False
        at += size
    return at == end
