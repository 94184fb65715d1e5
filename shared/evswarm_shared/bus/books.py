"""What an auditor reads of the store: each station's own book, and the registers beside the totals they add up to."""

import msgspec

from evswarm_shared.bus.messages import StationSnapshot, Totals
from evswarm_shared.bus.station_ledger import BookRebuilt, LedgerTransaction


class StationBook(msgspec.Struct, frozen=True):
    """Everything the store holds about one station's transactions and energy, read in one step.

    `outbox` counts the messages that wait for the central system. The registers are over the station's life, as the
    totals count them; `row` is None for a station that was retired or never published.
    """

    station_id: str
    outbox: int
    energy_mwh: int
    earnings_micro: int
    row: StationSnapshot | None
    transactions: tuple[LedgerTransaction, ...]
    rebuilt: BookRebuilt | None = None


class RegisterSums(msgspec.Struct, frozen=True):
    """The totals and the registers that they must add up to, read in one step; stations without a row apart."""

    totals: Totals
    living: Totals
    retired: Totals
    living_stations: int
    retired_stations: int


def register_sums(totals: Totals, registers: dict[str, tuple[int, int]], living: set[str]) -> RegisterSums:
    """Add the registers up; each is (energy in mWh, earnings in millionths of the currency)."""
    sums = {True: [0, 0, 0], False: [0, 0, 0]}
    for station_id, (energy, earnings) in registers.items():
        entry = sums[station_id in living]
        entry[0] += energy
        entry[1] += earnings
        entry[2] += 1
    (energy, earnings, count), (gone_energy, gone_earnings, gone) = sums[True], sums[False]
    return RegisterSums(totals, Totals(energy, earnings), Totals(gone_energy, gone_earnings), count, gone)
