"""What an operator decides, on Redis."""

from collections.abc import Sequence

import msgspec

from evswarm_shared.bus.batches import in_batches
from evswarm_shared.bus.csms_records import BootRule, ConfigurationReport, StationRegistration
from evswarm_shared.bus.keys import Keys
from evswarm_shared.bus.messages import IdTagRecord
from evswarm_shared.bus.redis.encoding import encode
from evswarm_shared.bus.redis.link import Argument, Link
from evswarm_shared.bus.redis.scripts import load
from evswarm_shared.bus.tags import tag_key

_registration = msgspec.json.Decoder(StationRegistration)
_report = msgspec.json.Decoder(ConfigurationReport)
_rules = msgspec.json.Decoder(tuple[BootRule, ...])
_tag = msgspec.json.Decoder(IdTagRecord)
_wishes = msgspec.json.Decoder(dict[str, str])


class RegistryOperations:
    """See `registry_port.RegistryBus`."""

    _link: Link
    _keys: Keys

    async def read_tag(self, id_tag: str) -> IdTagRecord | None:
        """See `registry_port.RegistryBus.read_tag`."""
        stored = await self._link.execute("HGET", self._keys.csms_tags, tag_key(id_tag))
        return None if stored is None else _tag.decode(stored)

    async def write_tag(self, record: IdTagRecord) -> None:
        """See `registry_port.RegistryBus.write_tag`."""
        await self.write_tags((record,))

    async def write_tags(self, records: Sequence[IdTagRecord]) -> None:
        """See `registry_port.RegistryBus.write_tags`."""
        for batch in in_batches(records):
            arguments: list[Argument] = []
            for record in batch:
                arguments += (tag_key(record.id_tag), encode(record))
            await self._link.execute("HSET", self._keys.csms_tags, *arguments)

    async def delete_tag(self, id_tag: str) -> bool:
        """See `registry_port.RegistryBus.delete_tag`."""
        return bool(await self._link.execute("HDEL", self._keys.csms_tags, tag_key(id_tag)))

    async def list_tags(self) -> list[IdTagRecord]:
        """See `registry_port.RegistryBus.list_tags`."""
        stored = await self._link.execute("HVALS", self._keys.csms_tags)
        return sorted((_tag.decode(each) for each in stored), key=lambda record: tag_key(record.id_tag))

    async def known_stations(self) -> list[str]:
        """See `registry_port.RegistryBus.known_stations`."""
        booted = await self._link.execute("HKEYS", self._keys.csms_stations)
        registered = await self._link.execute("HKEYS", self._keys.csms_registrations)
        return sorted({station_id.decode() for station_id in (*booted, *registered)})

    async def read_registrations(self, station_ids: Sequence[str]) -> list[StationRegistration | None]:
        """See `registry_port.RegistryBus.read_registrations`."""
        found: list[StationRegistration | None] = []
        for batch in in_batches(station_ids):
            reply = await self._link.execute("HMGET", self._keys.csms_registrations, *batch)
            found += (None if stored is None else _registration.decode(stored) for stored in reply)
        return found

    async def write_registration(self, registration: StationRegistration) -> None:
        """See `registry_port.RegistryBus.write_registration`."""
        await self._link.execute(
            "HSET", self._keys.csms_registrations, registration.station_id, encode(registration)
        )

    async def count_registrations(self) -> int:
        """See `registry_port.RegistryBus.count_registrations`."""
        count: int = await self._link.execute("HLEN", self._keys.csms_registrations)
        return count

    async def forget_station(self, station_id: str) -> bool:
        """See `registry_port.RegistryBus.forget_station`."""
        keys = self._keys
        gone = await self._link.call(
            load("forget_in_hashes"),
            (keys.csms_registrations, keys.csms_stations, keys.csms_wishes, keys.csms_configuration_reports),
            (station_id,),
        )
        return bool(gone)

    async def read_boot_rules(self) -> tuple[BootRule, ...]:
        """See `registry_port.RegistryBus.read_boot_rules`."""
        stored = await self._link.execute("GET", self._keys.csms_boot_rules)
        return () if stored is None else _rules.decode(stored)

    async def write_boot_rules(self, rules: Sequence[BootRule]) -> None:
        """See `registry_port.RegistryBus.write_boot_rules`."""
        await self._link.execute("SET", self._keys.csms_boot_rules, msgspec.json.encode(tuple(rules)))

    async def read_configuration_wishes(self, station_id: str) -> dict[str, str]:
        """See `registry_port.RegistryBus.read_configuration_wishes`."""
        stored = await self._link.execute("HGET", self._keys.csms_wishes, station_id)
        return {} if stored is None else _wishes.decode(stored)

    async def write_configuration_wishes(self, station_id: str, wishes: dict[str, str]) -> None:
        """See `registry_port.RegistryBus.write_configuration_wishes`."""
        keys = self._keys
        await self._link.call(
            load("write_wishes"),
            (keys.csms_wishes, keys.csms_configuration_reports),
            (station_id, msgspec.json.encode(wishes) if wishes else b""),
        )

    async def read_configuration_report(self, station_id: str) -> ConfigurationReport | None:
        """See `registry_port.RegistryBus.read_configuration_report`."""
        stored = await self._link.execute("HGET", self._keys.csms_configuration_reports, station_id)
        return None if stored is None else _report.decode(stored)

    async def write_configuration_report(self, station_id: str, report: ConfigurationReport) -> None:
        """See `registry_port.RegistryBus.write_configuration_report`."""
        await self._link.execute("HSET", self._keys.csms_configuration_reports, station_id, encode(report))
