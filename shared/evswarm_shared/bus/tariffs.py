"""How a tariff grows: the one rule that both adapters share."""

import bisect

from evswarm_shared.bus.keys import TARIFF_CHANGES_KEPT
from evswarm_shared.bus.messages import Tariff, TariffChange


def with_change(tariff: Tariff, change: TariffChange) -> Tariff:
    """The tariff with one change more; the very same tariff when that is the last one of its moment already.

    Changes stay ordered by time, so that two controllers whose clocks differ cannot hide each other's. Beyond
    TARIFF_CHANGES_KEPT the oldest goes; `version` keeps counting.
    """
    changes = list(tariff.changes)
    place = bisect.bisect_right(changes, change.at, key=lambda each: each.at)
    if place and changes[place - 1] == change:
        return tariff
    changes.insert(place, change)
    return Tariff(version=tariff.version + 1, changes=tuple(changes[-TARIFF_CHANGES_KEPT:]))
