"""Reading and changing what a station is set to (OCPP 1.6 §5.3, §5.4, §5.8)."""

from msgspec import UNSET
from ocpp.v16.enums import ClearCacheStatus, ConfigurationKey, ConfigurationStatus

from evswarm_shared.ocpp16.datatypes import KeyValue
from evswarm_shared.ocpp16.errors import ErrorCode, PayloadError
from evswarm_shared.ocpp16.messages import (
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ClearCache,
    ClearCacheResponse,
    GetConfiguration,
    GetConfigurationResponse,
)
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.commands import security_settings
from evswarm_worker.station.configuration import Access
from evswarm_worker.station.taking_effect import take_effect


def change_configuration(cabinet: Cabinet, request: ChangeConfiguration) -> ChangeConfigurationResponse:
    """Set a key; it holds from now on and survives reboots."""
    key = cabinet.configuration.name_of(request.key)
    if key is None:
        return ChangeConfigurationResponse(ConfigurationStatus.not_supported)
    if security_settings.is_security_key(key):
        return ChangeConfigurationResponse(security_settings.change(cabinet, key, request.value))
    status = cabinet.configuration.change(key, request.value)
    if status in (ConfigurationStatus.accepted, ConfigurationStatus.reboot_required):
        cabinet.lasting_changed = True
        cabinet.log(f"Configuration: {key} = {request.value}")
        take_effect(cabinet, key)
    return ChangeConfigurationResponse(status)


def get_configuration(cabinet: Cabinet, request: GetConfiguration) -> GetConfigurationResponse:
    """Tell the named keys as the station spells them, or all of them.

    Raises:
        PayloadError: more keys are named than GetConfigurationMaxKeys allows.
    """
    configuration = cabinet.configuration
    asked = request.key if isinstance(request.key, list) and request.key else list(configuration.keys)
    at_once = configuration.integer(ConfigurationKey.get_configuration_max_keys)
    if request.key and len(asked) > at_once:
        raise PayloadError(ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, f"more than {at_once} keys at once")
    known, unknown = [], []
    for key in asked:
        name = configuration.name_of(key)
        if name is None:
            unknown.append(key)
            continue
        access = configuration.keys[name].access
        value = UNSET if access is Access.WRITE_ONLY else configuration.text(name)
        known.append(KeyValue(name, access is Access.READ, value))
    return GetConfigurationResponse(known if known else UNSET, unknown if unknown else UNSET)


def clear_cache(cabinet: Cabinet, _: ClearCache) -> ClearCacheResponse:
    """Forget all cached authorisations; refused where there is no cache (OCPP 1.6 errata §3.23)."""
    if not cabinet.configuration.flag(ConfigurationKey.authorization_cache_enabled):
        return ClearCacheResponse(ClearCacheStatus.rejected)
    cabinet.cache.clear()
    cabinet.lasting_changed = True
    cabinet.log("Authorization cache cleared")
    return ClearCacheResponse(ClearCacheStatus.accepted)
