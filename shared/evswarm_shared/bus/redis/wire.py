"""Commands as the bytes of the store's protocol (RESP): arrays of strings, each with its length.

The redis library's own packing asks of every argument what it is, five times over, and joins what it has after each: a
tenth of what a worker spends on its store. Here one command is one join.
"""

from collections.abc import Iterable, Sequence

Argument = str | bytes | int | float


def packed(commands: Iterable[Sequence[Argument]]) -> bytes:
    """All commands, one after the other, as they go over the wire. Numbers are written as `str` and `repr` write them."""
    parts: list[bytes] = []
    for command in commands:
        parts.append(b"*%d\r\n" % len(command))
        for argument in command:
            if isinstance(argument, bytes):
                text = argument
            elif isinstance(argument, str):
                text = argument.encode()
            elif isinstance(argument, float):
                text = repr(argument).encode()
            else:
                text = b"%d" % argument
            parts.append(b"$%d\r\n%b\r\n" % (len(text), text))
    return b"".join(parts)
