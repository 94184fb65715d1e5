"""Authorize (OCPP 1.6 §4.1)."""

from evswarm_csms.handlers.id_tags import id_tag_info
from evswarm_shared.bus.messages import IdTagRecord
from evswarm_shared.ocpp16.messages import Authorize, AuthorizeResponse


def handle(_: Authorize, tag: IdTagRecord | None, *, accept_unknown: bool, now: float) -> AuthorizeResponse:
    """Judge the tag. ConcurrentTx is an answer to StartTransaction only: the same tag also ends a transaction."""
    return AuthorizeResponse(id_tag_info=id_tag_info(tag, accept_unknown=accept_unknown, now=now))
