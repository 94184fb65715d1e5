"""What happened at stations and the files they sent, in memory."""

from collections.abc import Sequence

from evswarm_shared.bus.csms_records import StationEvent, UploadRecord
from evswarm_shared.bus.keys import EVENTS_KEPT, EVENTS_TTL_SECONDS, UPLOADS_KEPT
from evswarm_shared.bus.memory.store import MemoryStore


class ArchiveOperations:
    """See `registry_port.ArchiveBus`."""

    store: MemoryStore

    async def append_events(self, events: Sequence[tuple[str, StationEvent]]) -> None:
        """See `registry_port.ArchiveBus.append_events`."""
        store = self.store
        store.check()
        for station_id, event in events:
            kept = store.valid(store.events.get(station_id)) or []
            store.events[station_id] = store.lasting([*kept, event][-EVENTS_KEPT:], EVENTS_TTL_SECONDS)

    async def read_events(self, station_id: str) -> list[StationEvent]:
        """See `registry_port.ArchiveBus.read_events`."""
        self.store.check()
        return list(self.store.valid(self.store.events.get(station_id)) or ())

    async def write_upload_ticket(self, token: str, station_id: str, ttl_seconds: float) -> None:
        """See `registry_port.ArchiveBus.write_upload_ticket`."""
        self.store.check()
        self.store.upload_tickets[token] = self.store.lasting(station_id, ttl_seconds)

    async def read_upload_ticket(self, token: str) -> str | None:
        """See `registry_port.ArchiveBus.read_upload_ticket`."""
        self.store.check()
        return self.store.valid(self.store.upload_tickets.get(token))

    async def store_upload(
        self, record: UploadRecord, content: bytes, *, ttl_seconds: float, max_total_bytes: int
    ) -> int:
        """See `registry_port.ArchiveBus.store_upload`."""
        store = self.store
        self._prune()
        store.uploads.pop(record.upload_id, None)
        dropped = 0
        while store.uploads and (
            len(store.uploads) >= UPLOADS_KEPT
            or sum(kept.size for kept, _ in store.uploads.values()) + record.size > max_total_bytes
        ):
            del store.uploads[next(iter(store.uploads))]
            dropped += 1
        store.uploads[record.upload_id] = (record, store.lasting(content, ttl_seconds))
        return dropped

    async def list_uploads(self) -> list[UploadRecord]:
        """See `registry_port.ArchiveBus.list_uploads`."""
        self._prune()
        return [record for record, _ in reversed(self.store.uploads.values())]

    async def read_upload(self, upload_id: str) -> tuple[UploadRecord, bytes] | None:
        """See `registry_port.ArchiveBus.read_upload`."""
        self._prune()
        found = self.store.uploads.get(upload_id)
        return None if found is None else (found[0], found[1].value)

    async def delete_upload(self, upload_id: str) -> bool:
        """See `registry_port.ArchiveBus.delete_upload`."""
        self._prune()
        return self.store.uploads.pop(upload_id, None) is not None

    def _prune(self) -> None:
        store = self.store
        store.check()
        store.uploads = {
            upload_id: kept for upload_id, kept in store.uploads.items() if store.now() < kept[1].ends_at
        }
