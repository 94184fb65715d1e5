"""The Remote Trigger profile (OCPP 1.6 §5.17)."""

from typing import Final

from msgspec import UNSET, UnsetType
from ocpp.v16.enums import MessageTrigger, TriggerMessageStatus

from evswarm_shared.ocpp16.datatypes import Integer
from evswarm_shared.ocpp16.messages.payload import Request, Response, refuse_unless_among

TRIGGERS: Final = frozenset(
    {
        MessageTrigger.boot_notification,
        MessageTrigger.diagnostics_status_notification,
        MessageTrigger.firmware_status_notification,
        MessageTrigger.heartbeat,
        MessageTrigger.meter_values,
        MessageTrigger.status_notification,
    }
)
"""What TriggerMessage can ask for (OCPP 1.6 §7.31); the rest belongs to ExtendedTriggerMessage."""


class TriggerMessage(Request, frozen=True):
    """Send this message now (OCPP 1.6 §5.17)."""

    requested_message: MessageTrigger
    connector_id: Integer | UnsetType = UNSET

    def __post_init__(self) -> None:
        refuse_unless_among("requestedMessage", self.requested_message, TRIGGERS)


class TriggerMessageResponse(Response, frozen=True):
    """Whether the message will come, after this answer."""

    status: TriggerMessageStatus
