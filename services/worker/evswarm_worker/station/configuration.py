"""The configuration keys of a station: type, range, access and default (OCPP 1.6 §9), and the values of one station.

Only what was changed is kept per station; defaults are shared by all stations of a profile.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import cache
from typing import Final

import msgspec
from ocpp.v16.enums import ConfigurationKey, ConfigurationStatus, Measurand, Phase

from evswarm_worker.behaviour.profiles import Profile
from evswarm_worker.station.errors import StationError

_K = ConfigurationKey

UNBOUNDED: Final = 2**31 - 1


class Access(Enum):
    """What the central system may do with a key."""

    READ = auto()
    WRITE = auto()


class KeySpec(msgspec.Struct, frozen=True):
    """One key: its default, who may change it, whether a change waits for a reboot, and what it takes."""

    default: str
    accepts: Callable[[str], bool]
    access: Access = Access.WRITE
    reboot_required: bool = False


def _boolean(value: str) -> bool:
    return value.lower() in ("true", "false")


def _integer(least: int, most: int = UNBOUNDED) -> Callable[[str], bool]:
    def accepts(value: str) -> bool:
        return value.isascii() and value.isdigit() and len(value) <= 10 and least <= int(value) <= most

    return accepts


def split_list(value: str) -> tuple[str, ...]:
    """The items of a comma separated list."""
    return tuple(item.strip() for item in value.split(",") if item.strip())


PHASED: Final = frozenset((Measurand.voltage, Measurand.current_import, Measurand.power_active_import))
"""Measurands of which one phase alone can be asked for, as in `Voltage.L1` (OCPP 1.6 §3.16.3)."""

METERED: Final = frozenset(
    (
        *PHASED,
        Measurand.energy_active_import_register,
        Measurand.soc,
        Measurand.temperature,
        Measurand.power_offered,
        Measurand.current_offered,
    )
)
"""What the meter of a station can say."""

MEASURANDS_MAX_LENGTH: Final = 16
_PHASES: Final = frozenset((Phase.l1.value, Phase.l2.value, Phase.l3.value))


@cache
def measurand_of(item: str) -> tuple[Measurand, Phase | None] | None:
    """The measurand and phase that an item of a measurand list names; None when no meter of ours has it."""
    name, phase = item, None
    head, _, tail = item.rpartition(".")
    if tail in _PHASES:
        name, phase = head, Phase(tail)
    try:
        measurand = Measurand(name)
    except ValueError:
        return None
    if measurand not in METERED or (phase is not None and measurand not in PHASED):
        return None
    return measurand, phase


def _measurands(value: str) -> bool:
    items = split_list(value)
    return len(items) <= MEASURANDS_MAX_LENGTH and all(measurand_of(item) is not None for item in items)


def _nothing(value: str) -> bool:
    return not split_list(value)


_ROTATIONS: Final = frozenset(("NotApplicable", "Unknown", "RST", "RTS", "SRT", "STR", "TRS", "TSR"))


def _rotations(value: str) -> bool:
    items = split_list(value)
    return bool(items) and all(
        number.isdigit() and rotation in _ROTATIONS
        for number, _, rotation in (i.partition(".") for i in items)
    )


def _key(default: str, accepts: Callable[[str], bool]) -> KeySpec:
    return KeySpec(default, accepts)


def _fixed(value: str) -> KeySpec:
    return KeySpec(value, lambda _: False, Access.READ)


MAX_REQUESTED_KEYS: Final = 100

KEYS: Final[Mapping[str, KeySpec]] = {
    key.value: spec
    for key, spec in {
        _K.allow_offline_tx_for_unknown_id: _key("false", _boolean),
        _K.authorization_cache_enabled: _key("true", _boolean),
        _K.authorize_remote_tx_requests: _key("false", _boolean),
        _K.clock_aligned_data_interval: _key("0", _integer(0)),
        _K.connection_time_out: _key("120", _integer(1)),
        _K.connector_phase_rotation: _key("0.RST", _rotations),
        _K.connector_phase_rotation_max_length: _fixed("8"),
        _K.get_configuration_max_keys: _fixed(str(MAX_REQUESTED_KEYS)),
        _K.heartbeat_interval: _key("60", _integer(1)),
        _K.local_authorize_offline: _key("true", _boolean),
        _K.local_pre_authorize: _key("false", _boolean),
        _K.max_energy_on_invalid_id: _key("0", _integer(0)),
        _K.meter_values_aligned_data: _key("Energy.Active.Import.Register", _measurands),
        _K.meter_values_aligned_data_max_length: _fixed(str(MEASURANDS_MAX_LENGTH)),
        _K.meter_values_sampled_data: _key("", _measurands),
        _K.meter_values_sampled_data_max_length: _fixed(str(MEASURANDS_MAX_LENGTH)),
        _K.meter_value_sample_interval: _key("10", _integer(0)),
        _K.minimum_status_duration: _key("0", _integer(0)),
        _K.number_of_connectors: _fixed("1"),
        _K.reset_retries: _key("1", _integer(0)),
        _K.stop_transaction_on_ev_side_disconnect: _key("true", _boolean),
        _K.stop_transaction_on_invalid_id: _key("true", _boolean),
        _K.stop_txn_aligned_data: _key("", _nothing),
        _K.stop_txn_aligned_data_max_length: _fixed("0"),
        _K.stop_txn_sampled_data: _key("", _nothing),
        _K.stop_txn_sampled_data_max_length: _fixed("0"),
        _K.supported_feature_profiles: _fixed("Core,RemoteTrigger"),
        _K.supported_feature_profiles_max_length: _fixed("6"),
        _K.transaction_message_attempts: _key("3", _integer(1)),
        _K.transaction_message_retry_interval: _key("60", _integer(0)),
        _K.unlock_connector_on_ev_side_disconnect: _key("true", _boolean),
    }.items()
}
"""Every key of a station by name: the required and the supported optional ones of Core (OCPP 1.6 §9.1)."""

SAMPLED_BY_DEFAULT: Final = (
    Measurand.energy_active_import_register,
    Measurand.power_active_import,
    Measurand.voltage,
    Measurand.current_import,
    Measurand.soc,
)


@cache
def _defaults(profile: Profile, connectors: int) -> Mapping[str, str]:
    values = {name: spec.default for name, spec in KEYS.items()}
    rotation = "RST" if profile.phases == 3 else "NotApplicable"
    values[_K.number_of_connectors.value] = str(connectors)
    values[_K.meter_value_sample_interval.value] = str(profile.meter_interval_seconds)
    values[_K.meter_values_sampled_data.value] = ",".join(m.value for m in SAMPLED_BY_DEFAULT)
    values[_K.connector_phase_rotation.value] = ",".join(f"{n}.{rotation}" for n in range(connectors + 1))
    return values


class Configuration:
    """The values of one station. Values are texts as on the wire; a changed key outlives reboots."""

    __slots__ = ("_defaults", "changes")

    def __init__(self, profile: Profile, connectors: int) -> None:
        self._defaults = _defaults(profile, connectors)
        self.changes: dict[str, str] | None = None

    def override(self, values: Mapping[str, str]) -> None:
        """Preset values, as an operator would before delivery; fixed keys may be set too.

        Raises:
            StationError: there is no such key, or it does not take the value.
        """
        for key, value in values.items():
            spec = KEYS.get(key)
            if spec is None or (spec.access is Access.WRITE and not spec.accepts(value)):
                raise StationError(f"configuration key {key!r} cannot be {value!r}")
            self._store(key, value)

    def change(self, key: str, value: str) -> ConfigurationStatus:
        """Do what ChangeConfiguration asks (OCPP 1.6 §5.3)."""
        spec = KEYS.get(key)
        if spec is None:
            return ConfigurationStatus.not_supported
        if spec.access is Access.READ or not spec.accepts(value):
            return ConfigurationStatus.rejected
        self._store(key, value)
        return ConfigurationStatus.reboot_required if spec.reboot_required else ConfigurationStatus.accepted

    def text(self, key: ConfigurationKey) -> str:
        """The value as it is on the wire."""
        if self.changes is not None:
            value = self.changes.get(key)
            if value is not None:
                return value
        return self._defaults[key]

    def integer(self, key: ConfigurationKey) -> int:
        """The value of a key that takes whole numbers."""
        return int(self.text(key))

    def flag(self, key: ConfigurationKey) -> bool:
        """The value of a key that takes true or false."""
        return self.text(key).lower() == "true"

    def _store(self, key: str, value: str) -> None:
        if self.changes is None:
            self.changes = {}
        if self._defaults[key] == value:
            self.changes.pop(key, None)
        else:
            self.changes[key] = value
