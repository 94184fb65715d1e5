"""Who may charge: asking the central system, trusting the cache, deciding alone when offline (OCPP 1.6 §3.5, §4.1)."""

from enum import StrEnum
from typing import Final

from ocpp.v16.enums import Action, AuthorizationStatus, ConfigurationKey, Reason

from evswarm_shared.ocpp16.datatypes import IdTagInfo
from evswarm_shared.ocpp16.messages import Authorize, AuthorizeResponse
from evswarm_worker.station import reserving
from evswarm_worker.station.authorization_cache import CachedTag
from evswarm_worker.station.cabinet import Cabinet, masked
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.charging import leave_free, stop, try_to_begin
from evswarm_worker.station.charging_profiles import InstalledProfile
from evswarm_worker.station.connector import Connector, TagState
from evswarm_worker.station.connector_status import ConnectorEvent
from evswarm_worker.station.reporting import move, report_list_conflict

TAG_RETRY_SECONDS: Final = 60.0
"""Simulated seconds after which a driver who got no answer presents the tag again."""

_K = ConfigurationKey
_ACCEPTED: Final = AuthorizationStatus.accepted
_LISTED_VALID: Final = frozenset((AuthorizationStatus.accepted, AuthorizationStatus.concurrent_tx))
"""What the list says of a tag that may charge (OCPP 1.6 §3.5.2)."""


def present_tag(
    cabinet: Cabinet, connector: Connector, id_tag: str, profile: InstalledProfile | None = None
) -> None:
    """A tag is presented: it stops the transaction it belongs to, or wants to start one, under the `profile`."""
    transaction = connector.transaction
    if transaction is not None:
        if transaction.id_tag.casefold() == id_tag.casefold() or _same_group(
            cabinet, transaction.parent_id_tag, id_tag
        ):
            connector.settled = True
            stop(cabinet, connector, Reason.local, id_tag)
        elif cabinet.online:
            _ask(cabinet, connector, id_tag)
        else:
            # Asked after the reconnect, it would stop the transaction long after its holder has left.
            cabinet.log(
                f"Tag {masked(id_tag)} may not stop this transaction: offline, and not known to belong to it"
            )
        return
    if connector.tag_state is TagState.ASKED and connector.id_tag == id_tag and cabinet.online:
        return
    known, source = look_up(cabinet, id_tag)
    reserved = reserving.reservation_for(cabinet, connector)
    if reserved is not None and not reserved.parent_id_tag and not reserved.admits(id_tag):
        cabinet.log(f"Tag {masked(id_tag)} not authorized: connector {connector.connector_id} is reserved")
        return
    begin_use(cabinet, connector)
    connector.id_tag = id_tag
    connector.parent_id_tag = ""
    connector.remote_profile = profile
    valid = known is not None and _is_valid(known, source)
    parent = "" if known is None else known.parent_id_tag
    if cabinet.online:
        if valid and cabinet.configuration.flag(_K.local_pre_authorize):
            _authorized(cabinet, connector, parent, f"from the {source}")
        else:
            connector.tag_state = TagState.ASKED
            _ask(cabinet, connector, id_tag)
    elif valid and cabinet.configuration.flag(_K.local_authorize_offline):
        _authorized(cabinet, connector, parent, f"from the {source}, offline")
    elif known is None and cabinet.configuration.flag(_K.allow_offline_tx_for_unknown_id):
        _authorized(cabinet, connector, "", "unknown, offline")
    else:
        _refused(cabinet, connector, "offline", again=True)


class TagSource(StrEnum):
    """Where the station knows a tag from; values are for the log."""

    LIST = "local list"
    CACHE = "cache"


def look_up(cabinet: Cabinet, id_tag: str) -> tuple[CachedTag | None, TagSource]:
    """What the station itself knows of a tag, and from where: the list goes before the cache (OCPP 1.6 §3.5.3)."""
    configuration = cabinet.configuration
    if cabinet.local_list is not None and configuration.flag(_K.local_auth_list_enabled):
        listed = cabinet.local_list.look_up(id_tag, cabinet.timestamp())
        if listed is not None:
            return listed, TagSource.LIST
    if configuration.flag(_K.authorization_cache_enabled):
        return cabinet.cache.look_up(id_tag, cabinet.timestamp()), TagSource.CACHE
    return None, TagSource.CACHE


def remember(cabinet: Cabinet, id_tag: str, info: IdTagInfo) -> None:
    """Take in what an answer says of a tag; a listed one stays as listed, and a conflict is told (§3.5.2, §3.5.3)."""
    if cabinet.local_list is not None and cabinet.configuration.flag(_K.local_auth_list_enabled):
        listed = cabinet.local_list.look_up(id_tag, cabinet.timestamp())
        if listed is not None:
            if (listed.status in _LISTED_VALID) != (info.status in _LISTED_VALID):
                cabinet.log(f"Tag {masked(id_tag)}: the list says {listed.status}, the answer {info.status}")
                report_list_conflict(cabinet)
            return
    if cabinet.configuration.flag(_K.authorization_cache_enabled):
        cabinet.cache.remember(id_tag, info)


def begin_use(cabinet: Cabinet, connector: Connector, *, anew: bool = False) -> None:
    """Somebody begins to use the connector, and has ConnectionTimeOut to do the rest (OCPP 1.6 §9.1.6).

    `anew`: also who had begun already has all of that time again.
    """
    in_service = connector.operative and cabinet.operative and connector.reservation is None
    if in_service and (move(cabinet, connector, ConnectorEvent.USE_BEGINS) or anew):
        connector.timeout_at = cabinet.at + cabinet.configuration.integer(_K.connection_time_out)


def authorize_without_asking(
    cabinet: Cabinet, connector: Connector, id_tag: str, profile: InstalledProfile | None = None
) -> None:
    """The central system itself asked for a transaction with this tag (OCPP 1.6 §5.11)."""
    begin_use(cabinet, connector)
    connector.id_tag = id_tag
    connector.remote_profile = profile
    known, _ = look_up(cabinet, id_tag)
    _authorized(cabinet, connector, "" if known is None else known.parent_id_tag, "remote start")


def authorize_answered(cabinet: Cabinet, call: PendingCall, response: AuthorizeResponse) -> None:
    """The central system says what it thinks of a tag."""
    info = response.id_tag_info
    remember(cabinet, call.id_tag, info)
    connector = cabinet.connector(call.connector_id)
    if connector is None:
        return
    parent = info.parent_id_tag if isinstance(info.parent_id_tag, str) else ""
    transaction = connector.transaction
    if transaction is not None:
        if info.status is _ACCEPTED and parent and parent.casefold() == transaction.parent_id_tag.casefold():
            connector.settled = True
            stop(cabinet, connector, Reason.local, call.id_tag)
        else:
            cabinet.log(f"Tag {masked(call.id_tag)} may not stop this transaction")
    elif connector.tag_state is TagState.ASKED and connector.id_tag == call.id_tag:
        if info.status is _ACCEPTED:
            _authorized(cabinet, connector, parent, "")
        else:
            _refused(cabinet, connector, info.status.value, again=False)


def authorize_failed(cabinet: Cabinet, call: PendingCall) -> None:
    """The central system could not be made to answer about a tag."""
    connector = cabinet.connector(call.connector_id)
    if connector is not None and connector.tag_state is TagState.ASKED and connector.id_tag == call.id_tag:
        _refused(cabinet, connector, "no answer", again=True)


def ask_again(cabinet: Cabinet, call: PendingCall) -> None:
    """The connection took the question with it: the station decides alone."""
    connector = cabinet.connector(call.connector_id)
    if connector is not None and connector.tag_state is TagState.ASKED and connector.id_tag == call.id_tag:
        present_tag(cabinet, connector, call.id_tag, connector.remote_profile)


def _is_valid(known: CachedTag, source: TagSource) -> bool:
    return known.status is _ACCEPTED or (source is TagSource.LIST and known.status in _LISTED_VALID)


def _same_group(cabinet: Cabinet, parent_id_tag: str, id_tag: str) -> bool:
    """Whether the station itself knows that the tag belongs to the group of the transaction (OCPP 1.6 §3.5)."""
    if not parent_id_tag:
        return False
    known, source = look_up(cabinet, id_tag)
    return (
        known is not None
        and _is_valid(known, source)
        and known.parent_id_tag.casefold() == parent_id_tag.casefold()
    )


def _ask(cabinet: Cabinet, connector: Connector, id_tag: str) -> None:
    call = PendingCall(
        Action.authorize, Authorize(id_tag), connector_id=connector.connector_id, id_tag=id_tag
    )
    # People wait for the answer.
    cabinet.call(call, first=True)


def _authorized(cabinet: Cabinet, connector: Connector, parent_id_tag: str, how: str) -> None:
    reserved = reserving.reservation_for(cabinet, connector)
    if reserved is not None and not reserved.admits(connector.id_tag, parent_id_tag):
        _refused(cabinet, connector, "the connector is reserved", again=False)
        return
    connector.tag_state = TagState.AUTHORIZED
    connector.parent_id_tag = parent_id_tag
    if connector.reservation is not None and move(cabinet, connector, ConnectorEvent.USE_BEGINS):
        connector.timeout_at = cabinet.at + cabinet.configuration.integer(_K.connection_time_out)
    cabinet.log(f"Tag {masked(connector.id_tag)} authorized{f' ({how})' if how else ''}")
    try_to_begin(cabinet, connector)


def _refused(cabinet: Cabinet, connector: Connector, why: str, *, again: bool) -> None:
    cabinet.log(f"Tag {masked(connector.id_tag)} not authorized: {why}")
    connector.forget_tag()
    if not connector.plugged:
        leave_free(cabinet, connector)
    elif again and connector.visit is not None:
        connector.tag_at = cabinet.at + TAG_RETRY_SECONDS
    else:
        connector.settled = True
