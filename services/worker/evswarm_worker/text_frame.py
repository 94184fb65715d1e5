"""One masked text frame of a WebSocket client (RFC 6455 §5.2, §5.3): what a station sends for every message.

The same bytes as the sans-I/O layer of `websockets` makes, without an object for the frame and without a system call
for each mask: masks come from the operating system's generator by the page.
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
