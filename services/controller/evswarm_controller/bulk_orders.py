"""Orders for many stations at once: which stations are meant, and what the order is, written down for `bulk_work`.

Which stations a filter means is settled when the order is placed. The results are stored before the operation, so
that who finds the operation finds all of its stations.
"""

import secrets
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

import msgspec

from evswarm_controller.errors import (
    InvalidFieldError,
    NoStationMatchesError,
    NothingToCancelError,
    NothingToRetryError,
    UnknownStationError,
)
from evswarm_controller.fleet import Fleet
from evswarm_controller.observer import Observer
from evswarm_controller.operation_progress import ASKED
from evswarm_controller.station_query import StationFilter, matching
from evswarm_controller.wishes import ScaleOrder, Wishes
from evswarm_shared.bus.messages import (
    OperationKind,
    OperationSnapshot,
    OperationState,
    StationSnapshot,
)
from evswarm_shared.bus.operation_results import StationOutcome
from evswarm_shared.bus.port import ControllerBus

NOT_DONE: Final = frozenset((StationOutcome.FAILED, StationOutcome.UNKNOWN, StationOutcome.CANCELLED))
"""Outcomes after which it is worth asking once more."""
DEFAULT_SECONDS: Final = 180.0
"""How long an order may take, unless it says otherwise: as long as a scale operation may stand still."""
SWITCHES: Final = {OperationKind.START: "start", OperationKind.STOP: "stop"}


class BulkAction(StrEnum):
    """What can be done to many stations at once: start and stop, and what hands can do to one."""

    START = "start"
    STOP = "stop"
    RECONNECT = "reconnect"
    PLUG_IN = "plug_in"
    UNPLUG = "unplug"
    AUTHORIZE = "authorize"
    PRESS_STOP = "press_stop"
    FAULT = "fault"
    CLEAR_FAULT = "clear_fault"
    POWER_CYCLE = "power_cycle"
    NETWORK_DOWN = "network_down"
    NETWORK_UP = "network_up"
    SET_CONFIGURATION = "set_configuration"
    ADD_TO_CACHE = "add_to_cache"
    OPEN_DOOR = "open_door"


class BulkOrders:
    """Takes orders. `poke` makes the work begin at once; `told` hears of every order."""

    def __init__(
        self,
        bus: ControllerBus,
        observer: Observer,
        fleet: Fleet,
        wishes: Wishes,
        *,
        now: Callable[[], float],
        poke: Callable[[], None],
        told: Callable[[OperationSnapshot], None],
    ) -> None:
        self._bus = bus
        self._observer = observer
        self._fleet = fleet
        self._wishes = wishes
        self._now = now
        self._poke = poke
        self._told = told

    def meant(self, wanted: StationFilter) -> list[StationSnapshot]:
        """The stations that an order with this filter would be for, as they are now.

        Raises:
            UnknownStationError: one that is named is not there.
        """
        if wanted.station_ids is not None:
            unknown = sorted(each for each in wanted.station_ids if each not in self._fleet.rows)
            if unknown:
                raise UnknownStationError(unknown[0])
        return matching(self._fleet.rows.values(), wanted)

    async def place(
        self, station_ids: Iterable[str], action: BulkAction, payload: bytes, timeout_seconds: float
    ) -> OperationSnapshot:
        """Write the order down and return its operation, which ends when every station has a result.

        Raises:
            NoStationMatchesError: there is none.
            InvalidFieldError: the action would leave a secret in the store.
        """
        stations = sorted(station_ids)
        if not stations:
            raise NoStationMatchesError
        if action is BulkAction.SET_CONFIGURATION and b"authorizationkey" in payload.lower():
            raise InvalidFieldError(
                "payload.key", "AuthorizationKey is a secret of one station: set it at each by itself."
            )
        now = self._now()
        operation = OperationSnapshot(
            operation_id=f"{OperationKind.BULK}-{secrets.token_hex(6)}",
            kind=OperationKind.BULK,
            generation=0,
            state=OperationState.RUNNING,
            target=len(stations),
            created_at=now,
            updated_at=now,
            action=action.value,
            payload=msgspec.Raw(payload),
            expires_at=now + timeout_seconds,
        )
        await self._bus.open_results(operation.operation_id, stations)
        await self._bus.write_operation(operation)
        self._observer.take_operation(operation)
        self._told(operation)
        self._poke()
        return operation

    async def cancel(self, operation: OperationSnapshot) -> OperationSnapshot:
        """Have an operation end before all is done, and return it; it may run on until what has begun has ended.

        Raises:
            NothingToCancelError: it has ended, or is about a single station.
        """
        if operation.state is not OperationState.RUNNING:
            raise NothingToCancelError(f"{operation.operation_id} has ended already: {operation.state}.")
        if operation.kind is OperationKind.SCALE:
            return await self._wishes.cancel_scale(operation)
        if operation.kind is not OperationKind.BULK:
            raise NothingToCancelError("Only scale and bulk operations can be cancelled.")
        await self._bus.cancel_operation(operation.operation_id)
        self._observer.take_operation(msgspec.structs.replace(operation, cancelling=True))
        self._poke()
        return await self._bus.read_operation(operation.operation_id) or operation

    async def retry(self, operation: OperationSnapshot) -> OperationSnapshot:
        """Ask once more what an operation did not reach, and return the operation that does.

        Raises:
            NothingToRetryError: it runs, nothing failed, what failed has left, or it was a command to a single station.
        """
        if operation.state is OperationState.RUNNING:
            raise NothingToRetryError(f"{operation.operation_id} still runs.")
        if operation.kind is OperationKind.SCALE:
            order = ScaleOrder.of(operation)
            if order is None:
                raise NothingToRetryError(
                    f"{operation.operation_id} does not say how many it was about: scale anew."
                )
            return await self._wishes.scale(order.count, profile=None, ramp_per_second=order.ramp_per_second)
        if operation.kind in ASKED or operation.kind in (OperationKind.CREATE, OperationKind.DELETE):
            raise NothingToRetryError("A command to a single station is given anew.")
        results = await self._bus.read_results(operation.operation_id)
        missed = [result.station_id for result in results if result.outcome in NOT_DONE]
        if not missed:
            raise NothingToRetryError(f"Everything of {operation.operation_id} was done.")
        again = [each for each in missed if each in self._fleet.rows]
        if not again:
            raise NothingToRetryError("None of the stations that are missing is in the swarm any more.")
        action = BulkAction(SWITCHES.get(operation.kind, operation.action))
        seconds = max(DEFAULT_SECONDS, operation.expires_at - operation.created_at)
        return await self.place(again, action, bytes(operation.payload), seconds)
