"""Waiting for a scale operation: the client and the clock are played."""

from typing import Any, cast

import pytest

from evswarm_cli.controller_client import ControllerClient
from evswarm_cli.errors import ControllerError
from evswarm_cli.scaling import wait_for


class Swarm:
    """A controller whose operation comes on as `plan` says: at these seconds, so many are done."""

    def __init__(
        self, plan: dict[float, int], *, target: int, missing: str = "", ends: str = "succeeded"
    ) -> None:
        self.now = 0.0
        self._plan = plan
        self._target = target
        self._missing = missing
        self._ends = ends

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds

    def operation(self, operation_id: str) -> dict[str, Any]:
        done = max((count for at, count in self._plan.items() if at <= self.now), default=0)
        state = self._ends if done == self._target else "running"
        return {
            "operation_id": operation_id,
            "target": self._target,
            "done": done,
            "state": state,
            "message": "",
        }

    def stations(self, limit: int, status: str = "") -> dict[str, Any]:
        assert (limit, status) == (1, "Offline,Booting")
        if not self._missing:
            return {"stations": [], "total": 0}
        return {"stations": [{"station_id": "CP-000004"}], "total": 7}

    def logs(self, station_id: str) -> dict[str, Any]:
        return {"logs": ["an older line", f"{station_id} {self._missing}"]}


def wait(swarm: Swarm, patience_seconds: float = 60.0) -> tuple[dict[str, Any], list[str]]:
    shown: list[str] = []
    operation = wait_for(
        cast(ControllerClient, swarm),
        swarm.operation("scale-1"),
        patience_seconds=patience_seconds,
        show=shown.append,
        clock=swarm,
    )
    return operation, shown


def test_a_swarm_that_grows_is_followed_to_its_end() -> None:
    operation, shown = wait(Swarm({1.0: 3, 50.0: 7, 100.0: 10}, target=10))
    assert operation["state"] == "succeeded"
    assert shown[0] == "0 of 10" and "7 of 10" in shown


def test_a_pause_says_what_the_stations_say() -> None:
    _, shown = wait(Swarm({1.0: 3, 30.0: 10}, target=10, missing="Connection failed"))
    assert "3 of 10; 7 are not connected; CP-000004 says: CP-000004 Connection failed" in shown


def test_stations_that_stay_away_are_not_waited_for_for_ever() -> None:
    swarm = Swarm({1.0: 3}, target=10, missing="Connection failed: unreachable")
    with pytest.raises(
        ControllerError, match=r"3 of 10 and no more within 20 s: 7 are not connected; .*unreachable"
    ):
        wait(swarm, patience_seconds=20.0)


def test_a_failed_operation_says_what_the_stations_say() -> None:
    with pytest.raises(ControllerError, match=r"ended as failed\. 7 are not connected"):
        wait(Swarm({1.0: 10}, target=10, ends="failed", missing="refused"))


def test_a_replaced_operation_says_so() -> None:
    with pytest.raises(ControllerError, match=r"superseded\.$"):
        wait(Swarm({1.0: 10}, target=10, ends="superseded", missing="refused"))
