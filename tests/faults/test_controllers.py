"""The leader dies in the middle of an operation, and everything is restarted piece by piece."""

import signal
from collections import Counter
from pathlib import Path

from tests.support.compose import eventually
from tests.support.fault_swarm import FaultSwarm, wait_until
from tests.support.faulty_network import FaultyNetwork


def order_that_a_frozen_worker_does_not_answer(swarm: FaultSwarm) -> str:
    """A bulk operation of which one worker's part is done and the other's asked for; that worker is frozen."""
    swarm.workers[0].process.send_signal(signal.SIGSTOP)
    stations = [row["station_id"] for row in swarm.get("/stations?status=running&limit=100")["stations"]]
    answer = swarm.post(
        "/stations/bulk",
        {
            "filter": {"station_ids": stations},
            "action": "set_configuration",
            "payload": {"key": "HeartbeatInterval", "value": "1234"},
        },
    )
    assert answer.status_code == 202
    operation: str = answer.json()["operation_id"]

    def half_way() -> bool:
        items = swarm.get(f"/operations/{operation}/results")["items"]
        return {item["outcome"] for item in items} == {"running", "succeeded"}

    wait_until(half_way, "one worker has answered")
    return operation


def tell_what_is_known(swarm: FaultSwarm, operation: str) -> None:
    """What the leader learned before it died is kept; of what it had asked for nobody says that it is done or not."""
    view = swarm.get(f"/operations/{operation}")
    items = swarm.get(f"/operations/{operation}/results")["items"]
    outcomes = Counter(item["outcome"] for item in items)
    assert (view["state"], set(outcomes)) == ("failed", {"succeeded", "unknown"})
    assert (view["done"], view["failed"]) == (outcomes["succeeded"], outcomes["unknown"])
    assert "not known" in view["message"]


def test_the_standby_goes_on_with_the_operations_and_no_station_notices(tmp_path: Path) -> None:
    swarm = FaultSwarm(tmp_path, stations=100, controllers=2, command_timeout_seconds=2, lease_seconds=6)
    with FaultyNetwork(("127.0.0.1", swarm.csms_ports[0])) as road, swarm:
        swarm.csms_road = road.port
        swarm.start()
        connected = road.open_connections
        leads = [("leading (term" in controller.output()) for controller in swarm.controllers]
        leader = leads.index(True)
        urls = [f"http://127.0.0.1:{port}" for port in swarm.controller_ports]
        swarm.url = urls[1 - leader]
        answer = swarm.post("/stations/scale", {"count": 200, "ramp_per_second": 20})
        assert answer.status_code == 202
        operation = answer.json()["operation_id"]
        wait_until(lambda: swarm.get("/totals")["running"] > 110, "the operation is under way")
        assert swarm.get(f"/operations/{operation}")["state"] == "running"
        bulk = order_that_a_frozen_worker_does_not_answer(swarm)
        swarm.controllers[leader].kill()
        swarm.workers[0].process.send_signal(signal.SIGCONT)
        eventually(
            lambda: swarm.get(f"/operations/{operation}")["state"],
            lambda state: state == "succeeded",
            60,
            "the operation's end",
        )
        eventually(
            lambda: swarm.get(f"/operations/{bulk}")["state"], lambda state: state != "running", 60, "its end"
        )
        tell_what_is_known(swarm, bulk)
        swarm.wait_for_running(200)
        assert all(connection.open for connection in connected), "a station noticed"
        swarm.wait_for_charging(10)
        swarm.settle()


def test_everything_is_restarted_piece_by_piece_and_nothing_is_lost(tmp_path: Path) -> None:
    swarm = FaultSwarm(tmp_path, stations=200, workers=2, csms=2, controllers=2, lease_seconds=5)
    with FaultyNetwork(*(("127.0.0.1", port) for port in swarm.csms_ports)) as road, swarm:
        swarm.csms_road = road.port
        swarm.start()
        swarm.wait_for_charging(10)
        for service in (*swarm.workers, *swarm.csms):
            service.restart()
            wait_until(lambda: len(swarm.get("/workers")["workers"]) >= 1, "the controller answers")
            swarm.wait_for_running(200, 90)
        answer = swarm.post("/stations/scale", {"count": 240, "ramp_per_second": 8})
        for controller in swarm.controllers:
            controller.restart()
        operation = answer.json()["operation_id"]
        eventually(
            lambda: swarm.get(f"/operations/{operation}")["state"],
            lambda state: state == "succeeded",
            60,
            "the operation that was under way going on",
        )
        swarm.store.stop()
        swarm.store.start()
        swarm.wait_for_running(240, 90)
        swarm.settle()
