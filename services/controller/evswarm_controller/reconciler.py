"""The control loop. Every controller looks at the store in it; the one that leads also plans, retires and settles.

A leader plans at once only in a store that it founded itself. In any other, and after every absence of the store, it
first waits for one lease, so that workers that still live have shown themselves.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from evswarm_controller import leaving
from evswarm_controller.fleet import Fleet
from evswarm_controller.leaving import Leaving
from evswarm_controller.observer import Observer
from evswarm_controller.operation_progress import Surplus, abandoned, progress, stall_seconds, unsettled
from evswarm_controller.planner import Plan, PlannedWorker, plan
from evswarm_shared.bus.messages import (
    Assignment,
    DesiredState,
    OperationKind,
    OperationSnapshot,
    OperationState,
    StationSpec,
    TariffChange,
)
from evswarm_shared.bus.operation_results import StationOutcome, StationResult
from evswarm_shared.bus.port import ControllerBus
from evswarm_shared.errors import BusUnavailableError, StaleGenerationError
from evswarm_shared.telemetry.service_log import about

PASS_SECONDS: Final = 0.5
JOIN_SETTLE_SECONDS: Final = 0.75
"""Workers that start together are waited for that long, lest the first gets all stations and loses them again."""
RETIRE_BATCH: Final = 500

log = logging.getLogger(__name__)

PlannedFor = tuple[int, int, Leaving, frozenset[PlannedWorker]]


class Reconciler:
    """Brings what is towards what should be, as long as this controller leads.

    `found` makes the first desired state of an empty store from the real time, `opening_price_micro` is its tariff.
    `on_ended` is told every operation that has come to its end under this leader.
    """

    def __init__(
        self,
        bus: ControllerBus,
        observer: Observer,
        fleet: Fleet,
        *,
        controller_id: str,
        lease_seconds: float,
        found: Callable[[float], DesiredState],
        opening_price_micro: int,
        now: Callable[[], float],
        on_ended: Callable[[OperationSnapshot], None],
    ) -> None:
        self._bus = bus
        self._observer = observer
        self._fleet = fleet
        self._controller_id = controller_id
        self._lease_seconds = lease_seconds
        self._found = found
        self._opening_price_micro = opening_price_micro
        self._now = now
        self._on_ended = on_ended
        self._poked = asyncio.Event()
        self._epoch: int | None = None
        self._may_plan_at = 0.0
        self._assignments: dict[str, Assignment] = {}
        self._planned_for: PlannedFor | None = None
        self._workers_seen: frozenset[str] = frozenset()
        self._workers_changed_at = 0.0
        self._surplus = Surplus()
        self._leaving = Leaving()
        self._departed: dict[str, StationSpec] = {}
        self._shortage = ""
        self.unplaced = 0

    @property
    def leads(self) -> bool:
        """Whether this controller led at its last pass."""
        return self._epoch is not None

    def poke(self) -> None:
        """Begin the next pass at once."""
        self._poked.set()

    async def run(self) -> None:
        """Pass after pass, for ever. When cancelled, the caller owes a `resign`."""
        while True:
            try:
                async with asyncio.timeout(self._lease_seconds):
                    await self.step()
            except (BusUnavailableError, TimeoutError) as error:
                if self._observer.available:
                    log.warning("the store does not answer: %s", error or "time-out")
                self._observer.available = False
                self._may_plan_at = self._now() + self._lease_seconds
            try:
                await asyncio.wait_for(self._poked.wait(), PASS_SECONDS)
            except TimeoutError:
                continue
            finally:
                self._poked.clear()

    async def resign(self) -> None:
        """Let another controller lead without waiting for the end of the term."""
        epoch, self._epoch = self._epoch, None
        if epoch is not None:
            await self._bus.release_leadership(self._controller_id, epoch)

    async def step(self) -> None:
        """One pass.

        Raises:
            BusUnavailableError: the store does not answer.
        """
        await self._observer.look()
        if not await self._lead():
            return
        desired = self._observer.known_desired
        if desired is None:
            return
        gone = leaving.departed(self._departed, self._assignments.values(), desired)
        self._departed = {each: spec for each, spec in gone.items() if each in self._fleet.rows}
        await self._plan(desired)
        if self._planned_for is not None:
            self._warn_of_shortage(desired)
        await self._retire()
        await self._settle_operations()

    async def _lead(self) -> bool:
        if self._epoch is not None:
            if await self._bus.renew_leadership(self._controller_id, self._epoch, self._lease_seconds):
                return True
            log.warning("leadership lost (term %d)", self._epoch)
            self._epoch = None
            return False
        epoch = await self._bus.acquire_leadership(self._controller_id, self._lease_seconds)
        if epoch is None:
            return False
        self._epoch, self._planned_for = epoch, None
        stored = await self._bus.read_assignments()
        if stored or self._observer.known_desired is not None:
            self._assignments = stored
        # Else the store is empty, and what this controller planned last moves the fewest stations.
        now = self._now()
        if self._observer.known_desired is None and await self._found_swarm(now):
            # Workers that give an emptied store back what they know are not to meet new owners of their stations.
            self._may_plan_at = now + (self._lease_seconds if self._observer.forgotten else 0.0)
        else:
            self._may_plan_at = now + self._lease_seconds
        log.info("leading (term %d), planning in %.1f s", epoch, self._may_plan_at - now)
        return True

    async def _found_swarm(self, now: float) -> bool:
        """Set up an empty store; False when another controller was quicker."""
        forgotten = self._observer.forgotten
        if forgotten is None:
            desired = self._found(now)
        else:
            desired = msgspec.structs.replace(forgotten.desired, generation=1, operations=())
            log.error(
                "THE STORE WAS EMPTIED: %d stations are wished for again, at the price there was; gone are operations "
                "that were under way",
                desired.count,
            )
            for change in forgotten.tariff.changes:
                self._observer.take_tariff(await self._bus.change_tariff(change))
        if not self._observer.tariff.changes:
            change = TariffChange(at=desired.clock.simulated(now), price_micro=self._opening_price_micro)
            self._observer.take_tariff(await self._bus.change_tariff(change))
        try:
            await self._bus.write_desired(desired)
        except StaleGenerationError:
            return False
        self._observer.take_desired(desired)
        return True

    async def _plan(self, desired: DesiredState) -> None:
        now = self._now()
        workers = frozenset(
            PlannedWorker(worker.worker_id, worker.capacity, worker.draining)
            for worker in self._observer.workers.values()
        )
        names = frozenset(worker.worker_id for worker in workers)
        if names != self._workers_seen:
            self._workers_seen, self._workers_changed_at = names, now
        assert self._epoch is not None
        planned_for = (self._epoch, desired.generation, self._leaving, workers)
        if planned_for == self._planned_for or not workers or now < self._may_plan_at:
            return
        if self._only_joined(planned_for) and now < self._workers_changed_at + JOIN_SETTLE_SECONDS:
            return
        planned = plan(desired, sorted(workers, key=_by_id), self._assignments, leader_epoch=self._epoch)
        eligible = sorted(worker.worker_id for worker in workers if not worker.draining)
        shared = leaving.shared_out(planned.assignments, self._leaving, self._assignments, desired, eligible)
        planned = msgspec.structs.replace(planned, assignments=shared)
        await self._write(planned, planned_for)

    def _warn_of_shortage(self, desired: DesiredState) -> None:
        """Say once what a swarm lacks that nobody could refuse: founded in this size, or grown beyond who is left."""
        lacking = self._observer.shortage(desired)
        if lacking and lacking != self._shortage:
            log.warning("%s", lacking)
            self._shortage = lacking

    def _only_joined(self, planned_for: PlannedFor) -> bool:
        """Whether nothing but new workers asks for a plan, so that it can wait a moment for more of them."""
        if self._planned_for is None:
            return True
        (*before, workers), (*same, now) = self._planned_for, planned_for
        return before == same and workers <= now

    async def _write(self, planned: Plan, planned_for: PlannedFor) -> None:
        epoch, generation, *_ = planned_for
        removed = sorted(self._assignments.keys() - planned.assignments.keys())
        written = await self._bus.write_assignments(
            self._controller_id, epoch, list(planned.assignments.values()), removed
        )
        if not written:
            log.warning("leadership lost (term %d) before assignments could be written", epoch)
            self._epoch = None
            return
        self._assignments, self._planned_for = planned.assignments, planned_for
        self.unplaced = planned.unplaced
        log.info(
            "generation %d: %s%s",
            generation,
            ", ".join(f"{w} runs {a.station_count()}" for w, a in planned.assignments.items()),
            f"; {planned.unplaced} stations have no worker with room" if planned.unplaced else "",
        )

    async def _retire(self) -> None:
        surplus = self._surplus.look(self._fleet, self._observer.wanted)
        kept = await self._still_open(surplus)
        going = [station_id for station_id in surplus if station_id not in kept] if kept else surplus
        for start in range(0, len(going), RETIRE_BATCH):
            self._fleet.remove(await self._bus.retire(going[start : start + RETIRE_BATCH]))

    async def _still_open(self, surplus: list[str]) -> frozenset[str]:
        """Those that nobody runs although not all is told of their transactions; the next plan gives them to a worker."""
        desired = self._observer.desired
        found = Leaving()
        if surplus:
            owners = await self._bus.owners()
            books = await self._bus.read_books([each for each in surplus if each not in owners])
            found = leaving.unfinished(books, desired.id_prefix, self._departed)
        self._leaving = self._leaving.still(surplus, desired.id_prefix) | found
        return frozenset(desired.station_id(index) for index in found.indexes) | {
            spec.station_id for spec in found.specs
        }

    async def _settle_operations(self) -> None:
        wanted = self._observer.wanted
        surplus = self._surplus.look(self._fleet, wanted)
        named = frozenset(self._observer.desired.operations)
        wishes = [o for o in self._observer.operations.values() if o.operation_id in named]
        scales = [o for o in wishes if o.kind is OperationKind.SCALE]
        newest = max(scales, key=lambda o: o.generation, default=None)
        for operation in self._observer.running_operations():
            now_is = abandoned(operation, named, self._now())
            if now_is is not operation:
                await self._end(now_is)
                continue
            if operation.operation_id not in named:
                continue
            now_is = progress(
                operation,
                fleet=self._fleet,
                wanted=wanted,
                surplus=surplus,
                newest_scale=newest.operation_id if newest else None,
                applied=self._applied(operation),
                unplaced=self.unplaced,
                workers=len(self._observer.workers),
                stall_seconds=stall_seconds(self._observer.desired.ramp_per_second),
                now=self._now(),
            )
            if now_is.state is OperationState.RUNNING:
                if now_is is not operation:
                    await self._bus.write_operation(now_is)
                    self._observer.take_operation(now_is)
                continue
            if now_is.state is OperationState.FAILED:
                await self._tell_who_is_late(now_is, surplus)
            await self._end(now_is)

    async def _end(self, operation: OperationSnapshot) -> None:
        if not await self._bus.write_operation(operation):
            return
        self._observer.take_operation(operation)
        log.info(
            "%s %s after %.1f s",
            operation.kind,
            operation.state,
            operation.updated_at - operation.created_at,
            extra=about(operation_id=operation.operation_id),
        )
        self._on_ended(operation)

    async def _tell_who_is_late(self, operation: OperationSnapshot, surplus: list[str]) -> None:
        late = unsettled(operation, self._fleet, self._observer.wanted, surplus)
        await self._bus.open_results(operation.operation_id, list(late))
        await self._bus.write_results(
            operation.operation_id,
            [StationResult(each, StationOutcome.FAILED, reason) for each, reason in late.items()],
        )

    def _applied(self, operation: OperationSnapshot) -> bool:
        """Whether a plan for the operation's generation is written and every living worker follows it."""
        if self._planned_for is None or self._planned_for[1] < operation.generation:
            return self._observer.wanted.expected_to_run == 0 and not self._observer.workers
        return all(w.applied_generation >= operation.generation for w in self._observer.workers.values())


def _by_id(worker: PlannedWorker) -> str:
    return worker.worker_id
