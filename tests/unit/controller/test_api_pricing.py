"""The price and the sums."""

import pytest

from evswarm_shared.bus.messages import ProfileName, StationSpec, StationState
from tests.unit.controller.desk import Desk, open_desk, row


async def test_the_opening_price_is_that_of_the_settings() -> None:
    async with open_desk(price=0.25, currency="CHF") as desk:
        await desk.look()
        body = (await desk.client.get("/pricing")).json()
    assert body == {"price": 0.25, "currency": "CHF", "since": "2027-01-15T08:00:00.000Z", "version": 1}


async def test_a_new_price_holds_from_now_on_and_stands_in_every_log(swarm: Desk) -> None:
    answer = await swarm.client.post("/pricing", json={"price": 0.425})
    assert answer.status_code == 200
    assert (answer.json()["price"], answer.json()["version"]) == (0.425, 2)
    assert (await swarm.client.get("/pricing")).json() == answer.json()
    tariff = await swarm.context.bus.read_tariff()
    assert [c.price_micro for c in tariff.changes] == [300_000, 425_000]
    logs = [
        (await swarm.client.get(f"/stations/{station_id}/logs")).json()["logs"][-1]
        for station_id in swarm.context.fleet.rows
    ]
    told = answer.json()["since"][11:19]
    assert logs == [f"[{told}] Price changed to 0.425 EUR/kWh"] * 20


async def test_the_logs_tell_the_time_of_the_configured_zone() -> None:
    async with open_desk(stations=1, timezone="Asia/Tokyo") as desk:
        await desk.add_worker("w1")
        await desk.settle()
        since = (await desk.client.post("/pricing", json={"price": 1})).json()["since"]
        (line,) = (await desk.client.get("/stations/CP-000001/logs")).json()["logs"]
    assert int(line[1:3]) == (int(since[11:13]) + 9) % 24


@pytest.mark.parametrize(
    "price", ["-0.01", "100.01", "NaN", "Infinity", "1e999", '"1"', "true", "null", "[]"]
)
async def test_a_price_is_a_finite_number_from_0_to_100(swarm: Desk, price: str) -> None:
    answer = await swarm.client.post(
        "/pricing", content=f'{{"price":{price}}}', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == ["price"]
    assert (await swarm.client.get("/pricing")).json()["version"] == 1


@pytest.mark.parametrize("price", [0, 100])
async def test_the_bounds_are_prices(swarm: Desk, price: int) -> None:
    assert (await swarm.client.post("/pricing", json={"price": price})).json()["price"] == price


async def test_totals_are_the_sums_over_the_rows(swarm: Desk) -> None:
    worker = swarm.workers[0]
    await worker.publish(
        [
            row(
                "CP-000001",
                worker_id="w1",
                state=StationState.CHARGING,
                transactions=2,
                power_w=1500,
                energy_mwh=3_000_000,
                earnings_micro=900_000,
            ),
            row(
                "CP-000002",
                worker_id="w1",
                state=StationState.OFFLINE,
                running=False,
                energy_mwh=1_000_000,
                earnings_micro=100_000,
            ),
        ]
    )
    await swarm.look()
    assert (await swarm.client.get("/totals")).json() == {
        "stations": 20,
        "desired": 20,
        "count": 20,
        "id_prefix": "CP-",
        "running": 19,
        "charging": 1,
        "energy_kwh": 4.0,
        "earnings": 1.0,
        "power_kw": 1.5,
        "currency": "EUR",
    }


async def test_stations_of_a_lost_worker_do_not_run(swarm: Desk) -> None:
    swarm.workers.clear()
    await swarm.pass_time(15)
    totals = (await swarm.client.get("/totals")).json()
    assert (totals["stations"], totals["running"]) == (20, 0)


async def test_a_price_set_just_after_another_pace_of_time_was_holds_from_then_on(swarm: Desk) -> None:
    swarm.clock.at += 10
    await swarm.client.post("/pricing", json={"price": 0.4})
    await swarm.client.patch("/conditions", json={"clock_factor": 600})
    swarm.clock.at += 0.5
    answer = await swarm.client.post("/pricing", json={"price": 0.5})
    assert answer.json()["price"] == 0.5
    await swarm.pass_time(5)
    assert (await swarm.client.get("/pricing")).json()["price"] == 0.5


async def test_prices_set_while_time_stands_still_follow_one_another(swarm: Desk) -> None:
    await swarm.client.patch("/conditions", json={"clock_factor": 0})
    await swarm.pass_time(5)
    for price in (0.4, 0.5, 0.4):
        assert (await swarm.client.post("/pricing", json={"price": price})).json()["price"] == price


async def test_a_price_by_a_controller_whose_clock_is_behind_is_not_undone(swarm: Desk) -> None:
    await swarm.client.post("/pricing", json={"price": 0.4})
    swarm.clock.at -= 0.5
    await swarm.client.post("/pricing", json={"price": 0.5})
    swarm.clock.at += 1
    assert (await swarm.client.get("/pricing")).json()["price"] == 0.5


async def test_stations_created_by_name_are_desired_and_no_part_of_the_size_that_scaling_sets(
    swarm: Desk,
) -> None:
    await swarm.context.wishes.create(StationSpec(station_id="GARAGE-7", profile=ProfileName.HOME))
    totals = (await swarm.client.get("/totals")).json()
    assert (totals["desired"], totals["count"], totals["id_prefix"]) == (21, 20, "CP-")
