"""Brings the stations that run here in line with the assignment: claims, starts, stops, hands over, releases."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import msgspec

from evswarm_shared.bus.messages import Assignment, Conditions, StoredStation, Tariff
from evswarm_shared.bus.port import WorkerBus
from evswarm_shared.clock import SimulatedClock
from evswarm_shared.errors import BusUnavailableError, LocalError
from evswarm_worker.host import StationHost, StationMachine
from evswarm_worker.ramp import Ramp
from evswarm_worker.shard import Shard
from evswarm_worker.share import Goal, StationPlan, goal, plans, supersedes
from evswarm_worker.station.checkpoint import boots
from evswarm_worker.station.rebooting import StopCause

CLAIM_BATCH: Final = 500
REVIEW_BATCH: Final = 500
"""Stations steered before those that have ended meanwhile are let go."""
DIALING: Final = 400
"""While so many links are not open yet, no further station is started: rather some stations soon than all late."""
SLICE: Final = 20
"""Stations handled before the event loop gets its turn."""
CLAIM_RETRY_SECONDS: Final = 1.0
CRASH_RETRY_SECONDS: Final = 5.0
MISCONFIGURED_RETRY_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 0.5
RAMP_SECONDS: Final = 0.05

log = logging.getLogger(__name__)
Build = Callable[[StationPlan, StoredStation, Assignment, Tariff, float], StationMachine]
"""Makes a station from its plan, what is stored of it, the assignment, the tariff and the real time."""


class Admission:
    """The one place that decides which stations run on this worker."""

    def __init__(self, bus: WorkerBus, shard: Shard, build: Build) -> None:
        self._bus = bus
        self._shard = shard
        self._build = build
        self._assignment: Assignment | None = None
        self._tariff = Tariff()
        self._told_tariff = self._tariff
        self._told_clock: SimulatedClock | None = None
        self._told_conditions = Conditions()
        self._plans: dict[str, StationPlan] = {}
        self._queue: deque[str] = deque()
        self._boots: deque[str] = deque()
        self._later: list[tuple[float, str]] = []
        self._review: deque[StationHost] = deque()
        self._settled: list[StationHost] = []
        self._release: list[str] = []
        self._sent_off: set[str] = set()
        self._ramp = Ramp(None, shard.now())
        self._drain: Goal | None = None
        self._applied = (0, 0)
        self._counts_anew = False
        self._changed = asyncio.Event()
        self.emptied = asyncio.Event()
        shard.watcher = self

    # --- what is wanted ---

    def follow(self, assignment: Assignment | None, tariff: Tariff) -> None:
        """Take note of what the store says now; cheap when nothing changed."""
        if tariff.version > self._tariff.version:
            self._tariff = tariff
            self._changed.set()
        if assignment is None or self._drain is not None or assignment == self._assignment:
            return
        if not (self._counts_anew or supersedes(assignment, self._assignment)):
            return
        self._counts_anew = False
        self._assignment = assignment
        self._plans = plans(assignment)
        self._ramp.change(assignment.ramp_per_second, self._shard.now())
        self._sent_off &= {station_id for station_id, plan in self._plans.items() if plan.leaving}
        self._queue = deque(
            station_id
            for station_id in self._plans
            if station_id not in self._shard.hosts and station_id not in self._sent_off
        )
        self._boots.clear()
        self._later.clear()
        self._review = deque(self._shard.hosts.values())
        self._changed.set()

    def begin_anew(self) -> None:
        """The store was emptied and counts from the start: whatever it says next is newer than what is known here."""
        self._counts_anew = True
        self._applied = (0, 0)
        self._told_tariff = msgspec.structs.replace(self._told_tariff, version=0)
        self._tariff = msgspec.structs.replace(self._tariff, version=0)

    def drain(self, how: Goal) -> None:
        """Start nothing any more and end everything that runs; `emptied` is set when that is through."""
        self._drain = how
        self._plans = {}
        self._queue.clear()
        self._boots.clear()
        self._later.clear()
        self._review = deque(self._shard.hosts.values())
        self._changed.set()

    @property
    def seed(self) -> int:
        """The seed of the swarm; 0 before the first assignment."""
        return 0 if self._assignment is None else self._assignment.seed

    def applied(self) -> tuple[int, int]:
        """(leader epoch, generation) of the newest assignment that is wholly applied; (0, 0) before the first."""
        assignment = self._assignment
        if assignment is not None and not self._counts_anew and self._drain is None and not self._busy():
            self._applied = (assignment.leader_epoch, assignment.generation)
        return self._applied

    def _busy(self) -> bool:
        waiting = self._queue or self._boots or self._later
        if waiting or self._review or self._settled or self._release:
            return True
        return any(
            host.goal is not Goal.RUN and not host.settled and not self._leaves(host)
            for host in self._hosts()
        )

    def _leaves(self, host: StationHost) -> bool:
        """Whether nobody wants the station any more: its row tells who cares how far it is."""
        plan = self._plans.get(host.station_id)
        return host.goal is Goal.STOP_AND_LEAVE and (plan is None or plan.leaving)

    # --- what the shard reports ---

    def settled(self, host: StationHost) -> None:
        """A station has ended in order."""
        self._settled.append(host)
        self._changed.set()

    def gone(self, host: StationHost) -> None:
        """A station was dropped; if it is still wanted, it is claimed again a little later."""
        if host.station_id in self._plans:
            self._later.append((self._shard.now() + CRASH_RETRY_SECONDS, host.station_id))

    # --- the work ---

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            LeaseLostError: the lease is no longer held.
        """
        while True:
            try:
                await self._turn()
            except BusUnavailableError as error:
                log.debug("stations wait for the store: %s", error)
                await asyncio.sleep(IDLE_SECONDS)
                continue
            wait = RAMP_SECONDS if self._queue or self._boots else IDLE_SECONDS
            if not (self._review or self._settled):
                try:
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                except TimeoutError:
                    pass
            self._changed.clear()

    async def _turn(self) -> None:
        await self._tell()
        await self._review_hosts()
        await self._finish()
        await self._release_stations()
        self._wake_later()
        await self._start()
        if self._drain is not None and not self._shard.hosts and not self._settled:
            self.emptied.set()

    def _hosts(self) -> Iterable[StationHost]:
        return self._shard.hosts.values()

    async def _tell(self) -> None:
        if self._tariff.version != self._told_tariff.version:
            tariff = self._told_tariff = self._tariff
            await self._drive_all(lambda host: host.drive(host.station.tariff_changed, tariff))
        assignment = self._assignment
        if assignment is None:
            return
        clock, conditions = assignment.clock, assignment.conditions
        # Before the first assignment no station was built that could have missed it.
        first = self._told_clock is None
        if clock != self._told_clock:
            self._told_clock = clock
            if not first:
                await self._drive_all(lambda host: host.drive(host.station.clock_changed, clock))
        if conditions != self._told_conditions:
            self._told_conditions = conditions
            if not first:
                await self._drive_all(lambda host: host.drive(host.station.conditions_changed, conditions))

    async def _drive_all(self, drive: Callable[[StationHost], None]) -> None:
        for number, host in enumerate(list(self._hosts()), 1):
            drive(host)
            if number % SLICE == 0:
                await asyncio.sleep(0)

    async def _review_hosts(self) -> None:
        seen = 0
        while self._review and seen < REVIEW_BATCH:
            host = self._review.popleft()
            if not host.ended:
                self._steer(host)
            seen += 1
            if seen % SLICE == 0:
                await asyncio.sleep(0)

    def _steer(self, host: StationHost) -> None:
        """Send a station towards what the assignment wants of it."""
        plan = self._plans.get(host.station_id)
        wanted = self._drain or self._goal(host, plan)
        if plan is not None and plan.spec == host.plan.spec:
            host.plan = plan
        if host.settled:
            if wanted is not Goal.STOP_AND_STAY:
                host.goal = wanted
                self._settled.append(host)
            return
        # One that waits for its central system before it leaves must not make a worker wait that ends.
        if (host.goal is not Goal.RUN and self._drain is None) or wanted is Goal.RUN:
            return
        host.goal = wanted
        if wanted is Goal.HAND_OVER:
            host.drive(host.station.hand_over)
        else:
            host.drive(partial(host.station.stop, cause=self._cause(wanted)))

    def _cause(self, wanted: Goal) -> StopCause:
        if self._drain is not None:
            return StopCause.WORKER_ENDS
        return StopCause.LEAVING if wanted is Goal.STOP_AND_LEAVE else StopCause.COMMAND

    def _goal(self, host: StationHost, plan: StationPlan | None) -> Goal:
        if self._assignment is None:
            return host.goal
        return goal(plan, host.plan, self._assignment)

    async def _finish(self) -> None:
        """Let go of the stations that ended, except those whose row stays here as stopped."""
        settled, self._settled = self._settled, []
        leaving: list[StationHost] = []
        for host in settled:
            plan = self._plans.get(host.station_id)
            if host.ended:
                continue
            if plan is not None and plan.stopped and host.goal is Goal.STOP_AND_STAY:
                self._shard.mark_dirty(host)
            else:
                leaving.append(host)
        for start in range(0, len(leaving), CLAIM_BATCH):
            batch = leaving[start : start + CLAIM_BATCH]
            if not await self._shard.publisher.publish(batch):
                self._settled.extend(leaving[start:])
                raise BusUnavailableError("the last rows of stations could not be published")
            for host in batch:
                self._shard.remove(host)
                plan = self._plans.get(host.station_id)
                if plan is not None and not plan.leaving:
                    self._queue.append(host.station_id)
                    continue
                self._release.append(host.station_id)
                if plan is not None:
                    self._sent_off.add(host.station_id)

    async def _release_stations(self) -> None:
        while self._release:
            batch = self._release[:CLAIM_BATCH]
            await self._bus.release(self._shard.lease.worker_id, self._shard.lease.epoch, batch)
            del self._release[:CLAIM_BATCH]

    def _wake_later(self) -> None:
        now = self._shard.now()
        due = [station_id for at, station_id in self._later if at <= now]
        if due:
            self._later = [entry for entry in self._later if entry[0] > now]
            self._queue.extend(station_id for station_id in due if station_id in self._plans)

    async def _start(self) -> None:
        """Start what is due. The ramp is for those that boot: one that another worker lost only connects again."""
        await self._start_from(self._queue, lambda most: most)
        # Nobody's until the ramp allows them, so that nobody has to let go of them should they leave before.
        await self._release_stations()
        await self._start_from(self._boots, lambda most: self._ramp.allowance(self._shard.now(), most))

    async def _start_from(self, line: deque[str], allowance: Callable[[int], int]) -> None:
        while line and self._drain is None and self._shard.may_act():
            room = max(0, DIALING - self._shard.dialer.backlog)
            allowed = allowance(min(CLAIM_BATCH, room, len(line)))
            if allowed == 0:
                return
            ids = [line.popleft() for _ in range(allowed)]
            lease = self._shard.lease
            try:
                won = await lease.covering(self._bus.claim(lease.worker_id, lease.epoch, ids))
            except BusUnavailableError:
                line.extendleft(reversed([i for i in ids if i in self._plans]))
                raise
            missing = set(ids) - {stored.station_id for stored in won}
            retry_at = self._shard.now() + CLAIM_RETRY_SECONDS
            self._later.extend((retry_at, station_id) for station_id in ids if station_id in missing)
            await self._start_won(won)

    async def _start_won(self, won: list[StoredStation]) -> None:
        for number, stored in enumerate(won, 1):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            plan = self._plans.get(stored.station_id)
            if plan is None or stored.station_id in self._shard.hosts:
                if plan is None:
                    self._release.append(stored.station_id)
                continue
            if self._ramp.rate is not None and not plan.stopped and boots(stored):
                if self._ramp.allowance(self._shard.now(), 1) == 0:
                    self._boots.append(stored.station_id)
                    self._release.append(stored.station_id)
                    continue
                self._ramp.spend(1)
            self._admit(plan, stored)

    def _admit(self, plan: StationPlan, stored: StoredStation) -> None:
        assignment = self._assignment
        if assignment is None:
            return
        now = self._shard.now()
        try:
            station = self._build(plan, stored, assignment, self._tariff, now)
        except LocalError as error:
            self._shard.gauges.station_failures += 1
            log.error("station %s cannot run as it is configured: %s", plan.station_id, error)
            self._later.append((now + MISCONFIGURED_RETRY_SECONDS, plan.station_id))
            return
        host = self._shard.add(plan, station, stored)
        if plan.leaving:
            # It was resumed for nothing else; until its central system has heard everything, it does not end.
            self._steer(host)
