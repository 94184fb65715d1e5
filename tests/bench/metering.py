"""Has the stations of a swarm charge, so that each sends MeterValues with two values every so many simulated seconds."""

import time
from typing import Any, Final

import httpx

from tests.bench.swarm_processes import Swarm

TWO_VALUES: Final = "Energy.Active.Import.Register,Power.Active.Import"
POLL_SECONDS: Final = 0.2
PROFILE: Final = "home"
"""Stations of one connector."""
MORNING: Final = {"CLOCK_START": "2026-11-23T09:00:00Z"}
"""Settings with which they all may charge, at whatever hour it is here: in the evening their policy says no."""


def charge(swarm: Swarm, every_seconds: int = 1) -> None:
    """Set up all stations and plug in a car at connector 1 of each, which stays.

    The cars that are there go first: some are full, and some will not stay. Transactions begin evenly over the time
    from one MeterValues to the next, since all later ones keep that distance.
    """
    _everywhere(swarm, "unplug", {"connector_id": 1})
    _everywhere(swarm, "set_configuration", {"key": "MeterValueSampleInterval", "value": str(every_seconds)})
    _everywhere(swarm, "set_configuration", {"key": "MeterValuesSampledData", "value": TWO_VALUES})
    plugged = _everywhere(swarm, "plug_in", {"connector_id": 1})
    for turn in range(every_seconds):
        began = time.monotonic()
        mine = plugged[turn::every_seconds]
        _everywhere(swarm, "authorize", {"connector_id": 1, "id_tag": "BENCH"}, station_ids=mine)
        time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))


def _everywhere(swarm: Swarm, action: str, payload: dict[str, Any], **which: list[str]) -> list[str]:
    """Do it at all stations of a filter, wait until it is done, and tell which of them did it."""
    order = {"filter": which, "action": action, "payload": payload}
    answer = swarm.api.post("/stations/bulk", json=order)
    while answer.raise_for_status().json()["state"] == "running":
        time.sleep(POLL_SECONDS)
        answer = swarm.api.get(f"/operations/{answer.json()['operation_id']}")
    done: list[str] = []
    asked: httpx.QueryParams | None = httpx.QueryParams(outcome="succeeded", limit="10000")
    while asked is not None:
        page = swarm.api.get(f"/operations/{answer.json()['operation_id']}/results", params=asked)
        found = page.raise_for_status().json()
        done += [result["station_id"] for result in found["items"]]
        asked = asked.set("cursor", found["next_cursor"]) if found["next_cursor"] else None
    return done
