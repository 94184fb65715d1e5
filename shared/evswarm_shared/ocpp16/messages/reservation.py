"""The Reservation profile (OCPP 1.6 §5.1, §5.13)."""

from msgspec import UNSET, UnsetType
from ocpp.v16.enums import CancelReservationStatus, ReservationStatus

from evswarm_shared.ocpp16.datatypes import IdToken, Integer
from evswarm_shared.ocpp16.messages.payload import Request, Response
from evswarm_shared.ocpp16.timestamps import Timestamp


class CancelReservation(Request, frozen=True):
    """Give a reservation up (OCPP 1.6 §5.1)."""

    reservation_id: Integer


class CancelReservationResponse(Response, frozen=True):
    """Whether there was such a reservation."""

    status: CancelReservationStatus


class ReserveNow(Request, frozen=True):
    """Keep a connector, or with 0 any one, for a tag until `expiry_date` (OCPP 1.6 §5.13)."""

    connector_id: Integer
    expiry_date: Timestamp
    id_tag: IdToken
    reservation_id: Integer
    parent_id_tag: IdToken | UnsetType = UNSET


class ReserveNowResponse(Response, frozen=True):
    """Whether the connector is reserved, or what stands in the way."""

    status: ReservationStatus
