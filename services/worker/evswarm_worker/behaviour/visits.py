"""Drivers' visits to a connector: the next one, and the one that is under way when a swarm starts.

Arrivals are a Poisson process whose rate follows the local hour; those who find the connector taken drive on. All
times are simulated unix seconds; local time is told by an offset, so that no calendar is needed here.
"""

from math import log
from statistics import NormalDist
from typing import Final

import msgspec

from evswarm_worker.behaviour.car import Car
from evswarm_worker.behaviour.draws import Draws
from evswarm_worker.behaviour.fleet import arriving_car
from evswarm_worker.behaviour.patterns import PATTERNS, quantile
from evswarm_worker.behaviour.profiles import Profile

_HOUR: Final = 3600.0
_DAY: Final = 86400.0

TURNOVER_SECONDS: Final = 90.0
"""The shortest time between one car's leaving and the next one's plugging in."""

FIRST_TAG_SECONDS: Final = (1.0, 30.0)
"""When the drivers of the cars that a new swarm finds present their tags, after the start."""

SHOWPIECE_EVERY: Final = 10
SHOWPIECE_TAG_SECONDS: Final = (1.0, 4.0)
SHOWPIECE_CHARGE_SECONDS: Final = 900.0
"""Stations 1, 11, 21, … start with a car that soon charges, and does so for at least this long."""

_ENERGY_WITH_STAY: Final = 0.5
"""Correlation (of normal scores) between how long drivers stay and how much they want. Ours."""

_NORMAL: Final = NormalDist()


class Visit(msgspec.Struct, array_like=True, gc=False):
    """One car at one connector, from plug-in to unplug. A checkpoint holds it as it is, car included.

    `arrival`: the plug is in. `tag_at`: the tag is presented; None: never. `departure`: the plug is out again.
    `energy_wh`: what the car takes if nothing stops it. `tag`: which of the station's id tags. `stops_with_tag`: the
    driver presents the tag again just before leaving. The car's state of charge moves as it charges.
    """

    arrival: float
    tag_at: float | None
    departure: float
    energy_wh: float
    tag: int
    stops_with_tag: bool
    car: Car


def next_visit(profile: Profile, draws: Draws, after: float, utc_offset_seconds: float = 0.0) -> Visit:
    """The first visit to a connector that is free from `after` on.

    `utc_offset_seconds` is what local time is ahead of UTC.
    """
    arrival = next_arrival(profile, draws, after + TURNOVER_SECONDS, utc_offset_seconds)
    return _visit(profile, draws, arrival, utc_offset_seconds)


def visit_at_start(
    profile: Profile,
    draws: Draws,
    now: float,
    index: int,
    seed: int,
    connector_id: int = 1,
    utc_offset_seconds: float = 0.0,
) -> Visit:
    """The visit that a station which never ran before finds at its connector: one under way, or the next.

    The connector's past is played from long enough ago for its beginning not to matter, with draws of its own, so
    that a new swarm is as busy as an old one at this hour; a car that is there has charged since it came. Of the
    visit under way the tag is presented again soon after `now`. Connector 1 of every tenth station, the first one
    included, has a car that wants energy. `draws` is used for the next visits only.
    """
    past = Draws(seed, index, purpose=f"past of connector {connector_id}")
    memory = quantile(PATTERNS[profile.arrivals].stay_hours, 1.0) * _HOUR * 1.5
    # From a full hour on, so that two runs with one seed begun within the same hour have the same past.
    visit = next_visit(profile, past, now // _HOUR * _HOUR - memory, utc_offset_seconds)
    while visit.departure <= now:
        visit = next_visit(profile, past, visit.departure, utc_offset_seconds)
    if visit.arrival <= now and visit.tag_at is not None:
        car = visit.car
        car.advance(profile.max_power_w, now - visit.tag_at)
        visit.energy_wh = (car.target_soc - car.soc) * car.capacity_wh
        visit.tag_at = now + past.between(*FIRST_TAG_SECONDS)
        visit.departure = max(visit.departure, visit.tag_at + TURNOVER_SECONDS)
    if connector_id == 1 and index % SHOWPIECE_EVERY == 1:
        return _showpiece(profile, past, visit, now, utc_offset_seconds)
    if visit.arrival > now:
        # nobody is there: from here on the station's own draws tell the future
        return next_visit(profile, draws, now, utc_offset_seconds)
    return visit


def next_arrival(profile: Profile, draws: Draws, after: float, utc_offset_seconds: float = 0.0) -> float:
    """When the next driver comes, at `after` or later: one exponential draw, spent at the rate of each hour."""
    shares = PATTERNS[profile.arrivals].hourly_share
    days, left = divmod(-log(1.0 - draws.uniform()) / profile.visits_per_day, 1.0)
    at = after + days * _DAY
    while True:
        local = (at + utc_offset_seconds) % _DAY
        hour = min(int(local / _HOUR), 23)
        to_next_hour = max((hour + 1) * _HOUR - local, 1e-3)
        share = shares[hour]
        in_this_hour = share * to_next_hour / _HOUR
        if left < in_this_hour:
            return at + left / share * _HOUR
        left -= in_this_hour
        at += to_next_hour


def _visit(profile: Profile, draws: Draws, arrival: float, utc_offset_seconds: float) -> Visit:
    pattern = PATTERNS[profile.arrivals]
    hour = int((arrival + utc_offset_seconds) % _DAY / _HOUR) % 24
    score = _normal(draws)
    stay = pattern.stay_at(pattern.stay_rank(pattern.stay_shift[hour] + score)) * _HOUR
    # The energy leans on how long the stay is for its hour, which is independent of the hour: so its own
    # distribution stays that of the table.
    lean = _ENERGY_WITH_STAY * score + (1.0 - _ENERGY_WITH_STAY**2) ** 0.5 * _normal(draws)
    car = arriving_car(profile, draws, pattern.energy_at(_NORMAL.cdf(lean)) * 1000.0)
    delay = draws.between(*profile.tag_delay_seconds)
    forgotten = draws.chance(profile.forgets_tag)
    return Visit(
        arrival=arrival,
        tag_at=None if forgotten else arrival + delay,
        departure=arrival + max(stay, delay + TURNOVER_SECONDS),
        energy_wh=(car.target_soc - car.soc) * car.capacity_wh,
        tag=draws.below(profile.tags),
        stops_with_tag=draws.chance(profile.stops_with_tag),
        car=car,
    )


def _showpiece(profile: Profile, past: Draws, visit: Visit, now: float, utc_offset_seconds: float) -> Visit:
    """The visit found at the start, or another that came just now, charging for long enough to be seen."""
    while (
        visit.arrival > now
        or visit.tag_at is None
        or visit.car.seconds_to_target() < SHOWPIECE_CHARGE_SECONDS
    ):
        visit = _visit(profile, past, now, utc_offset_seconds)
    visit.tag_at = now + past.between(*SHOWPIECE_TAG_SECONDS)
    visit.departure = max(visit.departure, visit.tag_at + SHOWPIECE_CHARGE_SECONDS)
    return visit


def _normal(draws: Draws) -> float:
    """A standard normal number; takes one draw."""
    return _NORMAL.inv_cdf(draws.uniform() or 2.0**-54)
