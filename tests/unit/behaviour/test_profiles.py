"""Profiles: the presets, and who gets which."""

from collections import Counter
from math import inf, nan
from typing import Any

import pytest

from evswarm_shared.charging_policy import evaluate_charging_policy
from evswarm_worker.behaviour.errors import ProfileMixError, UnknownProfileError
from evswarm_worker.behaviour.patterns import PATTERNS
from evswarm_worker.behaviour.profiles import (
    DEFAULT_MIX,
    PRESETS,
    Profile,
    ProfileName,
    id_tags,
    pick_profile,
    policy_fields,
    preset,
)

DEFAULT_PRICE = 0.30
EVERY_PRESET = pytest.mark.parametrize("profile", PRESETS.values(), ids=str)


def test_there_is_a_preset_for_every_name_and_the_mix_uses_only_those() -> None:
    assert set(PRESETS) == set(ProfileName) == {profile.name for profile in PRESETS.values()}
    assert set(DEFAULT_MIX) <= set(PRESETS)


@EVERY_PRESET
def test_every_preset_charges_at_the_default_price_outside_peak_hours(profile: Profile) -> None:
    hour = next(hour for hour in range(24) if hour not in profile.peak_hours)
    decision = evaluate_charging_policy(
        {"energy_dispensed": 0.0}, policy_fields(profile), {"current_price": DEFAULT_PRICE, "hour": hour}
    )
    assert decision["action"] == "charge"
    assert profile.charge_if_price_below > DEFAULT_PRICE


def test_some_presets_charge_at_peak_and_some_do_not() -> None:
    assert {profile.allow_peak_hours for profile in PRESETS.values()} == {True, False}


@EVERY_PRESET
def test_a_presets_drivers_follow_a_table_and_its_numbers_make_sense(profile: Profile) -> None:
    assert profile.arrivals in PATTERNS
    assert profile.connectors >= 1
    assert profile.phases in (1, 3)
    assert profile.max_power_kw > 1.0
    assert profile.meter_interval_seconds == 10
    assert profile.tags == 1
    assert len(profile.vendor) <= 20 and len(profile.model) <= 20  # OCPP 1.6 §6.3: CiString20Type


def test_peak_hours_that_no_day_has_are_refused() -> None:
    with pytest.raises(ValueError, match="peak_hours"):
        Profile(
            **{name: getattr(PRESETS[ProfileName.HOME], name) for name in Profile.__struct_fields__}
            | {"peak_hours": frozenset({24})}
        )


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownProfileError, match="home, public, workplace, depot, highway"):
        preset("garage")


def test_a_preset_is_found_by_its_plain_name() -> None:
    assert preset("depot") is PRESETS[ProfileName.DEPOT]


def test_a_station_keeps_its_profile_for_good() -> None:
    first = [pick_profile(DEFAULT_MIX, 1, index).name for index in range(1, 200)]
    reordered = dict(reversed(DEFAULT_MIX.items()))
    assert [pick_profile(reordered, 1, index).name for index in range(1, 200)] == first


def test_another_seed_gives_another_fleet() -> None:
    fleets = {tuple(pick_profile(DEFAULT_MIX, seed, i).name for i in range(2, 40)) for seed in range(5)}
    assert len(fleets) == 5


def test_the_mix_is_drawn_by_weight() -> None:
    count = 5_000
    drawn = Counter(pick_profile(DEFAULT_MIX, 3, index).name for index in range(2, count + 2))
    total = sum(DEFAULT_MIX.values())
    for name, weight in DEFAULT_MIX.items():
        assert drawn[name] / count == pytest.approx(weight / total, abs=0.02)


@pytest.mark.parametrize("seed", range(30))
def test_the_first_station_of_a_mix_charges_at_peak_too(seed: int) -> None:
    assert pick_profile(DEFAULT_MIX, seed, 1).allow_peak_hours


def test_the_first_station_takes_what_there_is() -> None:
    assert pick_profile({ProfileName.HOME: 1.0}, 1, 1).name is ProfileName.HOME


@pytest.mark.parametrize("weight", [0.0, -1.0, nan, inf])
def test_a_weight_that_is_not_positive_is_refused(weight: float) -> None:
    with pytest.raises(ProfileMixError, match="home"):
        pick_profile({ProfileName.HOME: weight}, 1, 1)


def test_an_empty_mix_is_refused() -> None:
    with pytest.raises(ProfileMixError):
        pick_profile({}, 1, 1)


def test_a_mix_with_an_unknown_name_is_refused() -> None:
    mix: dict[Any, float] = {"garage": 1.0}
    with pytest.raises(UnknownProfileError):
        pick_profile(mix, 1, 1)


def test_the_policy_gets_optional_limits_only_where_the_profile_has_them() -> None:
    home = PRESETS[ProfileName.HOME]
    assert "max_grid_load" not in policy_fields(home)
    fields = {name: getattr(home, name) for name in Profile.__struct_fields__}
    limited = Profile(**fields | {"max_grid_load": 0.8, "ramp_margin": 0.1})
    assert policy_fields(limited)["max_grid_load"] == 0.8
    assert policy_fields(limited)["ramp_margin"] == 0.1
    assert "max_carbon_intensity" not in policy_fields(limited)


def test_the_policys_power_is_that_of_the_whole_station() -> None:
    public = PRESETS[ProfileName.PUBLIC]
    assert policy_fields(public)["max_power_kw"] == pytest.approx(public.max_power_kw * public.connectors)
    assert policy_fields(public, 4)["max_power_kw"] == pytest.approx(public.max_power_kw * 4)


def test_no_two_stations_share_an_id_tag_and_all_fit_the_wire() -> None:
    home = PRESETS[ProfileName.HOME]
    tags = [tag for index in [*range(3_000), 10**6, 2**47] for tag in id_tags(home, 1, index)]
    assert len(set(tags)) == len(tags) == 3_002
    assert all(len(tag) <= 20 and tag.isalnum() for tag in tags)


def test_a_station_with_several_drivers_has_several_tags() -> None:
    fields = {name: getattr(PRESETS[ProfileName.HOME], name) for name in Profile.__struct_fields__}
    assert len(set(id_tags(Profile(**fields | {"tags": 3}), 1, 1))) == 3
