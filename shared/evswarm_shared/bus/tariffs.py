"""How a tariff grows: the one rule that both adapters share."""

import bisect

from evswarm_shared.bus.keys import TARIFF_CHANGES_KEPT
from evswarm_shared.bus.messages import Tariff, TariffChange


def with_change(tariff: Tariff, change: TariffChange) -> Tariff:
    """The tariff with one change more; the very same tariff when it holds that change already.

    Changes stay ordered by time, so that two controllers whose clocks differ cannot hide each other's. Beyond
    TARIFF_CHANGES_KEPT the oldest goes; `version` keeps counting.
    """
    if change in tariff.changes:
        return tariff
    changes = list(tariff.changes)
    bisect.insort_right(changes, change, key=lambda each: each.at)
    return Tariff(version=tariff.version + 1, changes=tuple(changes[-TARIFF_CHANGES_KEPT:]))
