"""What each configuration key of the standard takes (OCPP 1.6 §9, its errata, security whitepaper §7).

Here because a station and whoever creates one must agree on it. Values are texts, as on the wire.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from ocpp.v16.enums import ConfigurationKey, Measurand, Phase

# Defined by the errata alone (§3.83, §3.90, §3.91), so the `ocpp` package has no names for them.
MESSAGE_TIMEOUT: Final = "MessageTimeout"
FILE_TRANSFER_PROTOCOLS: Final = "SupportedFileTransferProtocols"
STOP_TRANSACTION_MAX_METER_VALUES: Final = "StopTransactionMaxMeterValues"

UNBOUNDED: Final = 2**31 - 1
MEASURANDS_MAX_LENGTH: Final = 16


class ValueRule(NamedTuple):
    """Which values a key takes; `wants` says it in words, as in "takes …".

    Every text that `pattern` matches is accepted; it is for descriptions, and leaves out odd ones that would do too.
    """

    accepts: Callable[[str], bool]
    wants: str
    pattern: str


def whole(least: int, most: int = UNBOUNDED) -> ValueRule:
    """Whole numbers within these bounds, in decimal digits."""

    def accepts(value: str) -> bool:
        return value.isascii() and value.isdigit() and len(value) <= 10 and least <= int(value) <= most

    if most == UNBOUNDED:
        pattern = "[1-9][0-9]{0,8}" if least else "0|[1-9][0-9]{0,8}"
    else:
        pattern = "|".join(map(str, range(least, most + 1)))
    return ValueRule(accepts, f"a whole number from {least} to {most}", f"^({pattern})$")


def rule_like(value: str) -> ValueRule:
    """What a key takes of which only an example is known: true or false, a whole number from 0, or a text."""
    if BOOLEAN.accepts(value):
        return BOOLEAN
    return WHOLE if value.isascii() and value.isdigit() else TEXT


def split_list(value: str) -> tuple[str, ...]:
    """The items of a comma separated list."""
    return tuple(item.strip() for item in value.split(",") if item.strip())


BETWEEN_PHASES: Final = frozenset((Phase.l1_l2, Phase.l2_l3, Phase.l3_l1))
_EACH_PHASE: Final = frozenset((Phase.l1, Phase.l2, Phase.l3, Phase.l1_n, Phase.l2_n, Phase.l3_n))
_UNPHASED: Final = frozenset((Measurand.soc, Measurand.temperature, Measurand.rpm, Measurand.frequency))
"""What a phase alone does not have."""
_PHASES: Final = frozenset(phase.value for phase in Phase)


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
    if phase is None or phase in _phases_of(measurand):
        return measurand, phase
    return None


def _phases_of(measurand: Measurand) -> frozenset[Phase]:
    """The phases of which a measurand can be asked for alone, as in `Voltage.L1` (OCPP 1.6 §3.16.3)."""
    if measurand in _UNPHASED:
        return frozenset()
    if measurand is Measurand.voltage:
        return _EACH_PHASE | BETWEEN_PHASES
    if measurand in (Measurand.current_import, Measurand.current_export):
        return _EACH_PHASE | {Phase.n}
    return _EACH_PHASE


def _measurands(value: str) -> bool:
    items = split_list(value)
    return len(items) <= MEASURANDS_MAX_LENGTH and all(measurand_of(item) is not None for item in items)


_ROTATIONS: Final = ("NotApplicable", "Unknown", "RST", "RTS", "SRT", "STR", "TRS", "TSR")


def _rotations(value: str) -> bool:
    items = split_list(value)
    return bool(items) and all(
        number.isdigit() and rotation in _ROTATIONS
        for number, _, rotation in (item.partition(".") for item in items)
    )


_NAMES: Final = "|".join(re.escape(measurand.value) for measurand in Measurand)

BOOLEAN: Final = ValueRule(
    lambda value: value.lower() in ("true", "false"), "true or false", "^(true|false)$"
)
WHOLE: Final = whole(0)
TEXT: Final = ValueRule(bool, "a text that is not empty", "^[ -~]+$")
MEASURANDS: Final = ValueRule(
    _measurands,
    f"at most {MEASURANDS_MAX_LENGTH} measurands of OCPP 1.6 separated by commas, each with a phase or none (Voltage.L1)",
    f"^(({_NAMES})(,({_NAMES})){{0,{MEASURANDS_MAX_LENGTH - 1}}})?$",
)
ROTATIONS: Final = ValueRule(
    _rotations,
    f"connector.rotation pairs separated by commas (1.RST), with {', '.join(_ROTATIONS)}",
    f"^[0-9]\\.({'|'.join(_ROTATIONS)})$",
)
PASSWORD: Final = ValueRule(
    lambda value: 16 <= len(value) <= 40 and value.isascii() and value.isprintable(),
    "16 to 40 printable ASCII characters",
    "^[ -~]{16,40}$",
)
"""At least 16 bytes, as text or up to 40 hexadecimal digits (A00.FR.205)."""
ORGANIZATION: Final = ValueRule(
    lambda value: 1 <= len(value) <= 64 and value.isprintable(),
    "1 to 64 printable characters",
    "^[ -~]{1,64}$",
)
"""What fits into an organizationName (RFC 5280, upper bound 64)."""

_K = ConfigurationKey

RULES: Final[Mapping[str, ValueRule]] = MappingProxyType(
    {
        str(key): rule
        for key, rule in {
            _K.additional_root_certificate_check: BOOLEAN,
            _K.allow_offline_tx_for_unknown_id: BOOLEAN,
            _K.authorization_key: PASSWORD,
            _K.authorization_cache_enabled: BOOLEAN,
            _K.authorize_remote_tx_requests: BOOLEAN,
            _K.certificate_signed_max_chain_size: WHOLE,
            _K.certificate_store_max_length: WHOLE,
            _K.clock_aligned_data_interval: WHOLE,
            _K.connection_time_out: whole(1),
            _K.connector_phase_rotation: ROTATIONS,
            _K.connector_phase_rotation_max_length: WHOLE,
            _K.cpo_name: ORGANIZATION,
            _K.get_configuration_max_keys: WHOLE,
            _K.heartbeat_interval: whole(1),
            _K.local_authorize_offline: BOOLEAN,
            _K.local_pre_authorize: BOOLEAN,
            _K.max_energy_on_invalid_id: WHOLE,
            MESSAGE_TIMEOUT: whole(1),
            _K.meter_values_aligned_data: MEASURANDS,
            _K.meter_values_aligned_data_max_length: WHOLE,
            _K.meter_values_sampled_data: MEASURANDS,
            _K.meter_values_sampled_data_max_length: WHOLE,
            _K.meter_value_sample_interval: WHOLE,
            _K.minimum_status_duration: WHOLE,
            _K.number_of_connectors: WHOLE,
            _K.reset_retries: WHOLE,
            _K.security_profile: whole(0, 3),
            FILE_TRANSFER_PROTOCOLS: TEXT,
            STOP_TRANSACTION_MAX_METER_VALUES: WHOLE,
            _K.stop_transaction_on_ev_side_disconnect: BOOLEAN,
            _K.stop_transaction_on_invalid_id: BOOLEAN,
            _K.stop_txn_aligned_data: MEASURANDS,
            _K.stop_txn_aligned_data_max_length: WHOLE,
            _K.stop_txn_sampled_data: MEASURANDS,
            _K.stop_txn_sampled_data_max_length: WHOLE,
            _K.supported_feature_profiles: TEXT,
            _K.supported_feature_profiles_max_length: WHOLE,
            _K.transaction_message_attempts: whole(1),
            _K.transaction_message_retry_interval: WHOLE,
            _K.unlock_connector_on_ev_side_disconnect: BOOLEAN,
            _K.web_socket_ping_interval: WHOLE,
            _K.blink_repeat: whole(0, 100),
            _K.light_intensity: whole(0, 100),
            _K.local_auth_list_enabled: BOOLEAN,
            _K.local_auth_list_max_length: WHOLE,
            _K.send_local_list_max_length: WHOLE,
            _K.reserve_connector_zero_supported: BOOLEAN,
            _K.charge_profile_max_stack_level: WHOLE,
            _K.charging_schedule_allowed_charging_rate_unit: TEXT,
            _K.charging_schedule_max_periods: WHOLE,
            _K.connector_switch_3to1_phase_supported: BOOLEAN,
            _K.max_charging_profiles_installed: WHOLE,
        }.items()
    }
)
"""The standard keys that our stations have, and what each takes."""
