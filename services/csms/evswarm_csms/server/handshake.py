"""What the opening handshake decides: who connects, in which language, and what refused clients are told.

Pure: HTTP requests in, verdicts out. Nothing here opens, reads or closes anything.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from websockets.datastructures import MultipleValuesError
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from evswarm_csms.handlers.admission import Admission
from evswarm_shared.station_identity import usable

SUBPROTOCOL: Final = Subprotocol("ocpp1.6")

HELP: Final = (
    "This is an OCPP 1.6J central system. Let a charging station connect by WebSocket to "
    "ws://<this host>/<station id> with the subprotocol ocpp1.6.\n"
)

REFUSALS: Final[Mapping[Admission, tuple[HTTPStatus, str, Mapping[str, str]]]] = {
    Admission.UNKNOWN_STATION: (
        HTTPStatus.NOT_FOUND,
        "The station {station_id!r} is not registered here.\n",
        {},
    ),
    Admission.STORE_AWAY: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The store is away; try again later.\n",
        {"Retry-After": "10"},
    ),
    Admission.NO_ROOM: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This replica of the central system holds as many connections as its open files allow; try again later.\n",
        {"Retry-After": "10"},
    ),
    Admission.WRONG_CREDENTIALS: (
        HTTPStatus.UNAUTHORIZED,
        "Authenticate by HTTP Basic with the station id as user name and the AuthorizationKey as password.\n",
        {"WWW-Authenticate": 'Basic realm="OCPP"'},
    ),
    Admission.NEEDS_TLS: (HTTPStatus.FORBIDDEN, "This station has to connect by TLS (wss://).\n", {}),
    Admission.NEEDS_CERTIFICATE: (
        HTTPStatus.FORBIDDEN,
        "This station has to show a client certificate of its own: commonName and organizationName decide.\n",
        {},
    ),
}
"""Status, text and headers of the answer to a client that is not let in."""


def authorization_of(request: Request) -> str | None:
    """The Authorization header; None without one, or with several."""
    try:
        return request.headers.get("Authorization")
    except MultipleValuesError:
        return None


def station_id_of(target: str) -> str | None:
    """The station identity in a request target: its last path segment, percent-decoded (OCPP-J 1.6 §3.1.1).

    Whatever stands before it is tolerated. None when there is no identity that can be used: it is not UTF-8, or not
    `usable`.
    """
    segment = target.partition("?")[0].partition("#")[0].rpartition("/")[2]
    try:
        station_id = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        return None
    return station_id if usable(station_id) else None


def select_subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """`ocpp1.6` if the client offers it; else none, with which the handshake still completes (OCPP-J 1.6 §3.2)."""
    return SUBPROTOCOL if SUBPROTOCOL in offered else None
