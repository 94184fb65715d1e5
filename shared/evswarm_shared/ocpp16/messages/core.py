"""The Core profile (OCPP 1.6 §4 and §5, §6 for the fields)."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType
from ocpp.v16.enums import (
    AvailabilityStatus,
    AvailabilityType,
    ChargePointErrorCode,
    ChargePointStatus,
    ClearCacheStatus,
    ConfigurationStatus,
    DataTransferStatus,
    Reason,
    RegistrationStatus,
    RemoteStartStopStatus,
    ResetStatus,
    ResetType,
    UnlockStatus,
)

from evswarm_shared.ocpp16.datatypes import (
    ChargingProfile,
    CiString20,
    CiString25,
    CiString50,
    CiString255,
    CiString500,
    IdTagInfo,
    IdToken,
    Integer,
    KeyValue,
    MeterValue,
    TransactionData,
)
from evswarm_shared.ocpp16.messages.payload import Request, Response
from evswarm_shared.ocpp16.timestamps import Timestamp

# --- a station asks ------------------------------------------------------------------------------------------


class Authorize(Request, frozen=True):
    """May this tag charge? (OCPP 1.6 §4.1)"""

    id_tag: IdToken


class AuthorizeResponse(Response, frozen=True):
    """What the central system thinks of the tag."""

    id_tag_info: IdTagInfo


class BootNotification(Request, frozen=True):
    """A station introduces itself (OCPP 1.6 §4.2)."""

    charge_point_vendor: CiString20
    charge_point_model: CiString20
    charge_point_serial_number: CiString25 | UnsetType = UNSET
    charge_box_serial_number: CiString25 | UnsetType = UNSET
    firmware_version: CiString50 | UnsetType = UNSET
    iccid: CiString20 | UnsetType = UNSET
    imsi: CiString20 | UnsetType = UNSET
    meter_type: CiString25 | UnsetType = UNSET
    meter_serial_number: CiString25 | UnsetType = UNSET


class BootNotificationResponse(Response, frozen=True):
    """`interval` in seconds: the heartbeat's when Accepted, else the wait before the next attempt."""

    status: RegistrationStatus
    current_time: Timestamp
    interval: Integer


class Heartbeat(Request, frozen=True):
    """A sign of life that fetches the time (OCPP 1.6 §4.6)."""


class HeartbeatResponse(Response, frozen=True):
    """The central system's time."""

    current_time: Timestamp


class MeterValues(Request, frozen=True):
    """Readings of a connector; 0 is the station's main meter (OCPP 1.6 §4.7)."""

    connector_id: Integer
    meter_value: Annotated[Sequence[MeterValue], Meta(min_length=1)]
    transaction_id: Integer | UnsetType = UNSET


class MeterValuesResponse(Response, frozen=True):
    """Received."""


class StartTransaction(Request, frozen=True):
    """A transaction began; `meter_start` in Wh (OCPP 1.6 §4.8)."""

    connector_id: Integer
    id_tag: IdToken
    meter_start: Integer
    timestamp: Timestamp
    reservation_id: Integer | UnsetType = UNSET


class StartTransactionResponse(Response, frozen=True):
    """The transaction's id, and whether it may go on."""

    id_tag_info: IdTagInfo
    transaction_id: Integer


class StatusNotification(Request, frozen=True):
    """A connector's status; connector 0 is the station as a whole (OCPP 1.6 §4.9)."""

    connector_id: Integer
    error_code: ChargePointErrorCode
    status: ChargePointStatus
    info: CiString50 | UnsetType = UNSET
    timestamp: Timestamp | UnsetType = UNSET
    vendor_id: CiString255 | UnsetType = UNSET
    vendor_error_code: CiString50 | UnsetType = UNSET


class StatusNotificationResponse(Response, frozen=True):
    """Received."""


class StopTransaction(Request, frozen=True):
    """A transaction ended; `meter_stop` in Wh; no `reason` means Local (OCPP 1.6 §4.10)."""

    meter_stop: Integer
    timestamp: Timestamp
    transaction_id: Integer
    id_tag: IdToken | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET
    transaction_data: Sequence[TransactionData] | UnsetType = UNSET


class StopTransactionResponse(Response, frozen=True):
    """Received; some central systems leave `id_tag_info` out even when a tag was sent."""

    id_tag_info: IdTagInfo | UnsetType = UNSET


# --- either side asks ----------------------------------------------------------------------------------------


class DataTransfer(Request, frozen=True):
    """Whatever two vendors agreed on (OCPP 1.6 §4.3, §5.6)."""

    vendor_id: CiString255
    message_id: CiString50 | UnsetType = UNSET
    data: str | UnsetType = UNSET


class DataTransferResponse(Response, frozen=True):
    """Whether the vendor and its message are known, and the answer in `data`."""

    status: DataTransferStatus
    data: str | UnsetType = UNSET


# --- the central system asks ---------------------------------------------------------------------------------


class ChangeAvailability(Request, frozen=True):
    """Take a connector, or with 0 the station, in or out of service (OCPP 1.6 §5.2)."""

    connector_id: Integer
    type: AvailabilityType


class ChangeAvailabilityResponse(Response, frozen=True):
    """Scheduled: after the running transaction."""

    status: AvailabilityStatus


class ChangeConfiguration(Request, frozen=True):
    """Set a configuration key (OCPP 1.6 §5.3)."""

    key: CiString50
    value: CiString500


class ChangeConfigurationResponse(Response, frozen=True):
    """Whether the key now has the value."""

    status: ConfigurationStatus


class ClearCache(Request, frozen=True):
    """Forget all cached authorisations (OCPP 1.6 §5.4)."""


class ClearCacheResponse(Response, frozen=True):
    """Whether the cache is empty now."""

    status: ClearCacheStatus


class GetConfiguration(Request, frozen=True):
    """Read configuration keys; none named means all (OCPP 1.6 §5.8)."""

    key: list[CiString50] | UnsetType = UNSET


class GetConfigurationResponse(Response, frozen=True):
    """The keys that exist, and the names that do not."""

    configuration_key: list[KeyValue] | UnsetType = UNSET
    unknown_key: list[CiString50] | UnsetType = UNSET


class RemoteStartTransaction(Request, frozen=True):
    """Start charging for a tag (OCPP 1.6 §5.11)."""

    id_tag: IdToken
    connector_id: Integer | UnsetType = UNSET
    charging_profile: ChargingProfile | UnsetType = UNSET


class RemoteStartTransactionResponse(Response, frozen=True):
    """Whether the station will try."""

    status: RemoteStartStopStatus


class RemoteStopTransaction(Request, frozen=True):
    """End a transaction (OCPP 1.6 §5.12)."""

    transaction_id: Integer


class RemoteStopTransactionResponse(Response, frozen=True):
    """Whether there is such a transaction to stop."""

    status: RemoteStartStopStatus


class Reset(Request, frozen=True):
    """Restart the station (OCPP 1.6 §5.14)."""

    type: ResetType


class ResetResponse(Response, frozen=True):
    """Whether it will restart."""

    status: ResetStatus


class UnlockConnector(Request, frozen=True):
    """Free a stuck cable (OCPP 1.6 §5.18)."""

    connector_id: Integer


class UnlockConnectorResponse(Response, frozen=True):
    """Whether the lock opened."""

    status: UnlockStatus
