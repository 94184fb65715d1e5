"""Every key and channel in Redis, with its type, its cap and its life. Nothing else spells a key.

All keys live under one prefix, so that one Redis can hold several swarms and a test its own.
"""

from dataclasses import dataclass
from typing import Final

LOG_LINES_KEPT: Final = 50
"""Log lines a station keeps (§ station logs)."""

OPERATION_TTL_SECONDS: Final = 3600
OPERATIONS_KEPT: Final = 1000
"""Operations that are listed; those that run are kept besides."""
TARIFF_CHANGES_KEPT: Final = 1000
TRANSACTIONS_KEPT: Final = 100_000
"""Closed transactions the CSMS remembers; open ones are never dropped."""
START_RETRY_TTL_SECONDS: Final = 7 * 24 * 3600
"""How long a repeated StartTransaction still finds its first answer."""
TRANSACTION_ID_GAP: Final = 1000
"""How far above the highest known id a store that lost its count goes on: other replicas may have given a few more."""

EVENTS_KEPT: Final = 100
"""Events a station keeps (the central system's list)."""
EVENTS_TTL_SECONDS: Final = 30 * 24 * 3600
"""How long a station's events are kept after the last of them."""
UPLOADS_KEPT: Final = 1000
"""Files the archive keeps; further caps are settings."""

HISTORY_PRODUCER_TTL_SECONDS: Final = 3600
"""How long a batch that is appended again is recognised."""
HISTORY_ENTRIES_KEPT: Final = 4096
"""Entries of a history stream that wait for the historian, about; an entry has at most 64 KiB, the oldest go first."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The key names under one prefix."""

    prefix: str = "evswarm"

    def _(self, name: str) -> str:
        return f"{self.prefix}:{name}"

    # desired state and its planning
    @property
    def desired(self) -> str:
        """String: encoded DesiredState. No TTL."""
        return self._("desired")

    @property
    def tariff(self) -> str:
        """String: encoded Tariff, capped at TARIFF_CHANGES_KEPT changes. No TTL."""
        return self._("tariff")

    @property
    def epochs(self) -> str:
        """Integer: the last epoch given to any lease or leader. No TTL."""
        return self._("epochs")

    @property
    def leader(self) -> str:
        """String 'controller_id epoch'. TTL: the leader lease."""
        return self._("leader")

    @property
    def controllers(self) -> str:
        """Hash controller_id → encoded ControllerHeartbeat; readers drop entries whose `controller_lease` is gone."""
        return self._("controllers")

    def controller_lease(self, controller_id: str) -> str:
        """String '1'. TTL: the lease."""
        return self._(f"controller_lease:{controller_id}")

    @property
    def assignments(self) -> str:
        """Hash worker_id → encoded Assignment. Entries leave with their worker."""
        return self._("assignments")

    def operation(self, operation_id: str) -> str:
        """String: encoded OperationSnapshot. TTL: OPERATION_TTL_SECONDS."""
        return self._(f"operation:{operation_id}")

    @property
    def operations(self) -> str:
        """Sorted set of operation ids by the time they began, capped at OPERATIONS_KEPT."""
        return self._("operations")

    @property
    def operations_running(self) -> str:
        """Set of the ids of the operations that have not ended."""
        return self._("operations:running")

    @property
    def operations_cancelled(self) -> str:
        """Set of the ids of running operations that somebody wishes to end; they leave with their end."""
        return self._("operations:cancelled")

    def operation_results(self, operation_id: str) -> str:
        """Hash station_id → a letter of its StationOutcome and the reason. TTL: OPERATION_TTL_SECONDS."""
        return self._(f"operation:results:{operation_id}")

    # workers
    def lease(self, worker_id: str) -> str:
        """Integer: the worker's lease epoch. TTL: the lease."""
        return self._(f"lease:{worker_id}")

    @property
    def workers(self) -> str:
        """Hash worker_id → encoded WorkerHeartbeat. Readers drop entries whose lease is gone."""
        return self._("workers")

    # stations
    @property
    def owners(self) -> str:
        """Hash station_id → 'worker_id lease_epoch' of the worker that runs it."""
        return self._("owners")

    @property
    def snapshots(self) -> str:
        """Hash station_id → encoded StationSnapshot. One entry a station that exists."""
        return self._("snapshots")

    @property
    def registers(self) -> str:
        """Hash station_id → 'energy_mwh earnings_micro'; kept when a station is retired."""
        return self._("registers")

    @property
    def totals(self) -> str:
        """Hash energy_mwh, earnings_micro: always the sum over `registers`."""
        return self._("totals")

    def log(self, station_id: str) -> str:
        """List of log lines, oldest first, capped at LOG_LINES_KEPT."""
        return self._(f"log:{station_id}")

    @property
    def checkpoints(self) -> str:
        """Hash station_id → checkpoint; kept when a station is retired."""
        return self._("checkpoints")

    def outbox(self, station_id: str) -> str:
        """Hash sequence → message not yet answered by the CSMS."""
        return self._(f"outbox:{station_id}")

    def ledger(self, station_id: str) -> str:
        """Hash of encoded LedgerFact, capped at LEDGER_TRANSACTIONS_KEPT transactions; kept when a station is retired."""
        return self._(f"ledger:{station_id}")

    # the central system
    @property
    def csms_replicas(self) -> str:
        """Hash replica_id → encoded CsmsHeartbeat; readers drop entries whose `csms_lease` is gone."""
        return self._("csms:replicas")

    def csms_lease(self, replica_id: str) -> str:
        """String '1'. TTL: the lease."""
        return self._(f"csms:lease:{replica_id}")

    @property
    def csms_connections(self) -> str:
        """Hash station_id → 'replica_id connection_epoch' of the replica that holds its WebSocket."""
        return self._("csms:connections")

    @property
    def csms_stations(self) -> str:
        """Hash station_id → encoded StationRecord."""
        return self._("csms:stations")

    @property
    def csms_tags(self) -> str:
        """Hash id_tag in lower case → encoded IdTagRecord."""
        return self._("csms:tags")

    @property
    def csms_transaction_id(self) -> str:
        """Integer: the last transaction id given, over all stations and replicas."""
        return self._("csms:transaction_id")

    @property
    def csms_transactions(self) -> str:
        """Hash transaction_id → encoded TransactionRecord; closed ones capped at TRANSACTIONS_KEPT, oldest go."""
        return self._("csms:transactions")

    @property
    def csms_meters(self) -> str:
        """Hash transaction_id → last Wh reading of an open transaction; leaves when it is closed."""
        return self._("csms:meters")

    def csms_station_open(self, station_id: str) -> str:
        """Set of the ids of the station's open transactions."""
        return self._(f"csms:station_open:{station_id}")

    def csms_station_transactions(self, station_id: str) -> str:
        """Sorted set of the station's transaction ids by id; they leave with their record."""
        return self._(f"csms:station_transactions:{station_id}")

    def csms_tag_open(self, id_tag: str) -> str:
        """Set of the ids of the open transactions that this id tag, in lower case, started."""
        return self._(f"csms:tag_open:{id_tag}")

    @property
    def csms_closed(self) -> str:
        """Sorted set of closed transaction ids by id, for the cap."""
        return self._("csms:closed")

    @property
    def csms_open(self) -> str:
        """Hash transaction_id → station_id of the open transactions."""
        return self._("csms:open")

    def csms_start(self, digest: str) -> str:
        """Integer: the transaction id that this very StartTransaction got. TTL: START_RETRY_TTL_SECONDS."""
        return self._(f"csms:start:{digest}")

    @property
    def csms_registrations(self) -> str:
        """Hash station_id → encoded StationRegistration."""
        return self._("csms:registrations")

    @property
    def csms_boot_rules(self) -> str:
        """String: list of encoded BootRule."""
        return self._("csms:boot_rules")

    @property
    def csms_wishes(self) -> str:
        """Hash station_id → object of the configuration it should have. Entries leave with their station."""
        return self._("csms:wishes")

    @property
    def csms_configuration_reports(self) -> str:
        """Hash station_id → encoded ConfigurationReport. Entries leave with their wishes."""
        return self._("csms:configuration_reports")

    def csms_events(self, station_id: str) -> str:
        """List of encoded StationEvent, oldest first, capped at EVENTS_KEPT. TTL: EVENTS_TTL_SECONDS."""
        return self._(f"csms:events:{station_id}")

    def csms_upload_ticket(self, token: str) -> str:
        """String: the station that may upload under this token. TTL: EVSWARM_UPLOAD_TICKET_SECONDS."""
        return self._(f"csms:upload_ticket:{token}")

    @property
    def csms_uploads(self) -> str:
        """Hash upload_id → encoded UploadRecord; capped at UPLOADS_KEPT, entries without content leave."""
        return self._("csms:uploads")

    @property
    def csms_upload_order(self) -> str:
        """List of upload ids, oldest first; the same ids as `csms_uploads`."""
        return self._("csms:upload_order")

    def csms_upload(self, upload_id: str) -> str:
        """String: the content of an uploaded file. TTL: EVSWARM_UPLOAD_KEEP_SECONDS."""
        return self._(f"csms:upload:{upload_id}")

    # the history
    def history(self, stream: str) -> str:
        """Stream of encoded record batches, capped at about HISTORY_ENTRIES_KEPT; the historian removes what it wrote."""
        return self._(f"history:{stream}")

    def history_producer(self, stream: str, producer_id: str) -> str:
        """Integer: the number of the last batch this producer appended. TTL: HISTORY_PRODUCER_TTL_SECONDS."""
        return self._(f"history:producer:{stream}:{producer_id}")

    @property
    def history_records(self) -> str:
        """Hash stream → records ever appended, so that a gap shows what the cap took; stream:removed → up to which taken."""
        return self._("history:records")

    # channels
    @property
    def patches(self) -> str:
        """Channel of encoded PatchEvent."""
        return self._("patches")

    def history_passing(self, stream: str) -> str:
        """Channel of each batch as it is appended to the stream: 'milliseconds-sequence first count', newline, data."""
        return self._(f"history:passing:{stream}")

    @property
    def changes(self) -> str:
        """Channel: 'desired', 'tariff' or 'assignments' when that was written. A hint to look sooner, never needed."""
        return self._("changes")

    def commands(self, target: str, process_id: str) -> str:
        """Channel of encoded Command for one worker or csms replica."""
        return self._(f"commands:{target}:{process_id}")

    def replies(self, controller_id: str) -> str:
        """Channel of encoded CommandReply for one controller."""
        return self._(f"replies:{controller_id}")
