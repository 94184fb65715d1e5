"""The controller's operations of the port, in memory, apart from transactions and channels."""

from collections.abc import Sequence

import msgspec

from evswarm_shared.bus.keys import LOG_LINES_KEPT
from evswarm_shared.bus.memory.audit import AuditOperations
from evswarm_shared.bus.memory.store import MemoryStore, Owner
from evswarm_shared.bus.messages import (
    Assignment,
    ChangeHint,
    ControllerHeartbeat,
    CsmsHeartbeat,
    DesiredState,
    PatchEvent,
    Tariff,
    TariffChange,
    Totals,
    WorkerHeartbeat,
)
from evswarm_shared.bus.tariffs import with_change
from evswarm_shared.errors import StaleGenerationError


class ControllerOperations(AuditOperations):
    """See `port.ControllerBus`."""

    store: MemoryStore

    async def acquire_leadership(self, controller_id: str, ttl_seconds: float) -> int | None:
        """See `port.ControllerBus.acquire_leadership`."""
        store = self.store
        store.check()
        leader = store.valid(store.leader)
        if leader is not None and leader.process_id != controller_id:
            return None
        epoch = store.next_epoch()
        store.leader = store.lasting(Owner(controller_id, epoch), ttl_seconds)
        return epoch

    async def renew_leadership(self, controller_id: str, epoch: int, ttl_seconds: float) -> bool:
        """See `port.ControllerBus.renew_leadership`."""
        if not self._leads(controller_id, epoch):
            return False
        self.store.leader = self.store.lasting(Owner(controller_id, epoch), ttl_seconds)
        return True

    async def release_leadership(self, controller_id: str, epoch: int) -> None:
        """See `port.ControllerBus.release_leadership`."""
        if self._leads(controller_id, epoch):
            self.store.leader = None

    async def read_desired(self) -> DesiredState | None:
        """See `port.ControllerBus.read_desired`."""
        self.store.check()
        return self.store.desired

    async def write_desired(self, desired: DesiredState) -> None:
        """See `port.ControllerBus.write_desired`."""
        store = self.store
        store.check()
        if store.desired == desired:
            return
        stored = 0 if store.desired is None else store.desired.generation
        if stored != desired.generation - 1:
            raise StaleGenerationError(f"generation {desired.generation} does not follow the stored one")
        store.desired = desired
        store.send(store.keys.changes, ChangeHint.DESIRED)

    async def live_workers(self) -> list[WorkerHeartbeat]:
        """See `port.ControllerBus.live_workers`."""
        store = self.store
        store.check()
        living: list[WorkerHeartbeat] = []
        for worker_id, heartbeat in sorted(store.workers.items()):
            epoch = store.valid(store.leases.get(worker_id))
            if epoch is None:
                del store.workers[worker_id]
            else:
                living.append(msgspec.structs.replace(heartbeat, lease_epoch=epoch))
        return living

    async def read_assignments(self) -> dict[str, Assignment]:
        """See `port.ControllerBus.read_assignments`."""
        self.store.check()
        return dict(self.store.assignments)

    async def write_assignments(
        self, controller_id: str, epoch: int, assignments: Sequence[Assignment], removed: Sequence[str] = ()
    ) -> bool:
        """See `port.ControllerBus.write_assignments`."""
        store = self.store
        if not self._leads(controller_id, epoch):
            return False
        store.assignments.update((each.worker_id, each) for each in assignments)
        for worker_id in removed:
            store.assignments.pop(worker_id, None)
        store.send(store.keys.changes, ChangeHint.ASSIGNMENTS)
        return True

    async def owners(self) -> dict[str, str]:
        """See `port.ControllerBus.owners`."""
        self.store.check()
        owners = {station_id: self.store.living_owner(station_id) for station_id in self.store.owners}
        return {station_id: owner for station_id, owner in owners.items() if owner is not None}

    async def retire(self, station_ids: Sequence[str]) -> list[str]:
        """See `port.ControllerBus.retire`."""
        store = self.store
        store.check()
        free = [station_id for station_id in station_ids if store.living_owner(station_id) is None]
        deleted: list[str] = []
        for station_id in free:
            store.owners.pop(station_id, None)
            store.logs.pop(station_id, None)
            if store.snapshots.pop(station_id, None) is not None:
                deleted.append(station_id)
        if deleted:
            store.send(store.keys.patches, PatchEvent("", deleted=tuple(deleted)))
        return free

    async def read_snapshots(self) -> dict[str, bytes]:
        """See `port.ControllerBus.read_snapshots`."""
        self.store.check()
        return dict(self.store.snapshots)

    async def read_log(self, station_id: str) -> list[str]:
        """See `port.ControllerBus.read_log`."""
        self.store.check()
        return list(self.store.logs.get(station_id, ()))

    async def append_log(self, station_ids: Sequence[str], line: str) -> None:
        """See `port.ControllerBus.append_log`."""
        store = self.store
        store.check()
        logged = tuple(station_id for station_id in station_ids if station_id in store.snapshots)
        for station_id in logged:
            store.logs[station_id] = [*store.logs[station_id], line][-LOG_LINES_KEPT:]
        if logged:
            store.send(store.keys.patches, PatchEvent("", logged=logged))

    async def read_totals(self) -> Totals:
        """See `port.ControllerBus.read_totals`."""
        self.store.check()
        return Totals(*self.store.totals)

    async def read_tariff(self) -> Tariff:
        """See `port.ControllerBus.read_tariff`."""
        self.store.check()
        return self.store.tariff

    async def change_tariff(self, change: TariffChange) -> Tariff:
        """See `port.ControllerBus.change_tariff`."""
        store = self.store
        store.check()
        before, store.tariff = store.tariff, with_change(store.tariff, change)
        if store.tariff is not before:
            store.send(store.keys.changes, ChangeHint.TARIFF)
        return store.tariff

    async def controller_heartbeat(self, heartbeat: ControllerHeartbeat, ttl_seconds: float) -> None:
        """See `port.ControllerBus.controller_heartbeat`."""
        self.store.check()
        self.store.controllers[heartbeat.controller_id] = self.store.lasting(heartbeat, ttl_seconds)

    async def live_controllers(self) -> list[ControllerHeartbeat]:
        """See `port.ControllerBus.live_controllers`."""
        store = self.store
        store.check()
        found = (store.valid(each) for _, each in sorted(store.controllers.items()))
        return [heartbeat for heartbeat in found if heartbeat is not None]

    async def live_csms(self) -> list[CsmsHeartbeat]:
        """See `port.ControllerBus.live_csms`."""
        store = self.store
        store.check()
        return [
            heartbeat
            for replica_id, heartbeat in sorted(store.csms_replicas.items())
            if store.csms_lives(replica_id)
        ]

    async def csms_of(self, station_id: str) -> str | None:
        """See `port.ControllerBus.csms_of`."""
        self.store.check()
        holder = self.store.csms_connections.get(station_id)
        if holder is None or not self.store.csms_lives(holder.process_id):
            return None
        return holder.process_id

    def _leads(self, controller_id: str, epoch: int) -> bool:
        self.store.check()
        return self.store.valid(self.store.leader) == Owner(controller_id, epoch)
