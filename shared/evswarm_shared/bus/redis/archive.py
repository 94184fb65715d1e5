"""What happened at stations and the files they sent, on Redis."""

from collections.abc import Sequence

import msgspec

from evswarm_shared.bus.batches import in_batches
from evswarm_shared.bus.csms_records import StationEvent, UploadRecord
from evswarm_shared.bus.keys import EVENTS_KEPT, EVENTS_TTL_SECONDS, UPLOADS_KEPT, Keys
from evswarm_shared.bus.redis.encoding import encode, milliseconds
from evswarm_shared.bus.redis.link import Argument, Link
from evswarm_shared.bus.redis.scripts import load

_event = msgspec.json.Decoder(StationEvent)
_upload = msgspec.json.Decoder(UploadRecord)


class ArchiveOperations:
    """See `registry_port.ArchiveBus`."""

    _link: Link
    _keys: Keys

    async def append_events(self, events: Sequence[tuple[str, StationEvent]]) -> None:
        """See `registry_port.ArchiveBus.append_events`."""
        for batch in in_batches(events):
            arguments: list[Argument] = [EVENTS_KEPT, EVENTS_TTL_SECONDS]
            for station_id, event in batch:
                arguments += (station_id, encode(event))
            await self._link.call(load("append_events"), (self._keys.csms_events(""),), arguments)

    async def read_events(self, station_id: str) -> list[StationEvent]:
        """See `registry_port.ArchiveBus.read_events`."""
        stored = await self._link.execute("LRANGE", self._keys.csms_events(station_id), 0, -1)
        return [_event.decode(each) for each in stored]

    async def write_upload_ticket(self, token: str, station_id: str, ttl_seconds: float) -> None:
        """See `registry_port.ArchiveBus.write_upload_ticket`."""
        await self._link.execute(
            "SET", self._keys.csms_upload_ticket(token), station_id, "PX", milliseconds(ttl_seconds)
        )

    async def read_upload_ticket(self, token: str) -> str | None:
        """See `registry_port.ArchiveBus.read_upload_ticket`."""
        stored = await self._link.execute("GET", self._keys.csms_upload_ticket(token))
        return None if stored is None else stored.decode()

    async def store_upload(
        self, record: UploadRecord, content: bytes, *, ttl_seconds: float, max_total_bytes: int
    ) -> int:
        """See `registry_port.ArchiveBus.store_upload`."""
        dropped: int = await self._link.call(
            load("uploads", "store_upload"),
            self._upload_keys(),
            (
                record.upload_id,
                encode(record),
                record.size,
                content,
                milliseconds(ttl_seconds),
                max_total_bytes,
                UPLOADS_KEPT,
            ),
        )
        return dropped

    async def list_uploads(self) -> list[UploadRecord]:
        """See `registry_port.ArchiveBus.list_uploads`."""
        stored = await self._link.call(load("uploads", "list_uploads"), self._upload_keys())
        return [_upload.decode(each) for each in reversed(stored)]

    async def read_upload(self, upload_id: str) -> tuple[UploadRecord, bytes] | None:
        """See `registry_port.ArchiveBus.read_upload`."""
        stored = await self._link.call(load("read_upload"), self._upload_keys(), (upload_id,))
        return (_upload.decode(stored[0]), stored[1]) if stored else None

    async def delete_upload(self, upload_id: str) -> bool:
        """See `registry_port.ArchiveBus.delete_upload`."""
        gone = await self._link.call(load("uploads", "delete_upload"), self._upload_keys(), (upload_id,))
        return bool(gone)

    def _upload_keys(self) -> tuple[str, ...]:
        return (self._keys.csms_uploads, self._keys.csms_upload_order, self._keys.csms_upload(""))
