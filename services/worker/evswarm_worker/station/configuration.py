"""The configuration keys of a station: access and default (OCPP 1.6 §9), and the values of one station.

A profile may add keys of the maker's own. Only what was changed is kept per station; defaults are shared by all
stations of a profile.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import cache
from typing import Final

import msgspec
from ocpp.v16.enums import ConfigurationKey, ConfigurationStatus, Measurand

from evswarm_shared.ocpp16.configuration_values import (
    FILE_TRANSFER_PROTOCOLS,
    MEASURANDS_MAX_LENGTH,
    MESSAGE_TIMEOUT,
    RULES,
    STOP_TRANSACTION_MAX_METER_VALUES,
    rule_like,
)
from evswarm_worker.behaviour.profiles import CurrentKind, Profile
from evswarm_worker.station.errors import StationError

_K = ConfigurationKey

DEFAULT_PING_SECONDS: Final = 60
"""The WebSocketPingInterval of a station that nobody gave another; it then pings only when nothing else is heard."""
CERTIFICATE_STORE_LENGTH: Final = 8
CERTIFICATE_CHAIN_CHARACTERS: Final = 10_000


class Access(Enum):
    """What the central system may do with a key."""

    READ = auto()
    WRITE = auto()
    WRITE_ONLY = auto()
    """It can be set and is never told."""


class KeySpec(msgspec.Struct, frozen=True):
    """One key: its default, who may change it, whether a change waits for a reboot, and what it takes."""

    default: str
    accepts: Callable[[str], bool]
    access: Access = Access.WRITE
    reboot_required: bool = False


def _key(default: str) -> tuple[str, Access]:
    return default, Access.WRITE


def _fixed(value: str) -> tuple[str, Access]:
    """A key that only the maker sets."""
    return value, Access.READ


MAX_REQUESTED_KEYS: Final = 100
DEFAULT_MESSAGE_TIMEOUT: Final = 30
STOP_METER_VALUES_KEPT: Final = 120

LOCAL_LIST_MAX_LENGTH: Final = 1000
SEND_LOCAL_LIST_MAX_LENGTH: Final = 250
MAX_STACK_LEVEL: Final = 10
MAX_SCHEDULE_PERIODS: Final = 50
MAX_PROFILES_INSTALLED: Final = 20

KEYS: Final[Mapping[str, KeySpec]] = {
    str(key): KeySpec(default, RULES[str(key)].accepts, access)
    for key, (default, access) in {
        _K.additional_root_certificate_check: _fixed("false"),
        _K.allow_offline_tx_for_unknown_id: _key("false"),
        _K.authorization_key: ("", Access.WRITE_ONLY),
        _K.authorization_cache_enabled: _key("true"),
        _K.authorize_remote_tx_requests: _key("false"),
        _K.certificate_signed_max_chain_size: _fixed(str(CERTIFICATE_CHAIN_CHARACTERS)),
        _K.certificate_store_max_length: _fixed(str(CERTIFICATE_STORE_LENGTH)),
        _K.clock_aligned_data_interval: _key("0"),
        _K.connection_time_out: _key("120"),
        _K.connector_phase_rotation: _key("0.RST"),
        _K.connector_phase_rotation_max_length: _fixed("8"),
        _K.cpo_name: _key("evswarm"),
        _K.get_configuration_max_keys: _fixed(str(MAX_REQUESTED_KEYS)),
        _K.heartbeat_interval: _key("60"),
        _K.local_authorize_offline: _key("true"),
        _K.local_pre_authorize: _key("false"),
        _K.max_energy_on_invalid_id: _key("0"),
        MESSAGE_TIMEOUT: _key(str(DEFAULT_MESSAGE_TIMEOUT)),
        _K.meter_values_aligned_data: _key("Energy.Active.Import.Register"),
        _K.meter_values_aligned_data_max_length: _fixed(str(MEASURANDS_MAX_LENGTH)),
        _K.meter_values_sampled_data: _key(""),
        _K.meter_values_sampled_data_max_length: _fixed(str(MEASURANDS_MAX_LENGTH)),
        _K.meter_value_sample_interval: _key("10"),
        _K.minimum_status_duration: _key("0"),
        _K.number_of_connectors: _fixed("1"),
        _K.reset_retries: _key("1"),
        _K.security_profile: _key("0"),
        FILE_TRANSFER_PROTOCOLS: _fixed("FTP,FTPS,HTTP,HTTPS"),
        STOP_TRANSACTION_MAX_METER_VALUES: _fixed(str(STOP_METER_VALUES_KEPT)),
        _K.stop_transaction_on_ev_side_disconnect: _key("true"),
        _K.stop_transaction_on_invalid_id: _key("true"),
        _K.stop_txn_aligned_data: _key(""),
        _K.stop_txn_aligned_data_max_length: _fixed(str(MEASURANDS_MAX_LENGTH)),
        _K.stop_txn_sampled_data: _key(""),
        _K.stop_txn_sampled_data_max_length: _fixed(str(MEASURANDS_MAX_LENGTH)),
        _K.supported_feature_profiles: _fixed(
            "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"
        ),
        _K.supported_feature_profiles_max_length: _fixed("6"),
        _K.transaction_message_attempts: _key("3"),
        _K.transaction_message_retry_interval: _key("60"),
        _K.unlock_connector_on_ev_side_disconnect: _key("true"),
        _K.web_socket_ping_interval: _key(str(DEFAULT_PING_SECONDS)),
        _K.blink_repeat: _key("3"),
        _K.light_intensity: _key("100"),
        _K.local_auth_list_enabled: _key("true"),
        _K.local_auth_list_max_length: _fixed(str(LOCAL_LIST_MAX_LENGTH)),
        _K.send_local_list_max_length: _fixed(str(SEND_LOCAL_LIST_MAX_LENGTH)),
        _K.reserve_connector_zero_supported: _fixed("true"),
        _K.charge_profile_max_stack_level: _fixed(str(MAX_STACK_LEVEL)),
        _K.charging_schedule_allowed_charging_rate_unit: _fixed("Current,Power"),
        _K.charging_schedule_max_periods: _fixed(str(MAX_SCHEDULE_PERIODS)),
        _K.connector_switch_3to1_phase_supported: _fixed("true"),
        _K.max_charging_profiles_installed: _fixed(str(MAX_PROFILES_INSTALLED)),
    }.items()
}
"""Every standard key by name: the required and the supported optional ones (OCPP 1.6 §9)."""

SAMPLED_BY_DEFAULT: Final = (
    Measurand.energy_active_import_register,
    Measurand.power_active_import,
    Measurand.voltage,
    Measurand.current_import,
    Measurand.soc,
)


def _spellings(keys: Mapping[str, KeySpec]) -> Mapping[str, str]:
    return {name.casefold(): name for name in keys}


@cache
def _keys(profile: Profile) -> Mapping[str, KeySpec]:
    """Every key of the stations of a profile, the maker's own ones last; one shared mapping."""
    if not profile.vendor_keys and not profile.fixed_cable:
        return KEYS
    keys = dict(KEYS)
    if profile.fixed_cable:
        unlock = str(_K.unlock_connector_on_ev_side_disconnect)
        keys[unlock] = KeySpec("false", keys[unlock].accepts, Access.READ)
    standard = _spellings(KEYS)
    for key in profile.vendor_keys:
        if key.name.casefold() in standard:
            raise StationError(f"{key.name!r} is a key of the standard: profile {profile.name} cannot add it")
        access = Access.READ if key.readonly else Access.WRITE
        accepts = rule_like(key.default).accepts
        keys[key.name] = KeySpec(key.default, accepts, access, key.reboot_required)
    return keys


@cache
def _names(profile: Profile) -> Mapping[str, str]:
    return _spellings(_keys(profile))


@cache
def _defaults(
    profile: Profile, connectors: int, security_profile: int, message_timeout: int
) -> Mapping[str, str]:
    values = {name: spec.default for name, spec in _keys(profile).items()}
    rotation = "RST" if profile.phases == 3 else "NotApplicable"
    values[_K.number_of_connectors.value] = str(connectors)
    if profile.current is CurrentKind.DC:
        values[_K.charging_schedule_allowed_charging_rate_unit.value] = "Power"
    if profile.phases != 3 or profile.current is CurrentKind.DC:
        values[_K.connector_switch_3to1_phase_supported.value] = "false"
    values[MESSAGE_TIMEOUT] = str(message_timeout)
    values[_K.security_profile.value] = str(security_profile)
    values[_K.meter_value_sample_interval.value] = str(profile.meter_interval_seconds)
    values[_K.meter_values_sampled_data.value] = ",".join(m.value for m in SAMPLED_BY_DEFAULT)
    values[_K.connector_phase_rotation.value] = ",".join(f"{n}.{rotation}" for n in range(connectors + 1))
    return values


class Configuration:
    """The values of one station. Values are texts as on the wire; a changed key outlives reboots.

    Keys are spelt as in `keys`, which is what `name_of` makes of somebody else's spelling.
    """

    __slots__ = ("_defaults", "_names", "changes", "keys")

    def __init__(
        self,
        profile: Profile,
        connectors: int,
        security_profile: int = 0,
        message_timeout: int = DEFAULT_MESSAGE_TIMEOUT,
    ) -> None:
        """`message_timeout`: what MessageTimeout is as long as nobody changes it, in s."""
        self.keys = _keys(profile)
        self._names = _names(profile)
        self._defaults = _defaults(profile, connectors, security_profile, message_timeout)
        self.changes: dict[str, str] | None = None

    def name_of(self, key: str) -> str | None:
        """The key as the station spells it; None when there is no such key. Case does not matter (OCPP 1.6 §7.17)."""
        return key if key in self.keys else self._names.get(key.casefold())

    def override(self, values: Mapping[str, str]) -> None:
        """Preset values, as an operator would before delivery; fixed keys may be set too.

        Raises:
            StationError: there is no such key, or it does not take the value.
        """
        for key, value in values.items():
            name = self.name_of(key)
            if name is None:
                raise StationError(f"there is no configuration key {key!r}")
            if not self.keys[name].accepts(value):
                raise StationError(self.misfit(name, value))
            self._store(name, value)

    def misfit(self, key: str, value: str) -> str:
        """What is wrong with a value that the key does not take; a password is not repeated."""
        rule = RULES.get(key) or rule_like(self.keys[key].default)
        given = "" if key == _K.authorization_key else f", not {value!r}"
        return f"configuration key {key} takes {rule.wants}{given}"

    def change(self, key: str, value: str) -> ConfigurationStatus:
        """Do what ChangeConfiguration asks (OCPP 1.6 §5.3)."""
        spec = self.keys.get(key)
        if spec is None:
            return ConfigurationStatus.not_supported
        if spec.access is Access.READ or not spec.accepts(value):
            return ConfigurationStatus.rejected
        self._store(key, value)
        return ConfigurationStatus.reboot_required if spec.reboot_required else ConfigurationStatus.accepted

    def put(self, key: str, value: str) -> None:
        """Set a key by the station's own doing to a value that it takes."""
        self._store(key, value)

    def text(self, key: str) -> str:
        """The value as it is on the wire."""
        if self.changes is not None:
            value = self.changes.get(key)
            if value is not None:
                return value
        return self._defaults[key]

    def integer(self, key: str) -> int:
        """The value of a key that takes whole numbers."""
        return int(self.text(key))

    def flag(self, key: str) -> bool:
        """The value of a key that takes true or false."""
        return self.text(key).lower() == "true"

    def is_changed(self, key: str) -> bool:
        """Whether the key has another value than its default."""
        return self.changes is not None and key in self.changes

    def _store(self, key: str, value: str) -> None:
        if self.changes is None:
            self.changes = {}
        if self._defaults[key] == value:
            self.changes.pop(key, None)
        else:
            self.changes[key] = value
