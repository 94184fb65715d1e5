"""What a station does when the central system tells it to, one module per family of commands.

A handler takes the cabinet and the request and returns the response; what it triggers is queued and leaves after the
response. An Action without a handler is answered NotSupported.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ocpp.v16.enums import Action

from evswarm_shared.ocpp16.messages import Response
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.commands import (
    availability,
    certificate_store,
    data_transfer,
    firmware_management,
    local_list,
    remote_control,
    reservation,
    settings,
    smart_charging,
    trigger,
)

Handler = Callable[[Cabinet, Any], Response]

_BY_ACTION: Final[Mapping[Action, Handler]] = {
    Action.cancel_reservation: reservation.cancel_reservation,
    Action.certificate_signed: certificate_store.certificate_signed,
    Action.change_availability: availability.change_availability,
    Action.change_configuration: settings.change_configuration,
    Action.clear_cache: settings.clear_cache,
    Action.clear_charging_profile: smart_charging.clear_charging_profile,
    Action.data_transfer: data_transfer.data_transfer,
    Action.delete_certificate: certificate_store.delete_certificate,
    Action.extended_trigger_message: trigger.extended_trigger_message,
    Action.get_composite_schedule: smart_charging.get_composite_schedule,
    Action.get_configuration: settings.get_configuration,
    Action.get_diagnostics: firmware_management.get_diagnostics,
    Action.get_installed_certificate_ids: certificate_store.get_installed_certificate_ids,
    Action.get_local_list_version: local_list.get_local_list_version,
    Action.get_log: firmware_management.get_log,
    Action.install_certificate: certificate_store.install_certificate,
    Action.remote_start_transaction: remote_control.remote_start_transaction,
    Action.remote_stop_transaction: remote_control.remote_stop_transaction,
    Action.reserve_now: reservation.reserve_now,
    Action.reset: remote_control.reset,
    Action.send_local_list: local_list.send_local_list,
    Action.set_charging_profile: smart_charging.set_charging_profile,
    Action.signed_update_firmware: firmware_management.signed_update_firmware,
    Action.trigger_message: trigger.trigger_message,
    Action.unlock_connector: remote_control.unlock_connector,
    Action.update_firmware: firmware_management.update_firmware,
}

HANDLERS: Final[Mapping[str, Handler]] = {action.value: handler for action, handler in _BY_ACTION.items()}
"""By the Action's name on the wire."""
