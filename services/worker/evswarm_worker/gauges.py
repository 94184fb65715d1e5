"""Sums over the stations of a worker, kept up to date from the rows that are published. Pure."""

from ocpp.v16.enums import ChargePointStatus

from evswarm_shared.bus.messages import StationSnapshot, StationState
from evswarm_shared.telemetry.counts import Tally


class ShardGauges:
    """What the rows of this worker add up to.

    Energy (mWh) and earnings (micro-units) count what flowed while stations were here, and only grow.
    """

    def __init__(self) -> None:
        self.states = Tally(StationState)
        self.connectors = Tally(status.value for status in ChargePointStatus)
        self.running = 0
        self.transactions = 0
        self.power_w = 0
        self.energy_mwh = 0
        self.earnings_micro = 0
        self.log_lines_dropped = 0
        self.station_failures = 0
        self.publish_failures = 0

    def reset(self) -> None:
        """All stations are gone; what was counted stays."""
        for tally in (self.states, self.connectors):
            for label in tally:
                tally[label] = 0
        self.running = self.transactions = self.power_w = 0

    def replace(self, old: StationSnapshot | None, new: StationSnapshot | None) -> None:
        """A station's row was `old` (None: it was not here) and is `new` (None: it left)."""
        if old is not None and new is not None:
            self.energy_mwh += max(0, new.energy_mwh - old.energy_mwh)
            self.earnings_micro += max(0, new.earnings_micro - old.earnings_micro)
            if (
                new.state == old.state
                and new.connectors == old.connectors
                and new.running == old.running
                and new.transactions == old.transactions
            ):
                self.power_w += new.power_w - old.power_w
                return
        if old is not None:
            self._add(old, -1)
        if new is not None:
            self._add(new, 1)

    def _add(self, row: StationSnapshot, sign: int) -> None:
        self.states.add(row.state, sign)
        for status in row.connectors:
            self.connectors.add(status, sign)
        self.running += sign * row.running
        self.transactions += sign * row.transactions
        self.power_w += sign * row.power_w
