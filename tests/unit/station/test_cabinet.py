"""What logs may show of a tag."""

import pytest

from evswarm_worker.station.cabinet import masked


@pytest.mark.parametrize(
    ("tag", "shown"),
    [("", ""), ("A", "*"), ("AB", "**"), ("ABC", "*BC"), ("04A1B2C3", "******C3")],
)
def test_a_masked_tag_never_shows_itself_whole(tag: str, shown: str) -> None:
    assert masked(tag) == shown
