"""What holds for the whole swarm beside the price."""

from typing import Any

import pytest

from evswarm_shared.bus.messages import Conditions, PolicyChange, ProfileName
from tests.unit.controller.desk import Desk


async def change(swarm: Desk, body: dict[str, Any]) -> dict[str, Any]:
    answer = await swarm.client.patch("/conditions", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def assigned(swarm: Desk) -> list[Conditions]:
    await swarm.pass_time(1)
    return [a.conditions for a in (await swarm.context.bus.read_assignments()).values()]


async def test_at_first_time_runs_as_it_does_and_nothing_is_known_of_the_grid(swarm: Desk) -> None:
    body = (await swarm.client.get("/conditions")).json()
    assert body.pop("simulated_time").startswith("20")
    assert body == {"clock_factor": 1.0, "grid_load": None, "carbon_intensity": None, "policies": {}}


async def test_what_is_named_changes_and_reaches_every_worker(swarm: Desk) -> None:
    await change(swarm, {"grid_load": 0.9, "policies": {"home": {"max_grid_load": 0.8}}})
    body = await change(swarm, {"carbon_intensity": 420, "policies": {"home": {"peak_hours": [18, 17, 18]}}})
    assert body["policies"] == {"home": {"max_grid_load": 0.8, "peak_hours": [17, 18]}}
    home = PolicyChange(max_grid_load=0.8, peak_hours=frozenset({17, 18}))
    wanted = Conditions(grid_load=0.9, carbon_intensity=420, policies={ProfileName.HOME: home})
    assert await assigned(swarm) == [wanted] * 2
    (line,) = [
        line
        for line in (await swarm.client.get("/stations/CP-000001/logs")).json()["logs"]
        if "carbon" in line
    ]
    assert line.endswith("Conditions: carbon intensity 420, another policy for home")


@pytest.mark.parametrize(
    "back",
    [
        {"grid_load": None, "policies": {"home": None}},
        {"grid_load": None, "policies": {"home": {"max_grid_load": None}}},
    ],
)
async def test_null_gives_back_what_was(swarm: Desk, back: dict[str, Any]) -> None:
    await change(swarm, {"grid_load": 0.9, "policies": {"home": {"max_grid_load": 0.8}}})
    body = await change(swarm, back)
    assert (body["grid_load"], body["policies"]) == (None, {})
    assert await assigned(swarm) == [Conditions()] * 2


async def test_time_goes_on_from_where_it_was_at_another_pace(swarm: Desk) -> None:
    clock = swarm.context.observer.desired.clock
    before = clock.simulated(swarm.clock() + 1)
    body = await change(swarm, {"clock_factor": 60})
    assert body["clock_factor"] == 60
    clock = swarm.context.observer.desired.clock
    assert clock.simulated(swarm.clock() + 1) == before
    assert clock.simulated(swarm.clock() + 11) == before + 600


@pytest.mark.parametrize(("before", "after"), [(1, 600), (600, 1), (600, 0), (0, 60)])
async def test_no_clock_that_is_shown_goes_back_when_time_runs_otherwise(
    swarm: Desk, before: float, after: float
) -> None:
    async def shown() -> list[str]:
        about = (await swarm.client.get("/about")).json()["run"]["simulated_at"]
        conditions = (await swarm.client.get("/conditions")).json()["simulated_time"]
        return [about, conditions, swarm.context.told_time()]

    await change(swarm, {"clock_factor": before})
    swarm.clock.at += 3
    told = [await shown()]
    await change(swarm, {"clock_factor": after})
    for _ in range(6):
        told.append(await shown())
        swarm.clock.at += 0.3
    for clock in zip(*told, strict=True):
        assert list(clock) == sorted(clock)


async def test_what_is_so_already_is_no_new_generation(swarm: Desk) -> None:
    generation = swarm.context.observer.desired.generation
    await change(swarm, {"clock_factor": 1, "grid_load": None})
    assert swarm.context.observer.desired.generation == generation


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"clock_factor": 601}, "clock_factor"),
        ({"clock_factor": "60"}, "clock_factor"),
        ({"grid_load": 1.1}, "grid_load"),
        ({"carbon_intensity": -1}, "carbon_intensity"),
        ({"policies": {"nobody": {}}}, "policies.nobody"),
        ({"policies": {"home": {"peak_hours": [24]}}}, "policies.home.peak_hours.0"),
        ({"policies": {"home": {"price": 1}}}, "policies.home.price"),
        ({"grid": 1}, "grid"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_name(swarm: Desk, body: dict[str, Any], field: str) -> None:
    answer = await swarm.client.patch("/conditions", json=body)
    assert answer.status_code == 422
    assert field in answer.json()["errors"][0]["field"]


async def test_another_pace_of_time_begins_no_other_run(swarm: Desk) -> None:
    run = (await swarm.client.get("/about")).json()["run"]
    await swarm.pass_time(5)
    await change(swarm, {"clock_factor": 60})
    assert (await swarm.client.get("/about")).json()["run"]["began_at"] == run["began_at"]
