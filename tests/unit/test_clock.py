"""The simulated clock is a straight line, and can be paused."""

from math import inf, isclose

from hypothesis import given
from hypothesis import strategies as st

from evswarm_shared.clock import SimulatedClock


def test_by_default_simulated_time_is_real_time() -> None:
    assert SimulatedClock().simulated(1234.5) == 1234.5


def test_at_factor_sixty_a_real_second_is_a_simulated_minute() -> None:
    clock = SimulatedClock(real_origin=100.0, simulated_origin=5000.0, factor=60.0)
    assert clock.simulated(101.0) - clock.simulated(100.0) == 60.0


def test_nothing_arrives_in_a_paused_world() -> None:
    assert SimulatedClock(factor=0.0).real(1.0) == inf


@given(
    st.floats(0, 2e9),
    st.floats(0.1, 600),
    st.floats(0, 2e9),
)
def test_real_undoes_simulated(origin: float, factor: float, real: float) -> None:
    clock = SimulatedClock(origin, origin / 2, factor)
    assert isclose(clock.real(clock.simulated(real)), real, abs_tol=1e-3)
