"""Real frames spoiled in many ways, and noise. The same seed spoils the same way."""

import json
import random
import string
from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.support.ocpp_peers.raw_connection import CALL, CALL_ERROR, CALL_RESULT

Example = tuple[str, dict[str, Any], dict[str, Any]]
"""Action, request, answer."""

NASTY: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1.5, -0.0, 2**31, -(2**31), 2**63, 10**400, 1e308, 5e-324),
    *("", " ", "x" * 37, "x" * 5000, "\0", "é" * 25, "\U0001f50c", "1", "true", "2026-02-30T25:00:00Z"),
    *([], {}, [[]], [None], {"": None}, {"status": "Accepted"}, [[[[[[[[[[]]]]]]]]]]),
)

SIGNIFICANT: Final = '"{}[],:\\0123456789-+.eEtfn \t\n\0\x7f\ud7ff\ufffe'

CLOSING: Final = 20
"""One burst in so many ends with a frame that ends the connection: binary, not UTF-8, too long."""

DISRUPTIVE: Final = frozenset(("Reset", "ExtendedTriggerMessage", "TriggerMessage"))
"""Commands that make a station go away or talk a lot: rarer than the others."""


class FrameMutator:
    """Makes frames of examples: the requests of `calls` go out as CALLs, the answers of `answers` as CALLRESULTs."""

    def __init__(self, seed: int, calls: Sequence[Example], answers: Sequence[Example]) -> None:
        self._random = random.Random(seed)
        self._calls = calls
        self._answers = answers
        self._sent = 0

    def frame(self) -> str:
        """The next frame that a connection should survive."""
        self._sent += 1
        draw = self._random.random()
        if draw < 0.15:
            return self._noise()
        text = json.dumps(self._message(), ensure_ascii=self._random.random() < 0.5)
        if draw < 0.2:
            return text
        if draw < 0.6:
            return json.dumps(self._spoiled(json.loads(text)))
        for _ in range(self._random.randint(1, 4)):
            text = self._random.choice(_TEXTUAL)(self._random, text)
        return text

    def is_time_to_close(self) -> bool:
        """Whether this burst should end with a `closing_frame`."""
        return self._random.randrange(CLOSING) == 0

    def closing_frame(self) -> tuple[bytes, bool]:
        """A frame that ends the connection, and whether it is sent as text."""
        return self._random.choice(
            (
                (b'[2,"1","Heartbeat",{}]', False),
                (self._random.randbytes(50) + b"\xff", True),
                (b'[2,"1","DataTransfer",{"vendorId":"' + b"v" * 70_000 + b'"}]', True),
            )
        )

    def _message(self) -> list[Any]:
        draw = self._random.random()
        unique_id = f"{self._random.getrandbits(64):x}"
        if draw < 0.8:
            action, request, _ = self._random.choice(self._calls)
            if action in DISRUPTIVE and self._random.random() < 0.95:
                action, request, _ = self._random.choice(self._calls)
            if self._random.random() < 0.05:
                action = self._random.choice(self._answers)[0]
            return [CALL, unique_id, action, request]
        if draw < 0.95:
            return [CALL_RESULT, unique_id, self._random.choice(self._answers)[2]]
        return [CALL_ERROR, unique_id, "GenericError", "so it goes", {}]

    def _noise(self) -> str:
        length = self._random.choice((0, 1, 5, 50, 500))
        alphabet = self._random.choice((string.printable, SIGNIFICANT, None))
        if alphabet is None:
            return "".join(chr(self._random.randrange(0xD800)) for _ in range(length))
        return "".join(self._random.choices(alphabet, k=length))

    def _spoiled(self, message: Any) -> Any:
        """A message with one of its values, keys or lengths changed."""
        nodes: list[tuple[Any, Any]] = []
        _collect(message, nodes)
        container, key = self._random.choice(nodes)
        kind = self._random.randrange(5)
        if kind == 0:
            del container[key]
        elif kind == 1 and isinstance(container, dict):
            container[self._random.choice(("colour", "", key + "s", key.upper()))] = container.pop(key)
        elif kind == 2 and isinstance(container, list):
            container.insert(key, self._random.choice(NASTY))
        elif kind == 3 and isinstance(container, list):
            container.extend(container * self._random.choice((1, 2, 50)))
        else:
            container[key] = self._random.choice(NASTY)
        return message


def _collect(node: Any, nodes: list[tuple[Any, Any]]) -> None:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in pairs:
        nodes.append((node, key))
        _collect(child, nodes)


def _cut(draws: random.Random, text: str) -> str:
    start = draws.randint(0, len(text))
    return text[:start] + text[start + draws.randint(1, 20) :]


def _repeat(draws: random.Random, text: str) -> str:
    start = draws.randint(0, len(text))
    piece = text[start : start + draws.randint(1, 10)]
    return text[:start] + piece * draws.choice((2, 3, 200)) + text[start:]


def _replace(draws: random.Random, text: str) -> str:
    if not text:
        return text
    place = draws.randrange(len(text))
    return text[:place] + draws.choice(SIGNIFICANT) + text[place + 1 :]


def _insert(draws: random.Random, text: str) -> str:
    place = draws.randint(0, len(text))
    return text[:place] + "".join(draws.choices(SIGNIFICANT, k=draws.randint(1, 5))) + text[place:]


def _truncate(draws: random.Random, text: str) -> str:
    return text[: draws.randint(0, len(text))]


_TEXTUAL: Final[tuple[Callable[[random.Random, str], str], ...]] = (
    _cut,
    _repeat,
    _replace,
    _insert,
    _truncate,
)
