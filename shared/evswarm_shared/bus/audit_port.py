"""What an auditor does on the bus: it reads the stations' books beside the totals."""

from collections.abc import Sequence
from typing import Protocol

from evswarm_shared.bus.books import RegisterSums, StationBook


class AuditBus(Protocol):
    """Part of what a controller does on the bus."""

    async def recorded_stations(self) -> list[str]:
        """The ids of all stations that ever ran, retired ones included, sorted."""
        ...

    async def read_books(self, station_ids: Sequence[str]) -> list[StationBook]:
        """The books of these stations, in the order given; an empty one for a station that never ran."""
        ...

    async def register_sums(self) -> RegisterSums:
        """The totals and what they must add up to, read in one step."""
        ...
