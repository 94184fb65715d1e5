"""The stack file on a swarm of one node: deployed, updated without a gap, drained, and back with its state."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.compose import eventually
from tests.support.machine import ROOT, engine_alone, has_container_engine, missing
from tests.support.stack import Stack, docker, in_a_swarm

STATIONS = 20

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    if not has_container_engine():
        missing("container engine")
    with engine_alone():
        if in_a_swarm():
            missing("container engine outside a swarm")
        docker("compose", "--project-directory", str(ROOT), "build")
        with Stack("evswarm-stack", EVSWARM_STATIONS=str(STATIONS), EVSWARM_TRUSTED_NETWORK="true") as stack:
            stack.wait_for_replicas()
            stack.wait_for_running(STATIONS)
            yield stack


def transactions(stack: Stack) -> dict[int, dict[str, Any]]:
    return {t["transaction_id"]: t for t in stack.get("/csms/transactions?limit=1000")["transactions"]}


def test_stations_are_shared_by_both_workers_and_talk_to_both_central_systems(stack: Stack) -> None:
    workers = eventually(
        lambda: [w["stations"] for w in stack.get("/workers")["workers"]],
        lambda shares: sorted(shares) == [STATIONS // 2, STATIONS // 2],
        60,
        "even shares",
    )
    assert len(workers) == 2
    targets = stack.get("/prometheus/targets")
    assert [t["labels"]["job"] for t in targets].count("csms") == 2


def test_a_rolling_update_keeps_the_stations_and_their_transactions(stack: Stack) -> None:
    eventually(lambda: transactions(stack), lambda t: bool(t), 60, "a transaction")
    before = transactions(stack)
    old = set(stack.containers("worker"))
    for service in ("worker", "csms", "controller"):
        stack.roll(service)
    assert not old & set(stack.containers("worker"))
    stack.wait_for_running(STATIONS)
    after = transactions(stack)
    assert before.keys() <= after.keys()
    moved = {"PowerLoss", "Reboot", "HardReset", "SoftReset"}
    assert not [t for t in after.values() if t["reason"] in moved]


def test_a_drained_node_is_empty_and_the_swarm_is_whole_again_when_it_is_back(stack: Stack) -> None:
    before = transactions(stack)
    energy = stack.get("/totals")["energy_kwh"]
    stack.set_availability("drain")
    for service in ("worker", "csms", "controller", "redis", "gateway"):
        eventually(
            lambda service=service: stack.containers(service),  # type: ignore[misc]
            lambda ids: not ids,
            90,
            f"{service} gone from the drained node",
        )
    stack.set_availability("active")
    stack.wait_for_running(STATIONS, 180)
    assert before.keys() <= transactions(stack).keys()
    assert stack.get("/totals")["energy_kwh"] >= energy
