"""Writing what users wish for: changes of the desired state, each with the operation that follows it.

The operation is stored before the desired state that names it, so that a leader that comes later finds it. A change
that meets another one is made again on top of it.
"""

import secrets
from collections.abc import Callable
from typing import Final

from evswarm_controller.desired_state import (
    Membership,
    scaled,
    with_conditions,
    with_individual,
    with_stopped,
    without_individual,
    without_operations,
)
from evswarm_controller.errors import NoRoomError, NotReadyError
from evswarm_controller.fleet import Fleet
from evswarm_controller.observer import Observer
from evswarm_controller.operation_progress import (
    CONDITIONS,
    CREATE,
    DELETE,
    SCALE,
    START,
    STOP,
    Surplus,
    remaining,
)
from evswarm_shared.bus.messages import (
    Conditions,
    DesiredState,
    OperationSnapshot,
    OperationState,
    ProfileName,
    StationSpec,
)
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import StaleGenerationError

ATTEMPTS: Final = 20
"""Changes by others that one change is made again on top of before it gives up."""
CLOCK_LEAD_SECONDS: Final = 1.0
"""Real seconds ahead at which another pace of time begins: about as long as the workers take to hear of it."""


class Wishes:
    """Changes the desired state. `poke` makes the control loop look at once."""

    def __init__(
        self,
        bus: ControllerBus,
        observer: Observer,
        fleet: Fleet,
        *,
        now: Callable[[], float],
        poke: Callable[[], None],
        told: Callable[[OperationSnapshot], None] = lambda _: None,
    ) -> None:
        """`told` hears of every operation that begins."""
        self._bus = bus
        self._observer = observer
        self._fleet = fleet
        self._now = now
        self._poke = poke
        self._told = told

    async def scale(
        self, count: int, *, profile: ProfileName | None, ramp_per_second: float | None
    ) -> OperationSnapshot:
        """Wish for stations 1 to `count`; return the operation that ends when they are there.

        Raises:
            NoRoomError: the swarm would grow beyond what the living workers can take.
            NotReadyError: there is no swarm yet, or others change it all the time.
        """

        def change(desired: DesiredState, operation_id: str) -> DesiredState:
            if count > desired.count:
                self._require_room(count + len(desired.individuals))
            return scaled(
                desired,
                count=count,
                profile=profile,
                ramp_per_second=ramp_per_second,
                operation_id=operation_id,
            )

        operation = await self._change(SCALE, (), change)
        assert operation is not None
        return operation

    def _require_room(self, stations: int) -> None:
        """Refuse at once what would only fail later; without a worker nobody knows yet what there will be room for."""
        rooms = [w.capacity for w in self._observer.workers.values() if not w.draining]
        room = sum(each for each in rooms if each is not None)
        if rooms and None not in rooms and stations > room:
            raise NoRoomError(stations, room, len(rooms))

    async def start(self, station_id: str) -> OperationSnapshot | None:
        """Wish that a stopped station runs; None when it is not stopped.

        Raises:
            UnknownStationError: the swarm has no such station.
            NotReadyError: as `scale` does.
        """
        return await self._stopped(START, station_id, stopped=False)

    async def stop(self, station_id: str) -> OperationSnapshot | None:
        """Wish that a station stops and stays so; None when that is wished for already. Errors as `start`."""
        return await self._stopped(STOP, station_id, stopped=True)

    async def create(self, spec: StationSpec) -> OperationSnapshot:
        """Wish for one more station, created by name; return the operation that ends when it runs.

        Raises:
            StationExistsError: there is one of this name.
            NotReadyError: as `scale` does.
        """
        operation = await self._change(
            CREATE,
            (spec.station_id,),
            lambda desired, operation_id: with_individual(desired, spec, operation_id),
        )
        assert operation is not None
        return operation

    async def delete(self, station_id: str) -> OperationSnapshot:
        """Wish a station away that was created by name; return the operation that ends when it is gone.

        Raises:
            UnknownStationError: the swarm has no such station.
            StationExistsError: it is a numbered one.
            NotReadyError: as `scale` does.
        """
        operation = await self._change(
            DELETE,
            (station_id,),
            lambda desired, operation_id: without_individual(desired, station_id, operation_id),
        )
        assert operation is not None
        return operation

    async def change_conditions(
        self, change: Callable[[Conditions], Conditions], clock_factor: float | None
    ) -> OperationSnapshot | None:
        """Wish for other conditions and another pace of time (None: as it is); None when they are so already.

        Raises:
            NotReadyError: as `scale` does.
        """

        def changed(desired: DesiredState, operation_id: str) -> DesiredState:
            factor = desired.clock.factor if clock_factor is None else clock_factor
            return with_conditions(
                desired,
                change(desired.conditions),
                factor,
                at=self._now() + CLOCK_LEAD_SECONDS,
                operation_id=operation_id,
            )

        return await self._change(CONDITIONS, (), changed)

    async def _stopped(self, kind: str, station_id: str, *, stopped: bool) -> OperationSnapshot | None:
        def change(desired: DesiredState, operation_id: str) -> DesiredState:
            return with_stopped(desired, station_id, stopped, operation_id)

        return await self._change(kind, (station_id,), change)

    async def _change(
        self,
        kind: str,
        station_ids: tuple[str, ...],
        change: Callable[[DesiredState, str], DesiredState],
    ) -> OperationSnapshot | None:
        operation_id = f"{kind}-{secrets.token_hex(6)}"
        for _ in range(ATTEMPTS):
            stored = await self._bus.read_desired()
            if stored is None:
                raise NotReadyError("The swarm is not set up yet.")
            desired = change(without_operations(stored, self._ended()), operation_id)
            if desired.generation == stored.generation:
                return None
            at, only_removes = self._now(), desired.count < stored.count
            operation = OperationSnapshot(
                operation_id=operation_id,
                kind=kind,
                generation=desired.generation,
                state=OperationState.RUNNING,
                target=self._target(kind, station_ids, desired, only_removes=only_removes),
                created_at=at,
                updated_at=at,
                station_ids=station_ids,
                only_removes=only_removes,
            )
            await self._bus.write_operation(operation)
            try:
                await self._bus.write_desired(desired)
            except StaleGenerationError:
                continue
            self._observer.take_desired(desired)
            self._observer.take_operation(operation)
            self._told(operation)
            self._poke()
            return operation
        raise NotReadyError("The swarm is being changed by others all the time; try again.")

    def _target(
        self, kind: str, station_ids: tuple[str, ...], desired: DesiredState, *, only_removes: bool
    ) -> int:
        if kind != SCALE:
            return len(station_ids)
        wanted = Membership(desired)
        surplus = Surplus().look(self._fleet, wanted)
        return remaining(self._fleet, wanted, surplus, only_removes=only_removes)

    def _ended(self) -> list[str]:
        return [
            operation.operation_id
            for operation in self._observer.operations.values()
            if operation.state is not OperationState.RUNNING
        ]
