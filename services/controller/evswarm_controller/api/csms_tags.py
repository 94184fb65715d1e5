"""The authorisation list of our central system: which id tag may charge (OCPP 1.6 §4.1)."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.csms_schemas import TagList, TagListRequest, TagRequest, TagView
from evswarm_controller.context import ContextOf
from evswarm_controller.errors import UnknownTagError
from evswarm_controller.problems import documented
from evswarm_shared.bus.messages import IdTagRecord

router = APIRouter(prefix="/csms/tags", tags=["csms"])

TagPath = Annotated[str, Path(min_length=1, max_length=20, examples=["CAFE0001"])]


@router.get("", response_model=TagList, responses=documented())
async def list_tags(context: ContextOf) -> Response:
    """The authorisation list. A tag that is not on it is judged by EVSWARM_CSMS_ACCEPT_UNKNOWN_TAGS."""
    return views.json_response(_list(await context.bus.list_tags()))


@router.put("", response_model=TagList, responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY))
async def write_tags(context: ContextOf, body: TagListRequest) -> Response:
    """Write many entries; the answer is the whole list."""
    await context.bus.write_tags([_record(entry.id_tag, entry) for entry in body.tags])
    return views.json_response(_list(await context.bus.list_tags()))


@router.get("/{id_tag:path}", response_model=TagView, responses=documented(HTTPStatus.NOT_FOUND))
async def read_tag(context: ContextOf, id_tag: TagPath) -> Response:
    """One entry; upper and lower case are the same."""
    record = await context.bus.read_tag(id_tag)
    if record is None:
        raise UnknownTagError(id_tag)
    return views.json_response(_view(record))


@router.put("/{id_tag:path}", response_model=TagView, responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY))
async def write_tag(context: ContextOf, id_tag: TagPath, body: TagRequest) -> Response:
    """Write an entry; it holds from the next message with this tag on."""
    record = _record(id_tag, body)
    view = _view(record)
    await context.bus.write_tag(record)
    return views.json_response(view)


@router.delete(
    "/{id_tag:path}", status_code=HTTPStatus.NO_CONTENT, responses=documented(HTTPStatus.NOT_FOUND)
)
async def delete_tag(context: ContextOf, id_tag: TagPath) -> Response:
    """Take an entry from the list."""
    if not await context.bus.delete_tag(id_tag):
        raise UnknownTagError(id_tag)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _record(id_tag: str, body: TagRequest) -> IdTagRecord:
    return IdTagRecord(
        id_tag=id_tag,
        status=body.status.value,
        expiry_date=None if body.expiry_date is None else body.expiry_date.timestamp(),
        parent_id_tag=body.parent_id_tag,
        concurrent=body.concurrent,
    )


def _view(record: IdTagRecord) -> dict[str, Any]:
    return {
        "id_tag": record.id_tag,
        "status": record.status,
        "expiry_date": views.instant(record.expiry_date),
        "parent_id_tag": record.parent_id_tag,
        "concurrent": record.concurrent,
    }


def _list(records: list[IdTagRecord]) -> dict[str, Any]:
    return {"tags": [_view(record) for record in records], "count": len(records)}
