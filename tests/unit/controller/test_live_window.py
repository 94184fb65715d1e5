"""Windows of a large swarm: what they show, what they count, and how often they are made."""

import json
from typing import Any

import pytest

from evswarm_controller.fleet import Fleet
from evswarm_controller.live_window import SHARE, WindowQuery, WindowShelf
from evswarm_controller.station_query import Direction, SortField
from evswarm_shared.bus.messages import StationState
from tests.unit.controller.desk import encoded, row


def fleet_of_twelve() -> Fleet:
    """Even stations charge, the third part is at w2 and of profile public."""
    fleet = Fleet()
    for n in range(12, 0, -1):
        charging = n % 2 == 0
        one = row(
            f"CP-{n:02d}",
            state=StationState.CHARGING if charging else StationState.AVAILABLE,
            transactions=int(charging),
            power_w=1000 * (n % 5),
            worker_id="w2" if n % 3 == 0 else "w1",
            profile="public" if n % 3 == 0 else "home",
        )
        fleet.apply(one.worker_id, [encoded(one)], 0.0)
    return fleet


def shown(fleet: Fleet, query: WindowQuery, now: float = 0.0) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads("{" + WindowShelf(fleet).show(query, now) + "}")
    return frame


def ids(frame: dict[str, Any]) -> list[str]:
    return [each[0] for each in frame["rows"]]


def test_a_window_is_a_part_of_the_order_and_says_how_long_the_whole_is() -> None:
    frame = shown(fleet_of_twelve(), WindowQuery(offset=3, limit=4))
    assert ids(frame) == ["CP-04", "CP-05", "CP-06", "CP-07"]
    assert (frame["offset"], frame["total"]) == (3, 12)


def test_a_window_past_the_end_shows_the_end() -> None:
    frame = shown(fleet_of_twelve(), WindowQuery(offset=500, limit=4))
    assert (frame["offset"], ids(frame)[-1]) == (8, "CP-12")
    assert shown(Fleet(), WindowQuery(offset=5))["rows"] == []


def test_it_sorts_as_the_list_of_the_api_does() -> None:
    frame = shown(fleet_of_twelve(), WindowQuery(sort=SortField.POWER_KW, dir=Direction.DESC, limit=4))
    assert ids(frame) == ["CP-04", "CP-09", "CP-03", "CP-08"]


def test_each_facet_counts_what_its_choices_would_show() -> None:
    everything = {"states": {"Charging": 6, "Available": 6}, "workers": {"w1": 8, "w2": 4}}
    facets = shown(fleet_of_twelve(), WindowQuery())["facets"]
    assert {state: facets["states"][state] for state in everything["states"]} == everything["states"]
    assert (facets["states"]["running"], facets["states"]["in transaction"]) == (12, 6)
    assert (facets["workers"], facets["profiles"]) == (everything["workers"], {"home": 8, "public": 4})
    narrowed = shown(fleet_of_twelve(), WindowQuery(status="Charging", worker="w2"))
    assert (narrowed["total"], ids(narrowed)) == (2, ["CP-06", "CP-12"])
    facets = narrowed["facets"]
    assert facets["states"] == {"Charging": 2, "Available": 2, "running": 4, "in transaction": 2}
    assert (facets["workers"], facets["profiles"]) == ({"w1": 4, "w2": 2}, {"public": 2})


def test_facets_are_the_same_whether_counted_as_they_come_or_one_by_one() -> None:
    fleet = fleet_of_twelve()
    as_they_come = shown(fleet, WindowQuery())["facets"]
    one_by_one = shown(fleet, WindowQuery(q="CP-"))["facets"]
    assert as_they_come == one_by_one


@pytest.mark.parametrize(
    ("query", "words"),
    [(WindowQuery(status="Flying"), "flying"), (WindowQuery(profile="villa"), "villa")],
)
def test_a_filter_that_makes_no_sense_finds_nothing_and_says_so(query: WindowQuery, words: str) -> None:
    frame = shown(fleet_of_twelve(), query)
    assert (frame["total"], frame["rows"]) == (0, [])
    assert words in frame["problem"]


class Costs:
    """A timer by which everything takes `cost` seconds."""

    def __init__(self, cost: float) -> None:
        self.cost = cost
        self.at = 0.0

    def __call__(self) -> float:
        self.at += self.cost
        return self.at


def test_pages_that_ask_the_same_share_one_answer_and_rows_in_it_are_as_they_are_now() -> None:
    fleet = fleet_of_twelve()
    costs = Costs(0.01)
    shelf = WindowShelf(fleet, costs)
    shelf.show(WindowQuery(limit=2), 0.0)
    after_one = costs.at
    fleet.apply("w1", [encoded(row("CP-01", power_w=777))], 0.0)
    frame = json.loads("{" + shelf.show(WindowQuery(limit=3), 0.5) + "}")
    assert costs.at == after_one
    assert frame["rows"][0][7] == 777
    shelf.show(WindowQuery(limit=3), 1.0)
    assert costs.at > after_one


def test_the_more_answers_cost_the_longer_they_are_kept() -> None:
    shelf = WindowShelf(fleet_of_twelve(), Costs(0.3))
    shelf.show(WindowQuery(), 0.0)
    assert shelf.fresh_seconds == pytest.approx(0.3 / SHARE)
    shelf.show(WindowQuery(q="0"), 0.0)
    assert shelf.fresh_seconds == pytest.approx(0.6 / SHARE)
    shelf.sweep(6.5)
    assert shelf.fresh_seconds == 1.0


def test_a_station_that_is_gone_is_no_row_of_an_older_answer() -> None:
    fleet = fleet_of_twelve()
    shelf = WindowShelf(fleet)
    shelf.show(WindowQuery(), 0.0)
    fleet.remove(["CP-01"])
    frame = json.loads("{" + shelf.show(WindowQuery(limit=2), 0.1) + "}")
    assert ids(frame) == ["CP-02"]
