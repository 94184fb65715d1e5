"""The operations of the bus. `redis` and `memory` implement them; the contract suite holds both to this text.

Every operation is atomic and raises `BusUnavailableError` when the store does not answer in time: then nothing is
known about what was being written. Every write can be repeated with the same arguments without changing the
result. `now` and all times are real unix seconds unless a field says otherwise.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from evswarm_shared.bus.audit_port import AuditBus
from evswarm_shared.bus.books import StationBook
from evswarm_shared.bus.keys import HISTORY_ENTRIES_KEPT
from evswarm_shared.bus.messages import (
    Assignment,
    ChangeHint,
    Command,
    CommandReply,
    CommandTarget,
    ControllerHeartbeat,
    CsmsHeartbeat,
    DesiredState,
    HeartbeatReply,
    HistoryBacklog,
    HistoryBatch,
    HistoryEntry,
    HistoryStream,
    PatchEvent,
    SnapshotWrite,
    StationCommit,
    StationRecord,
    StoredStation,
    Tariff,
    TariffChange,
    Totals,
    TransactionRecord,
    WorkerHeartbeat,
)
from evswarm_shared.bus.operation_port import OperationBus
from evswarm_shared.bus.registry_port import ArchiveBus, RegistryBus


class WorkerBus(Protocol):
    """What a worker does on the bus."""

    async def register_worker(self, heartbeat: WorkerHeartbeat, ttl_seconds: float) -> int:
        """Grant a lease and return its epoch, larger than any epoch before.

        It is larger than `heartbeat.lease_epoch` too, the worker's last lease or 0, which an emptied store does not know.
        """
        ...

    async def heartbeat(self, heartbeat: WorkerHeartbeat, ttl_seconds: float) -> HeartbeatReply:
        """Renew the lease named by `heartbeat.lease_epoch` and read what to do.

        `lease_held` is False, and nothing is written, when the lease ran out or is another's.
        """
        ...

    async def release_lease(self, worker_id: str, lease_epoch: int) -> None:
        """End the lease and everything this worker still owns. A lease that is not ours is left alone."""
        ...

    async def claim(
        self, worker_id: str, lease_epoch: int, station_ids: Sequence[str]
    ) -> list[StoredStation]:
        """Become the owner of those stations that nobody owns, or whose owner's lease has ended, or that are ours.

        Returns the stations won, with what to resume them from; the others have a living owner: ask again later.

        Raises:
            LeaseLostError: the lease is no longer held.
        """
        ...

    async def release(self, worker_id: str, lease_epoch: int, station_ids: Sequence[str]) -> None:
        """Give up stations whose last commit is written. Those not ours are left alone."""
        ...

    async def commit(
        self, worker_id: str, lease_epoch: int, commits: Sequence[StationCommit]
    ) -> frozenset[str]:
        """Write steps of lasting state; return the ids refused because this lease does not own them.

        A refused station must not be run any further. Checkpoint and outbox of one commit change together.

        Raises:
            LeaseLostError: the lease is no longer held; nothing was written.
        """
        ...

    async def publish(
        self, worker_id: str, lease_epoch: int, writes: Sequence[SnapshotWrite]
    ) -> frozenset[str]:
        """Write one tick's snapshots and logs, bring the totals along, and send a PatchEvent with what was written.

        The change of the totals is the difference to the registers stored before; a register lower than the stored
        one counts as equal to it. Returns the ids refused, as `commit` does. Each 500 stations are one step with a
        PatchEvent of its own. The one exception to repeatability: a call repeated after a time-out may append its
        log lines twice.

        Raises:
            LeaseLostError: the lease is no longer held; nothing was written.
        """
        ...

    def commands(
        self, target: CommandTarget, process_id: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Command]]:
        """The commands for one process, from the moment the context is entered."""
        ...

    async def reply(self, reply_to: str, reply: CommandReply) -> None:
        """Answer a command."""
        ...

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[ChangeHint]]:
        """Hints that an assignment, the tariff or the desired state was written, from the moment of entering.

        A hint may be missed while the store is away; all of them are given once when it is back.
        """
        ...

    async def read_log(self, station_id: str) -> list[str]:
        """The station's last log lines, newest last."""
        ...


class ControllerBus(AuditBus, OperationBus, Protocol):
    """What a controller does on the bus."""

    async def acquire_leadership(self, controller_id: str, ttl_seconds: float) -> int | None:
        """Become the leader, with a new epoch, unless another controller leads (None)."""
        ...

    async def renew_leadership(self, controller_id: str, epoch: int, ttl_seconds: float) -> bool:
        """Go on leading; False when the term has ended."""
        ...

    async def release_leadership(self, controller_id: str, epoch: int) -> None:
        """Stop leading so that a standby need not wait."""
        ...

    async def read_desired(self) -> DesiredState | None:
        """The swarm as it should be; None in a new store."""
        ...

    async def write_desired(self, desired: DesiredState) -> None:
        """Replace the desired state of generation `desired.generation - 1` (0: the store has none).

        Writing what is stored already is a repetition and succeeds.

        Raises:
            StaleGenerationError: the stored generation is another.
        """
        ...

    async def live_workers(self) -> list[WorkerHeartbeat]:
        """The workers whose lease is valid, by worker id. Entries of dead ones are dropped."""
        ...

    async def read_assignments(self) -> dict[str, Assignment]:
        """The assignments last written, by worker id."""
        ...

    async def write_assignments(
        self, controller_id: str, epoch: int, assignments: Sequence[Assignment], removed: Sequence[str] = ()
    ) -> bool:
        """Write assignments and drop those of the workers `removed`; False, and nothing written, if not the leader."""
        ...

    async def owners(self) -> dict[str, str]:
        """station_id → worker_id of the worker with a valid lease that runs it."""
        ...

    async def retire(self, station_ids: Sequence[str]) -> list[str]:
        """Take away the rows and logs of stations that nobody owns; return the ids that nobody owns.

        Registers, checkpoints and outboxes stay. Sends a PatchEvent of the rows that went.
        """
        ...

    async def read_snapshots(self) -> dict[str, bytes]:
        """station_id → encoded StationSnapshot of every station there is."""
        ...

    async def read_log(self, station_id: str) -> list[str]:
        """The station's last log lines, newest last."""
        ...

    async def append_log(self, station_ids: Sequence[str], line: str) -> None:
        """Add a line from outside (a price change) to the logs of those stations that have a row."""
        ...

    async def read_totals(self) -> Totals:
        """The cumulative sums."""
        ...

    async def read_tariff(self) -> Tariff:
        """The price over time."""
        ...

    async def change_tariff(self, change: TariffChange) -> Tariff:
        """Add a change and return the tariff with it; the version grows by one, unless it is the last of its moment."""
        ...

    def changes(self) -> AbstractAsyncContextManager[AsyncIterator[ChangeHint]]:
        """As `WorkerBus.changes`."""
        ...

    def patches(self) -> AbstractAsyncContextManager[AsyncIterator[PatchEvent | None]]:
        """What changes, from the moment the context is entered. None means some may have been missed: read all."""
        ...

    def passing_history(
        self, stream: HistoryStream
    ) -> AbstractAsyncContextManager[AsyncIterator[HistoryEntry | None]]:
        """What is appended to a stream, from the moment the context is entered, whoever else reads the stream.

        None means that some may have been missed. Costs nothing while nobody is inside.
        """
        ...

    async def send_command(self, target: CommandTarget, process_id: str, command: Command) -> bool:
        """Hand a command to a process; False when nobody listens there, and then it will never be carried out."""
        ...

    def replies(self, controller_id: str) -> AbstractAsyncContextManager[AsyncIterator[CommandReply]]:
        """The replies to this controller's commands, from the moment the context is entered."""
        ...

    async def controller_heartbeat(self, heartbeat: ControllerHeartbeat, ttl_seconds: float) -> None:
        """Say that this controller lives."""
        ...

    async def live_controllers(self) -> list[ControllerHeartbeat]:
        """The controllers that said so in time, by controller id."""
        ...

    async def live_csms(self) -> list[CsmsHeartbeat]:
        """The CSMS replicas whose lease is valid, by replica id."""
        ...

    async def csms_of(self, station_id: str) -> str | None:
        """The living replica that holds the station's connection."""
        ...

    async def list_transactions(
        self,
        *,
        station_id: str | None = None,
        open_only: bool = False,
        before: int | None = None,
        limit: int = 1000,
    ) -> list[TransactionRecord]:
        """Transactions with ids below `before`, newest first."""
        ...


class CsmsBus(RegistryBus, ArchiveBus, Protocol):
    """What a CSMS replica does on the bus."""

    async def csms_heartbeat(self, heartbeat: CsmsHeartbeat, ttl_seconds: float) -> bool:
        """Say that this replica lives; False when the store did not know it, as at first or after it lost everything."""
        ...

    async def release_csms(self, replica_id: str) -> None:
        """Say that it ends, and forget its connections."""
        ...

    async def station_connected(self, replica_id: str, station_id: str) -> int:
        """Record the connection and return its epoch; a connection recorded later wins over it."""
        ...

    async def station_disconnected(self, replica_id: str, station_id: str, epoch: int) -> None:
        """Forget the connection unless a later one has been recorded."""
        ...

    async def read_station(self, station_id: str) -> StationRecord | None:
        """What is known of a station."""
        ...

    async def write_station(self, record: StationRecord) -> None:
        """Store what is known of a station."""
        ...

    async def stations_connected(
        self, replica_id: str, station_ids: Sequence[str], *, if_absent: bool = False
    ) -> list[tuple[int, str | None]]:
        """Record many connections in one step, in the order given.

        Returns for each its epoch and the other living replica it was taken from (None: no other had it). With
        `if_absent` an existing record stays: our own gives its epoch, another replica's gives epoch 0 and its name.
        """
        ...

    async def stations_disconnected(self, replica_id: str, connections: Sequence[tuple[str, int]]) -> None:
        """Forget many (station id, epoch) connections, each unless a later one has been recorded."""
        ...

    async def read_stations(self, station_ids: Sequence[str]) -> list[StationRecord | None]:
        """What is known of many stations, in the order given."""
        ...

    async def write_stations(self, records: Sequence[StationRecord]) -> None:
        """Store what is known of many stations."""
        ...

    async def open_transactions_of_tag(self, id_tag: str) -> list[TransactionRecord]:
        """The open transactions that one id tag started, however it was spelled, on any station, by id."""
        ...

    async def count_open_transactions(self) -> int:
        """How many transactions are open over all stations."""
        ...

    async def start_transaction(
        self, record: TransactionRecord, retry_key: str, *, after: int = 0
    ) -> tuple[TransactionRecord, bool]:
        """Open a transaction with a new id (`record.transaction_id` is ignored), or find the one `retry_key` opened.

        `after` is the highest id the caller knows of. A store that counts from lower has lost its count: then ids go on
        TRANSACTION_ID_GAP above it. Returns the record and whether it is new.
        """
        ...

    async def last_transaction_id(self) -> int:
        """The id given last, over all replicas; 0 before the first."""
        ...

    async def restore_transactions(self, records: Sequence[TransactionRecord]) -> int:
        """Open transactions again under the ids they had, except those that the store knows; how many these were."""
        ...

    async def read_books(self, station_ids: Sequence[str]) -> list[StationBook]:
        """As `AuditBus.read_books`: what the stations themselves say of their transactions."""
        ...

    async def read_transaction(self, transaction_id: int) -> TransactionRecord | None:
        """A transaction, open or closed."""
        ...

    async def open_transactions_of(self, station_id: str) -> list[TransactionRecord]:
        """The open transactions of one station, by id."""
        ...

    async def stop_transaction(self, record: TransactionRecord) -> TransactionRecord:
        """Close the transaction as `record` says, unless it is closed already; return it as it is stored now.

        A transaction that the store does not know is stored closed, as given.
        """
        ...

    async def update_meter(self, readings: Sequence[tuple[str, int, int]]) -> int:
        """Note (station id, transaction id, Wh) readings of the stations' own open transactions; others are ignored.

        Returns how many were of a transaction that another station has open.
        """
        ...

    def commands(
        self, target: CommandTarget, process_id: str
    ) -> AbstractAsyncContextManager[AsyncIterator[Command]]:
        """The commands for one process, from the moment the context is entered."""
        ...

    async def reply(self, reply_to: str, reply: CommandReply) -> None:
        """Answer a command."""
        ...


class HistoryFeed(Protocol):
    """What everybody who has something to tell the historian does on the bus."""

    async def append_history(
        self,
        stream: HistoryStream,
        producer_id: str,
        batches: Sequence[HistoryBatch],
        entries_kept: int = HISTORY_ENTRIES_KEPT,
    ) -> None:
        """Append batches, an entry each; past `entries_kept` entries (about) the oldest go, read or not.

        A batch whose number is not larger than the producer's last one is a repetition and changes nothing.
        """
        ...


class HistoryTail(Protocol):
    """What the historian does on the bus. There is one consumer group; two historians would share the entries."""

    async def open_history(self) -> None:
        """Make the streams readable, from their oldest entry, unless they are."""
        ...

    async def unfinished_history(self, stream: HistoryStream, limit: int) -> list[HistoryEntry]:
        """Entries that were read before but not removed, oldest first: what an earlier historian died over."""
        ...

    async def read_history(self, stream: HistoryStream, limit: int) -> list[HistoryEntry]:
        """The next entries that nobody read yet, oldest first; none when there are none. Each is read once."""
        ...

    async def remove_history(self, stream: HistoryStream, entry_ids: Sequence[str]) -> None:
        """These entries, oldest first, are safe in the database: forget them."""
        ...

    async def history_backlog(self, stream: HistoryStream) -> HistoryBacklog:
        """How much waits."""
        ...


class Bus(WorkerBus, ControllerBus, CsmsBus, HistoryFeed, HistoryTail, Protocol):
    """All of it, plus the life of the adapter itself."""

    async def ping(self) -> None:
        """Return when the store answers."""
        ...

    async def close(self) -> None:
        """Let go of the store. Nothing may be called afterwards."""
        ...
