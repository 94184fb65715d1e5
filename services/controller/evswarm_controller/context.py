"""What the routes of the API work with, put together once at the start."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends
from starlette.requests import HTTPConnection

from evswarm_controller.access.gate import Gate
from evswarm_controller.bulk_orders import BulkOrders
from evswarm_controller.bulk_work import BulkWork
from evswarm_controller.command_router import CommandRouter
from evswarm_controller.errors import NotReadyError, UnknownStationError
from evswarm_controller.fleet import Fleet
from evswarm_controller.historian_client import HistorianClient
from evswarm_controller.history_streams import HistoryStreams
from evswarm_controller.live_hub import LiveHub
from evswarm_controller.mirror import Mirror
from evswarm_controller.observer import Observer
from evswarm_controller.presence import Presence
from evswarm_controller.reconciler import Reconciler
from evswarm_controller.station_commands import StationCommands
from evswarm_controller.swarm_history import SwarmHistory
from evswarm_controller.telemetry import ControllerTelemetry
from evswarm_controller.wishes import Wishes
from evswarm_shared.bus.messages import StationSnapshot
from evswarm_shared.bus.port import Bus
from evswarm_shared.settings import ControllerSettings


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of one controller. `now` is real unix time, `zone` that of the station logs."""

    settings: ControllerSettings
    gate: Gate
    bus: Bus
    fleet: Fleet
    observer: Observer
    mirror: Mirror
    reconciler: Reconciler
    wishes: Wishes
    router: CommandRouter
    commands: StationCommands
    orders: BulkOrders
    work: BulkWork
    hub: LiveHub
    telemetry: ControllerTelemetry
    history: SwarmHistory
    history_streams: HistoryStreams
    historian: HistorianClient
    presence: Presence
    zone: ZoneInfo
    now: Callable[[], float]

    def told_time(self) -> str:
        """The simulated time now as the station logs tell it."""
        return datetime.fromtimestamp(self.observer.simulated_now(), self.zone).strftime("%H:%M:%S")

    def ready(self) -> bool:
        """Whether what this controller knows of the swarm is as the store says."""
        return self.mirror.synced and self.observer.available and self.observer.known_desired is not None

    def require_ready(self) -> None:
        """Go on only with knowledge that is up to date.

        Raises:
            NotReadyError: the store is away, or nothing has been read yet.
        """
        if not self.ready():
            raise NotReadyError("The store does not answer at the moment, or was not read yet.")

    def row(self, station_id: str) -> StationSnapshot:
        """The station as it is now.

        Raises:
            NotReadyError: as `require_ready` does.
            UnknownStationError: there is none.
        """
        self.require_ready()
        try:
            return self.fleet.rows[station_id]
        except KeyError:
            raise UnknownStationError(station_id) from None


def _context(connection: HTTPConnection) -> Context:
    context: Context = connection.app.state.context
    return context


ContextOf = Annotated[Context, Depends(_context)]
"""The context as a parameter of a route."""
