"""A controller on an in-memory bus whose passes are made by hand, and workers played by a few lines."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec

from evswarm_controller import controller
from evswarm_controller.app import create_app
from evswarm_controller.context import Context
from evswarm_controller.dashboard_files import DashboardFiles
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.bus.messages import (
    Assignment,
    SnapshotWrite,
    StationSnapshot,
    StationState,
    WorkerHeartbeat,
)
from evswarm_shared.bus.port import Bus
from evswarm_shared.settings import ControllerSettings

LEASE_SECONDS = 10.0
PASS_SECONDS = 5.0


def row(station_id: str, **changes: Any) -> StationSnapshot:
    """A running, idle station."""
    snapshot = StationSnapshot(
        station_id=station_id,
        state=StationState.AVAILABLE,
        connectors=("Available",),
        worker_id="w1",
        profile="home",
        running=True,
        transactions=0,
        power_w=0,
        session_wh=0,
        energy_mwh=0,
        earnings_micro=0,
        last_message="Heartbeat",
        last_message_at=1000.0,
        changed_at=1000.0,
    )
    return msgspec.structs.replace(snapshot, **changes)


def encoded(snapshot: StationSnapshot) -> bytes:
    """The row as a worker publishes it."""
    return msgspec.json.encode(snapshot)


class Clock:
    """Real time that goes on only when a test says so."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


class PlayedWorker:
    """A worker that does at once what its assignment says."""

    def __init__(self, bus: Bus, worker_id: str) -> None:
        self.bus = bus
        self.worker_id = worker_id
        self.epoch = 0
        self.rows: dict[str, StationSnapshot] = {}
        self.heartbeat = WorkerHeartbeat(worker_id=worker_id)

    async def join(self, **fields: Any) -> None:
        """Take a lease."""
        self.heartbeat = msgspec.structs.replace(self.heartbeat, **fields)
        self.epoch = await self.bus.register_worker(self.heartbeat, LEASE_SECONDS)
        self.heartbeat = msgspec.structs.replace(self.heartbeat, lease_epoch=self.epoch)

    async def work(self, **fields: Any) -> Assignment | None:
        """Renew the lease and make the assignment true."""
        self.heartbeat = msgspec.structs.replace(self.heartbeat, **fields)
        reply = await self.bus.heartbeat(self.heartbeat, LEASE_SECONDS)
        assert reply.lease_held
        assignment = reply.assignment
        if assignment is None:
            return None
        wanted = set(ids_of(assignment))
        gone = [station_id for station_id in self.rows if station_id not in wanted]
        await self.bus.release(self.worker_id, self.epoch, gone)
        for station_id in gone:
            del self.rows[station_id]
        won = await self.bus.claim(self.worker_id, self.epoch, sorted(wanted))
        for stored in won:
            known = self.rows.get(stored.station_id)
            if known is None or known.state is StationState.STOPPED:
                self.rows[stored.station_id] = row(stored.station_id, worker_id=self.worker_id)
        for station_id in self.rows.keys() & assignment.stopped:
            self.rows[station_id] = msgspec.structs.replace(
                self.rows[station_id], state=StationState.STOPPED, running=False
            )
        await self.publish(self.rows.values())
        self.heartbeat = msgspec.structs.replace(
            self.heartbeat,
            applied_generation=assignment.generation,
            applied_leader_epoch=assignment.leader_epoch,
        )
        await self.bus.heartbeat(self.heartbeat, LEASE_SECONDS)
        return assignment

    async def publish(self, rows: Iterable[StationSnapshot], log_lines: tuple[str, ...] = ()) -> None:
        """Publish rows of stations it owns."""
        writes = [
            SnapshotWrite(
                station_id=snapshot.station_id,
                row=encoded(snapshot),
                energy_mwh=snapshot.energy_mwh,
                earnings_micro=snapshot.earnings_micro,
                log_lines=log_lines,
            )
            for snapshot in rows
        ]
        for snapshot in rows:
            self.rows[snapshot.station_id] = snapshot
        assert await self.bus.publish(self.worker_id, self.epoch, writes) == frozenset()


def ids_of(assignment: Assignment) -> list[str]:
    """The stations of an assignment."""
    numbered = [
        f"{assignment.id_prefix}{index:06d}"
        for part in assignment.ranges
        for index in range(part.start, part.stop)
    ]
    return numbered + [spec.station_id for spec in assignment.individuals]


class Desk:
    """One controller, its store and its clock."""

    def __init__(self, clock: Clock, store: MemoryStore, context: Context, client: httpx.AsyncClient) -> None:
        self.clock = clock
        self.store = store
        self.context = context
        self.client = client
        self.workers: list[PlayedWorker] = []

    async def look(self) -> None:
        """Read everything and make one pass."""
        await self.context.mirror.read_all()
        await self.context.reconciler.step()

    async def add_worker(self, worker_id: str, **fields: Any) -> PlayedWorker:
        """A worker that has joined."""
        worker = PlayedWorker(MemoryBus(self.store), worker_id)
        await worker.join(**fields)
        self.workers.append(worker)
        return worker

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, leases being renewed and passes made."""
        end = self.clock.at + seconds
        while self.clock.at < end:
            self.clock.at = min(end, self.clock.at + PASS_SECONDS)
            for worker in self.workers:
                await worker.bus.heartbeat(worker.heartbeat, LEASE_SECONDS)
            await self.look()

    async def settle(self) -> None:
        """Plan, work, and see what has become of it."""
        await self.look()
        await self.pass_time(1.0)
        for _ in range(2):
            for worker in self.workers:
                await worker.work()
        await self.look()
        await self.look()


@asynccontextmanager
async def open_desk(
    store: MemoryStore | None = None, clock: Clock | None = None, **settings: Any
) -> AsyncIterator[Desk]:
    """A controller whose tasks do not run."""
    clock = clock or Clock()
    store = store or MemoryStore(now=clock)
    context = controller.build(
        ControllerSettings(lease_seconds=LEASE_SECONDS, **{"allowed_hosts": "controller", **settings}),
        MemoryBus(store),
        clock,
    )
    app = create_app(context, DashboardFiles({"index.html": b'<script src="/assets/js/main.js">'}))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://controller") as client:
        yield Desk(clock, store, context, client)
