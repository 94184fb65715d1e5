"""The two clocks: real seconds for sockets and leases, simulated seconds for physics, arrivals and timestamps.

Both are unix times in float seconds. Nothing here reads a clock: shells pass the real time in.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """A straight line from real to simulated time.

    `factor` is simulated seconds a real second: 1.0 is life as it is, 0.0 a paused world.
    """

    real_origin: float = 0.0
    simulated_origin: float = 0.0
    factor: float = 1.0

    def simulated(self, real: float) -> float:
        """The simulated time at the real time `real`."""
        return self.simulated_origin + (real - self.real_origin) * self.factor

    def real(self, simulated: float) -> float:
        """The real time at which the simulated time arrives; infinite while the clock is paused."""
        if self.factor == 0.0:
            return float("inf")
        return self.real_origin + (simulated - self.simulated_origin) / self.factor
