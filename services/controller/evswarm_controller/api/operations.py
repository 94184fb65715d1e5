"""Operations: doing the same to many stations, and what has become of everything that was asked for."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.operation_schemas import (
    BulkPreview,
    BulkRequest,
    OperationList,
    OperationView,
    ResultList,
)
from evswarm_controller.bulk_orders import BulkAction
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.errors import InvalidFieldError, UnknownOperationError
from evswarm_controller.operation_progress import WISHES, unsettled
from evswarm_controller.problems import documented
from evswarm_controller.station_query import parse_filter
from evswarm_shared.bus.keys import OPERATIONS_KEPT
from evswarm_shared.bus.messages import OperationKind, OperationSnapshot, OperationState
from evswarm_shared.bus.operation_results import OPEN, StationOutcome, StationResult

MAX_RESULTS: Final = 10_000
BARE: Final = frozenset((BulkAction.START, BulkAction.STOP, BulkAction.RECONNECT))
OUTCOME_OF: Final = {
    OperationState.RUNNING: StationOutcome.RUNNING,
    OperationState.SUCCEEDED: StationOutcome.SUCCEEDED,
}

router = APIRouter(tags=["operations"])

OperationPath = Annotated[str, Path(max_length=100, examples=["bulk-0123456789ab"])]


class ResultFilter(StrEnum):
    """Which results are asked for."""

    PENDING = "pending"
    """Also those that are just being done."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Also those of which nobody knows."""
    CANCELLED = "cancelled"


OUTCOMES: Final = {
    ResultFilter.PENDING: OPEN,
    ResultFilter.SUCCEEDED: frozenset((StationOutcome.SUCCEEDED,)),
    ResultFilter.FAILED: frozenset((StationOutcome.FAILED, StationOutcome.UNKNOWN)),
    ResultFilter.CANCELLED: frozenset((StationOutcome.CANCELLED,)),
}


@router.post(
    "/stations/bulk",
    status_code=HTTPStatus.ACCEPTED,
    response_model=OperationView,
    responses={
        **documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
        200: {"model": BulkPreview, "description": "With `preview`: what it would be about."},
    },
)
async def bulk(context: ContextOf, body: BulkRequest) -> Response:
    """Do the same to all stations of a filter. The answer is an operation with a result for each of them."""
    context.require_ready()
    if body.payload is not None and body.action in BARE:
        raise InvalidFieldError("payload", f"{body.action} takes none.")
    meant = context.orders.meant(
        parse_filter(
            q=body.filter.q,
            status=body.filter.status,
            worker=body.filter.worker,
            profile=body.filter.profile,
            station_ids=body.filter.station_ids,
        )
    )
    if body.preview:
        return views.json_response(
            {"matches": len(meant), "active_transactions": sum(row.transactions for row in meant)}
        )
    payload = {} if body.payload is None else body.payload.model_dump(exclude_none=True)
    operation = await context.orders.place(
        [row.station_id for row in meant], body.action, msgspec.json.encode(payload), body.timeout_seconds
    )
    return views.accepted(operation)


@router.get(
    "/operations", response_model=OperationList, responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY)
)
async def list_operations(
    context: ContextOf,
    limit: Annotated[int, Query(ge=1, le=OPERATIONS_KEPT, description="Operations at most.")] = 50,
) -> Response:
    """What was asked for last: wishes about the swarm, bulk operations, and commands to single stations."""
    operations = await context.bus.list_operations(limit)
    return views.json_response({"operations": [views.operation(each) for each in operations]})


@router.get(
    "/operations/{operation_id}", response_model=OperationView, responses=documented(HTTPStatus.NOT_FOUND)
)
async def read_operation(context: ContextOf, operation_id: OperationPath) -> Response:
    """How far an operation has come."""
    return views.json_response(views.operation(await _operation(context, operation_id)))


@router.get(
    "/operations/{operation_id}/results",
    response_model=ResultList,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
async def read_results(
    context: ContextOf,
    operation_id: OperationPath,
    outcome: Annotated[
        ResultFilter | None,
        Query(description="`failed` has the unknown ones too, `pending` those being done."),
    ] = None,
    cursor: Annotated[str, Query(max_length=48, description="`next_cursor` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_RESULTS, description="Results a page.")] = 1000,
) -> Response:
    """What became of each station. Scaling tells only of those that are late."""
    operation = await _operation(context, operation_id)
    wanted = OUTCOMES.get(outcome) if outcome else None
    results = [
        result for result in await _results(context, operation) if wanted is None or result.outcome in wanted
    ]
    page = [result for result in results if result.station_id > cursor][: limit + 1]
    items = page[:limit]
    return views.json_response(
        {
            "items": items,
            "total": len(results),
            "next_cursor": items[-1].station_id if len(page) > limit else None,
        }
    )


@router.post(
    "/operations/{operation_id}/cancel",
    response_model=OperationView,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def cancel(context: ContextOf, operation_id: OperationPath) -> Response:
    """End a scale or bulk operation early: what runs stays, what has not begun does not begin.

    It may still run when this answers; it ends when the stations that were being asked have answered.
    """
    context.require_ready()
    operation = await context.orders.cancel(await _operation(context, operation_id))
    return views.json_response(views.operation(operation))


@router.post(
    "/operations/{operation_id}/retry",
    status_code=HTTPStatus.ACCEPTED,
    response_model=OperationView,
    responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
async def retry(context: ContextOf, operation_id: OperationPath) -> Response:
    """Ask the stations once more that an operation failed for, did not begin with, or knows nothing of."""
    context.require_ready()
    return views.accepted(await context.orders.retry(await _operation(context, operation_id)))


async def _operation(context: Context, operation_id: str) -> OperationSnapshot:
    operation = await context.bus.read_operation(operation_id)
    if operation is None:
        raise UnknownOperationError(operation_id)
    return operation


async def _results(context: Context, operation: OperationSnapshot) -> list[StationResult]:
    if operation.kind is OperationKind.BULK:
        return await context.bus.read_results(operation.operation_id)
    if operation.kind is OperationKind.SCALE and operation.state is OperationState.RUNNING:
        context.require_ready()
        wanted = context.observer.wanted
        surplus = [station_id for station_id in context.fleet.rows if station_id not in wanted]
        late = unsettled(operation, context.fleet, wanted, surplus)
        return [StationResult(each, StationOutcome.PENDING, late[each]) for each in sorted(late)]
    if operation.kind in WISHES and operation.state is OperationState.FAILED:
        return await context.bus.read_results(operation.operation_id)
    outcome = OUTCOME_OF.get(operation.state, StationOutcome.FAILED)
    return [StationResult(each, outcome, operation.message) for each in sorted(operation.station_ids)]
