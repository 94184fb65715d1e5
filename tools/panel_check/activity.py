"""A busy minute: everything that a panel shows is made to happen, good and bad."""

import time
from itertools import cycle
from typing import Final

from tools.panel_check.local_stack import LocalStack

PAUSE_SECONDS: Final = 0.25

# Carried out in turn on one station after another; what does not fit a station's state is refused, and that is fine.
HAND_ACTIONS: Final = (
    "plug_in",
    "authorize",
    "plug_in",
    "authorize",
    "press_stop",
    "unplug",
    "fault",
    "clear_fault",
    "network_down",
    "network_up",
    "power_cycle",
)


def be_busy(stack: LocalStack, seconds: float) -> None:
    """Use the swarm by its API for so long."""
    until = time.monotonic() + seconds
    stations = [row["station_id"] for row in stack.get("/stations?limit=200")["stations"]]
    count = len(stations)
    for turn in cycle(range(1000)):
        if time.monotonic() > until:
            return
        station_id = stations[turn // 2 % len(stations)]
        action = HAND_ACTIONS[turn % len(HAND_ACTIONS)]
        stack.post(f"/stations/{station_id}/actions/{action}", {"connector_id": 1})
        stop_one_transaction(stack)
        command = {"requestedMessage": "Heartbeat"}
        stack.post(f"/csms/stations/{station_id}/commands/TriggerMessage", command)
        match turn % 6:
            case 0:
                stack.post("/pricing", {"price": round(0.2 + turn % 5 / 10, 2)})
            case 1:
                # Up, and four turns later back.
                stack.post("/stations/scale", {"count": count + 1})
            case 2:
                stack.post("/csms/stations/BAD-1/commands/GetConfiguration", {})
            case 3:
                stack.post("/csms/stations/BAD-1/commands/ClearChargingProfile", {})
            case 4:
                stack.post("/csms/stations/BAD-1/commands/ClearCache", {})
            case 5:
                stack.post("/stations/scale", {"count": count})
        stack.api.get("/stations/no-such-station")
        stack.api.get("/totals", headers={"Host": "elsewhere.example"})
        time.sleep(PAUSE_SECONDS)


def stop_one_transaction(stack: LocalStack) -> None:
    """Have our central system stop a transaction that is open."""
    for transaction in stack.get("/csms/transactions?open=true&limit=1")["transactions"]:
        body = {"transactionId": transaction["transaction_id"]}
        stack.post(f"/csms/stations/{transaction['station_id']}/commands/RemoteStopTransaction", body)
