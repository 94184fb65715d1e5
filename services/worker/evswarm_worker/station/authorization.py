"""Who may charge: asking the central system, trusting the cache, deciding alone when offline (OCPP 1.6 §3.5, §4.1)."""

from typing import Final

from ocpp.v16.enums import Action, AuthorizationStatus, ConfigurationKey, Reason

from evswarm_shared.ocpp16.messages import Authorize, AuthorizeResponse
from evswarm_worker.station.cabinet import Cabinet, masked
from evswarm_worker.station.calls import PendingCall
from evswarm_worker.station.charging import leave_free, stop, try_to_begin
from evswarm_worker.station.connector import Connector, TagState
from evswarm_worker.station.connector_status import ConnectorEvent
from evswarm_worker.station.reporting import move

TAG_RETRY_SECONDS: Final = 60.0
"""Simulated seconds after which a driver who got no answer presents the tag again."""

_K = ConfigurationKey
_ACCEPTED: Final = AuthorizationStatus.accepted


def present_tag(cabinet: Cabinet, connector: Connector, id_tag: str) -> None:
    """A tag is presented: it stops the transaction it belongs to, or wants to start one."""
    transaction = connector.transaction
    if transaction is not None:
        if transaction.id_tag == id_tag:
            connector.settled = True
            stop(cabinet, connector, Reason.local, id_tag)
        else:
            _ask(cabinet, connector, id_tag)
        return
    if connector.tag_state is TagState.ASKED and connector.id_tag == id_tag and cabinet.online:
        return
    begin_use(cabinet, connector)
    connector.id_tag = id_tag
    connector.parent_id_tag = ""
    known = None
    if cabinet.configuration.flag(_K.authorization_cache_enabled):
        known = cabinet.cache.look_up(id_tag, cabinet.at)
    accepted = known is not None and known.status is _ACCEPTED
    if cabinet.online:
        if known is not None and accepted and cabinet.configuration.flag(_K.local_pre_authorize):
            _authorized(cabinet, connector, known.parent_id_tag, "from the cache")
        else:
            connector.tag_state = TagState.ASKED
            _ask(cabinet, connector, id_tag)
    elif known is not None and accepted and cabinet.configuration.flag(_K.local_authorize_offline):
        _authorized(cabinet, connector, known.parent_id_tag, "from the cache, offline")
    elif known is None and cabinet.configuration.flag(_K.allow_offline_tx_for_unknown_id):
        _authorized(cabinet, connector, "", "unknown, offline")
    else:
        _refused(cabinet, connector, "offline", again=True)


def begin_use(cabinet: Cabinet, connector: Connector) -> None:
    """Somebody begins to use the connector, and has ConnectionTimeOut to do the rest (OCPP 1.6 §9.1.6)."""
    in_service = connector.operative and cabinet.operative
    if in_service and move(cabinet, connector, ConnectorEvent.USE_BEGINS):
        connector.timeout_at = cabinet.at + cabinet.configuration.integer(_K.connection_time_out)


def authorize_without_asking(cabinet: Cabinet, connector: Connector, id_tag: str) -> None:
    """The central system itself asked for a transaction with this tag (OCPP 1.6 §5.11)."""
    begin_use(cabinet, connector)
    connector.id_tag = id_tag
    _authorized(cabinet, connector, "", "remote start")


def authorize_answered(cabinet: Cabinet, call: PendingCall, response: AuthorizeResponse) -> None:
    """The central system says what it thinks of a tag."""
    info = response.id_tag_info
    cabinet.cache.remember(call.id_tag, info)
    connector = cabinet.connector(call.connector_id)
    if connector is None:
        return
    parent = info.parent_id_tag if isinstance(info.parent_id_tag, str) else ""
    transaction = connector.transaction
    if transaction is not None:
        if info.status is _ACCEPTED and parent and parent == transaction.parent_id_tag:
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
        present_tag(cabinet, connector, call.id_tag)


def _ask(cabinet: Cabinet, connector: Connector, id_tag: str) -> None:
    call = PendingCall(
        Action.authorize, Authorize(id_tag), connector_id=connector.connector_id, id_tag=id_tag
    )
    # People wait for the answer.
    cabinet.call(call, first=True)


def _authorized(cabinet: Cabinet, connector: Connector, parent_id_tag: str, how: str) -> None:
    connector.tag_state = TagState.AUTHORIZED
    connector.parent_id_tag = parent_id_tag
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
