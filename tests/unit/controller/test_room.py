"""A scale command that the workers have no room for is refused before anything happens."""

from tests.unit.controller.desk import open_desk


async def test_more_stations_than_the_workers_can_take_are_refused_with_what_to_do() -> None:
    async with open_desk(stations=0) as desk:
        await desk.add_worker("w1", capacity=5)
        await desk.add_worker("w2", capacity=3)
        await desk.settle()
        answer = await desk.client.post("/stations/scale", json={"count": 9})
        assert answer.status_code == 409
        assert "9 stations are more than the 8" in answer.json()["detail"]
        assert "ulimit" in answer.json()["detail"]
        assert (await desk.context.bus.read_desired()).count == 0  # type: ignore[union-attr]
        assert (await desk.client.post("/stations/scale", json={"count": 8})).status_code == 202


async def test_before_there_is_a_worker_nothing_is_refused() -> None:
    async with open_desk(stations=0) as desk:
        await desk.look()
        assert (await desk.client.post("/stations/scale", json={"count": 1000})).status_code == 202


async def test_a_worker_without_a_bound_takes_all() -> None:
    async with open_desk(stations=0) as desk:
        await desk.add_worker("w1", capacity=5)
        await desk.add_worker("w2")
        await desk.settle()
        assert (await desk.client.post("/stations/scale", json={"count": 1000})).status_code == 202
