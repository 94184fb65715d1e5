"""A scale command that workers or central systems have no room for is refused before anything happens."""

import pytest

from evswarm_controller.room import shortage
from evswarm_shared.bus.messages import CsmsHeartbeat, DesiredState, ProfileName, StationSpec, WorkerHeartbeat
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


async def test_more_stations_than_the_central_systems_can_hold_are_refused_with_what_to_do() -> None:
    async with open_desk(stations=0) as desk:
        await desk.add_worker("w1", capacity=100)
        for name in ("c1", "c2"):
            await desk.context.bus.csms_heartbeat(CsmsHeartbeat(name, capacity=4), 60.0)
        await desk.settle()
        answer = await desk.client.post("/stations/scale", json={"count": 9})
        assert answer.status_code == 409
        assert "9 stations are more than the 8 that 2 central system(s) can hold" in answer.json()["detail"]
        assert (await desk.client.post("/stations/scale", json={"count": 8})).status_code == 202


async def test_a_station_by_name_that_there_is_no_room_for_is_refused() -> None:
    async with open_desk(stations=5) as desk:
        await desk.add_worker("w1", capacity=5)
        await desk.settle()
        answer = await desk.client.post("/stations", json={"station_id": "garage", "profile": "home"})
        assert answer.status_code == 409
        assert "6 stations are more than the 5" in answer.json()["detail"]
        assert (await desk.context.bus.read_desired()).individuals == ()  # type: ignore[union-attr]


async def test_a_swarm_that_begins_with_more_than_there_is_room_for_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_desk(stations=9) as desk:
        await desk.add_worker("w1", capacity=5)
        await desk.settle()
        await desk.pass_time(20.0)
        warned = [each for each in caplog.records if "9 stations are more than the 5" in each.getMessage()]
        assert [each.levelname for each in warned] == ["WARNING"]
        assert "9 stations" in (await desk.client.get("/services")).json()["shortage"]
        await desk.add_worker("w2", capacity=5)
        await desk.settle()
        assert (await desk.client.get("/services")).json()["shortage"] == ""


WORKERS = [WorkerHeartbeat("w1", capacity=100)]
REPLICA = CsmsHeartbeat("c1", capacity=5)


def test_only_stations_of_our_central_system_count_there() -> None:
    own = tuple(StationSpec(name, ProfileName.HOME, csms_url="ws://other") for name in ("garage", "yard"))
    assert shortage(DesiredState(count=5, individuals=own), WORKERS, [REPLICA], running=0) == ""
    assert "6 stations" in shortage(DesiredState(count=6, individuals=own), WORKERS, [REPLICA], running=0)


def test_where_stations_talk_to_another_central_system_ours_has_no_say() -> None:
    many, busy = DesiredState(count=6), CsmsHeartbeat("c1", stations_connected=3, capacity=5)
    assert shortage(many, WORKERS, [REPLICA], running=3) == ""
    assert shortage(many, WORKERS, [], running=3) == ""
    assert shortage(many, WORKERS, [busy], running=3) != ""


def test_a_central_system_without_a_bound_holds_all() -> None:
    assert shortage(DesiredState(count=9), WORKERS, [REPLICA, CsmsHeartbeat("c2")], running=0) == ""
