"""Peers that misbehave, so that there is something to see: a central system and a station, and a dashboard that watches.

A process of its own: `python -m tools.panel_check.bad_peers --port … --csms … --live …`. Loopback only; it ends with
SIGTERM, or by itself after `--seconds`.
"""

import argparse
import asyncio
import contextlib
import json
import signal
from collections import Counter
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

OCPP16: Final = Subprotocol("ocpp1.6")
TIME: Final = "2026-01-01T00:00:00Z"
CALL, CALL_RESULT, CALL_ERROR = 2, 3, 4
LIFE_MESSAGES: Final = 25
"""After so many messages the bad central system drops a station."""

_boots: Counter[str] = Counter()


async def bad_central_system(station: ServerConnection) -> None:
    """Rejects a first boot, answers some calls with errors and some not at all, sends nonsense, drops connections."""
    station_id = station.request.path.rpartition("/")[2] if station.request else ""
    count = 0
    with contextlib.suppress(WebSocketException):
        async for text in station:
            message_type, unique_id, *rest = json.loads(text)
            count += 1
            if count % 7 == 0:
                await station.send("[2,")
                await station.send('[9, "x", "y"]')
            if count > LIFE_MESSAGES:
                station.transport.abort()
                return
            if message_type != CALL:
                continue
            action = rest[0]
            if action == "StatusNotification" and count % 2:
                await station.send(json.dumps([CALL_ERROR, unique_id, "InternalError", "on purpose", {}]))
            elif action not in ("Heartbeat", "MeterValues") or count % 2:
                await station.send(json.dumps([CALL_RESULT, unique_id, _answer(station_id, action)]))


def _answer(station_id: str, action: str) -> dict[str, Any]:
    accepted = {"idTagInfo": {"status": "Accepted"}}
    match action:
        case "BootNotification":
            _boots[station_id] += 1
            status = "Rejected" if _boots[station_id] % 3 == 1 else "Accepted"
            return {"status": status, "currentTime": TIME, "interval": 2}
        case "Heartbeat":
            return {"currentTime": TIME}
        case "StartTransaction":
            return {"transactionId": 1, **accepted}
        case "Authorize" | "StopTransaction":
            return accepted
    return {}


async def bad_station(url: str) -> None:
    """Boots, sends nonsense, answers some commands with an error and others not at all, and is lost."""
    while True:
        with contextlib.suppress(OSError, WebSocketException, TimeoutError):
            async with connect(f"{url}/BAD-1", subprotocols=[OCPP16], open_timeout=3) as csms:
                boot = {"chargePointVendor": "evswarm", "chargePointModel": "Bad"}
                await csms.send(json.dumps([CALL, "boot", "BootNotification", boot]))
                async with asyncio.timeout(4):
                    await _misbehave(csms)
        await asyncio.sleep(0.5)


async def _misbehave(csms: ClientConnection) -> None:
    await csms.send("this is no frame")
    await csms.send(json.dumps([CALL, "odd", "Heartbeat", {"unknown": 1}]))
    async for text in csms:
        frame = json.loads(text)
        if frame[0] == CALL and frame[2] == "GetConfiguration":
            await csms.send(json.dumps([CALL_ERROR, frame[1], "InternalError", "on purpose", {}]))
        elif frame[0] == CALL and frame[2] == "ClearCache":
            csms.transport.abort()


async def watch(url: str) -> None:
    """A dashboard: takes the live feed."""
    while True:
        with contextlib.suppress(OSError, WebSocketException, TimeoutError):
            async with connect(url, open_timeout=3, max_size=None) as feed:
                await feed.send(json.dumps({"type": "hello"}))
                async for _ in feed:
                    pass
        await asyncio.sleep(0.5)


async def _run(port: int, csms: str, live: str, seconds: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with (
        serve(bad_central_system, "127.0.0.1", port, subprotocols=[OCPP16]),
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(bad_station(csms)), group.create_task(watch(live))]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
        for task in tasks:
            task.cancel()


def main() -> None:
    """Parse the command line and misbehave."""
    parser = argparse.ArgumentParser(prog="python -m tools.panel_check.bad_peers", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="where the bad central system listens")
    parser.add_argument("--csms", required=True, help="ws:// address that the bad station connects to")
    parser.add_argument("--live", required=True, help="ws:// address of the live feed")
    parser.add_argument("--seconds", type=float, default=300)
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.port, arguments.csms, arguments.live, arguments.seconds))


if __name__ == "__main__":
    main()
