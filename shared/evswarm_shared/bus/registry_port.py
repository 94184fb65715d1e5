"""The operations that the central system and the API for its operator share. What `port` says of its own holds here.

`port.Bus` includes them.
"""

from collections.abc import Sequence
from typing import Protocol

from evswarm_shared.bus.csms_records import (
    BootRule,
    ConfigurationReport,
    StationEvent,
    StationRegistration,
    UploadRecord,
)
from evswarm_shared.bus.messages import IdTagRecord


class RegistryBus(Protocol):
    """What an operator decides: tags, registered stations, boot rules, configuration wishes."""

    async def read_tag(self, id_tag: str) -> IdTagRecord | None:
        """An entry of the authorisation list, however the tag is spelled."""
        ...

    async def write_tag(self, record: IdTagRecord) -> None:
        """Store an entry of the authorisation list; it replaces one whose tag differs in case only."""
        ...

    async def write_tags(self, records: Sequence[IdTagRecord]) -> None:
        """Store many entries of the authorisation list."""
        ...

    async def delete_tag(self, id_tag: str) -> bool:
        """Take an entry from the authorisation list; False when there is none."""
        ...

    async def list_tags(self) -> list[IdTagRecord]:
        """The authorisation list, by tag."""
        ...

    async def known_stations(self) -> list[str]:
        """The ids of all stations that are registered or have ever booted, in order."""
        ...

    async def read_registrations(self, station_ids: Sequence[str]) -> list[StationRegistration | None]:
        """The registrations of many stations, in the order given."""
        ...

    async def write_registration(self, registration: StationRegistration) -> None:
        """Register a station, or change its registration."""
        ...

    async def count_registrations(self) -> int:
        """How many stations are registered."""
        ...

    async def forget_station(self, station_id: str) -> bool:
        """Drop a station's registration, record and configuration wishes; False when there are none."""
        ...

    async def read_boot_rules(self) -> tuple[BootRule, ...]:
        """The rules for BootNotification, in their order."""
        ...

    async def write_boot_rules(self, rules: Sequence[BootRule]) -> None:
        """Replace the rules for BootNotification."""
        ...

    async def read_configuration_wishes(self, station_id: str) -> dict[str, str]:
        """The configuration that a station should have, by key."""
        ...

    async def write_configuration_wishes(self, station_id: str, wishes: dict[str, str]) -> None:
        """Replace a station's configuration wishes and forget the report on the earlier ones."""
        ...

    async def read_configuration_report(self, station_id: str) -> ConfigurationReport | None:
        """What became of a station's wishes; None before they were applied."""
        ...

    async def write_configuration_report(self, station_id: str, report: ConfigurationReport) -> None:
        """Store what became of a station's wishes."""
        ...


class ArchiveBus(Protocol):
    """What happened at stations, and the files that they sent."""

    async def append_events(self, events: Sequence[tuple[str, StationEvent]]) -> None:
        """Add (station id, event) pairs, in their order; of each station the last EVENTS_KEPT are kept.

        Repeated after a time-out this may add them twice.
        """
        ...

    async def read_events(self, station_id: str) -> list[StationEvent]:
        """A station's events, newest last."""
        ...

    async def write_upload_ticket(self, token: str, station_id: str, ttl_seconds: float) -> None:
        """Let whoever knows `token` store files of this station, for this long."""
        ...

    async def read_upload_ticket(self, token: str) -> str | None:
        """The station whose files may be stored with this token."""
        ...

    async def store_upload(
        self, record: UploadRecord, content: bytes, *, ttl_seconds: float, max_total_bytes: int
    ) -> int:
        """Store a file for this long; return how many of the oldest had to go.

        At most UPLOADS_KEPT files and `max_total_bytes` are kept, the new one in any case.
        """
        ...

    async def list_uploads(self) -> list[UploadRecord]:
        """The files that are kept, newest first."""
        ...

    async def read_upload(self, upload_id: str) -> tuple[UploadRecord, bytes] | None:
        """A file and its content."""
        ...

    async def delete_upload(self, upload_id: str) -> bool:
        """Drop a file; False when there is none."""
        ...
