"""What the store says now: wishes, workers, replicas, price, sums and operations, read by every controller in each pass.

`look` reads; nothing here writes. Everything else in the controller answers from what was read last. What was written
by this controller while a look was on its way is newer than what the look brings.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from evswarm_controller.desired_state import Membership
from evswarm_controller.errors import NotReadyError
from evswarm_controller.fleet import Fleet
from evswarm_controller.lost_workers import LostWorkers
from evswarm_controller.room import shortage
from evswarm_shared.bus.messages import (
    CsmsHeartbeat,
    DesiredState,
    OperationSnapshot,
    OperationState,
    Tariff,
    Totals,
    WorkerHeartbeat,
)
from evswarm_shared.bus.port import ControllerBus

OPERATIONS_SHOWN: Final = 32
"""Operations that are known though they may have ended: the newest."""


LOSS_SHOWN_SECONDS: Final = 900.0
"""How long people are told that the store lost what it held."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was wished for before the store lost everything."""

    desired: DesiredState
    tariff: Tariff


class Observer:
    """The last look at the store. `available` is False from a failed look to the next good one."""

    def __init__(
        self, bus: ControllerBus, fleet: Fleet, now: Callable[[], float], *, lease_seconds: float = 10.0
    ) -> None:
        self._bus = bus
        self._fleet = fleet
        self._now = now
        self._desired: DesiredState | None = None
        self._wanted = Membership(DesiredState())
        self.workers: dict[str, WorkerHeartbeat] = {}
        self.lost_workers = LostWorkers(lease_seconds, fleet.stations_of)
        self.csms: list[CsmsHeartbeat] = []
        self.tariff = Tariff()
        self.totals = Totals()
        self.operations: dict[str, OperationSnapshot] = {}
        self.available = False
        self.forgotten: Forgotten | None = None
        self.losses = 0
        """How often the store was found without what it had held."""
        self._lost_at = float("-inf")

    @property
    def known_desired(self) -> DesiredState | None:
        """The desired state, None while the store has none."""
        return self._desired

    @property
    def desired(self) -> DesiredState:
        """The desired state.

        Raises:
            NotReadyError: the store has none yet.
        """
        if self._desired is None:
            raise NotReadyError("The swarm is not set up yet.")
        return self._desired

    @property
    def wanted(self) -> Membership:
        """The stations of the desired state."""
        return self._wanted

    def price(self) -> float:
        """The price a kWh at this moment, in the currency."""
        return self.tariff.price_micro(self.simulated_now()) / 1_000_000

    def shortage(self, desired: DesiredState) -> str:
        """What there is no room for in a swarm of this size, and what to do; empty when nothing is known to be short."""
        return shortage(desired, self.workers.values(), self.csms, running=self._fleet.running)

    def simulated_now(self) -> float:
        """The simulated time at this moment, in unix seconds; while the store has no swarm, the real time.

        Another pace of time begins a little ahead, and its line taken back from there would lie before what has been
        told already: until then, it is as late as it will be there.
        """
        clock = self._desired.clock if self._desired is not None else DesiredState().clock
        return clock.simulated(max(self._now(), clock.real_origin))

    async def look(self) -> None:
        """Read everything.

        Raises:
            BusUnavailableError: the store does not answer; what was read before stays.
        """
        generation, version = self._wanted.generation, self.tariff.version
        workers, desired, tariff, totals, csms = await asyncio.gather(
            self._bus.live_workers(),
            self._bus.read_desired(),
            self._bus.read_tariff(),
            self._bus.read_totals(),
            self._bus.live_csms(),
        )
        self.workers = {worker.worker_id: worker for worker in workers}
        now = self._now()
        self._fleet.set_workers(self.workers, now)
        self.lost_workers.look(self.workers, now)
        self.csms, self.totals = csms, totals
        if generation == self._wanted.generation:
            self._look_for_loss(desired, now)
        if version == self.tariff.version:
            self.tariff = tariff
        if generation == self._wanted.generation and (desired is None or desired.generation != generation):
            self._desired = desired
            self._wanted = Membership(desired or DesiredState())
        await self._read_operations()
        self.available = True

    def lost_at(self) -> float | None:
        """When the store lost what it held, in real unix seconds; None when that is long ago, or never was."""
        return self._lost_at if self._now() - self._lost_at < LOSS_SHOWN_SECONDS else None

    def _look_for_loss(self, stored: DesiredState | None, now: float) -> None:
        """Generations only grow: a store without one, or with an earlier one, is another than it was."""
        known = self._desired
        if known is None or (stored is not None and stored.generation >= known.generation):
            return
        self.losses += 1
        self._lost_at = now
        if stored is None:
            self.forgotten = Forgotten(known, self.tariff)

    def take_desired(self, desired: DesiredState) -> None:
        """Know a desired state that was just written, sooner than the next look; an older one is ignored."""
        if self._desired is None or desired.generation > self._desired.generation:
            self._desired = desired
            self._wanted = Membership(desired)

    def take_tariff(self, tariff: Tariff) -> None:
        """Know a tariff that was just written, sooner than the next look; an older one is ignored."""
        if tariff.version > self.tariff.version:
            self.tariff = tariff

    def take_operation(self, operation: OperationSnapshot) -> None:
        """Know an operation that was just written; what has ended stays so."""
        if not self._has_ended(operation.operation_id):
            self.operations[operation.operation_id] = operation

    def running_operations(self) -> list[OperationSnapshot]:
        """Those that have not ended."""
        return [each for each in self.operations.values() if each.state is OperationState.RUNNING]

    async def _read_operations(self) -> None:
        """Read the newest and all that run; look after those that ran and are among them no more; forget the others."""
        known = dict(self.operations)
        read = await self._bus.list_operations(OPERATIONS_SHOWN, with_running=True)
        found = {operation.operation_id for operation in read}
        for operation_id in known.keys() - found:
            operation = (
                None if self._has_ended(operation_id) else await self._bus.read_operation(operation_id)
            )
            if operation is None:
                self.operations.pop(operation_id, None)
            else:
                read.append(operation)
        for operation in read:
            here = self.operations.get(operation.operation_id)
            if here is None or here is known.get(operation.operation_id):
                self.take_operation(operation)

    def _has_ended(self, operation_id: str) -> bool:
        operation = self.operations.get(operation_id)
        return operation is not None and operation.state is not OperationState.RUNNING
