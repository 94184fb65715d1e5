"""What our central system knows of stations, and what it is told about them: registration, configuration, events."""

import asyncio
import secrets
from bisect import bisect_right
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query
from pydantic import AfterValidator
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.csms_schemas import (
    ConfigurationRequest,
    ConfigurationView,
    CsmsStationList,
    CsmsStationView,
    EventList,
    RegistrationRequest,
)
from evswarm_controller.api.stations import StationPath
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.errors import InvalidFieldError, UnknownStationError
from evswarm_controller.problems import documented
from evswarm_shared import authorization_key, station_identity
from evswarm_shared.bus.csms_records import CsmsNotice, StationEvent, StationRegistration
from evswarm_shared.bus.messages import Command, CommandTarget, StationRecord

MAX_STATIONS: Final = 1000
NOTICE_SECONDS: Final = 60.0
KEY_BY_COMMAND_ONLY: Final = "authorizationkey"


def _connectable(station_id: str) -> str:
    if not station_identity.usable(station_id):
        raise ValueError(
            "No station can connect under this identity: it is empty, or has a control character, a slash or outer spaces."
        )
    return station_id


NewStationPath = Annotated[StationPath, AfterValidator(_connectable)]
"""Of a station that need not be known yet."""

router = APIRouter(prefix="/csms/stations", tags=["csms"])


@router.get("", response_model=CsmsStationList, responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY))
async def list_stations(
    context: ContextOf,
    after: Annotated[str, Query(max_length=48, description="`next_after` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_STATIONS, description="Stations a page.")] = 100,
) -> Response:
    """The stations that are registered or have booted, ours or not."""
    known = await context.bus.known_stations()
    first = bisect_right(known, after) if after else 0
    page = known[first : first + limit]
    return views.json_response(
        {
            "stations": await _views(context, page),
            "total": len(known),
            "next_after": page[-1] if first + limit < len(known) else None,
        }
    )


@router.get("/{station_id}", response_model=CsmsStationView, responses=documented(HTTPStatus.NOT_FOUND))
async def read_station(context: ContextOf, station_id: StationPath) -> Response:
    """One station."""
    await require_known(context, station_id)
    [view] = await _views(context, [station_id])
    return views.json_response(view)


@router.put(
    "/{station_id}", response_model=CsmsStationView, responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY)
)
async def register_station(
    context: ContextOf, station_id: NewStationPath, body: RegistrationRequest
) -> Response:
    """Register a station, or change its registration.

    It counts when the station connects next. Where EVSWARM_CSMS_ACCEPT_UNKNOWN_STATIONS is false only registered
    stations, and those that booted before, get in.
    """
    [found] = await context.bus.read_registrations([station_id])
    registration = found or StationRegistration(station_id, registered_at=context.now())
    registration = msgspec.structs.replace(
        registration,
        security_profile=body.security_profile,
        serial_number=body.serial_number or "",
    )
    if "authorization_key" in body.model_fields_set:
        salt = authorization_key.new_salt()
        key = body.authorization_key
        registration = msgspec.structs.replace(
            registration,
            key_salt=salt,
            key_digests=() if key is None else authorization_key.digests(salt, key),
            next_key_digests=(),
        )
    await context.bus.write_registration(registration)
    [view] = await _views(context, [station_id])
    return views.json_response(view)


@router.delete("/{station_id}", status_code=HTTPStatus.NO_CONTENT, responses=documented(HTTPStatus.NOT_FOUND))
async def forget_station(context: ContextOf, station_id: StationPath) -> Response:
    """Forget a station: its registration, its acceptance and its configuration wishes. It is disconnected."""
    if not await context.bus.forget_station(station_id):
        raise UnknownStationError(station_id)
    await _tell(context, station_id, CsmsNotice.STATION_FORGOTTEN)
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get(
    "/{station_id}/configuration",
    response_model=ConfigurationView,
    responses=documented(HTTPStatus.NOT_FOUND),
)
async def read_configuration(context: ContextOf, station_id: StationPath) -> Response:
    """The configuration that the station should have, and what it answered when it was told."""
    configuration = await _configuration(context, station_id)
    if not configuration["configuration"] and configuration["report"] is None:
        await require_known(context, station_id)
    return views.json_response(configuration)


@router.put(
    "/{station_id}/configuration",
    response_model=ConfigurationView,
    responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def write_configuration(
    context: ContextOf, station_id: NewStationPath, body: ConfigurationRequest
) -> Response:
    """Say which configuration the station should have.

    It is sent by ChangeConfiguration: now if the station is connected, after each boot, and when it comes back without
    having answered all of it. `report` of a later GET says what it answered.
    """
    if any(key.casefold() == KEY_BY_COMMAND_ONLY for key in body.configuration):
        raise InvalidFieldError(
            "configuration", "AuthorizationKey is a secret: set it by the command ChangeConfiguration."
        )
    await context.bus.write_configuration_wishes(station_id, body.configuration)
    if body.configuration:
        await _tell(context, station_id, CsmsNotice.CONFIGURATION_WISHED)
    return views.json_response(await _configuration(context, station_id))


@router.get("/{station_id}/events", response_model=EventList, responses=documented(HTTPStatus.NOT_FOUND))
async def read_events(context: ContextOf, station_id: StationPath) -> Response:
    """The last 100 things that happened at a station: boots, faults, security events, updates, uploads, refusals."""
    events = await context.bus.read_events(station_id)
    if not events:
        await require_known(context, station_id)
    return views.json_response(
        {"station_id": station_id, "events": [_event(each) for each in events], "count": len(events)}
    )


async def require_known(context: Context, station_id: str) -> None:
    """Go on only with a station that runs here, is registered or has booted.

    Raises:
        UnknownStationError: it is none of these.
    """
    if station_id in context.fleet.rows:
        return
    record, [registration] = await asyncio.gather(
        context.bus.read_station(station_id), context.bus.read_registrations([station_id])
    )
    if record is None and registration is None:
        raise UnknownStationError(station_id)


async def _tell(context: Context, station_id: str, notice: CsmsNotice) -> None:
    """Tell the replica that holds the station; without one it finds out when the station connects."""
    replica = await context.bus.csms_of(station_id)
    if replica is None:
        return
    await context.bus.send_command(
        CommandTarget.CSMS,
        replica,
        Command(
            command_id=secrets.token_hex(8),
            station_id=station_id,
            action=notice,
            payload=msgspec.Raw(b"{}"),
            expires_at=context.now() + NOTICE_SECONDS,
            reply_to="",
        ),
    )


async def _configuration(context: Context, station_id: str) -> dict[str, Any]:
    wishes, report = await asyncio.gather(
        context.bus.read_configuration_wishes(station_id), context.bus.read_configuration_report(station_id)
    )
    return {
        "station_id": station_id,
        "configuration": wishes,
        "report": None
        if report is None
        else {"applied_at": views.timestamp(report.applied_at), "results": report.results},
    }


async def _views(context: Context, station_ids: list[str]) -> list[dict[str, Any]]:
    bus = context.bus
    records, registrations, replicas = await asyncio.gather(
        bus.read_stations(station_ids),
        bus.read_registrations(station_ids),
        asyncio.gather(*(bus.csms_of(station_id) for station_id in station_ids)),
    )
    return [
        _view(station_id, record, registration, replica is not None)
        for station_id, record, registration, replica in zip(
            station_ids, records, registrations, replicas, strict=True
        )
    ]


def _view(
    station_id: str, record: StationRecord | None, registration: StationRegistration | None, connected: bool
) -> dict[str, Any]:
    record = record or StationRecord(station_id, accepted=False)
    known = registration or StationRegistration(station_id)
    return {
        "station_id": station_id,
        "registered": registration is not None,
        "connected": connected,
        "accepted": record.accepted,
        "vendor": record.vendor,
        "model": record.model,
        "firmware_version": record.firmware_version,
        "booted_at": views.timestamp(record.booted_at),
        "security_profile": known.security_profile,
        "authorization_key": bool(known.key_digests or known.next_key_digests),
        "serial_number": known.serial_number or None,
    }


def _event(event: StationEvent) -> dict[str, Any]:
    return {
        "at": views.timestamp(event.at),
        "kind": event.kind,
        "status": event.status,
        "detail": event.detail,
        "request_id": event.request_id,
        "reported_at": views.instant(event.reported_at),
    }
