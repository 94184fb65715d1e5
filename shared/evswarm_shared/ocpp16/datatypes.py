"""The types that OCPP 1.6 messages are made of (OCPP 1.6 §7), beside the enums of `ocpp.v16.enums`.

An optional field that is absent is `UNSET`: the wire has no null. Lengths are characters.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from ocpp.v16.enums import (
    AuthorizationStatus,
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    HashAlgorithm,
    Location,
    Measurand,
    Phase,
    ReadingContext,
    RecurrencyKind,
    ValueFormat,
)

from evswarm_shared.ocpp16.timestamps import Timestamp

Integer = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
"""An integer that every JSON peer holds exactly (RFC 8259 §6)."""

IdToken = Annotated[str, Meta(max_length=20)]
CiString20 = Annotated[str, Meta(max_length=20)]
CiString25 = Annotated[str, Meta(max_length=25)]
CiString50 = Annotated[str, Meta(max_length=50)]
CiString255 = Annotated[str, Meta(max_length=255)]
CiString500 = Annotated[str, Meta(max_length=500)]


class UnitOfMeasure(StrEnum):
    """OCPP 1.6 §7.45, with the second spelling that the errata ask receivers to take, and the unit of a frequency.

    The enum of the `ocpp` package lacks both, though its schemas have them.
    """

    wh = "Wh"
    kwh = "kWh"
    varh = "varh"
    kvarh = "kvarh"
    w = "W"
    kw = "kW"
    va = "VA"
    kva = "kVA"
    var = "var"
    kvar = "kvar"
    a = "A"
    v = "V"
    k = "K"
    celcius = "Celcius"
    celsius = "Celsius"
    fahrenheit = "Fahrenheit"
    percent = "Percent"
    hertz = "Hertz"


class Datatype(Struct, frozen=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A group of fields inside a message."""


class IdTagInfo(Datatype, frozen=True):
    """What a central system thinks of an identifier. Without `expiry_date` it does not expire."""

    status: AuthorizationStatus
    expiry_date: Timestamp | UnsetType = UNSET
    parent_id_tag: IdToken | UnsetType = UNSET


class AuthorizationData(Datatype, frozen=True):
    """One entry of a local authorisation list; without `id_tag_info` an update removes the tag."""

    id_tag: IdToken
    id_tag_info: IdTagInfo | UnsetType = UNSET


class KeyValue(Datatype, frozen=True):
    """One configuration key as GetConfiguration reports it."""

    key: CiString50
    readonly: bool
    value: CiString500 | UnsetType = UNSET


class SampledValue(Datatype, frozen=True):
    """One reading. Absent fields mean: periodic sample, raw, imported active energy, at the outlet, in Wh."""

    value: str
    context: ReadingContext | UnsetType = UNSET
    format: ValueFormat | UnsetType = UNSET
    measurand: Measurand | UnsetType = UNSET
    phase: Phase | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    unit: UnitOfMeasure | UnsetType = UNSET


class TransactionData(Datatype, frozen=True):
    """Readings of one moment in StopTransaction, whose schema lets a moment have none."""

    timestamp: Timestamp
    sampled_value: Sequence[SampledValue]


class MeterValue(TransactionData, frozen=True):
    """At least one reading of one moment. Serves as `TransactionData` too."""

    timestamp: Timestamp
    sampled_value: Annotated[Sequence[SampledValue], Meta(min_length=1)]


class ChargingSchedulePeriod(Datatype, frozen=True):
    """From `start_period` seconds after the schedule's start on, at most `limit` W or A, in steps of 0.1."""

    start_period: Integer
    limit: float
    number_phases: Integer | UnsetType = UNSET

    def __post_init__(self) -> None:
        _refuse_finer_than_a_tenth("limit", self.limit)


class ChargingSchedule(Datatype, frozen=True):
    """Limits over time; `duration` in seconds, open-ended without it."""

    charging_rate_unit: ChargingRateUnitType
    charging_schedule_period: list[ChargingSchedulePeriod]
    duration: Integer | UnsetType = UNSET
    start_schedule: Timestamp | UnsetType = UNSET
    min_charging_rate: float | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.min_charging_rate is not UNSET:
            _refuse_finer_than_a_tenth("minChargingRate", self.min_charging_rate)


class ChargingProfile(Datatype, frozen=True):
    """A schedule, when it is valid and what it outranks (OCPP 1.6 §3.13)."""

    charging_profile_id: Integer
    stack_level: Integer
    charging_profile_purpose: ChargingProfilePurposeType
    charging_profile_kind: ChargingProfileKindType
    charging_schedule: ChargingSchedule
    transaction_id: Integer | UnsetType = UNSET
    recurrency_kind: RecurrencyKind | UnsetType = UNSET
    valid_from: Timestamp | UnsetType = UNSET
    valid_to: Timestamp | UnsetType = UNSET


class CertificateHashData(Datatype, frozen=True):
    """What names a certificate without carrying it."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: Annotated[str, Meta(max_length=128)]
    issuer_key_hash: Annotated[str, Meta(max_length=128)]
    serial_number: Annotated[str, Meta(max_length=40)]


class LogParameters(Datatype, frozen=True):
    """Where a log goes and which part of it."""

    remote_location: Annotated[str, Meta(max_length=512)]
    oldest_timestamp: Timestamp | UnsetType = UNSET
    latest_timestamp: Timestamp | UnsetType = UNSET


class Firmware(Datatype, frozen=True):
    """A signed firmware image and when to fetch and install it."""

    location: Annotated[str, Meta(max_length=512)]
    retrieve_date_time: Timestamp
    signing_certificate: Annotated[str, Meta(max_length=5500)]
    signature: Annotated[str, Meta(max_length=800)]
    install_date_time: Timestamp | UnsetType = UNSET


def _refuse_finer_than_a_tenth(field: str, value: float) -> None:
    # A float that was written with one decimal equals its own rounding; a modulo would refuse 21.4.
    if round(value, 1) != value:
        raise ValueError(f"{field} is not a multiple of 0.1")
