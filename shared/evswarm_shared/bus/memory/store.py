"""What several in-memory buses share: the data, the leases and the channels. Time comes from an injected clock."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from evswarm_shared.bus.csms_records import (
    BootRule,
    ConfigurationReport,
    StationEvent,
    StationRegistration,
    UploadRecord,
)
from evswarm_shared.bus.keys import TRANSACTIONS_KEPT, Keys
from evswarm_shared.bus.messages import (
    Assignment,
    ControllerHeartbeat,
    CsmsHeartbeat,
    DesiredState,
    HistoryEntry,
    HistoryStream,
    IdTagRecord,
    OperationSnapshot,
    StationRecord,
    Tariff,
    TransactionRecord,
    WorkerHeartbeat,
)
from evswarm_shared.bus.operation_results import StationResult
from evswarm_shared.errors import BusUnavailableError

MESSAGES_WAITING: Final = 10_000
"""Messages a slow listener may leave waiting; then it misses all of them, as it would in Redis."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Lasting(Generic[Value]):
    """A value and the time it ends at."""

    value: Value
    ends_at: float


@dataclass(frozen=True, slots=True)
class Owner:
    """Who runs or holds a station, and under which epoch."""

    process_id: str
    epoch: int


@dataclass(slots=True)
class HistoryLine:
    """A history stream: what waits in it, the id last given, how far it was read, records appended and up to which
    they were removed, and the producers' last batches."""

    entries: list[HistoryEntry] = field(default_factory=list)
    last_id: tuple[int, int] = (0, 0)
    read_to: tuple[int, int] = (0, 0)
    records: int = 0
    removed: int = 0
    producers: dict[str, int] = field(default_factory=dict)


class MemoryStore:
    """The data of all in-memory buses that were given this store.

    `now` returns real unix seconds and decides when leases end. While `available` is False every operation raises
    `BusUnavailableError`; listeners then get a gap, as after a lost connection.
    """

    def __init__(
        self, now: Callable[[], float] = time.time, *, transactions_kept: int = TRANSACTIONS_KEPT
    ) -> None:
        self.now = now
        self.transactions_kept = transactions_kept
        self.keys = Keys("memory")
        self.epoch = 0
        self.desired: DesiredState | None = None
        self.tariff = Tariff()
        self.leader: Lasting[Owner] | None = None
        self.assignments: dict[str, Assignment] = {}
        self.operations: dict[str, Lasting[OperationSnapshot]] = {}
        self.cancelled: set[str] = set()
        self.results: dict[str, Lasting[dict[str, StationResult]]] = {}
        self.leases: dict[str, Lasting[int]] = {}
        self.workers: dict[str, WorkerHeartbeat] = {}
        self.owners: dict[str, Owner] = {}
        self.snapshots: dict[str, bytes] = {}
        self.registers: dict[str, tuple[int, int]] = {}
        self.totals = (0, 0)
        self.logs: defaultdict[str, list[str]] = defaultdict(list)
        self.checkpoints: dict[str, bytes] = {}
        self.outboxes: defaultdict[str, dict[int, bytes]] = defaultdict(dict)
        self.ledgers: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        self.controllers: dict[str, Lasting[ControllerHeartbeat]] = {}
        self.csms_leases: dict[str, Lasting[None]] = {}
        self.csms_replicas: dict[str, CsmsHeartbeat] = {}
        self.csms_connections: dict[str, Owner] = {}
        self.csms_stations: dict[str, StationRecord] = {}
        self.csms_tags: dict[str, IdTagRecord] = {}
        self.transaction_id = 0
        self.transactions: dict[int, TransactionRecord] = {}
        self.starts: dict[str, Lasting[int]] = {}
        self.history: dict[HistoryStream, HistoryLine] = {}
        self.registrations: dict[str, StationRegistration] = {}
        self.boot_rules: tuple[BootRule, ...] = ()
        self.wishes: dict[str, dict[str, str]] = {}
        self.configuration_reports: dict[str, ConfigurationReport] = {}
        self.events: dict[str, Lasting[list[StationEvent]]] = {}
        self.upload_tickets: dict[str, Lasting[str]] = {}
        self.uploads: dict[str, tuple[UploadRecord, Lasting[bytes]]] = {}
        self._available = True
        self._listeners: defaultdict[str, list[_Listener]] = defaultdict(list)

    @property
    def available(self) -> bool:
        """Whether the store answers."""
        return self._available

    @available.setter
    def available(self, available: bool) -> None:
        if available and not self._available:
            for listeners in self._listeners.values():
                for listener in listeners:
                    listener.put(None)
        self._available = available

    def check(self) -> None:
        """Raise `BusUnavailableError` while the store is away."""
        if not self._available:
            raise BusUnavailableError("the store has been taken away")

    def next_epoch(self) -> int:
        """An epoch larger than any before."""
        self.epoch += 1
        return self.epoch

    def valid(self, lasting: "Lasting[Value] | None") -> Value | None:
        """The value unless it has ended."""
        return lasting.value if lasting is not None and self.now() < lasting.ends_at else None

    def lasting(self, value: Value, seconds: float) -> Lasting[Value]:
        """The value for this long from now."""
        return Lasting(value, self.now() + seconds)

    def lease_holds(self, worker_id: str, epoch: int) -> bool:
        """Whether the worker's lease of that epoch is valid."""
        return self.valid(self.leases.get(worker_id)) == epoch

    def living_owner(self, station_id: str) -> str | None:
        """The worker with a valid lease that runs the station."""
        owner = self.owners.get(station_id)
        if owner is None or not self.lease_holds(owner.process_id, owner.epoch):
            return None
        return owner.process_id

    def csms_lives(self, replica_id: str) -> bool:
        """Whether the replica's lease is valid."""
        lease = self.csms_leases.get(replica_id)
        return lease is not None and self.now() < lease.ends_at

    def send(self, channel: str, message: Any) -> int:
        """Hand a message to all listeners of a channel; return how many there are."""
        listeners = self._listeners[channel]
        for listener in listeners:
            listener.put(message)
        return len(listeners)

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[Any]]:
        """The messages of a channel from now on; None where some were missed."""
        self.check()
        listener = _Listener()
        self._listeners[channel].append(listener)
        try:
            async with aclosing(listener.messages()) as messages:
                yield messages
        finally:
            self._listeners[channel].remove(listener)


@dataclass(slots=True, eq=False)
class _Listener:
    waiting: "asyncio.Queue[Any]" = field(default_factory=asyncio.Queue)

    def put(self, message: Any) -> None:
        if self.waiting.qsize() >= MESSAGES_WAITING:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            message = None
        self.waiting.put_nowait(message)

    async def messages(self) -> AsyncGenerator[Any, None]:
        while True:
            yield await self.waiting.get()
