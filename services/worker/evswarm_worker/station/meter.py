"""The energy meter of a connector and the money its energy earns. The register never falls.

Energy is an integer number of mWh and follows from the car's state of charge, not from a sum of steps: however a
span of time is cut into steps, the register is the same at its end.
"""

from math import floor, inf

from evswarm_shared.bus.messages import Tariff
from evswarm_worker.behaviour.car import Car

_ROUNDING_MWH = 1e-4
"""Two ways to the same state of charge may differ by a last digit; that must not show in the register."""

_ROUNDING_SECONDS = 1e-6
"""A moment worked out as unix time may come a rounding error early."""

UNITS_PER_MICRO = 1_000_000
"""mWh x (micro-currency a kWh) in one micro-unit of the currency."""


class Meter:
    """What flowed through one connector until the simulated time `at`.

    `register_mwh` counts for the life of the connector; `earned_units` is the sum of mWh x the price a kWh in
    micro-currency at the time they flowed, exact in integers. `limit_w` is what the outlet offers; 0 while its
    contactor is open.
    """

    __slots__ = (
        "_plugged_register_mwh",
        "_plugged_soc",
        "_price_micro",
        "_price_until",
        "at",
        "car",
        "earned_units",
        "limit_w",
        "register_mwh",
    )

    def __init__(self, at: float) -> None:
        self.at = at
        self.car: Car | None = None
        self.register_mwh = 0
        self.earned_units = 0
        self.limit_w = 0.0
        self._plugged_soc = 0.0
        self._plugged_register_mwh = 0
        self._price_micro = 0
        self._price_until = -inf

    @property
    def earnings_micro(self) -> int:
        """What the energy so far has earned, in micro-units of the currency."""
        return self.earned_units // UNITS_PER_MICRO

    @property
    def plugged_mwh(self) -> int:
        """The energy that the car at the cable has taken since it came."""
        return self.register_mwh - self._plugged_register_mwh

    def plug(self, car: Car) -> None:
        """A car is at the cable now."""
        self.car = car
        self._plugged_soc = car.soc
        self._plugged_register_mwh = self.register_mwh

    def resume(self, car: Car, plugged_soc: float, plugged_register_mwh: int) -> None:
        """The car of a checkpoint is at the cable."""
        self.car = car
        self._plugged_soc = plugged_soc
        self._plugged_register_mwh = plugged_register_mwh

    def unplug(self) -> None:
        """The cable is free."""
        self.car = None
        self.limit_w = 0.0

    def plugged_state(self) -> tuple[float, int]:
        """The car's state of charge and the register when it came, for a checkpoint."""
        return self._plugged_soc, self._plugged_register_mwh

    def power_w(self) -> float:
        """The power that flows now."""
        return 0.0 if self.car is None or self.limit_w == 0.0 else self.car.power_w(self.limit_w)

    def price_micro(self, at: float, tariff: Tariff) -> int:
        """The price a kWh at `at`, which must not lie before the last question."""
        if at >= self._price_until:
            self._look_up_price(tariff, at)
        return self._price_micro

    def forget_price(self) -> None:
        """The tariff is another one from now on; what is metered already keeps its price."""
        self._price_until = -inf

    def advance(self, at: float, tariff: Tariff) -> None:
        """Let the simulated time pass until `at`. Charge for the energy piece by piece where the price changes."""
        since = self.at
        if at <= since:
            return
        self.at = at
        car = self.car
        if car is None or self.limit_w == 0.0:
            return
        while since < at:
            if since >= self._price_until:
                self._look_up_price(tariff, since)
            until = min(at, self._price_until)
            car.advance(self.limit_w, until - since)
            taken = (car.soc - self._plugged_soc) * car.capacity_wh * 1000.0
            register = self._plugged_register_mwh + floor(taken + _ROUNDING_MWH)
            if register > self.register_mwh:
                self.earned_units += (register - self.register_mwh) * self._price_micro
                self.register_mwh = register
            since = until

    def reaches_at(self, register_mwh: float) -> float:
        """The simulated time at which the register shows this under the offer of now; infinite if it never does."""
        car = self.car
        if car is None or self.limit_w == 0.0:
            return inf
        soc = self._plugged_soc + (register_mwh - self._plugged_register_mwh) / (car.capacity_wh * 1000.0)
        return self.at + car.seconds_to(soc, self.limit_w) + _ROUNDING_SECONDS

    def _look_up_price(self, tariff: Tariff, at: float) -> None:
        until = inf
        for change in reversed(tariff.changes):
            if change.at <= at:
                self._price_micro, self._price_until = change.price_micro, until
                return
            until = change.at
        # Before the first change its price holds already.
        self._price_micro, self._price_until = tariff.price_micro(at), until
