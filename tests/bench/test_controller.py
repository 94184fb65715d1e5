"""What 10,000 stations cost the controller: taking a tick's rows, making a patch, answering a query."""

from typing import Any

import msgspec
import pytest

from evswarm_controller.api import views
from evswarm_controller.fleet import Fleet
from evswarm_controller.live_frames import snapshot
from evswarm_controller.live_window import WindowQuery, WindowShelf
from evswarm_controller.station_query import Direction, SortField, StationFilter, StationQuery, find
from evswarm_shared.bus.messages import StationState
from tests.unit.controller.desk import encoded, open_desk, row

STATIONS = 10_000


def tick_of_rows(power_w: int) -> list[bytes]:
    return [
        encoded(row(f"CP-{i:06d}", state=StationState.CHARGING, power_w=power_w + i, energy_mwh=i * 10**6))
        for i in range(1, STATIONS + 1)
    ]


@pytest.fixture
def fleet() -> Fleet:
    full = Fleet()
    full.apply("w1", tick_of_rows(0), 0.0)
    return full


def test_a_tick_in_which_every_row_changed_is_taken(benchmark: Any, fleet: Fleet) -> None:
    rows = tick_of_rows(1)
    benchmark(fleet.apply, "w1", rows, 1.0)
    assert fleet.charging == 0
    assert len(fleet) == STATIONS


async def test_a_patch_of_every_row_is_made(benchmark: Any, fleet: Fleet) -> None:
    async with open_desk() as desk:
        await desk.look()
        desk.context.fleet.apply("w1", tick_of_rows(0), 0.0)
        everything = set(desk.context.fleet.rows)

        def tick() -> None:
            desk.context.fleet._changed |= everything
            desk.context.hub.tick()

        benchmark(tick)
        frames = snapshot(1, fleet.encoded_rows(), desk.context.hub.aggregates())
        print(f"\na frame of {STATIONS} rows: {sum(map(len, frames)):,} bytes")


@pytest.mark.parametrize("sort", [SortField.STATION_ID, SortField.POWER_KW])
def test_a_page_of_a_thousand_is_found_and_encoded(benchmark: Any, fleet: Fleet, sort: SortField) -> None:
    query = StationQuery(sort=sort, direction=Direction.DESC)

    def answer() -> bytes:
        page = find(fleet.rows.values(), query)
        return msgspec.json.encode([views.station(r) for r in page.rows])

    assert benchmark(answer)


def test_a_text_is_looked_for(benchmark: Any, fleet: Fleet) -> None:
    page = benchmark(find, fleet.rows.values(), StationQuery(StationFilter(text="0077")))
    assert page.total > 0


@pytest.mark.parametrize(
    "query",
    [
        WindowQuery(),
        WindowQuery(sort=SortField.POWER_KW, dir=Direction.DESC, offset=5_000),
        WindowQuery(status="Charging", sort=SortField.ENERGY_KWH),
        WindowQuery(q="0077"),
    ],
    ids=["all", "by power", "charging", "text"],
)
def test_a_window_of_fifty_thousand_stations_is_made_anew(benchmark: Any, query: WindowQuery) -> None:
    fleet = Fleet()
    for part in range(5):
        rows = tick_of_rows(part)
        fleet.apply("w1", [encoded_row.replace(b"CP-", b"P%d-" % part) for encoded_row in rows], 0.0)
    assert len(fleet) == 5 * STATIONS
    now = iter(range(10**9))
    shelf = WindowShelf(fleet, timer=lambda: 0.0)
    shown = benchmark(lambda: shelf.show(query, float(next(now))))
    assert '"rows":[[' in shown
