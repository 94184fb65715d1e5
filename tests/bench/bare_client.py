"""Clients without any station in them, next to which a worker's cost is read: `python -m tests.bench.bare_client KIND …`.

KIND is `websockets` (its asyncio client and a JSON decoder, nothing else, on uvloop) or `ocpp` (the `ocpp` package's
ChargePoint as its documentation shows it: on asyncio's own loop, with schema validation). Every connection boots, then sends MeterValues with two values, so
many a second, evenly spread, or one after the other where it cannot keep up. Prints microseconds of CPU (user and system) a call, counted after all are connected.
"""

import argparse
import asyncio
import time
from typing import Any, Final

import msgspec
import uvloop
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

OCPP: Final = [Subprotocol("ocpp1.6")]
BOOT: Final = '[2,"boot","BootNotification",{"chargePointVendor":"bench","chargePointModel":"bench"}]'
DECODER: Final = msgspec.json.Decoder()
ENCODE: Final = msgspec.json.Encoder().encode


def meter_values(number: int) -> dict[str, Any]:
    """The payload of a MeterValues, with fresh numbers."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    return {
        "connectorId": 1,
        "transactionId": 4711,
        "meterValue": [
            {
                "timestamp": f"{at}.000Z",
                "sampledValue": [
                    {"value": str(number), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
                    {"value": f"{number % 22_000}.0", "measurand": "Power.Active.Import", "unit": "W"},
                ],
            }
        ],
    }


class Tally:
    """How many calls were answered."""

    answered = 0


async def bare(url: str, tally: Tally, ready: asyncio.Semaphore, phase: float, pause: float) -> None:
    """One connection on `websockets`: send, receive, decode."""
    async with connect(url, subprotocols=OCPP, compression=None, ping_interval=None) as socket:
        await socket.send(BOOT)
        await socket.recv()
        ready.release()
        await asyncio.sleep(phase)
        number, due = 0, time.monotonic()
        while True:
            number, due = number + 1, due + pause
            unique_id = f"{number:08d}-0000-4000-8000-000000000000"
            await socket.send(ENCODE([2, unique_id, "MeterValues", meter_values(number)]), text=True)
            DECODER.decode(await socket.recv())
            tally.answered += 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))


async def documented(url: str, tally: Tally, ready: asyncio.Semaphore, phase: float, pause: float) -> None:
    """One ChargePoint of the `ocpp` package."""
    from ocpp.v16 import ChargePoint, call

    async with connect(url, subprotocols=OCPP) as socket:
        point: Any = ChargePoint(url.rpartition("/")[2], socket)  # type: ignore[no-untyped-call]
        reading = asyncio.create_task(point.start())
        await point.call(call.BootNotification(charge_point_model="bench", charge_point_vendor="bench"))
        ready.release()
        await asyncio.sleep(phase)
        number, due = 0, time.monotonic()
        while not reading.done():
            number, due = number + 1, due + pause
            values = meter_values(number)
            await point.call(
                call.MeterValues(
                    connector_id=values["connectorId"],
                    transaction_id=values["transactionId"],
                    meter_value=values["meterValue"],
                )
            )
            tally.answered += 1
            await asyncio.sleep(max(0.0, due - time.monotonic()))


async def run(kind: str, url: str, connections: int, rate: float, seconds: float) -> float:
    """CPU seconds a call."""
    tally, ready = Tally(), asyncio.Semaphore(0)
    one = {"websockets": bare, "ocpp": documented}[kind]
    tasks = []
    for number in range(connections):
        tasks.append(
            asyncio.create_task(
                one(f"{url}/BARE-{kind}-{number}", tally, ready, number / connections / rate, 1.0 / rate)
            )
        )
        if number % 50 == 49:
            await asyncio.sleep(0.05)
    for _ in tasks:
        await asyncio.wait_for(ready.acquire(), 120)
    await asyncio.sleep(2.0)
    before, spent = tally.answered, time.process_time()
    await asyncio.sleep(seconds)
    cost = (time.process_time() - spent) / max(1, tally.answered - before)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=20)
    return cost


def main() -> None:
    """Run one kind and print its figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["websockets", "ocpp"])
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--rate", type=float, default=5.0, help="MeterValues a second a connection")
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    on_its_loop = {"websockets": uvloop.run, "ocpp": asyncio.run}[options.kind]
    cost = on_its_loop(run(options.kind, options.url, options.connections, options.rate, options.seconds))
    print(cost * 1e6)


if __name__ == "__main__":
    main()
