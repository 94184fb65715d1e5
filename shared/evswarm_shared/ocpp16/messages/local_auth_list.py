"""The Local Auth List Management profile (OCPP 1.6 §5.10, §5.15)."""

from msgspec import UNSET, UnsetType
from ocpp.v16.enums import UpdateStatus, UpdateType

from evswarm_shared.ocpp16.datatypes import AuthorizationData, Integer
from evswarm_shared.ocpp16.messages.payload import Request, Response


class GetLocalListVersion(Request, frozen=True):
    """Which version of the list is installed? (OCPP 1.6 §5.10)"""


class GetLocalListVersionResponse(Response, frozen=True):
    """0 for an empty list, -1 for a station without lists."""

    list_version: Integer


class SendLocalList(Request, frozen=True):
    """Replace or amend the list (OCPP 1.6 §5.15)."""

    list_version: Integer
    update_type: UpdateType
    local_authorization_list: list[AuthorizationData] | UnsetType = UNSET


class SendLocalListResponse(Response, frozen=True):
    """Whether the list now has the version."""

    status: UpdateStatus
