"""What an operator decides, in memory."""

from collections.abc import Sequence

from evswarm_shared.bus.csms_records import BootRule, ConfigurationReport, StationRegistration
from evswarm_shared.bus.memory.store import MemoryStore
from evswarm_shared.bus.messages import IdTagRecord
from evswarm_shared.bus.tags import tag_key


class RegistryOperations:
    """See `registry_port.RegistryBus`."""

    store: MemoryStore

    async def read_tag(self, id_tag: str) -> IdTagRecord | None:
        """See `registry_port.RegistryBus.read_tag`."""
        self.store.check()
        return self.store.csms_tags.get(tag_key(id_tag))

    async def write_tag(self, record: IdTagRecord) -> None:
        """See `registry_port.RegistryBus.write_tag`."""
        await self.write_tags((record,))

    async def write_tags(self, records: Sequence[IdTagRecord]) -> None:
        """See `registry_port.RegistryBus.write_tags`."""
        self.store.check()
        self.store.csms_tags.update((tag_key(record.id_tag), record) for record in records)

    async def delete_tag(self, id_tag: str) -> bool:
        """See `registry_port.RegistryBus.delete_tag`."""
        self.store.check()
        return self.store.csms_tags.pop(tag_key(id_tag), None) is not None

    async def list_tags(self) -> list[IdTagRecord]:
        """See `registry_port.RegistryBus.list_tags`."""
        self.store.check()
        return [record for _, record in sorted(self.store.csms_tags.items())]

    async def known_stations(self) -> list[str]:
        """See `registry_port.RegistryBus.known_stations`."""
        self.store.check()
        return sorted(self.store.csms_stations.keys() | self.store.registrations.keys())

    async def read_registrations(self, station_ids: Sequence[str]) -> list[StationRegistration | None]:
        """See `registry_port.RegistryBus.read_registrations`."""
        self.store.check()
        return [self.store.registrations.get(station_id) for station_id in station_ids]

    async def write_registration(self, registration: StationRegistration) -> None:
        """See `registry_port.RegistryBus.write_registration`."""
        self.store.check()
        self.store.registrations[registration.station_id] = registration

    async def count_registrations(self) -> int:
        """See `registry_port.RegistryBus.count_registrations`."""
        self.store.check()
        return len(self.store.registrations)

    async def forget_station(self, station_id: str) -> bool:
        """See `registry_port.RegistryBus.forget_station`."""
        store = self.store
        store.check()
        gone = [
            kept.pop(station_id, None)
            for kept in (store.registrations, store.csms_stations, store.wishes, store.configuration_reports)
        ]
        return any(each is not None for each in gone)

    async def read_boot_rules(self) -> tuple[BootRule, ...]:
        """See `registry_port.RegistryBus.read_boot_rules`."""
        self.store.check()
        return self.store.boot_rules

    async def write_boot_rules(self, rules: Sequence[BootRule]) -> None:
        """See `registry_port.RegistryBus.write_boot_rules`."""
        self.store.check()
        self.store.boot_rules = tuple(rules)

    async def read_configuration_wishes(self, station_id: str) -> dict[str, str]:
        """See `registry_port.RegistryBus.read_configuration_wishes`."""
        self.store.check()
        return dict(self.store.wishes.get(station_id, {}))

    async def write_configuration_wishes(self, station_id: str, wishes: dict[str, str]) -> None:
        """See `registry_port.RegistryBus.write_configuration_wishes`."""
        store = self.store
        store.check()
        store.configuration_reports.pop(station_id, None)
        store.wishes.pop(station_id, None)
        if wishes:
            store.wishes[station_id] = dict(wishes)

    async def read_configuration_report(self, station_id: str) -> ConfigurationReport | None:
        """See `registry_port.RegistryBus.read_configuration_report`."""
        self.store.check()
        return self.store.configuration_reports.get(station_id)

    async def write_configuration_report(self, station_id: str, report: ConfigurationReport) -> None:
        """See `registry_port.RegistryBus.write_configuration_report`."""
        self.store.check()
        self.store.configuration_reports[station_id] = report
