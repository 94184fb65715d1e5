"""When drivers come, how long they stay and how much energy they want, as tables to draw from.

Home, public and workplace follow the statistics of public charging records: quantiles of connected time and energy,
and the weekday's arrivals by hour. Depot and highway are ours, put together from how such sites are run: a depot's
vans come back in the late afternoon and leave before dawn with a night's charge; at a motorway people stop through
the day for as long as a coffee takes. Weekends are not told apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import erfc, sqrt
from types import MappingProxyType
from typing import Final

from evswarm_worker.behaviour.profiles import ArrivalPattern

QUANTILE_LEVELS: Final = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
"""The levels at which the tables give quantiles."""

_LEVELS: Final = (0.0, *QUANTILE_LEVELS, 1.0)
_LOWEST_SHARE: Final = 0.5
_HIGHEST_SHARE: Final = 1.4
"""The tables end at 5 % and 95 %. Beyond, values run on to half of the former and 1.4 times the latter. Ours."""

_SQRT_HALF: Final = sqrt(0.5)


def _phi(z: float) -> float:
    """The standard normal distribution function."""
    return 0.5 * erfc(-z * _SQRT_HALF)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One kind of place.

    `hourly_percent`: arrivals in the local hours 00 to 23. `stay_hours`, `energy_kwh`: quantiles at
    QUANTILE_LEVELS. `stay_shift`: how much longer (positive) or shorter those stay who come in that hour, in standard
    deviations of a hidden normal variable: see `stay_rank`. `hourly_share` is `hourly_percent` made to sum to 1.
    """

    hourly_percent: tuple[float, ...]
    stay_hours: tuple[float, ...]
    energy_kwh: tuple[float, ...]
    stay_shift: tuple[float, ...]
    hourly_share: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        total = sum(self.hourly_percent)
        object.__setattr__(self, "hourly_share", tuple(percent / total for percent in self.hourly_percent))

    def stay_rank(self, hidden: float) -> float:
        """The rank (0 to 1) among all stays of the one with this hidden value.

        A driver coming in hour h has the hidden value shift[h] + a standard normal number. Over all hours that is a
        mixture of normals, and this is its distribution function: so however the shifts are chosen, the stays of all
        drivers together follow `stay_hours` exactly.
        """
        rank = 0.0
        for share, shift in zip(self.hourly_share, self.stay_shift, strict=True):
            rank += share * _phi(hidden - shift)
        return min(rank, 1.0)

    def stay_at(self, rank: float) -> float:
        """The stay in hours at this rank (0 to 1)."""
        return quantile(self.stay_hours, rank)

    def energy_at(self, rank: float) -> float:
        """The energy wanted in kWh at this rank (0 to 1)."""
        return quantile(self.energy_kwh, rank)


def quantile(table: tuple[float, ...], rank: float) -> float:
    """The value at `rank` (0 to 1) of a distribution given at QUANTILE_LEVELS, linear in between."""
    values = (table[0] * _LOWEST_SHARE, *table, table[-1] * _HIGHEST_SHARE)
    index = 0
    while index < len(QUANTILE_LEVELS) and rank > _LEVELS[index + 1]:
        index += 1
    part = (rank - _LEVELS[index]) / (_LEVELS[index + 1] - _LEVELS[index])
    return values[index] + (values[index + 1] - values[index]) * part


# fmt: off
PATTERNS: Final[Mapping[ArrivalPattern, Pattern]] = MappingProxyType(
    {
        ArrivalPattern.HOME: Pattern(
            hourly_percent=(2.1, 0.5, 0.2, 0.1, 0.1, 0.1, 0.2, 0.6, 1.4, 1.1, 1.1, 1.5,
                            2.2, 2.2, 2.7, 3.7, 5.7, 12.1, 17.0, 11.5, 9.1, 8.9, 9.1, 6.6),
            stay_hours=(1.0, 1.5, 4.2, 11.0, 14.6, 20.3, 29.3),
            energy_kwh=(1.8, 3.3, 8.2, 19.4, 35.8, 51.4, 59.6),
            # fitted so that 18:00 stays 13.9 h and 14:00 6.8 h on average
            stay_shift=(-0.42, -0.42, -0.50, -0.58, -0.76, -0.97, -0.97, -0.86, -0.76, -0.76, -0.76, -0.73,
                        -0.69, -0.67, -0.63, -0.34, -0.05, 0.27, 0.35, 0.29, 0.15, 0.04, -0.05, -0.19),
        ),
        ArrivalPattern.PUBLIC: Pattern(
            hourly_percent=(1.0, 0.5, 0.2, 0.2, 0.2, 0.2, 0.7, 3.2, 7.9, 7.7, 5.1, 4.7,
                            5.3, 5.3, 5.0, 5.1, 5.7, 8.3, 10.9, 8.1, 5.1, 4.0, 3.4, 2.3),
            stay_hours=(0.3, 0.6, 1.7, 4.4, 12.1, 17.1, 21.7),
            energy_kwh=(0.6, 1.6, 4.2, 7.2, 13.8, 29.0, 41.6),
            # about 11 h for those who park in the evening, 4.5 h around noon
            stay_shift=(-0.07, -0.07, -0.24, -0.24, -0.24, -0.07, 0.09, 0.09, 0.01, -0.15, -0.43, -0.53,
                        -0.53, -0.53, -0.53, -0.43, -0.24, 0.16, 0.50, 0.56, 0.56, 0.50, 0.37, 0.23),
        ),
        ArrivalPattern.WORKPLACE: Pattern(
            hourly_percent=(0.0, 0.0, 0.0, 0.0, 0.1, 1.4, 4.3, 14.3, 26.7, 18.1, 7.7, 4.9,
                            5.4, 5.3, 4.0, 3.0, 2.0, 1.0, 0.6, 0.5, 0.3, 0.1, 0.1, 0.0),
            stay_hours=(0.6, 1.2, 2.5, 4.9, 8.5, 9.8, 13.2),
            energy_kwh=(1.4, 2.7, 5.4, 8.8, 16.7, 26.1, 31.9),
            # about 7 h for those who come first, 3.5 h in the afternoon
            stay_shift=(-0.22, -0.22, -0.22, -0.22, -0.22, 0.31, 0.43, 0.40, 0.26, 0.05, -0.22, -0.37,
                        -0.37, -0.47, -0.60, -0.71, -0.71, -0.71, -0.53, -0.53, -0.53, -0.53, -0.53, -0.53),
        ),
        ArrivalPattern.DEPOT: Pattern(
            hourly_percent=(1.0, 0.5, 0.5, 0.5, 0.5, 1.0, 1.5, 2.0, 2.0, 2.5, 3.0, 4.0,
                            5.0, 5.0, 5.0, 7.0, 10.0, 14.0, 13.0, 9.0, 6.0, 4.0, 2.5, 1.5),
            stay_hours=(0.8, 1.5, 6.0, 10.0, 12.5, 14.0, 16.0),
            energy_kwh=(8.0, 12.0, 25.0, 42.0, 65.0, 90.0, 110.0),
            # about 12 h from late afternoon on, 3 to 5 h between two tours
            stay_shift=(-0.91, -0.91, -1.07, -1.22, -1.55, -1.92, -2.13, -2.13, -1.92, -1.73, -1.55, -1.55,
                        -1.38, -1.22, -0.61, 0.31, 0.94, 1.09, 0.94, 0.78, 0.46, 0.15, -0.16, -0.46),
        ),
        ArrivalPattern.HIGHWAY: Pattern(
            hourly_percent=(1.0, 0.7, 0.5, 0.5, 0.7, 1.2, 2.4, 3.8, 5.0, 6.0, 6.8, 7.4,
                            7.6, 7.4, 7.2, 7.2, 7.4, 7.2, 6.0, 4.6, 3.4, 2.6, 1.9, 1.5),
            stay_hours=(0.13, 0.18, 0.28, 0.42, 0.60, 0.85, 1.10),
            energy_kwh=(6.0, 10.0, 18.0, 29.0, 42.0, 54.0, 62.0),
            # meals take longer than coffee
            stay_shift=(0.0, 0.0, 0.0, 0.0, 0.0, -0.2, -0.2, -0.2, 0.0, 0.0, 0.0, 0.3,
                        0.5, 0.3, 0.0, 0.0, 0.0, 0.2, 0.4, 0.3, 0.0, 0.0, 0.0, 0.0),
        ),
    }
)
# fmt: on
