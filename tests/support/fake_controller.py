"""A controller without a swarm: serves the dashboard and a live feed of made-up stations.

For working on the page and for tests of its states that a real swarm cannot be brought into at will. It speaks the
feed of live.schema.json and the routes that the page calls, nothing more. `python -m tests.support.fake_controller`.
"""

import argparse
import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from evswarm_shared.bus.messages import StationState
from tests.support.fake_swarm import TICK, FakeSwarm
from tests.support.machine import ROOT, free_port

STATIC: Final = ROOT / "services/controller/evswarm_controller/dashboard/static"
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LINES: Final = [
    "Station started",
    "BootNotification accepted, heartbeat every 60 s",
    "Connector 1 is Available",
    "Authorize TAG-000017: Accepted",
    "Transaction 4711 started on connector 1 at 12.480 kWh",
    "Waiting: Price too high (0.42 > 0.35)",
]


def problem(status: int, title: str, detail: str) -> JSONResponse:
    """An RFC 9457 answer."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def create_app(swarm: FakeSwarm) -> FastAPI:
    """The routes that the page calls."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async def run() -> None:
            while True:
                await asyncio.sleep(TICK)
                if not swarm.silent:
                    swarm.publish(swarm.step(time.time()))

        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(run())
            yield
            ticking.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.get("/assets/{path:path}")
    async def asset(path: str) -> Response:
        file = (STATIC / path).resolve()
        if not file.is_file() or STATIC not in file.parents:
            return problem(404, "Not Found", path)
        return FileResponse(file, headers={"Cache-Control": "no-cache", "Content-Security-Policy": CSP})

    @app.post("/stations/scale")
    async def scale(request: Request) -> Response:
        count = (await request.json())["count"]
        if count > 20_000:
            return problem(422, "Unprocessable Content", "count: at most 20,000 stations here")
        return JSONResponse(swarm.scale(count), status_code=202)

    @app.get("/stations/{station_id}/logs")
    async def logs(station_id: str) -> Response:
        swarm.log_requests[station_id] += 1
        if swarm.fail_logs:
            return problem(503, "Service Unavailable", "The store does not answer")
        lines = [
            f"[{time.strftime('%H:%M:%S', time.gmtime(time.time() - 7 * (50 - i)))}] {t}"
            for i, t in enumerate(LINES * 9)
        ]
        lines = lines[-50:]
        return JSONResponse({"station_id": station_id, "logs": lines, "count": len(lines)})

    @app.post("/stations/{verb}")
    async def switch(verb: str, request: Request) -> Response:
        row = swarm.rows.get((await request.json())["station_id"])
        if row is None:
            return problem(404, "Not Found", "There is no such station")
        swarm.move(row, time.time(), StationState.STOPPED if verb == "stop" else StationState.BOOTING)
        swarm.publish(
            {"type": "patch", "seq": swarm.seq + 1, "t": time.time(), "agg": swarm.aggregate(), "rows": [row]}
        )
        swarm.seq += 1
        return JSONResponse({"station_id": row[0], "status": row[1]})

    @app.post("/pricing")
    async def pricing(request: Request) -> Response:
        swarm.price = (await request.json())["price"]
        swarm.price_version += 1
        return JSONResponse({"price": swarm.price, "currency": "EUR", "version": swarm.price_version})

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(msgspec.json.encode(swarm.hello()).decode())
        queue: asyncio.Queue[bytes] = asyncio.Queue()

        async def write() -> None:
            while True:
                await socket.send_text((await queue.get()).decode())

        def snapshot() -> None:
            for frame in swarm.snapshot():
                queue.put_nowait(msgspec.json.encode(frame))
            swarm.clients.add(queue)

        writer = asyncio.create_task(write())
        try:
            while True:
                message = await socket.receive_json()
                swarm.client_messages.append(message)
                if message["type"] in ("hello", "resync"):
                    snapshot()
                elif message["type"] == "sub":
                    events = [f"[12:00:{i:02d}] {t}" for i, t in enumerate(LINES)]
                    queue.put_nowait(
                        msgspec.json.encode({"type": "log", "id": message["log"], "events": events})
                    )
        except WebSocketDisconnect:
            pass
        finally:
            swarm.clients.discard(queue)
            writer.cancel()

    @app.get("/{path:path}")
    async def page(path: str) -> Response:
        text = (STATIC / "index.html").read_text(encoding="utf-8")
        return HTMLResponse(text, headers={"Cache-Control": "no-cache", "Content-Security-Policy": CSP})

    return app


@contextlib.contextmanager
def running(swarm: FakeSwarm, port: int | None = None) -> Iterator[str]:
    """Serve `swarm` from a thread while the block runs; yields the page's address."""
    port = port or free_port()
    server = uvicorn.Server(_config(swarm, port))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _config(swarm: FakeSwarm, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(swarm),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )


def main() -> None:
    """Run it until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fake_controller", description=__doc__)
    parser.add_argument("--stations", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--ramp", type=float, default=400.0, help="stations a second when scaled")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    swarm = FakeSwarm(arguments.stations, arguments.workers, arguments.seed, arguments.ramp)
    uvicorn.Server(_config(swarm, arguments.port)).run()


if __name__ == "__main__":
    main()
