"""The shapes that services exchange over the bus. Data only: no key names, no behaviour beyond derived views.

`*Command` asks for something, `*Event` tells that it happened, `*Snapshot` says how things are now. Energy is in
integer mWh and money in integer micro-units of the currency, so that sums are exact in any order.
"""

from enum import StrEnum
from typing import Final

import msgspec

from evswarm_shared.bus.station_ledger import LedgerFact
from evswarm_shared.clock import SimulatedClock


class StationState(StrEnum):
    """One word for a whole station, the worst news first when its connectors differ."""

    STOPPED = "Stopped"
    OFFLINE = "Offline"
    BOOTING = "Booting"
    FAULTED = "Faulted"
    CHARGING = "Charging"
    SUSPENDED = "Suspended"
    OCCUPIED = "Occupied"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    AVAILABLE = "Available"


class ProfileName(StrEnum):
    """The behaviour presets that a station can have; the worker owns what they mean."""

    HOME = "home"
    PUBLIC = "public"
    WORKPLACE = "workplace"
    DEPOT = "depot"
    HIGHWAY = "highway"


DEFAULT_MIX: Final = {
    ProfileName.HOME: 4.0,
    ProfileName.PUBLIC: 3.0,
    ProfileName.WORKPLACE: 2.0,
    ProfileName.DEPOT: 1.0,
    ProfileName.HIGHWAY: 1.0,
}
"""The weights of a swarm that nobody gave a profile."""


# --- what should be -----------------------------------------------------------------------------------------


class IndexRange(msgspec.Struct, frozen=True, order=True):
    """Station indexes `start <= index < stop`. Indexes count from 1: index 1 is CP-000001."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


class Segment(msgspec.Struct, frozen=True):
    """Which behaviour profiles the stations of an index range draw from.

    `mix` maps profile names to positive weights; the seed and the index pick one of them for good.
    """

    range: IndexRange
    mix: dict[ProfileName, float]


class StationSpec(msgspec.Struct, frozen=True):
    """A station created by name rather than by count. `autonomous` False: what happens at it is left to the hand.

    None takes what the worker's settings say. `security_profile` is 0 to 3; `root_certificates` and `client_certificate`
    (with its private key) are PEM; `csms_tls_url` is where it connects in security profiles 2 and 3 when `csms_url`
    begins with ws://. `creation` tells stations apart that were created one after the other under the same name: the
    generation in which it was; 0 where nobody counts.
    """

    station_id: str
    profile: ProfileName
    csms_url: str | None = None
    connectors: int | None = None
    configuration: dict[str, str] = {}
    autonomous: bool = True
    security_profile: int | None = None
    authorization_key: str | None = None
    root_certificates: str | None = None
    client_certificate: str | None = None
    csms_tls_url: str | None = None
    creation: int = 0


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the charging policy of a profile goes by instead of the profile's own value; None leaves it.

    Units as in `evswarm_shared.charging_policy`.
    """

    charge_if_price_below: float | None = None
    max_energy_kwh: float | None = None
    allow_peak_hours: bool | None = None
    peak_hours: frozenset[int] | None = None
    max_grid_load: float | None = None
    max_carbon_intensity: float | None = None
    ramp_margin: float | None = None


class Conditions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What holds for the whole swarm beside the price: the grid as the policies see it, and the policies themselves.

    `grid_load` is 0 to 1, `carbon_intensity` grams of CO2 a kWh; None: no station knows it.
    """

    grid_load: float | None = None
    carbon_intensity: float | None = None
    policies: dict[ProfileName, PolicyChange] = {}

    def signals(self) -> dict[str, float]:
        """What is known of the grid, under the names that the policy knows."""
        known = {"grid_load": self.grid_load, "carbon_intensity": self.carbon_intensity}
        return {name: value for name, value in known.items() if value is not None}


class DesiredState(msgspec.Struct, frozen=True):
    """The swarm as it should be. Stored, not shouted: whoever starts later reads it.

    Stations 1 to `count` exist, plus `individuals`; those in `stopped` exist but do not run. `segments` cover every
    index that ever existed, so that an index keeps its profile. `ramp_per_second` bounds how many stations start
    a second over the whole swarm (None: as fast as the workers can). `operations` are the ids of those that may still
    be under way, so that a new leader finds them. `began_at` is when the run began, in real unix seconds.
    """

    generation: int = 0
    count: int = 0
    segments: tuple[Segment, ...] = ()
    stopped: frozenset[str] = frozenset()
    individuals: tuple[StationSpec, ...] = ()
    ramp_per_second: float | None = None
    seed: int = 0
    id_prefix: str = "CP-"
    clock: SimulatedClock = SimulatedClock()
    run_id: str = ""
    operations: tuple[str, ...] = ()
    conditions: Conditions = Conditions()
    began_at: float = 0.0

    def station_id(self, index: int) -> str:
        """The identity of the station with this index."""
        return f"{self.id_prefix}{index:06d}"


class Assignment(msgspec.Struct, frozen=True):
    """One worker's share of the desired state: which stations it runs, never how many.

    `generation` is that of the desired state it was planned from, `leader_epoch` the term of the controller that
    planned it. `stopped` and `individuals` are cut down to the share; `ramp_per_second` is this worker's part.
    `swarm_count` and `swarm_individuals` are those of the whole swarm: a station that leaves the share but is still
    among them moves to another worker with its transactions open; one that is not is shut down in order.
    `leaving` and `leaving_individuals` are stations that left the swarm while nobody ran them: to be resumed, shut down
    in order and released.
    """

    worker_id: str
    leader_epoch: int
    generation: int
    ranges: tuple[IndexRange, ...] = ()
    segments: tuple[Segment, ...] = ()
    stopped: frozenset[str] = frozenset()
    individuals: tuple[StationSpec, ...] = ()
    ramp_per_second: float | None = None
    seed: int = 0
    id_prefix: str = "CP-"
    clock: SimulatedClock = SimulatedClock()
    run_id: str = ""
    swarm_count: int = 0
    swarm_individuals: frozenset[str] = frozenset()
    leaving: tuple[IndexRange, ...] = ()
    leaving_individuals: tuple[StationSpec, ...] = ()
    conditions: Conditions = Conditions()

    def station_count(self) -> int:
        """How many stations the share holds."""
        return sum(len(r) for r in self.ranges) + len(self.individuals)


class TariffChange(msgspec.Struct, frozen=True):
    """From the simulated unix time `at` on, a kWh costs `price_micro` millionths of the currency."""

    at: float
    price_micro: int


class Tariff(msgspec.Struct, frozen=True):
    """The price over time, oldest change first. `version` grows by one a change."""

    version: int = 0
    changes: tuple[TariffChange, ...] = ()

    def price_micro(self, at: float) -> int:
        """The price a kWh at the simulated time `at`; before the first change, the first price; 0 if there is none."""
        price = self.changes[0].price_micro if self.changes else 0
        for change in self.changes:
            if change.at > at:
                break
            price = change.price_micro
        return price


class ChangeHint(StrEnum):
    """Something that should be was written just now: look at it sooner than you would."""

    DESIRED = "desired"
    TARIFF = "tariff"
    ASSIGNMENTS = "assignments"


# --- what is ------------------------------------------------------------------------------------------------


class StationSnapshot(msgspec.Struct, array_like=True, frozen=True):
    """A station as it is now: one row of the table. Encoded as a JSON array, in this order (`ROW_FIELDS`).

    `connectors` are OCPP 1.6 ChargePointStatus values, connector 1 first. `running` means accepted by the CSMS and
    connected. `power_w` is the sum over connectors, `session_wh` the energy of the open transactions, `energy_mwh`
    and `earnings_micro` are cumulative over the station's life and never fall. Times are real unix seconds.
    """

    station_id: str
    state: StationState
    connectors: tuple[str, ...]
    worker_id: str
    profile: str
    running: bool
    transactions: int
    power_w: int
    session_wh: int
    energy_mwh: int
    earnings_micro: int
    last_message: str
    last_message_at: float
    changed_at: float


ROW_FIELDS: Final = StationSnapshot.__struct_fields__


class SnapshotWrite(msgspec.Struct, frozen=True):
    """What one tick has to say about one station: its row (encoded `StationSnapshot`) and its new log lines.

    `energy_mwh` and `earnings_micro` repeat the row's registers for the store, which does not parse rows.
    """

    station_id: str
    row: bytes
    energy_mwh: int
    earnings_micro: int
    log_lines: tuple[str, ...] = ()


class OutboxEntry(msgspec.Struct, frozen=True):
    """A transaction message that must reach the CSMS, in the order of `sequence`. `message` is opaque to the bus."""

    sequence: int
    message: bytes


class StationCommit(msgspec.Struct, frozen=True):
    """One atomic step of a station's lasting state: its new checkpoint and what enters and leaves its outbox.

    `checkpoint` is opaque to the bus; None leaves the stored one as it is. `ledger` are the facts for the station's own
    book of transactions (`station_ledger`).
    """

    station_id: str
    checkpoint: bytes | None = None
    outbox_added: tuple[OutboxEntry, ...] = ()
    outbox_removed: tuple[int, ...] = ()
    ledger: tuple[LedgerFact, ...] = ()


class StoredStation(msgspec.Struct, frozen=True):
    """What a new owner resumes a station from. `checkpoint` is None for a station that never ran."""

    station_id: str
    checkpoint: bytes | None
    outbox: tuple[OutboxEntry, ...] = ()


class WorkerHeartbeat(msgspec.Struct, frozen=True):
    """A worker as it is now; alive as long as its lease is.

    `lease_epoch` is unique over all leases ever granted. `applied_generation` is the newest generation whose
    assignment the worker has wholly applied. `draining` asks the planner to take its stations away.
    `applied_leader_epoch` says which leader's assignment that was. Times are real unix seconds. `cpu_percent` is the
    share of one processor since the heartbeat before, None where nobody knows; so is `memory_bytes`.
    Of the last ten seconds: `messages_per_second`, both ways, and `round_trips`, the number of answered calls in each
    bucket of `counts.CALL_DURATION_BOUNDS`. `messages_kept` says which messages go to the history (HistoryMessages).
    `addresses` are those of its host: a Prometheus that found it by its address knows no other name of it.
    """

    worker_id: str
    lease_epoch: int = 0
    host: str = ""
    pid: int = 0
    metrics_url: str | None = None
    started_at: float = 0.0
    sent_at: float = 0.0
    applied_generation: int = 0
    applied_leader_epoch: int = 0
    stations: int = 0
    running: int = 0
    draining: bool = False
    loop_lag_ms: float = 0.0
    capacity: int | None = None
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    messages_per_second: float = 0.0
    round_trips: tuple[int, ...] = ()
    messages_kept: str = ""
    addresses: tuple[str, ...] = ()


class HeartbeatReply(msgspec.Struct, frozen=True):
    """What the store answers a worker's heartbeat. `lease_held` false: write nothing more under that epoch.

    `name_taken`: another worker holds a lease under the same name.
    """

    lease_held: bool
    assignment: Assignment | None = None
    tariff: Tariff = Tariff()
    name_taken: bool = False


class CsmsHeartbeat(msgspec.Struct, frozen=True):
    """A CSMS replica as it is now. `capacity` is how many connections it can hold, None for any number."""

    replica_id: str
    host: str = ""
    pid: int = 0
    metrics_url: str | None = None
    started_at: float = 0.0
    sent_at: float = 0.0
    stations_connected: int = 0
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    capacity: int | None = None


class ControllerHeartbeat(msgspec.Struct, frozen=True):
    """A controller replica as it is now; one of them `leads`. `dashboards` are the clients of its live feed.

    `metrics_url` is where it serves /metrics.
    """

    controller_id: str
    host: str = ""
    pid: int = 0
    version: str = ""
    started_at: float = 0.0
    sent_at: float = 0.0
    leads: bool = False
    dashboards: int = 0
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    metrics_url: str | None = None


class PatchEvent(msgspec.Struct, frozen=True):
    """What changed in one worker's tick, for the controllers: encoded rows, ids whose log grew, ids that are gone.

    Also sent by the store itself when stations are retired (`deleted`).
    """

    worker_id: str
    rows: tuple[msgspec.Raw, ...] = ()
    logged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


class Totals(msgspec.Struct, frozen=True):
    """The cumulative sums over every station that ever lived, retired ones included."""

    energy_mwh: int = 0
    earnings_micro: int = 0


class OperationKind(StrEnum):
    """What kind of thing an operation does, which decides who carries it through."""

    SCALE = "scale"
    START = "start"
    STOP = "stop"
    CREATE = "create"
    DELETE = "delete"
    BULK = "bulk"
    """An action at every station of a list."""
    ACTION = "action"
    """An action by hand at one station."""
    COMMAND = "command"
    """A CALL of the central system to one station."""


class OperationState(StrEnum):
    """The life of an operation; all but the first are final."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


class OperationSnapshot(msgspec.Struct, frozen=True):
    """Something that was asked for and how far it has come. A wish about the swarm ends when observed equals desired.

    `station_ids` are the stations it is about, where it is about a few; those of a bulk operation stand in its
    results. `only_removes` says that it is about those that go and not about how the others are. `action` and `payload`
    (JSON) say what is done at a station, `expires_at` until when; `failed` counts also the stations of which nobody
    knows. `cancelling`: it is wished to end early; stored apart. Times are real unix seconds.
    """

    operation_id: str
    kind: OperationKind
    generation: int
    state: OperationState
    target: int
    done: int = 0
    failed: int = 0
    created_at: float = 0.0
    updated_at: float = 0.0
    message: str = ""
    station_ids: tuple[str, ...] = ()
    only_removes: bool = False
    action: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"null")
    expires_at: float = 0.0
    cancelling: bool = False


# --- commands -----------------------------------------------------------------------------------------------


class CommandTarget(StrEnum):
    """The kind of process a command is for."""

    WORKER = "worker"
    CSMS = "csms"


class Command(msgspec.Struct, frozen=True):
    """Do something to one station, now. `action` is a hand action for a worker, an OCPP Action for a csms.

    With `station_ids` it is to be done at each of these instead, in this order; only workers take such a command.

    `payload` is a JSON object. `expires_at` (real unix seconds): later, nobody waits for the reply any more and the
    command must not be carried out. The reply goes to `reply_to`, the id under which the asker listens for
    replies, with the same `command_id`. `trace` says which trace it is part of (telemetry/tracing.py); empty: none.
    """

    command_id: str
    station_id: str
    action: str
    payload: msgspec.Raw
    expires_at: float
    reply_to: str
    trace: str = ""
    station_ids: tuple[str, ...] = ()


class CommandOutcome(StrEnum):
    """How a command ended."""

    DONE = "done"
    UNKNOWN_STATION = "unknown_station"
    NOT_CONNECTED = "not_connected"
    REFUSED = "refused"
    INVALID = "invalid"
    CALL_ERROR = "call_error"
    TIMEOUT = "timeout"


class Shortfall(msgspec.Struct, frozen=True):
    """One of several stations at which a command was not carried out, and why."""

    station_id: str
    outcome: CommandOutcome
    description: str = ""


class CommandReply(msgspec.Struct, frozen=True):
    """The answer to a command. `payload` is JSON: the StationSnapshot after it, or the CALLRESULT's payload.

    To a command for several stations it has none; DONE then means at all stations but those of `shortfalls`.

    With CALL_ERROR, `error_code` and `description` are the station's; with REFUSED and INVALID, `description` says
    what to do about it.
    """

    command_id: str
    outcome: CommandOutcome
    payload: msgspec.Raw = msgspec.Raw(b"null")
    error_code: str = ""
    description: str = ""
    shortfalls: tuple[Shortfall, ...] = ()


# --- the central system's records -----------------------------------------------------------------------------


class StationRecord(msgspec.Struct, frozen=True):
    """What our CSMS knows of a station. `accepted` outlives the connection (OCPP 1.6 §4.2)."""

    station_id: str
    accepted: bool
    vendor: str = ""
    model: str = ""
    firmware_version: str = ""
    booted_at: float = 0.0


class TransactionRecord(msgspec.Struct, frozen=True):
    """One transaction as the CSMS has it. Times are the station's timestamps in unix seconds, energy in Wh.

    `stopped_at`, `meter_stop` and `reason` are None while it is open. `flags` name what was implausible about it.
    """

    transaction_id: int
    station_id: str
    connector_id: int
    id_tag: str
    meter_start: int
    started_at: float
    stopped_at: float | None = None
    meter_stop: int | None = None
    reason: str | None = None
    last_meter_wh: int | None = None
    flags: tuple[str, ...] = ()


class IdTagRecord(msgspec.Struct, frozen=True):
    """An entry of the authorisation list. `status` is an OCPP 1.6 AuthorizationStatus; times in unix seconds."""

    id_tag: str
    status: str = "Accepted"
    expiry_date: float | None = None
    parent_id_tag: str | None = None
    concurrent: bool = False


# --- the history ------------------------------------------------------------------------------------------------


class HistoryStream(StrEnum):
    """The two streams to the historian, apart so that a flood of messages cannot push out what is rare."""

    TRAFFIC = "traffic"
    """Log lines and OCPP messages."""
    FACTS = "facts"
    """Transactions, commands, operations, prices and runs."""


class HistoryBatch(msgspec.Struct, frozen=True):
    """Records on their way to the historian: `count` of them, encoded in `data`, which is opaque to the bus.

    `number` grows with every batch that one producer appends to one stream, so that a repetition is recognised.
    """

    number: int
    data: bytes
    count: int


class HistoryEntry(msgspec.Struct, frozen=True):
    """A batch as the store has it.

    `milliseconds` and `sequence` are the two halves of its stream id, which never repeats. `first` is the number of its
    first record since the stream began: records between two entries that follow each other were lost to the cap.
    """

    stream: HistoryStream
    milliseconds: int
    sequence: int
    first: int
    count: int
    data: bytes

    @property
    def entry_id(self) -> str:
        """The id as the store spells it."""
        return f"{self.milliseconds}-{self.sequence}"


class HistoryBacklog(msgspec.Struct, frozen=True):
    """What waits in a stream: entries, how many records were ever appended to it, and up to which a historian took them.

    What the cap took counts as taken from the next entry on that a historian takes.
    """

    entries: int
    records_appended: int
    records_removed: int
