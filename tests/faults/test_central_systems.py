"""The central system goes away in the middle of starts and stops, or one of its replicas does."""

import os
import time
from pathlib import Path

from tests.support.fault_swarm import FaultSwarm, wait_until
from tests.support.faulty_network import FaultyNetwork

AWAY_SECONDS = float(os.environ.get("FAULT_CSMS_AWAY_SECONDS", "12"))
STATIONS = 600
LEFT = 400


def test_what_happened_without_a_central_system_is_told_in_order_when_it_is_back(tmp_path: Path) -> None:
    swarm = FaultSwarm(tmp_path, stations=STATIONS, workers=2)
    with FaultyNetwork(("127.0.0.1", swarm.csms_ports[0])) as road, swarm:
        swarm.csms_road = road.port
        swarm.start()
        swarm.wait_for_charging(40)
        charging = swarm.charging_stations()[:40]
        booked = swarm.open_transactions().values()
        leaving = {each for each in booked if each > f"CP-{LEFT:06d}"}
        assert leaving, "stations that are about to leave are charging"
        swarm.csms[0].kill()
        left_at = time.monotonic()
        stopped = [each for each in charging if swarm.act(each, "press_stop").status_code == 200]
        assert len(stopped) > 20
        again = stopped[: len(stopped) // 2]
        for station_id in again:
            swarm.act(station_id, "unplug")
            swarm.act(station_id, "plug_in")
            swarm.act(station_id, "authorize")
        smaller = swarm.post("/stations/scale", {"count": LEFT}).json()["operation_id"]
        waiting = swarm.get("/audit/stations?limit=2000")["stations"]
        assert sum(book["outbox"] for book in waiting) >= len(stopped), "stops wait in the outboxes"
        time.sleep(max(0.0, AWAY_SECONDS - (time.monotonic() - left_at)))
        back_at = time.monotonic()
        swarm.csms[0].start_again()
        assert swarm.get(f"/operations/{smaller}")["state"] == "running"
        swarm.wait_for_running(LEFT, 90)
        wait_until(lambda: swarm.get(f"/operations/{smaller}")["state"] == "succeeded", "the others are gone")
        assert not leaving & set(swarm.open_transactions().values()), (
            "they have told how their transactions ended"
        )
        came = road.accepted_a_second(back_at)
        print(
            f"{STATIONS} stations came back over {len(came)} s, {max(came)} in the busiest second; {len(booked)} were open"
        )
        assert max(came) < 0.6 * sum(came), "they came back as one storm"
        swarm.settle()


def test_the_stations_of_a_killed_replica_move_to_the_other_and_commands_find_them(tmp_path: Path) -> None:
    swarm = FaultSwarm(tmp_path, stations=200, workers=2, csms=2)
    with FaultyNetwork(*(("127.0.0.1", port) for port in swarm.csms_ports)) as road, swarm:
        swarm.csms_road = road.port
        swarm.start()
        swarm.wait_for_charging(10)
        on_first = [c for c in road.open_connections if c.target[1] == swarm.csms_ports[0]]
        assert 60 <= len(on_first) <= 140, "both replicas have stations"
        swarm.csms[0].kill()
        wait_until(lambda: not any(c.open for c in on_first), "the connections of the dead replica are gone")
        wait_until(lambda: len(road.open_connections) >= 200, "every station has another connection")
        swarm.wait_for_running(200)
        for number in range(1, 201, 10):
            station_id = f"CP-{number:06d}"
            answer = swarm.post(f"/csms/stations/{station_id}/commands/GetLocalListVersion", {})
            assert answer.status_code in (200, 502), f"{station_id}: {answer.text}"
        swarm.settle()
