"""What the tests of sessions, directory and commands share: a central system without sockets."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

from evswarm_csms.configuration_desk import ConfigurationDesk
from evswarm_csms.directory import Directory
from evswarm_csms.dispatch import CertificateSigner, Desk, FailedPart
from evswarm_csms.event_log import EventLog
from evswarm_csms.meter_batch import MeterBatch
from evswarm_csms.outgoing import CallRules
from evswarm_csms.session import Office, Session
from evswarm_shared.bus.memory import MemoryBus, MemoryStore
from evswarm_shared.telemetry.counts import ProtocolCounts, Tally

NOW = 1_800_000_000.0
NOON = "2027-01-15T12:00:00Z"
BOOT = {"chargePointVendor": "Vendor", "chargePointModel": "Model"}
START = {"connectorId": 1, "idTag": "TAG", "meterStart": 1000, "timestamp": NOON}


async def until(condition: Callable[[], object], turns: int = 1000) -> None:
    """Let other tasks have their turns until the condition holds."""
    for _ in range(turns):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError(f"still not so after {turns} turns of the event loop")


class MemoryWire:
    """A connection that keeps what it is told."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.held = False
        self.open = True
        self.security_profile = 0
        self.last_words = ""

    def send(self, data: bytes) -> bool:
        if self.open:
            self.sent.append(json.loads(data))
        return self.open

    def hold(self, held: bool) -> None:
        self.held = held

    def replace(self) -> None:
        self.open = False

    def dismiss(self) -> None:
        self.open = False

    def take(self) -> list[Any]:
        """What was sent since this was asked last."""
        sent, self.sent = self.sent, []
        return sent


class Replica:
    """Sessions and directory of one replica on a store that replicas may share."""

    def __init__(
        self,
        name: str = "csms-1",
        store: MemoryStore | None = None,
        *,
        accept_unknown_tags: bool = True,
        strict: bool = True,
        authority: CertificateSigner | None = None,
    ) -> None:
        self.now = NOW
        self.name = name
        self.store = store or MemoryStore(now=lambda: self.now)
        self.bus = MemoryBus(self.store)
        self.counts = ProtocolCounts()
        self.failures = Tally(FailedPart)
        self.tasks: set[asyncio.Task[None]] = set()
        self.meters = MeterBatch(self.bus.update_meter)
        self.directory = Directory(self.bus, name, clock=lambda: self.now, new_session=self.new_session)
        self.events = EventLog(self.bus.append_events)
        self.configuration = ConfigurationDesk(self.bus, self.events, clock=lambda: self.now)
        self.office = Office(
            desk=Desk(
                bus=self.bus,
                counts=self.counts,
                failures=self.failures,
                clock=lambda: self.now,
                meters=self.meters,
                remember=self.directory.remember,
                events=self.events,
                configuration=self.configuration,
                authority=authority,
                accept_unknown_tags=accept_unknown_tags,
                heartbeat_interval_seconds=60,
                retry_pauses_seconds=(0.0, 0.0),
            ),
            rules=CallRules(self.counts, lambda: self.now, 30.0, strict),
            strict=strict,
            spawn=self.spawn,
            offline=self.directory.offline,
            idle=self.directory.idle,
        )

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def new_session(self, station_id: str) -> Session:
        return Session(station_id, self.office)

    async def settle(self) -> None:
        """Let everything that waits for the store get its answer."""
        while self.tasks:
            await asyncio.wait(tuple(self.tasks))

    async def connect(self, station_id: str = "CP-1") -> "Station":
        """A station whose connection is recorded and looked up."""
        station = Station(self, station_id)
        await self.directory.flush()
        return station

    async def booted(self, station_id: str = "CP-1") -> "Station":
        """A station that is accepted."""
        station = await self.connect(station_id)
        assert (await station.call("BootNotification", BOOT))[2]["status"] == "Accepted"
        await self.directory.flush()
        return station


class Station:
    """A station's side of a conversation."""

    def __init__(self, replica: Replica, station_id: str) -> None:
        self.replica = replica
        self.wire = MemoryWire()
        self.session = replica.directory.attach(self.wire, station_id)
        self._number = 0

    def say(self, *frame: Any) -> None:
        """Send a frame."""
        self.session.receive(self.wire, json.dumps(frame))

    def say_text(self, text: str) -> None:
        self.session.receive(self.wire, text)

    async def call(self, action: str, payload: Any) -> Any:
        """Send a CALL and return the frame that answers it; other frames stay to be taken."""
        self._number += 1
        unique_id = f"call-{self._number}"
        self.say(2, unique_id, action, payload)
        await self.replica.settle()
        [answer] = [frame for frame in self.wire.sent if frame[0] in (3, 4) and frame[1] == unique_id]
        self.wire.sent.remove(answer)
        return answer

    def leave(self) -> None:
        """Lose the connection."""
        self.session.detach(self.wire)
