"""The archive of diagnostics and logs: addresses for stations to upload to, the upload itself, and the files.

An address holds a secret that only the asker and the station know; that is what lets an upload in, for a station
sends neither JSON nor credentials.
"""

import hashlib
import secrets
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.csms_schemas import UploadAddress, UploadList, UploadView
from evswarm_controller.api.csms_stations import require_known
from evswarm_controller.api.schemas import Body
from evswarm_controller.api.stations import StationPath
from evswarm_controller.context import ContextOf
from evswarm_controller.errors import TooLargeError, UnknownUploadAddressError, UnknownUploadError
from evswarm_controller.problems import documented
from evswarm_controller.uploaded_file import safe_name, uploaded_file
from evswarm_shared.bus.csms_records import StationEvent, StationEventKind, UploadRecord

router = APIRouter(tags=["csms"])

UploadPath = Annotated[str, Path(max_length=64, examples=["5f2b0c9a1d3e4f60"])]
_UPLOAD_RESPONSES = documented(
    HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY
)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


class UploadAddressRequest(Body):
    """Nothing to say yet."""


@router.post(
    "/csms/stations/{station_id}/uploads",
    status_code=HTTPStatus.CREATED,
    response_model=UploadAddress,
    responses=documented(HTTPStatus.NOT_FOUND),
)
async def make_upload_address(
    context: ContextOf, request: Request, station_id: StationPath, body: UploadAddressRequest | None = None
) -> Response:
    """An address to give to the station as `location` of GetDiagnostics or `remoteLocation` of GetLog."""
    del body
    await require_known(context, station_id)
    settings = context.settings
    token = secrets.token_urlsafe(24)
    await context.bus.write_upload_ticket(token, station_id, settings.upload_ticket_seconds)
    base = (settings.upload_url or str(request.base_url)).rstrip("/")
    return views.json_response(
        {
            "upload_url": f"{base}/uploads/{token}/",
            "expires_at": views.timestamp(context.now() + settings.upload_ticket_seconds),
            "max_bytes": settings.upload_max_bytes,
        },
        HTTPStatus.CREATED,
    )


@router.put(
    "/uploads/{token}/{filename:path}",
    status_code=HTTPStatus.CREATED,
    response_model=UploadView,
    responses=_UPLOAD_RESPONSES,
    openapi_extra=_BODY,
)
@router.post(
    "/uploads/{token}/{filename:path}",
    status_code=HTTPStatus.CREATED,
    response_model=UploadView,
    responses=_UPLOAD_RESPONSES,
    openapi_extra=_BODY,
)
async def upload(
    context: ContextOf,
    request: Request,
    token: Annotated[str, Path(max_length=64)],
    filename: Annotated[str, Path(description="May be left out where a form names the file.")],
) -> Response:
    """Store a file: the body as it stands, or the first file of a form. For stations."""
    station_id = await context.bus.read_upload_ticket(token)
    if station_id is None:
        raise UnknownUploadAddressError
    body = await _body(request, context.settings.upload_max_bytes)
    file = uploaded_file(request.headers.get("content-type", ""), body)
    record = UploadRecord(
        upload_id=secrets.token_hex(8),
        station_id=station_id,
        filename=safe_name(filename, file.filename),
        size=len(file.content),
        sha256=hashlib.sha256(file.content).hexdigest(),
        received_at=context.now(),
    )
    dropped = await context.bus.store_upload(
        record,
        file.content,
        ttl_seconds=context.settings.upload_keep_seconds,
        max_total_bytes=context.settings.upload_total_bytes,
    )
    detail = f"{record.filename}, {record.size} bytes"
    if dropped:
        detail += f"; {dropped} of the oldest files were dropped for it"
    event = StationEvent(record.received_at, StationEventKind.UPLOAD, "Stored", detail)
    await context.bus.append_events([(station_id, event)])
    return views.json_response(_view(record), HTTPStatus.CREATED)


@router.get("/csms/uploads", response_model=UploadList, responses=documented())
async def list_uploads(
    context: ContextOf,
    station_id: Annotated[str | None, Query(max_length=48, description="Only of this station.")] = None,
) -> Response:
    """The files that stations have uploaded, newest first."""
    records = [
        record
        for record in await context.bus.list_uploads()
        if station_id is None or record.station_id == station_id
    ]
    return views.json_response(
        {
            "uploads": [_view(record) for record in records],
            "count": len(records),
            "total_bytes": sum(record.size for record in records),
        }
    )


@router.get(
    "/csms/uploads/{upload_id}",
    response_class=Response,
    responses={
        **documented(HTTPStatus.NOT_FOUND),
        200: {"description": "The file.", "content": {"application/octet-stream": {}}},
    },
)
async def download(context: ContextOf, upload_id: UploadPath) -> Response:
    """Get a file."""
    found = await context.bus.read_upload(upload_id)
    if found is None:
        raise UnknownUploadError(upload_id)
    record, content = found
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{record.filename}"'},
    )


@router.delete(
    "/csms/uploads/{upload_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=documented(HTTPStatus.NOT_FOUND),
)
async def delete_upload(context: ContextOf, upload_id: UploadPath) -> Response:
    """Drop a file."""
    if not await context.bus.delete_upload(upload_id):
        raise UnknownUploadError(upload_id)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _body(request: Request, limit: int) -> bytes:
    """The whole body, read no further than the limit."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLargeError(limit)
        parts.append(part)
    return b"".join(parts)


def _view(record: UploadRecord) -> dict[str, Any]:
    return {
        "upload_id": record.upload_id,
        "station_id": record.station_id,
        "filename": record.filename,
        "size": record.size,
        "sha256": record.sha256,
        "received_at": views.timestamp(record.received_at),
        "download": f"/csms/uploads/{record.upload_id}",
    }
