"""The fleet: the car that comes fits the outlet and the energy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_worker.behaviour.car import Curve
from evswarm_worker.behaviour.draws import Draws
from evswarm_worker.behaviour.fleet import CARS, VANS, arriving_car
from evswarm_worker.behaviour.profiles import PRESETS, CurrentKind, Profile, ProfileName

presets = st.sampled_from(list(PRESETS.values()))


@given(presets, st.integers(0, 1000), st.floats(1.0, 80_000.0))
def test_the_car_wants_exactly_the_energy_that_was_drawn(profile: Profile, seed: int, energy: float) -> None:
    car = arriving_car(profile, Draws(seed, 1), energy)
    assert (car.target_soc - car.soc) * car.capacity_wh == pytest.approx(energy)
    assert 0.0 <= car.soc < car.target_soc <= 1.0
    assert car.advance(1e9, 1e7) == pytest.approx(energy)


def test_more_than_the_largest_battery_holds_is_capped() -> None:
    car = arriving_car(PRESETS[ProfileName.HOME], Draws(1, 1), 10e6)
    assert car.capacity_wh == pytest.approx(max(model.battery_kwh for model in CARS) * 1000 / 0.9)
    assert 0.0 <= car.soc < car.target_soc <= 1.0


def test_a_home_outlet_loads_one_phase_at_what_car_and_outlet_can_both() -> None:
    home = PRESETS[ProfileName.HOME]
    powers = {round(arriving_car(home, Draws(1, index), 5_000.0).max_power_w) for index in range(200)}
    assert powers == {16 * 230, 32 * 230}


def test_an_ac_outlet_of_three_phases_serves_cars_of_one_phase_too() -> None:
    public = PRESETS[ProfileName.PUBLIC]
    seen = [arriving_car(public, Draws(1, index), 5_000.0) for index in range(200)]
    assert {car.phases for car in seen} == {1, 3}
    assert all(car.curve is Curve.AC for car in seen)


def test_a_dc_charger_serves_cars_by_their_curves_up_to_its_power() -> None:
    highway = PRESETS[ProfileName.HIGHWAY]
    seen = [arriving_car(highway, Draws(1, index), 20_000.0) for index in range(200)]
    assert {car.curve for car in seen} == {Curve.DC_CITY, Curve.DC_TOURER}
    assert max(car.max_power_w for car in seen) == highway.max_power_w
    assert all(car.phases == 1 for car in seen)


def test_vans_come_to_a_depot() -> None:
    depot = PRESETS[ProfileName.DEPOT]
    capacities = {arriving_car(depot, Draws(1, index), 10_000.0).capacity_wh for index in range(200)}
    assert len(capacities) == len(VANS)
    assert min(capacities) > max(55_000.0, min(van.battery_kwh for van in VANS) * 1000)
    assert depot.current is CurrentKind.DC


def test_the_weights_of_the_fleet_decide_who_comes() -> None:
    public = PRESETS[ProfileName.PUBLIC]
    seen = [round(arriving_car(public, Draws(1, i), 100.0).capacity_wh * 0.9 / 1000) for i in range(4_000)]
    for model in CARS:
        share = seen.count(round(model.battery_kwh)) / len(seen)
        assert share == pytest.approx(model.weight / sum(m.weight for m in CARS), abs=0.025)
