"""The addresses that stations connect from."""

from itertools import islice

import pytest

from evswarm_worker.errors import EndpointError
from evswarm_worker.source_addresses import in_turn, source_addresses


@pytest.mark.parametrize("text", [None, "", " , "])
def test_without_the_setting_the_system_chooses(text: str | None) -> None:
    assert source_addresses(text) == ()
    assert next(in_turn(())) is None


def test_addresses_are_separated_by_commas() -> None:
    assert source_addresses("127.0.0.2, 127.0.0.3,::1") == ("127.0.0.2", "127.0.0.3", "::1")


def test_connections_take_them_in_turn() -> None:
    assert list(islice(in_turn(("127.0.0.2", "127.0.0.3")), 3)) == [
        ("127.0.0.2", 0),
        ("127.0.0.3", 0),
        ("127.0.0.2", 0),
    ]


@pytest.mark.parametrize("text", ["localhost", "127.0.0.2;127.0.0.3", "127.0.0.0/8"])
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(EndpointError, match="EVSWARM_SOURCE_ADDRESSES"):
        source_addresses(text)
