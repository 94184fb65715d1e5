"""RFC 3339 as OCPP uses it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evswarm_shared.ocpp16.timestamps import format_timestamp, parse_timestamp

from .official_schemas import instant, timestamps

NOON = 1_795_348_800.0  # 2026-11-22T12:00:00Z


def test_time_is_written_in_utc_with_milliseconds() -> None:
    assert format_timestamp(NOON) == "2026-11-22T12:00:00.000Z"
    assert format_timestamp(NOON + 0.25) == "2026-11-22T12:00:00.250Z"
    assert format_timestamp(NOON - 0.0004) == "2026-11-22T12:00:00.000Z"
    assert format_timestamp(-0.001) == "1969-12-31T23:59:59.999Z"
    assert format_timestamp(-62_135_596_800) == "0001-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00.000Z",
        "2026-11-22T12:00:00.0Z",
        "2026-11-22T12:00:00.000000000000Z",
        "2026-11-22t12:00:00z",
        "2026-11-22T12:00:00+00:00",
        "2026-11-22T12:00:00-00:00",
        "2026-11-22T13:30:00.000+01:30",
        "2026-11-21T12:01:00-23:59",
        "2026-11-22T11:59:60Z",
    ],
)
def test_every_way_to_write_noon_is_noon(text: str) -> None:
    assert parse_timestamp(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "2026-11-22",
        "2026-11-22T12:00Z",
        "2026-11-22T12:00:00.Z",
        "2026-11-22T12:00:00,5Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T24:00:00.000Z",
        "2026-11-31T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-11-22T12:60:00Z",
        "2026-11-22T12:00:61Z",
        "2026-11-22T12:00:00+24:00",
        "2026-11-22T12:00:00+0100",
        "2026-W47-7T12:00:00Z",
        "20261122T120000Z",
        "2026-11-22T120000.12345Z",
        "٢٠٢٦-11-22T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "9999-12-31T23:59:59.9999Z",
        " 2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00Z\n",
    ],
)
def test_what_names_no_instant_is_refused(text: str) -> None:
    for assume_utc in (False, True):
        with pytest.raises(ValueError):
            parse_timestamp(text, assume_utc=assume_utc)


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T12:00:00", "2026-11-22 12:00:00Z", "2026-11-22 12:00:00.000", "2026-11-22 13:00:00+01:00"],
)
def test_what_is_seen_in_the_field_is_read_only_when_asked_to(text: str) -> None:
    assert parse_timestamp(text, assume_utc=True) == NOON
    with pytest.raises(ValueError):
        parse_timestamp(text)


@settings(database=None, derandomize=True)
@given(timestamps())
def test_any_timestamp_names_the_instant_that_an_independent_reader_finds(text: str) -> None:
    assert abs(float(instant(text)) / 1000 - parse_timestamp(text)) < 1e-3


@settings(database=None, derandomize=True)
@given(st.integers(-62_135_596_800_000, 253_402_300_799_499))
def test_what_we_write_we_read_to_the_millisecond(milliseconds: int) -> None:
    text = format_timestamp(milliseconds / 1000)

    assert round(parse_timestamp(text) * 1000) == milliseconds
    assert instant(text) == milliseconds


@settings(database=None, derandomize=True)
@given(st.floats(-6e10, 2.5e11), st.floats(0, 10))
def test_later_is_never_written_as_earlier(unix: float, seconds: float) -> None:
    assert format_timestamp(unix) <= format_timestamp(unix + seconds)
