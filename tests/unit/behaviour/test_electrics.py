"""What the meter shows: values that fit each other and the power."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_worker.behaviour.car import ac_power_w
from evswarm_worker.behaviour.electrics import AMBIENT_C, reading, soc_percent
from evswarm_worker.behaviour.profiles import CurrentKind

socs = st.floats(0.0, 1.0)


@given(st.floats(0.0, 22_080.0), st.sampled_from([1, 3]), socs)
def test_ac_power_is_voltage_times_current_times_phases(power_w: float, phases: int, soc: float) -> None:
    power_w *= phases / 3
    shown = reading(power_w, phases, CurrentKind.AC, soc)
    assert shown.phases == phases
    assert shown.power_w == pytest.approx(shown.voltage_v * shown.current_a * phases, abs=0.051)
    assert shown.power_w == pytest.approx(power_w, abs=0.5)
    assert 225.0 <= shown.voltage_v <= 230.0


@given(st.floats(0.0, 350_000.0), socs)
def test_dc_power_is_voltage_times_current(power_w: float, soc: float) -> None:
    shown = reading(power_w, 3, CurrentKind.DC, soc)
    assert shown.phases == 1
    assert shown.power_w == pytest.approx(shown.voltage_v * shown.current_a, abs=0.051)
    assert shown.power_w == pytest.approx(power_w, abs=0.5)
    assert 340.0 <= shown.voltage_v <= 470.0


@given(socs, socs)
def test_a_packs_voltage_rises_with_its_state_of_charge(one: float, other: float) -> None:
    low, high = sorted((one, other))
    empty = reading(0.0, 1, CurrentKind.DC, low)
    fuller = reading(0.0, 1, CurrentKind.DC, high)
    assert empty.voltage_v <= fuller.voltage_v


@given(st.floats(0.0, 7_360.0), st.floats(0.0, 7_360.0))
def test_more_power_lowers_the_voltage_and_warms_the_connector(one: float, other: float) -> None:
    low, high = sorted((one, other))
    light = reading(low, 1, CurrentKind.AC, 0.5)
    heavy = reading(high, 1, CurrentKind.AC, 0.5)
    assert heavy.voltage_v <= light.voltage_v
    assert AMBIENT_C <= light.temperature_c <= heavy.temperature_c < 45.0


def test_without_power_there_is_no_current() -> None:
    shown = reading(0.0, 3, CurrentKind.AC, 0.4)
    assert (shown.power_w, shown.current_a, shown.voltage_v) == (0.0, 0.0, 230.0)
    assert shown.temperature_c == AMBIENT_C


@pytest.mark.parametrize(("soc", "percent"), [(0.0, 0), (0.004, 0), (0.005, 1), (0.5, 50), (1.0, 100)])
def test_the_state_of_charge_is_shown_in_whole_percent(soc: float, percent: int) -> None:
    assert soc_percent(soc) == percent


@given(st.integers(60, 320), st.sampled_from([1, 2, 3]))
def test_the_meter_never_shows_more_than_the_current_that_was_allowed(tenths: int, phases: int) -> None:
    allowed = tenths / 10.0
    shown = reading(ac_power_w(allowed, phases), phases, CurrentKind.AC, 0.5).current_a
    assert allowed * 0.999 < shown <= allowed
