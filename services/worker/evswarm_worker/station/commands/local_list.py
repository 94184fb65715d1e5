"""Keeping the Local Authorization List as the central system has it (OCPP 1.6 §5.10, §5.15)."""

from ocpp.v16.enums import ConfigurationKey, UpdateStatus, UpdateType

from evswarm_shared.ocpp16.messages import (
    GetLocalListVersion,
    GetLocalListVersionResponse,
    SendLocalList,
    SendLocalListResponse,
)
from evswarm_worker.station.cabinet import Cabinet
from evswarm_worker.station.local_list import EMPTY_VERSION, LocalList, differential, full

NO_LISTS = -1
"""The version that a station without lists names."""

_K = ConfigurationKey


def get_local_list_version(cabinet: Cabinet, _: GetLocalListVersion) -> GetLocalListVersionResponse:
    """Tell the version: 0 for an empty list, -1 while lists are switched off."""
    if not cabinet.configuration.flag(_K.local_auth_list_enabled):
        return GetLocalListVersionResponse(NO_LISTS)
    return GetLocalListVersionResponse(_version(cabinet.local_list))


def send_local_list(cabinet: Cabinet, request: SendLocalList) -> SendLocalListResponse:
    """Replace the list or apply changes to it; what does not fit leaves it as it was (OCPP 1.6 §5.15)."""
    configuration = cabinet.configuration
    if not configuration.flag(_K.local_auth_list_enabled):
        return SendLocalListResponse(UpdateStatus.not_supported)
    entries = request.local_authorization_list if isinstance(request.local_authorization_list, list) else []
    version = request.list_version
    if version <= EMPTY_VERSION or len(entries) > configuration.integer(_K.send_local_list_max_length):
        # 0 and -1 have a meaning of their own (errata §3.52).
        return _failed(cabinet, "its version or length is out of range")
    try:
        if request.update_type is UpdateType.full:
            new = full(version, entries)
        elif version <= _version(cabinet.local_list):
            return SendLocalListResponse(UpdateStatus.version_mismatch)
        else:
            new = differential(version, cabinet.local_list, entries)
    except ValueError as error:
        return _failed(cabinet, str(error))
    if new is not None and len(new.entries) > configuration.integer(_K.local_auth_list_max_length):
        return _failed(cabinet, "the list would be too long")
    cabinet.local_list = new
    cabinet.lasting_changed = True
    cabinet.log(f"Local list: version {version}, {0 if new is None else len(new.entries)} tag(s)")
    return SendLocalListResponse(UpdateStatus.accepted)


def _failed(cabinet: Cabinet, why: str) -> SendLocalListResponse:
    cabinet.log(f"Local list not taken: {why}")
    return SendLocalListResponse(UpdateStatus.failed)


def _version(local_list: LocalList | None) -> int:
    return EMPTY_VERSION if local_list is None else local_list.version
