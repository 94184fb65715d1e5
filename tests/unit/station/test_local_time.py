"""Local time against the calendar."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_worker.station.errors import StationError
from evswarm_worker.station.local_time import local_time

ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe")


@given(st.floats(1.5e9, 2.2e9), st.sampled_from(ZONES))
def test_hour_and_clock_are_those_of_the_calendar(at: float, zone: str) -> None:
    local = datetime.fromtimestamp(int(at), UTC).astimezone(ZoneInfo(zone))
    assert local_time(zone).hour(at) == local.hour
    assert local_time(zone).clock(at) == local.strftime("%H:%M:%S")


def test_a_zone_is_shared_and_an_unknown_one_is_named() -> None:
    assert local_time("Europe/Berlin") is local_time("Europe/Berlin")
    with pytest.raises(StationError, match="Mars/Olympus"):
        local_time("Mars/Olympus")
