"""The car: its energy is the exact integral of its power, whatever the steps and the limits."""

from copy import copy
from itertools import pairwise
from math import exp, inf, log

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evswarm_worker.behaviour.car import CURVES, Car, Curve, _charged, ac_power_w

SINGLE_PHASE_6A = 6.0 * 230.0


def ac_car(soc: float = 0.2, target_soc: float = 0.98, phases: int = 1) -> Car:
    return Car(
        capacity_wh=60_000.0,
        soc=soc,
        target_soc=target_soc,
        max_power_w=32.0 * 230.0 * phases,
        phases=phases,
        curve=Curve.AC,
    )


def dc_car(soc: float = 0.1, target_soc: float = 0.9, curve: Curve = Curve.DC_TOURER) -> Car:
    return Car(
        capacity_wh=80_000.0, soc=soc, target_soc=target_soc, max_power_w=150_000.0, phases=1, curve=curve
    )


@st.composite
def cars(draw: st.DrawFn) -> Car:
    curve = draw(st.sampled_from(Curve))
    phases = draw(st.sampled_from([1, 3])) if curve is Curve.AC else 1
    soc = draw(st.floats(0.0, 0.97))
    return Car(
        capacity_wh=draw(st.floats(10_000.0, 200_000.0)),
        soc=soc,
        target_soc=draw(st.floats(soc, 0.98)),
        max_power_w=draw(
            st.floats(3_680.0, 22_080.0) if curve is Curve.AC else st.floats(30_000.0, 350_000.0)
        ),
        phases=phases,
        curve=curve,
    )


limits = st.one_of(st.just(inf), st.floats(0.0, 400_000.0), st.floats(0.0, 8_000.0))


@pytest.mark.parametrize("curve", Curve)
def test_a_curve_covers_the_battery_and_never_exceeds_full_power(curve: Curve) -> None:
    points = CURVES[curve]
    assert points[0][0] == 0.0 and points[-1][0] == 1.0
    assert all(before[0] < after[0] for before, after in pairwise(points))
    assert max(power for _, power in points) == 1.0
    assert all(power > 0.0 for _, power in points[:-1])


# --- power --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("soc", "power_w"), [(0.0, 7360.0), (0.5, 7360.0), (0.8, 7360.0), (0.9, 3680.0), (0.975, 920.0)]
)
def test_an_ac_car_takes_full_power_to_the_transition_and_then_linearly_less(
    soc: float, power_w: float
) -> None:
    assert ac_car(soc).power_w() == pytest.approx(power_w)


def test_a_limit_moves_the_knee_up() -> None:
    # half of full power: the falling line crosses it half-way between the transition and full
    assert ac_car(0.85).power_w(3680.0) == pytest.approx(3680.0)
    assert ac_car(0.899).power_w(3680.0) == pytest.approx(3680.0)
    assert ac_car(0.95).power_w(3680.0) == pytest.approx(ac_car(0.95).power_w())


def test_a_dc_car_follows_its_curve() -> None:
    for (x0, y0), (x1, y1) in pairwise(CURVES[Curve.DC_TOURER]):
        middle = dc_car((x0 + x1) / 2, target_soc=1.0)
        assert middle.power_w() == pytest.approx(150_000.0 * (y0 + y1) / 2)


@given(cars(), limits)
def test_power_is_never_more_than_offered_nor_than_the_car_can_take(car: Car, limit_w: float) -> None:
    assert 0.0 <= car.power_w(limit_w) <= min(limit_w, car.max_power_w * (1 + 1e-12))


# --- energy -------------------------------------------------------------------------------------------------


def test_constant_power_gives_power_times_time() -> None:
    car = ac_car(0.2)
    assert car.advance(inf, 3600.0) == pytest.approx(7360.0)
    assert car.soc == pytest.approx(0.2 + 7360.0 / 60_000.0)


def test_beyond_the_transition_the_state_of_charge_nears_full_exponentially() -> None:
    car = ac_car(0.8)
    car.advance(inf, 1800.0)
    tau = 60_000.0 * 0.2 / 7360.0 * 3600.0
    assert car.soc == pytest.approx(1.0 - 0.2 * exp(-1800.0 / tau))


def test_the_time_to_the_target_has_its_closed_form() -> None:
    tau = 60_000.0 * 0.2 / 7360.0 * 3600.0
    to_knee = 0.6 * 60_000.0 / 7360.0 * 3600.0
    assert ac_car(0.2).seconds_to_target() == pytest.approx(to_knee + tau * log(0.2 / 0.02))


@given(cars(), limits, st.lists(st.floats(0.0, 7200.0), min_size=1, max_size=8))
def test_any_step_lengths_give_the_same_register(car: Car, limit_w: float, steps: list[float]) -> None:
    in_one = copy(car)
    stepwise = sum(car.advance(limit_w, step) for step in steps)
    assert in_one.advance(limit_w, sum(steps)) == pytest.approx(stepwise, rel=1e-9, abs=1e-6)
    assert in_one.soc == pytest.approx(car.soc, rel=1e-9)


@given(cars(), limits, st.floats(0.001, 50_000.0))
def test_the_flat_piece_of_the_curve_is_the_same_without_the_walk(
    car: Car, limit_w: float, seconds: float
) -> None:
    assume(limit_w >= car.min_power_w())
    walked, _ = _charged(car, limit_w, seconds)
    car.advance(limit_w, seconds)
    assert car.soc == walked


@given(cars(), limits, st.floats(1.0, 20_000.0))
def test_the_register_is_the_integral_of_the_power(car: Car, limit_w: float, seconds: float) -> None:
    exact = copy(car).advance(limit_w, seconds)
    slices = 400
    step = seconds / slices
    total = 0.0
    for _ in range(slices):
        # the trapezoid over each slice, with the states that the car itself passes through
        before = car.power_w(limit_w)
        car.advance(limit_w, step)
        total += (before + car.power_w(limit_w)) / 2 * step / 3600.0
    # what remains is the corner of a knee or of the end, at most one slice wide
    assert exact == pytest.approx(total, rel=2e-3, abs=car.max_power_w * step / 3600.0)


@given(cars(), limits, st.floats(0.0, 1e6))
def test_energy_is_never_negative_and_the_target_never_passed(
    car: Car, limit_w: float, seconds: float
) -> None:
    room = (car.target_soc - car.soc) * car.capacity_wh
    energy = car.advance(limit_w, seconds)
    assert 0.0 <= energy <= room * (1 + 1e-9)
    assert energy <= min(limit_w, car.max_power_w) * seconds / 3600.0 * (1 + 1e-9) + 1e-6
    assert car.soc <= car.target_soc


@given(cars(), limits)
def test_the_car_is_full_when_it_said_it_would_be(car: Car, limit_w: float) -> None:
    seconds = car.seconds_to_target(limit_w)
    assume(1.0 < seconds < inf)
    almost = copy(car)
    almost.advance(limit_w, seconds * 0.999)
    assert not almost.full()
    car.advance(limit_w, seconds * (1 + 1e-9) + 1e-6)
    assert car.full()


@given(cars(), st.floats(0.0, 400_000.0), st.floats(0.0, 400_000.0), st.floats(0.0, 20_000.0))
def test_a_higher_limit_never_gives_less(car: Car, one: float, other: float, seconds: float) -> None:
    low, high = sorted((one, other))
    generous = copy(car)
    assert car.advance(low, seconds) <= generous.advance(high, seconds) + 1e-6


@pytest.mark.parametrize("curve", Curve)
@pytest.mark.parametrize("percent", range(3, 101))
def test_every_limit_lets_a_car_get_full(curve: Curve, percent: int) -> None:
    # walks over every corner where a limit meets the curve, exactly met ones included
    car = dc_car(0.0, 0.98, curve) if curve is not Curve.AC else ac_car(0.0)
    limit_w = max(car.max_power_w * percent / 100.0, car.min_power_w())
    assert 0.0 < car.seconds_to_target(limit_w) < inf


def test_no_time_gives_no_energy() -> None:
    assert ac_car().advance(inf, 0.0) == 0.0
    assert ac_car().advance(inf, -5.0) == 0.0


# --- suspending ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phases", [1, 3])
def test_below_six_ampere_a_phase_the_station_offers_too_little(phases: int) -> None:
    car = ac_car(phases=phases)
    least = ac_power_w(6.0, phases)
    assert least == pytest.approx(SINGLE_PHASE_6A * phases, rel=0.002)
    assert car.status(least) == "Charging"
    assert car.power_w(least) == pytest.approx(least)
    assert car.status(least - 1.0) == "SuspendedEVSE"
    assert car.power_w(least - 1.0) == 0.0
    assert car.advance(least - 1.0, 3600.0) == 0.0
    assert car.seconds_to_target(least - 1.0) == inf


def test_a_car_that_is_left_one_of_three_phases_takes_less_as_a_minimum() -> None:
    car = ac_car(phases=3)
    assert car.power_w(ac_power_w(8.0, 1)) == 0.0
    car.given_phases = 1
    assert car.phases_in_use == 1
    assert car.power_w(ac_power_w(8.0, 1)) == pytest.approx(ac_power_w(8.0, 1))


def test_a_full_car_suspends_by_itself() -> None:
    car = ac_car(0.98)
    assert car.status() == "SuspendedEV"
    assert car.power_w() == 0.0
    assert car.advance(inf, 3600.0) == 0.0
    assert car.seconds_to_target() == 0.0


def test_a_full_car_that_is_offered_nothing_is_suspended_by_the_station() -> None:
    assert ac_car(0.98).status(0.0) == "SuspendedEVSE"


def test_a_dc_car_takes_small_powers_that_ac_could_not_offer() -> None:
    assert dc_car().status(1_200.0) == "Charging"
    assert dc_car().status(900.0) == "SuspendedEVSE"
