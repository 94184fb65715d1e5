"""What one of two sides costs more than the other, from rounds that measured both, one right after the other.

A machine that others use too drifts by more than the two differ: what both rounds of a pair met cancels out in their
ratio, and the median of many ratios does not follow the few that met something of their own.
"""

from collections.abc import Sequence
from random import Random
from statistics import median, quantiles
from typing import Final, TypedDict

RESAMPLES: Final = 2_000
CERTAINTY: Final = 0.95
SEED: Final = 1


class Spread(TypedDict):
    """The ratios of some rounds: their median, the middle half of them, and between what the true median lies.

    `interval` is that of CERTAINTY by resampling (the percentiles of a bootstrap); with fewer than five or so rounds
    it is hardly more than the range.
    """

    rounds: int
    median: float
    quartiles: tuple[float, float]
    interval: tuple[float, float]


def spread(dearer: Sequence[float], cheaper: Sequence[float]) -> Spread:
    """The ratios `dearer` / `cheaper`, round by round; at least one, and as many of each."""
    ratios = [one / other for one, other in zip(dearer, cheaper, strict=True)]
    random = Random(SEED)
    medians = sorted(median(random.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
    outside = round((1.0 - CERTAINTY) / 2 * RESAMPLES)
    lower, _, upper = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    return {
        "rounds": len(ratios),
        "median": median(ratios),
        "quartiles": (lower, upper),
        "interval": (medians[outside], medians[-1 - outside]),
    }
