"""Our CSMS through the controller: commands to connected stations, and the transactions it knows."""

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.command_examples import COMMAND_EXAMPLES
from evswarm_controller.api.export_files import documented_files, file_answer
from evswarm_controller.api.schemas import TransactionList, TransactionView, whole_numbers
from evswarm_controller.api.stations import StationPath
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.errors import CommandFailedError, InvalidFieldError, UnknownStationError
from evswarm_controller.problems import OPERATION_HEADER, documented
from evswarm_shared.bus.messages import CommandOutcome, CommandTarget
from evswarm_shared.ocpp16.actions import ACTIONS, Sender
from evswarm_shared.text_exports import TextFormat

MAX_TRANSACTIONS: Final = 10_000
EXPORT_PAGE: Final = 1000

router = APIRouter(prefix="/csms", tags=["csms"])

if TYPE_CHECKING:

    class CsmsAction(StrEnum):
        """Every Action that a CSMS may send (OCPP 1.6 §5 and the security whitepaper)."""

else:
    CsmsAction = StrEnum(
        "CsmsAction",
        {name: name for name, spec in sorted(ACTIONS.items()) if spec.sender.covers(Sender.CSMS)},
    )


@router.post(
    "/stations/{station_id}/commands/{action}",
    responses={
        **documented(
            HTTPStatus.NOT_FOUND,
            HTTPStatus.CONFLICT,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.BAD_GATEWAY,
            HTTPStatus.GATEWAY_TIMEOUT,
        ),
        200: {
            "description": "The payload of the station's CALLRESULT.",
            "content": {"application/json": {"example": {"status": "Accepted"}}},
        },
    },
)
async def command(
    context: ContextOf,
    station_id: StationPath,
    action: Annotated[CsmsAction, Path(description="An Action of OCPP 1.6 that a CSMS may send.")],
    body: Annotated[
        dict[str, Any],
        Body(
            description="The payload as OCPP 1.6 has it.",
            openapi_examples={action: {"value": payload} for action, payload in COMMAND_EXAMPLES.items()},
        ),
    ],
) -> Response:
    """Have our CSMS send a CALL to a station, ours or not, that is connected to it."""
    replica = await context.bus.csms_of(station_id)
    if replica is None:
        if station_id not in context.fleet.rows and await context.bus.read_station(station_id) is None:
            raise UnknownStationError(station_id)
        raise CommandFailedError(
            CommandOutcome.NOT_CONNECTED, f"Station {station_id} is not connected to this CSMS."
        )
    try:
        payload = msgspec.json.encode(whole_numbers(body))
    except (UnicodeEncodeError, RecursionError) as error:
        raise InvalidFieldError("body", f"It cannot be written as JSON: {error}.") from None
    reply, operation_id = await context.commands.ask(
        CommandTarget.CSMS, replica, station_id, action.value, payload
    )
    return Response(
        bytes(reply.payload), media_type="application/json", headers={OPERATION_HEADER: operation_id}
    )


@router.get(
    "/transactions",
    response_model=TransactionList,
    responses={
        **documented(HTTPStatus.UNPROCESSABLE_ENTITY),
        **documented_files(TransactionList | list[TransactionView]),
    },
)
async def list_transactions(
    context: ContextOf,
    station_id: Annotated[str | None, Query(max_length=48, description="Only of this station.")] = None,
    open_only: Annotated[
        bool, Query(alias="open", description="Only those that have not been stopped.")
    ] = False,
    before: Annotated[int | None, Query(ge=0, description="`next_before` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_TRANSACTIONS, description="Transactions a page.")] = 1000,
    form: Annotated[
        TextFormat | None, Query(alias="format", description="All that match as a file instead of a page.")
    ] = None,
) -> Response:
    """The transactions that our CSMS knows, newest first. `/history/transactions` has those that it forgot as well."""
    if form is not None:
        pages = _all(context, station_id, before, open_only=open_only)
        named = ("evswarm-transactions", station_id or "")
        return await file_answer(form, list(TransactionView.model_fields), pages, context.now(), *named)
    records = await context.bus.list_transactions(
        station_id=station_id, open_only=open_only, before=before, limit=limit
    )
    return views.json_response(
        {
            "transactions": [views.transaction(record) for record in records],
            "next_before": records[-1].transaction_id if len(records) == limit else None,
        }
    )


async def _all(
    context: Context, station_id: str | None, before: int | None, *, open_only: bool
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """Page after page from the store."""
    while records := await context.bus.list_transactions(
        station_id=station_id, open_only=open_only, before=before, limit=EXPORT_PAGE
    ):
        yield [views.transaction(record) for record in records]
        if len(records) < EXPORT_PAGE:
            return
        before = records[-1].transaction_id
