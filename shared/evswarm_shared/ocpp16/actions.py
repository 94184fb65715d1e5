"""Which messages there are, who may send each, and the feature profile it belongs to (OCPP 1.6 §3.1, §6)."""

from enum import Enum, StrEnum
from types import ModuleType
from typing import Final

from msgspec import Struct
from ocpp.v16.enums import Action

from evswarm_shared.ocpp16.messages import (
    Request,
    Response,
    core,
    firmware,
    local_auth_list,
    remote_trigger,
    reservation,
    security,
    smart_charging,
)


class Sender(Enum):
    """Who sends a CALL."""

    STATION = "station"
    CSMS = "csms"
    BOTH = "both"

    def covers(self, other: "Sender") -> bool:
        """Whether everything that `other` sends may come from here."""
        return self is Sender.BOTH or self is other


class FeatureProfile(StrEnum):
    """The names that SupportedFeatureProfiles lists; Security is ours, the whitepaper names none."""

    CORE = "Core"
    FIRMWARE_MANAGEMENT = "FirmwareManagement"
    LOCAL_AUTH_LIST_MANAGEMENT = "LocalAuthListManagement"
    RESERVATION = "Reservation"
    SMART_CHARGING = "SmartCharging"
    REMOTE_TRIGGER = "RemoteTrigger"
    SECURITY = "Security"


class ActionSpec(Struct, frozen=True):
    """One Action: its payload types, who sends the request, its feature profile."""

    action: Action
    request: type[Request]
    response: type[Response]
    sender: Sender
    profile: FeatureProfile


_SENT_BY_STATIONS: Final = frozenset(
    {
        Action.authorize,
        Action.boot_notification,
        Action.diagnostics_status_notification,
        Action.firmware_status_notification,
        Action.heartbeat,
        Action.log_status_notification,
        Action.meter_values,
        Action.security_event_notification,
        Action.sign_certificate,
        Action.signed_firmware_status_notification,
        Action.start_transaction,
        Action.status_notification,
        Action.stop_transaction,
    }
)

_FAMILIES: Final[dict[FeatureProfile, ModuleType]] = {
    FeatureProfile.CORE: core,
    FeatureProfile.FIRMWARE_MANAGEMENT: firmware,
    FeatureProfile.LOCAL_AUTH_LIST_MANAGEMENT: local_auth_list,
    FeatureProfile.RESERVATION: reservation,
    FeatureProfile.SMART_CHARGING: smart_charging,
    FeatureProfile.REMOTE_TRIGGER: remote_trigger,
    FeatureProfile.SECURITY: security,
}


def _sender(action: Action) -> Sender:
    if action is Action.data_transfer:
        return Sender.BOTH
    return Sender.STATION if action in _SENT_BY_STATIONS else Sender.CSMS


def _spec(action: Action) -> ActionSpec:
    for profile, family in _FAMILIES.items():
        request = getattr(family, action.value, None)
        if request is not None:
            response = getattr(family, f"{action.value}Response")
            return ActionSpec(action, request, response, _sender(action), profile)
    raise LookupError(f"no message types for {action}")


ACTIONS: Final[dict[str, ActionSpec]] = {action.value: _spec(action) for action in Action}
"""By the Action's name on the wire."""

ACTION_OF: Final[dict[type[Request], Action]] = {spec.request: spec.action for spec in ACTIONS.values()}
"""The Action that a request type asks for."""
