"""How many stations may start now. Pure."""


class Ramp:
    """A token bucket. `rate` is stations a second; None sets no bound."""

    def __init__(self, rate: float | None, now: float) -> None:
        self.rate = rate
        self._tokens = 1.0
        self._at = now

    def change(self, rate: float | None, now: float) -> None:
        """Go on at another rate; what was saved up at the old one stays within one second's worth of the new one."""
        self.allowance(now, 0)
        self.rate = rate

    def allowance(self, now: float, most: int) -> int:
        """How many of at most `most` stations may start now; the caller says with `spend` how many did."""
        if self.rate is None:
            return most
        self._tokens = min(max(1.0, self.rate), self._tokens + (now - self._at) * self.rate)
        self._at = now
        return min(most, int(self._tokens))

    def spend(self, started: int) -> None:
        """Note that so many stations started."""
        if self.rate is not None:
            self._tokens -= started
