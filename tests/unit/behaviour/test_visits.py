"""Visits: drawn as the tables say, one after the other, and a new swarm as busy as an old one."""

from itertools import pairwise
from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evswarm_worker.behaviour.draws import Draws
from evswarm_worker.behaviour.patterns import PATTERNS, QUANTILE_LEVELS
from evswarm_worker.behaviour.profiles import DEFAULT_MIX, PRESETS, Profile, ProfileName, pick_profile
from evswarm_worker.behaviour.visits import (
    SHOWPIECE_CHARGE_SECONDS,
    TURNOVER_SECONDS,
    Visit,
    next_arrival,
    next_visit,
    visit_at_start,
)

MIDNIGHT = 1_795_305_600.0 // 86_400 * 86_400
HOUR = 3600.0
DAY = 86_400.0
HOME = PRESETS[ProfileName.HOME]
EVERY_PRESET = pytest.mark.parametrize("profile", PRESETS.values(), ids=list(PRESETS))
TABLED = pytest.mark.parametrize(
    "profile", [PRESETS[ProfileName(name)] for name in ("home", "public", "workplace")], ids=lambda p: p.name
)


def arrivals(profile: Profile, count: int, seed: int = 1) -> list[float]:
    """Arrivals at a connector that is never taken."""
    draws = Draws(seed, 1)
    times = [MIDNIGHT]
    for _ in range(count):
        times.append(next_arrival(profile, draws, times[-1]))
    return times[1:]


def visits(profile: Profile, count: int, seed: int = 1) -> list[Visit]:
    """What each of those drivers would do: nobody is sent away."""
    draws = Draws(seed, 1)
    found = []
    after = MIDNIGHT
    for _ in range(count):
        visit = next_visit(profile, draws, after - TURNOVER_SECONDS)
        found.append(visit)
        after = visit.arrival
    return found


# --- as the tables say --------------------------------------------------------------------------------------


@EVERY_PRESET
def test_arrivals_follow_the_hours_of_the_table(profile: Profile) -> None:
    count = 6_000
    hours = [0] * 24
    for arrival in arrivals(profile, count):
        hours[int(arrival % DAY / HOUR)] += 1
    for counted, share in zip(hours, PATTERNS[profile.arrivals].hourly_share, strict=True):
        assert counted / count == pytest.approx(share, abs=0.02)
        assert share > 0.0 or counted == 0


@EVERY_PRESET
def test_as_many_drivers_come_a_day_as_the_profile_says(profile: Profile) -> None:
    times = arrivals(profile, 4_000)
    assert 4_000 / ((times[-1] - MIDNIGHT) / DAY) == pytest.approx(profile.visits_per_day, rel=0.06)


@TABLED
def test_stays_have_the_quantiles_of_the_table(profile: Profile) -> None:
    stays = sorted((visit.departure - visit.arrival) / HOUR for visit in visits(profile, 6_000))
    for level, hours in zip(QUANTILE_LEVELS, PATTERNS[profile.arrivals].stay_hours, strict=True):
        assert stays[int(level * len(stays))] == pytest.approx(hours, rel=0.12, abs=0.08)


@TABLED
def test_energies_have_the_quantiles_of_the_table(profile: Profile) -> None:
    energies = sorted(visit.energy_wh / 1000.0 for visit in visits(profile, 6_000))
    for level, energy in zip(QUANTILE_LEVELS, PATTERNS[profile.arrivals].energy_kwh, strict=True):
        assert energies[int(level * len(energies))] == pytest.approx(energy, rel=0.12, abs=0.08)


@pytest.mark.parametrize(("hour", "mean_hours"), [(18, 13.9), (14, 6.8)])
def test_how_long_a_car_stays_at_home_depends_on_when_it_came(hour: int, mean_hours: float) -> None:
    stays = [
        (visit.departure - visit.arrival) / HOUR
        for visit in visits(HOME, 16_000)
        if int(visit.arrival % DAY / HOUR) == hour
    ]
    assert sum(stays) / len(stays) == pytest.approx(mean_hours, abs=1.0)


def test_who_stays_longer_wants_more() -> None:
    found = sorted(visits(HOME, 2_000), key=lambda visit: visit.departure - visit.arrival)
    short, long = found[:500], found[-500:]
    assert sum(v.energy_wh for v in long) > 1.3 * sum(v.energy_wh for v in short)


@EVERY_PRESET
def test_habits_come_as_often_as_the_profile_says(profile: Profile) -> None:
    found = visits(profile, 3_000)
    stopping = sum(visit.stops_with_tag for visit in found) / len(found)
    forgetting = sum(visit.tag_at is None for visit in found) / len(found)
    assert stopping == pytest.approx(profile.stops_with_tag, abs=0.035)
    assert forgetting == pytest.approx(profile.forgets_tag, abs=0.01)


# --- one after the other ------------------------------------------------------------------------------------


@given(
    st.sampled_from(list(PRESETS.values())),
    st.integers(0, 2**32),
    st.floats(0.0, 4e9),
    st.sampled_from([-12, -3.5, 0, 1, 5.75, 14]),
)
def test_a_visit_is_in_order_and_its_car_has_room_for_what_it_wants(
    profile: Profile, seed: int, after: float, zone_hours: float
) -> None:
    visit = next_visit(profile, Draws(seed, 7), after, zone_hours * HOUR)
    assert after + TURNOVER_SECONDS <= visit.arrival < visit.departure
    assert visit.tag_at is None or visit.arrival < visit.tag_at < visit.departure
    assert visit.tag in range(profile.tags)
    car = visit.car
    assert 0.0 <= car.soc < car.target_soc <= 1.0
    assert (car.target_soc - car.soc) * car.capacity_wh == pytest.approx(visit.energy_wh)
    assert 0.0 < car.max_power_w <= profile.max_power_w + 1e-6
    assert car.status() == "Charging"


def test_the_hours_are_those_of_the_local_clock() -> None:
    workplace = PRESETS[ProfileName.WORKPLACE]
    draws = Draws(1, 1)
    ahead = 9 * HOUR
    found = [next_arrival(workplace, draws, MIDNIGHT + day * DAY, ahead) for day in range(300)]
    local_hours = [int((arrival + ahead) % DAY / HOUR) for arrival in found]
    assert sum(6 <= hour < 17 for hour in local_hours) > 0.9 * len(local_hours)


def test_the_same_counter_gives_the_same_visit() -> None:
    draws = Draws(1, 1)
    next_visit(HOME, draws, MIDNIGHT)
    counter = draws.counter
    second = next_visit(HOME, draws, MIDNIGHT + DAY)
    assert next_visit(HOME, Draws(1, 1, counter), MIDNIGHT + DAY) == second


def test_a_visit_comes_back_from_a_checkpoint_as_it_was() -> None:
    visit = next_visit(HOME, Draws(1, 1), MIDNIGHT)
    visit.car.advance(inf, 1234.5)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(visit), type=Visit) == visit
    assert msgspec.json.decode(msgspec.json.encode(visit), type=Visit) == visit
    assert len(msgspec.msgpack.encode(visit)) < 120


# --- when a swarm starts ------------------------------------------------------------------------------------

START_HOURS = pytest.mark.parametrize("hour", [0, 4, 8, 12, 18, 22])


def found_at(profile: Profile, now: float, index: int, connector_id: int = 1) -> Visit:
    return visit_at_start(profile, Draws(1, index), now, index, 1, connector_id)


@START_HOURS
@EVERY_PRESET
def test_every_tenth_station_starts_with_a_car_about_to_charge_for_a_while(
    profile: Profile, hour: int
) -> None:
    now = MIDNIGHT + hour * HOUR
    for index in (1, 11, 21, 101):
        visit = found_at(profile, now, index)
        assert visit.arrival <= now
        assert visit.tag_at is not None and now < visit.tag_at <= now + 4.0
        assert visit.departure - visit.tag_at >= SHOWPIECE_CHARGE_SECONDS
        assert visit.car.seconds_to_target(profile.max_power_w) >= SHOWPIECE_CHARGE_SECONDS


@START_HOURS
@pytest.mark.parametrize("count", [1, 5, 20])
def test_some_car_of_a_small_swarm_is_allowed_to_charge_whatever_the_hour(count: int, hour: int) -> None:
    now = MIDNIGHT + hour * HOUR
    charging = 0
    for index in range(1, count + 1):
        profile = pick_profile(DEFAULT_MIX, 1, index)
        visit = found_at(profile, now, index)
        here = visit.tag_at is not None and visit.tag_at < now + 10.0 and not visit.car.full()
        charging += here and (profile.allow_peak_hours or hour not in profile.peak_hours)
    assert charging >= 1


@EVERY_PRESET
def test_a_visit_found_at_the_start_is_under_way_or_to_come(profile: Profile) -> None:
    now = MIDNIGHT + 17.3 * HOUR
    for index in range(2, 120):
        visit = found_at(profile, now, index)
        assert visit.departure > now
        assert visit.tag_at is None or visit.tag_at > now
        assert visit.tag_at is None or visit.tag_at < visit.departure
        assert visit.energy_wh == pytest.approx(
            (visit.car.target_soc - visit.car.soc) * visit.car.capacity_wh, abs=1e-6
        )


def test_a_new_swarm_is_as_busy_as_an_old_one() -> None:
    now = MIDNIGHT + 21 * HOUR
    indexes = [index for index in range(2, 1_200) if index % 10 != 1]
    new = sum(found_at(HOME, now, index).arrival <= now for index in indexes)
    old = 0
    for index in indexes:
        draws = Draws(77, index)
        visit = next_visit(HOME, draws, now - 9 * DAY)
        while visit.departure <= now:
            visit = next_visit(HOME, draws, visit.departure)
        old += visit.arrival <= now
    assert new / len(indexes) == pytest.approx(old / len(indexes), abs=0.06)


def test_of_the_cars_found_at_night_some_are_full_and_some_are_not() -> None:
    now = MIDNIGHT + 23 * HOUR
    here = [v for v in (found_at(HOME, now, index) for index in range(2, 200)) if v.arrival <= now]
    full = sum(visit.car.full() for visit in here)
    assert 0 < full < len(here)


def test_the_connectors_of_a_station_have_their_own_pasts() -> None:
    public = PRESETS[ProfileName.PUBLIC]
    now = MIDNIGHT + 12 * HOUR
    pairs = [(found_at(public, now, index, 1), found_at(public, now, index, 2)) for index in range(2, 30)]
    assert any(first.departure != second.departure for first, second in pairs)


def test_the_past_takes_no_draw_from_the_future_of_a_station_whose_car_is_there() -> None:
    draws = Draws(1, 1)
    visit_at_start(HOME, draws, MIDNIGHT, 1, 1)
    assert draws.counter == 0


def test_the_life_of_a_connector_never_overlaps() -> None:
    draws = Draws(1, 5)
    life = [visit_at_start(HOME, draws, MIDNIGHT, 5, 1)]
    for _ in range(200):
        life.append(next_visit(HOME, draws, life[-1].departure))
    assert all(after.arrival >= before.departure + TURNOVER_SECONDS for before, after in pairwise(life))
