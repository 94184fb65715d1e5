"""The controller's operations of the port, on Redis, apart from transactions and channels."""

from collections.abc import Sequence

import msgspec

from evswarm_shared.bus.batches import in_batches
from evswarm_shared.bus.keys import LOG_LINES_KEPT, Keys
from evswarm_shared.bus.messages import (
    Assignment,
    ChangeHint,
    ControllerHeartbeat,
    CsmsHeartbeat,
    DesiredState,
    Tariff,
    TariffChange,
    Totals,
    WorkerHeartbeat,
)
from evswarm_shared.bus.redis.audit import AuditOperations
from evswarm_shared.bus.redis.encoding import encode, milliseconds, pairs
from evswarm_shared.bus.redis.link import Argument, Link
from evswarm_shared.bus.redis.scripts import load
from evswarm_shared.bus.tariffs import with_change
from evswarm_shared.errors import StaleGenerationError

_assignment = msgspec.json.Decoder(Assignment)
_desired = msgspec.json.Decoder(DesiredState)
_tariff = msgspec.json.Decoder(Tariff)
_worker = msgspec.json.Decoder(WorkerHeartbeat)
_replica = msgspec.json.Decoder(CsmsHeartbeat)
_controller = msgspec.json.Decoder(ControllerHeartbeat)


class ControllerOperations(AuditOperations):
    """See `port.ControllerBus`."""

    _link: Link
    _keys: Keys

    async def acquire_leadership(self, controller_id: str, ttl_seconds: float) -> int | None:
        """See `port.ControllerBus.acquire_leadership`."""
        epoch: int | None = await self._link.call(
            load("acquire_leadership"),
            (self._keys.leader, self._keys.epochs),
            (controller_id, milliseconds(ttl_seconds)),
        )
        return epoch

    async def renew_leadership(self, controller_id: str, epoch: int, ttl_seconds: float) -> bool:
        """See `port.ControllerBus.renew_leadership`."""
        reply = await self._link.call(
            load("renew_leadership"),
            (self._keys.leader,),
            (f"{controller_id} {epoch}", milliseconds(ttl_seconds)),
        )
        return bool(reply)

    async def release_leadership(self, controller_id: str, epoch: int) -> None:
        """See `port.ControllerBus.release_leadership`."""
        await self._link.call(load("release_leadership"), (self._keys.leader,), (f"{controller_id} {epoch}",))

    async def read_desired(self) -> DesiredState | None:
        """See `port.ControllerBus.read_desired`."""
        stored = await self._link.execute("GET", self._keys.desired)
        return None if stored is None else _desired.decode(stored)

    async def write_desired(self, desired: DesiredState) -> None:
        """See `port.ControllerBus.write_desired`."""
        written = await self._link.call(
            load("write_desired"),
            (self._keys.desired, self._keys.changes),
            (encode(desired), desired.generation - 1, ChangeHint.DESIRED),
        )
        if not written:
            raise StaleGenerationError(f"generation {desired.generation} does not follow the stored one")

    async def live_workers(self) -> list[WorkerHeartbeat]:
        """See `port.ControllerBus.live_workers`."""
        reply = await self._link.call(load("live_processes"), (self._keys.workers, self._keys.lease("")))
        workers = [
            msgspec.structs.replace(_worker.decode(heartbeat), lease_epoch=int(epoch))
            for heartbeat, epoch in zip(reply[1::3], reply[2::3], strict=True)
        ]
        return sorted(workers, key=lambda worker: worker.worker_id)

    async def read_assignments(self) -> dict[str, Assignment]:
        """See `port.ControllerBus.read_assignments`."""
        reply = await self._link.execute("HGETALL", self._keys.assignments)
        return {worker_id.decode(): _assignment.decode(stored) for worker_id, stored in pairs(reply)}

    async def write_assignments(
        self, controller_id: str, epoch: int, assignments: Sequence[Assignment], removed: Sequence[str] = ()
    ) -> bool:
        """See `port.ControllerBus.write_assignments`."""
        arguments: list[Argument] = [f"{controller_id} {epoch}", ChangeHint.ASSIGNMENTS, len(assignments)]
        for assignment in assignments:
            arguments += (assignment.worker_id, encode(assignment))
        arguments += removed
        reply = await self._link.call(
            load("write_assignments"),
            (self._keys.leader, self._keys.assignments, self._keys.changes),
            arguments,
        )
        return bool(reply)

    async def owners(self) -> dict[str, str]:
        """See `port.ControllerBus.owners`."""
        reply = await self._link.call(load("owner", "owners"), (self._keys.owners, self._keys.lease("")))
        return {station_id.decode(): worker_id.decode() for station_id, worker_id in pairs(reply)}

    async def retire(self, station_ids: Sequence[str]) -> list[str]:
        """See `port.ControllerBus.retire`."""
        keys = self._keys
        names = (keys.owners, keys.snapshots, keys.patches, keys.lease(""), keys.log(""))
        free: list[str] = []
        for batch in in_batches(station_ids):
            reply = await self._link.call(
                load("owner", "retire"), names, ('{"worker_id":"","deleted":', *batch)
            )
            free += (station_id.decode() for station_id in reply)
        return free

    async def read_snapshots(self) -> dict[str, bytes]:
        """See `port.ControllerBus.read_snapshots`."""
        reply = await self._link.execute("HGETALL", self._keys.snapshots)
        return {station_id.decode(): row for station_id, row in pairs(reply)}

    async def read_log(self, station_id: str) -> list[str]:
        """See `port.ControllerBus.read_log`."""
        reply = await self._link.execute("LRANGE", self._keys.log(station_id), 0, -1)
        return [line.decode() for line in reply]

    async def append_log(self, station_ids: Sequence[str], line: str) -> None:
        """See `port.ControllerBus.append_log`."""
        keys = self._keys
        for batch in in_batches(station_ids):
            await self._link.call(
                load("append_log"),
                (keys.snapshots, keys.patches, keys.log("")),
                (LOG_LINES_KEPT, '{"worker_id":"","logged":', line, *batch),
            )

    async def read_totals(self) -> Totals:
        """See `port.ControllerBus.read_totals`."""
        energy, earnings = await self._link.execute(
            "HMGET", self._keys.totals, "energy_mwh", "earnings_micro"
        )
        return Totals(energy_mwh=int(energy or 0), earnings_micro=int(earnings or 0))

    async def read_tariff(self) -> Tariff:
        """See `port.ControllerBus.read_tariff`."""
        stored = await self._link.execute("GET", self._keys.tariff)
        return Tariff() if stored is None else _tariff.decode(stored)

    async def change_tariff(self, change: TariffChange) -> Tariff:
        """See `port.ControllerBus.change_tariff`."""
        while True:
            stored = await self._link.execute("GET", self._keys.tariff)
            before = Tariff() if stored is None else _tariff.decode(stored)
            after = with_change(before, change)
            if after is before:
                return before
            replaced = await self._link.call(
                load("replace"),
                (self._keys.tariff, self._keys.changes),
                (stored or b"", encode(after), ChangeHint.TARIFF),
            )
            if replaced:
                return after

    async def controller_heartbeat(self, heartbeat: ControllerHeartbeat, ttl_seconds: float) -> None:
        """See `port.ControllerBus.controller_heartbeat`."""
        keys, controller_id = self._keys, heartbeat.controller_id
        await self._link.call(
            load("say_alive"),
            (keys.controller_lease(controller_id), keys.controllers),
            (controller_id, encode(heartbeat), milliseconds(ttl_seconds)),
        )

    async def live_controllers(self) -> list[ControllerHeartbeat]:
        """See `port.ControllerBus.live_controllers`."""
        reply = await self._link.call(
            load("live_processes"), (self._keys.controllers, self._keys.controller_lease(""))
        )
        found = (_controller.decode(entry) for entry in reply[1::3])
        return sorted(found, key=lambda each: each.controller_id)

    async def live_csms(self) -> list[CsmsHeartbeat]:
        """See `port.ControllerBus.live_csms`."""
        reply = await self._link.call(
            load("live_processes"), (self._keys.csms_replicas, self._keys.csms_lease(""))
        )
        return sorted((_replica.decode(entry) for entry in reply[1::3]), key=lambda each: each.replica_id)

    async def csms_of(self, station_id: str) -> str | None:
        """See `port.ControllerBus.csms_of`."""
        reply = await self._link.call(
            load("csms_of"), (self._keys.csms_connections, self._keys.csms_lease("")), (station_id,)
        )
        return None if reply is None else reply.decode()
