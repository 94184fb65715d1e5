"""Commands on the wire to the store."""

from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import Connection

from evswarm_shared.bus.redis.wire import packed


class Colour(StrEnum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


ARGUMENTS = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.binary(), st.integers(), st.floats()
)


def by_the_library(commands: list[tuple[Any, ...]]) -> bytes:
    return b"".join(Connection().pack_commands(commands))


def test_a_command_is_an_array_of_strings() -> None:
    assert packed([("SET", "key", b"\x00\r\n")]) == b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$3\r\n\x00\r\n\r\n"


def test_commands_follow_one_another() -> None:
    assert packed([("PING",), ("GET", "ü")]) == b"*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$2\r\n\xc3\xbc\r\n"


@pytest.mark.parametrize(
    ("argument", "text"),
    [(Colour.RED, b"red"), (Number.ONE, b"1"), (-7, b"-7"), (0.1, b"0.1"), (True, b"1"), ("", b"")],
)
def test_arguments_are_written_by_their_value(argument: Any, text: bytes) -> None:
    assert packed([(argument,)]) == b"*1\r\n$%d\r\n%b\r\n" % (len(text), text)


@given(st.lists(st.tuples(st.just("EVALSHA"), ARGUMENTS, ARGUMENTS), max_size=5))
def test_the_bytes_are_those_of_the_redis_library(commands: list[tuple[Any, ...]]) -> None:
    assert packed(commands) == by_the_library(commands)
