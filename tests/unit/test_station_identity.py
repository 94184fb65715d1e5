"""What can be a station's identity."""

import pytest

from evswarm_shared.station_identity import usable


@pytest.mark.parametrize("station_id", ["CP-000001", "RDAM|123", "RDAM 123", "Säule", "x" * 48])
def test_an_identity_is_any_short_printable_text(station_id: str) -> None:
    assert usable(station_id)


@pytest.mark.parametrize("station_id", ["", "x" * 49, "a\x00b", "a\nb", "a/b", " a", "a "])
def test_what_cannot_be_the_end_of_a_path_is_no_identity(station_id: str) -> None:
    assert not usable(station_id)
