"""Writing what users wish for: changes of the desired state, each with the operation that follows it.

The operation is stored before the desired state that names it, so that a leader that comes later finds it. A change
that meets another one is made again on top of it.
"""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from evswarm_controller.desired_state import (
    Membership,
    held_at,
    scaled,
    with_all_stopped,
    with_conditions,
    with_individual,
    with_stopped,
    without_individual,
    without_operations,
)
from evswarm_controller.errors import NoRoomError, NotReadyError
from evswarm_controller.fleet import Fleet
from evswarm_controller.observer import Observer
from evswarm_controller.operation_progress import Surplus, remaining
from evswarm_shared.bus.messages import (
    Conditions,
    DesiredState,
    OperationKind,
    OperationSnapshot,
    OperationState,
    ProfileName,
    StationSpec,
    StationState,
)
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import StaleGenerationError

ATTEMPTS: Final = 20
"""Changes by others that one change is made again on top of before it gives up."""
CLOCK_LEAD_SECONDS: Final = 1.0
"""Real seconds ahead at which another pace of time begins: about as long as the workers take to hear of it."""


class ScaleOrder(msgspec.Struct, frozen=True):
    """What a scale operation was asked for, kept as its payload: numbered stations, at most so many a second.

    `before` is how many were wished for until then.
    """

    count: int
    ramp_per_second: float | None
    before: int

    @staticmethod
    def of(operation: OperationSnapshot) -> "ScaleOrder | None":
        """What this operation was asked for; None where it does not say."""
        return msgspec.json.decode(operation.payload, type=ScaleOrder | None)


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
            NoRoomError: the swarm would grow beyond what the living workers or central systems can take.
            NotReadyError: there is no swarm yet, or others change it all the time.
        """

        def change(desired: DesiredState, operation_id: str) -> DesiredState:
            wished = scaled(
                desired,
                count=count,
                profile=profile,
                ramp_per_second=ramp_per_second,
                operation_id=operation_id,
            )
            if count > desired.count:
                self._require_room(wished)
            return wished

        operation = await self._change(
            OperationKind.SCALE, (), change, lambda stored: ScaleOrder(count, ramp_per_second, stored.count)
        )
        assert operation is not None
        return operation

    def _require_room(self, wished: DesiredState) -> None:
        """Refuse at once what would only fail later."""
        lacking = self._observer.shortage(wished)
        if lacking:
            raise NoRoomError(lacking)

    async def start(self, station_id: str) -> OperationSnapshot | None:
        """Wish that a stopped station runs; None when it is not stopped.

        Raises:
            UnknownStationError: the swarm has no such station.
            NotReadyError: as `scale` does.
        """
        return await self._stopped(OperationKind.START, station_id, stopped=False)

    async def stop(self, station_id: str) -> OperationSnapshot | None:
        """Wish that a station stops and stays so; None when that is wished for already. Errors as `start`."""
        return await self._stopped(OperationKind.STOP, station_id, stopped=True)

    async def create(self, spec: StationSpec) -> OperationSnapshot:
        """Wish for one more station, created by name; return the operation that ends when it runs.

        Raises:
            StationExistsError: there is one of this name.
            NoRoomError, NotReadyError: as `scale` does.
        """

        def change(desired: DesiredState, operation_id: str) -> DesiredState:
            wished = with_individual(desired, spec, operation_id)
            self._require_room(wished)
            return wished

        operation = await self._change(OperationKind.CREATE, (spec.station_id,), change)
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
            OperationKind.DELETE,
            (station_id,),
            lambda desired, operation_id: without_individual(desired, station_id, operation_id),
        )
        assert operation is not None
        return operation

    async def change_conditions(
        self, change: Callable[[Conditions], Conditions], clock_factor: float | None
    ) -> bool:
        """Wish for other conditions and another pace of time (None: as it is); False when they are so already.

        Raises:
            NotReadyError: as `scale` does.
        """

        def changed(desired: DesiredState) -> DesiredState:
            factor = desired.clock.factor if clock_factor is None else clock_factor
            at = self._now() + CLOCK_LEAD_SECONDS
            return with_conditions(desired, change(desired.conditions), factor, at=at)

        return await self._rewrite(changed) is not None

    async def hold(self, station_ids: Sequence[str], *, stopped: bool) -> None:
        """Wish that stations stop and stay so, or run, for an operation that is followed elsewhere.

        Raises:
            NotReadyError: as `scale` does.
        """
        await self._rewrite(lambda desired: with_all_stopped(desired, station_ids, stopped))

    async def cancel_scale(self, operation: OperationSnapshot) -> OperationSnapshot:
        """End a scale operation where it stands: what has begun stays, what has not does not begin.

        Returns the operation as it ended, which may be otherwise than cancelled.

        Raises:
            NotReadyError: as `scale` does.
        """

        order = ScaleOrder.of(operation)
        before = 0 if order is None else order.before

        def change(desired: DesiredState) -> DesiredState:
            if operation.operation_id not in desired.operations:
                return desired
            return held_at(desired, self._begun(), operation.operation_id, before=before)

        desired = await self._rewrite(change)
        if desired is not None:
            stay = len(desired.stopped)
            ended = msgspec.structs.replace(
                operation,
                state=OperationState.CANCELLED,
                updated_at=self._now(),
                message=f"Cancelled at station {desired.count}; {stay} up to there stay stopped."
                if stay
                else f"Cancelled at station {desired.count}.",
            )
            if await self._bus.write_operation(ended):
                self._observer.take_operation(ended)
                self._told(ended)
        return await self._bus.read_operation(operation.operation_id) or operation

    def _begun(self) -> list[str]:
        rows = self._fleet.rows.values()
        return [row.station_id for row in rows if row.state is not StationState.STOPPED]

    async def _stopped(
        self, kind: OperationKind, station_id: str, *, stopped: bool
    ) -> OperationSnapshot | None:
        def change(desired: DesiredState, operation_id: str) -> DesiredState:
            return with_stopped(desired, station_id, stopped, operation_id)

        return await self._change(kind, (station_id,), change)

    async def _change(
        self,
        kind: OperationKind,
        station_ids: tuple[str, ...],
        change: Callable[[DesiredState, str], DesiredState],
        order: Callable[[DesiredState], ScaleOrder | None] = lambda _: None,
    ) -> OperationSnapshot | None:
        operation_id = f"{kind}-{secrets.token_hex(6)}"
        written: list[OperationSnapshot] = []

        async def announce(stored: DesiredState, desired: DesiredState) -> None:
            at, only_removes = self._now(), desired.count < stored.count
            operation = OperationSnapshot(
                operation_id=operation_id,
                kind=kind,
                generation=desired.generation,
                state=OperationState.RUNNING,
                target=len(station_ids) or self._to_change(desired, only_removes=only_removes),
                created_at=at,
                updated_at=at,
                station_ids=station_ids,
                only_removes=only_removes,
                payload=msgspec.Raw(msgspec.json.encode(order(stored))),
            )
            await self._bus.write_operation(operation)
            written.append(operation)

        if await self._rewrite(lambda desired: change(desired, operation_id), announce) is None:
            return None
        self._observer.take_operation(written[-1])
        self._told(written[-1])
        return written[-1]

    async def _rewrite(
        self,
        change: Callable[[DesiredState], DesiredState],
        announce: Callable[[DesiredState, DesiredState], Awaitable[None]] | None = None,
    ) -> DesiredState | None:
        """Store a changed desired state and return it; None when there is nothing to change.

        `announce` is told the state before and after, each time before it is tried to write.
        """
        for _ in range(ATTEMPTS):
            stored = await self._bus.read_desired()
            if stored is None:
                raise NotReadyError("The swarm is not set up yet.")
            desired = change(without_operations(stored, self._ended()))
            if desired.generation == stored.generation:
                return None
            if announce is not None:
                await announce(stored, desired)
            try:
                await self._bus.write_desired(desired)
            except StaleGenerationError:
                continue
            self._observer.take_desired(desired)
            self._poke()
            return desired
        raise NotReadyError("The swarm is being changed by others all the time; try again.")

    def _to_change(self, desired: DesiredState, *, only_removes: bool) -> int:
        wanted = Membership(desired)
        surplus = Surplus().look(self._fleet, wanted)
        return remaining(self._fleet, wanted, surplus, only_removes=only_removes)

    def _ended(self) -> list[str]:
        return [
            operation.operation_id
            for operation in self._observer.operations.values()
            if operation.state is not OperationState.RUNNING
        ]
