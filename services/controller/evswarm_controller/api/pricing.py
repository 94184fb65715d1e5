"""The price a kWh, and what has been earned with it."""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import Response

from evswarm_controller.api import views
from evswarm_controller.api.schemas import PriceRequest, PriceView, TotalsView
from evswarm_controller.context import Context, ContextOf
from evswarm_controller.problems import documented
from evswarm_shared.bus.messages import TariffChange
from evswarm_shared.history.log_lines import stamped

router = APIRouter(tags=["money"])


@router.get("/pricing", response_model=PriceView, responses=documented())
async def read_price(context: ContextOf) -> Response:
    """The price now."""
    context.require_ready()
    return _price(context)


@router.post("/pricing", response_model=PriceView, responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY))
async def change_price(context: ContextOf, body: PriceRequest) -> Response:
    """Change the price from now on. Energy that has flowed keeps the price it flowed at."""
    context.require_ready()
    observer = context.observer
    # Dated before the last change, as by a controller whose clock is behind, it would be undone by that one.
    last = observer.tariff.changes[-1].at if observer.tariff.changes else 0.0
    change = TariffChange(at=max(observer.simulated_now(), last), price_micro=round(body.price * 1_000_000))
    observer.take_tariff(await context.bus.change_tariff(change))
    context.history.price(change)
    line = f"[{context.told_time()}] Price changed to {body.price:g} {context.settings.currency}/kWh"
    await context.bus.append_log(list(context.fleet.rows), stamped(context.now(), line))
    context.hub.logged(tuple(context.fleet.rows))
    return _price(context)


@router.get("/totals", response_model=TotalsView, responses=documented())
async def read_totals(context: ContextOf) -> Response:
    """The swarm in numbers."""
    context.require_ready()
    now = context.hub.aggregates()
    return views.json_response(
        {
            "stations": now.stations,
            "desired": now.desired,
            "count": now.count,
            "id_prefix": now.id_prefix,
            "running": now.running,
            "charging": now.charging,
            "energy_kwh": now.energy_mwh / 1_000_000,
            "earnings": now.earnings_micro / 1_000_000,
            "power_kw": now.power_w / 1000,
            "currency": context.settings.currency,
        }
    )


def _price(context: Context) -> Response:
    tariff = context.observer.tariff
    return views.json_response(
        {
            "price": context.observer.price(),
            "currency": context.settings.currency,
            "since": views.timestamp(tariff.changes[-1].at) if tariff.changes else None,
            "version": tariff.version,
        }
    )
