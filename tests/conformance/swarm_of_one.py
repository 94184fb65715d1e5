"""Our worker as a process, and single stations of it that nobody visits but the test.

Stands in for the controller: holds the leader's lock of a store of its own and writes assignments.
"""

import asyncio
import itertools
import time
import uuid
from collections.abc import Mapping
from typing import Any, Self
from zlib import crc32

from evswarm_shared.bus.messages import (
    Assignment,
    CommandOutcome,
    CommandReply,
    CommandTarget,
    ProfileName,
    StationSpec,
    TariffChange,
)
from evswarm_shared.bus.redis import RedisBus
from evswarm_worker.behaviour.draws import Draws
from evswarm_worker.behaviour.profiles import PRESETS
from evswarm_worker.behaviour.visits import visit_at_start
from evswarm_worker.share import INDIVIDUAL_INDEX_BASE
from tests.conformance.command_sender import CommandSender
from tests.support.ocpp_peers.raw_connection import PATIENCE, RawCentralSystem, RawConnection
from tests.support.service_process import ServiceProcess

SEED = 1
PROFILE = ProfileName.WORKPLACE
"""Charges at any hour."""

LEADER = "conformance-leader"
TERM_SECONDS = 3600.0
PRICE_MICRO = 100_000

_candidates = itertools.count(1)


class WorkerProcess:
    """A running `evswarm_worker` whose stations find their central system one by one."""

    def __init__(self, redis_url: str, **settings: object) -> None:
        self.redis_url = redis_url
        self.key_prefix = f"conformance-{uuid.uuid4().hex}"
        self.worker_id = "conformance-worker"
        self.run_id = uuid.uuid4().hex[:8]
        self.process = ServiceProcess(
            "worker",
            redis_url=redis_url,
            key_prefix=self.key_prefix,
            worker_id=self.worker_id,
            csms_url="ws://127.0.0.1:9",
            **settings,
        )


class StationUnderTest:
    """One station of ours and the hands at it."""

    def __init__(self, station_id: str, driver: "StationDriver") -> None:
        self.station_id = station_id
        self._driver = driver

    async def do(self, action: str, **payload: object) -> CommandReply:
        """An action by hand that is possible now."""
        reply = await self._driver.hand(self.station_id, action, payload)
        assert reply.outcome is CommandOutcome.DONE, reply
        return reply

    async def charge(self, connection: RawConnection, connector_id: int = 1, id_tag: str = "TAG") -> Any:
        """Plug in and present a tag; the StartTransaction's payload."""
        await self.do("plug_in", connector_id=connector_id)
        await self.do("authorize", connector_id=connector_id, id_tag=id_tag)
        return (await connection.next_call("StartTransaction", {"connectorId": connector_id}))[3]


class StationDriver:
    """Adds stations to a worker's assignment and takes them away again."""

    def __init__(self, worker: WorkerProcess, bus: RedisBus) -> None:
        self._worker = worker
        self._bus = bus
        self._commands = CommandSender(bus)

    @classmethod
    async def of(cls, worker: WorkerProcess) -> Self:
        """A driver; lets go of the store with `close`."""
        bus = RedisBus.connect(worker.redis_url, worker.key_prefix)
        driver = cls(worker, bus)
        if not (await bus.read_tariff()).changes:
            await bus.change_tariff(TariffChange(at=0.0, price_micro=PRICE_MICRO))
        async with asyncio.timeout(PATIENCE):
            while not await bus.live_workers():
                worker.process.check_alive()
                await asyncio.sleep(0.05)
        return driver

    async def start(
        self, csms_url: str, *, connectors: int = 1, configuration: Mapping[str, str] | None = None
    ) -> StationUnderTest:
        """A new station without a car, that connects to this central system."""
        spec = StationSpec(
            station_id=_quiet_station_id(connectors),
            profile=PROFILE,
            csms_url=csms_url,
            connectors=connectors,
            configuration=dict(configuration or {}),
        )
        await self._assign((*await self._individuals(), spec))
        return StationUnderTest(spec.station_id, self)

    async def remove(self, station: StationUnderTest) -> None:
        """Let a station end in order."""
        await self._assign(
            tuple(spec for spec in await self._individuals() if spec.station_id != station.station_id)
        )

    async def close(self) -> None:
        """End all stations and let go of the store."""
        await self._assign(())
        await self._bus.close()

    async def hand(self, station_id: str, action: str, payload: object) -> CommandReply:
        """An action by hand, and what became of it."""
        return await self._commands.send(
            CommandTarget.WORKER, self._worker.worker_id, station_id, action, payload
        )

    async def wait_for_log(self, station: StationUnderTest, words: str) -> str:
        """The first line of the station's log with these words, once it is there."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for line in await self._bus.read_log(station.station_id):
                    if words in line:
                        return line
                await asyncio.sleep(0.05)

    async def _individuals(self) -> tuple[StationSpec, ...]:
        assignment = (await self._bus.read_assignments()).get(self._worker.worker_id)
        return () if assignment is None else assignment.individuals

    async def _assign(self, individuals: tuple[StationSpec, ...]) -> None:
        epoch = await self._bus.acquire_leadership(LEADER, TERM_SECONDS)
        assert epoch is not None
        assignment = Assignment(
            worker_id=self._worker.worker_id,
            leader_epoch=epoch,
            generation=epoch,
            individuals=individuals,
            seed=SEED,
            run_id=self._worker.run_id,
            swarm_individuals=frozenset(spec.station_id for spec in individuals),
        )
        assert await self._bus.write_assignments(LEADER, epoch, [assignment])


def _quiet_station_id(connectors: int) -> str:
    """An identity whose chance brings no visitor at the start."""
    now = time.time()
    while True:
        station_id = f"QUIET {next(_candidates):04d}"
        index = INDIVIDUAL_INDEX_BASE + crc32(station_id.encode())
        draws = Draws(SEED, index)
        if all(
            visit_at_start(PRESETS[PROFILE], draws, now, index, SEED, connector_id).arrival > now + 600
            for connector_id in range(1, connectors + 1)
        ):
            return station_id


async def accepted(system: RawCentralSystem, station: StationUnderTest, connectors: int = 1) -> RawConnection:
    """The station's connection, once it has booted and told every connector's status."""
    connection = await system.next_connection(station.station_id)
    await connection.next_call("BootNotification")
    for connector_id in range(connectors + 1):
        await connection.next_call("StatusNotification", {"connectorId": connector_id})
    return connection
