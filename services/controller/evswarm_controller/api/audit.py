"""What `evswarm audit` compares with our CSMS's transactions: the stations' own books, and what the totals add up to."""

from bisect import bisect_right
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.context import ContextOf
from evswarm_controller.problems import documented
from evswarm_shared.bus.books import StationBook
from evswarm_shared.bus.station_ledger import LEDGER_TRANSACTIONS_KEPT

MAX_BOOKS: Final = 2000

router = APIRouter(prefix="/audit", tags=["audit"])


class LedgerTransactionView(BaseModel):
    """A transaction as the station itself has it. Times in unix seconds."""

    serial: int = Field(description="The station's own number of it, counted from 1.")
    connector_id: int
    id_tag: str
    meter_start: int = Field(description="Wh.")
    started_at: float
    transaction_id: int | None = Field(description="Null until the CSMS answered the start.")
    meter_stop: int | None = Field(description="Wh; null while it runs.")
    energy_mwh: int | None = Field(description="What flowed, exactly; null while it runs.")
    stopped_at: float | None
    reason: str | None
    stop_landed: bool = Field(description="Whether the CSMS answered the stop.")
    given_up: list[str] = Field(description="Messages that the CSMS refused for good.")


class RebuiltView(BaseModel):
    """The store once lost the station's book, and the station wrote what it still knew."""

    first_serial: int = Field(description="The first transaction that its book has.")
    carried_mwh: int = Field(
        description="What its register shows beyond what flowed in the transactions of the book."
    )


class BookView(BaseModel):
    """What one station says, a retired one too."""

    station_id: str
    outbox: int = Field(description="Transaction messages that wait for the CSMS.")
    energy_mwh: int = Field(description="Its register as the totals count it.")
    earnings_micro: int
    row_energy_mwh: int | None = Field(description="Its register as its row has it; null without a row.")
    open_transactions: int = Field(description="As its row has it.")
    rebuilt: RebuiltView | None = Field(description="Where its book begins anew; null when it is whole.")
    transactions: list[LedgerTransactionView] = Field(description=f"The last {LEDGER_TRANSACTIONS_KEPT}.")


class BookList(BaseModel):
    """One page of books, by station id."""

    stations: list[BookView]
    next_after: str | None = Field(description="`after` of the next page; null on the last one.")


class SumView(BaseModel):
    """A sum of registers."""

    energy_mwh: int
    earnings_micro: int


class SumsView(BaseModel):
    """The totals and what they must add up to, read in one step."""

    totals: SumView
    living: SumView
    retired: SumView
    living_stations: int
    retired_stations: int
    csms_replicas: int = Field(description="Replicas of our CSMS; without any, its book says nothing.")


@router.get("/stations", response_model=BookList, responses=documented())
async def list_books(
    context: ContextOf,
    after: Annotated[str, Query(max_length=48, description="`next_after` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_BOOKS, description="Stations a page.")] = 500,
) -> Response:
    """The stations' own books of their transactions."""
    known = await context.bus.recorded_stations()
    start = bisect_right(known, after)
    page = known[start : start + limit]
    books = await context.bus.read_books(page)
    return views.json_response(
        {
            "stations": [_book(book) for book in books],
            "next_after": page[-1] if start + limit < len(known) else None,
        }
    )


@router.get("/sums", response_model=SumsView, responses=documented())
async def read_sums(context: ContextOf) -> Response:
    """The totals, and the sums over living and retired stations."""
    sums = await context.bus.register_sums()
    replicas = await context.bus.live_csms()
    return views.json_response({**msgspec.structs.asdict(sums), "csms_replicas": len(replicas)})


def _book(book: StationBook) -> dict[str, object]:
    row, rebuilt = book.row, book.rebuilt
    return {
        "station_id": book.station_id,
        "outbox": book.outbox,
        "energy_mwh": book.energy_mwh,
        "earnings_micro": book.earnings_micro,
        "row_energy_mwh": None if row is None else row.energy_mwh,
        "open_transactions": 0 if row is None else row.transactions,
        "rebuilt": None
        if rebuilt is None
        else {"first_serial": rebuilt.first_serial, "carried_mwh": rebuilt.energy_mwh},
        "transactions": book.transactions,
    }
