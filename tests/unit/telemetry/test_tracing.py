"""How a trace travels, and that nothing happens without one."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_shared.telemetry.tracing import MESSAGE_ID_PREFIX, Place, Tracer, TracingError


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1))
def test_a_place_in_a_trace_survives_as_the_unique_id_of_a_call(trace_id: int, span_id: int) -> None:
    place = Place((trace_id, span_id))
    assert len(place.message_id) == 36
    assert Place.of(place.message_id) == place


@given(st.text(max_size=40))
def test_any_other_text_is_no_place(text: str) -> None:
    place = Place.of(text)
    assert place is None or place.message_id == text
    broken = Place.of(MESSAGE_ID_PREFIX + text)
    assert broken is None or broken.message_id == MESSAGE_ID_PREFIX + text


def test_a_tracer_that_is_off_makes_nothing_and_imports_nothing() -> None:
    tracer = Tracer()
    tracer.start("worker", None)
    assert not tracer.on
    with tracer.span("command Reset", station_id="CP-1") as trace:
        assert trace == ""
    with tracer.span_of_call(b'[2,"otl.x","Reset",{}]', "CP-1") as trace:
        assert trace == ""
    tracer.stop()


def test_without_the_packages_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(TracingError, match=r"evswarm-shared\[tracing\]"):
        Tracer().start("worker", "http://127.0.0.1:9/v1/traces")
