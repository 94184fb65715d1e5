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
from typing import Any, Final

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from evswarm_cli.ports import free_port
from evswarm_shared.bus.messages import StationState
from tests.support.fake_history import FakeHistory, stamp
from tests.support.fake_operations import FakeOperations, matching
from tests.support.fake_swarm import COLUMN, TICK, FakeSwarm, Row
from tests.support.machine import ROOT

STATIC: Final = ROOT / "services/controller/evswarm_controller/dashboard/static"
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TOKEN: Final = "a-token-for-the-page"


def problem(status: int, title: str, detail: str) -> JSONResponse:
    """An RFC 9457 answer."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def create_app(swarm: FakeSwarm) -> FastAPI:
    """The routes that the page calls."""
    operations = FakeOperations(swarm)
    past = FakeHistory()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async def run() -> None:
            while True:
                await asyncio.sleep(TICK)
                changed = operations.step()
                if not swarm.silent:
                    frame = swarm.step(time.time())
                    if changed and swarm.mode == "all":
                        frame["rows"] = [*frame.get("rows", []), *changed]
                    swarm.publish(frame)

        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(run())
            yield
            ticking.cancel()

    app = FastAPI(lifespan=lifespan)
    _serve_files(app)
    _serve_access(app, swarm)
    _serve_operations(app, swarm, operations)
    _serve_history(app, swarm, past)
    _serve_lists(app, swarm)

    @app.post("/stations/scale")
    async def scale(request: Request) -> Response:
        count = (await request.json())["count"]
        if count > 20_000:
            return problem(422, "Unprocessable Content", "count: at most 20,000 stations here")
        return JSONResponse(swarm.scale(count), status_code=202)

    @app.post("/stations/{verb}")
    async def switch(verb: str, request: Request) -> Response:
        row = swarm.rows.get((await request.json())["station_id"])
        if row is None:
            return problem(404, "Not Found", "There is no such station")
        if row[0] in swarm.unwilling:
            operation = operations.begin(verb, [row[0]])
            return JSONResponse({"operation_id": operation["id"]}, status_code=202)
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
        if swarm.refuse_feed:
            await socket.close()
            return
        await socket.accept()
        if swarm.token_required and not swarm.signed_in:
            await socket.close(4401)
            return
        await _serve_feed(socket, swarm, past)

    @app.get("/{path:path}")
    async def page(path: str) -> Response:
        text = (STATIC / "index.html").read_text(encoding="utf-8")
        return HTMLResponse(text, headers={"Cache-Control": "no-cache", "Content-Security-Policy": CSP})

    return app


def _serve_files(app: FastAPI) -> None:
    @app.get("/assets/{path:path}")
    async def asset(path: str) -> Response:
        file = (STATIC / path).resolve()
        if not file.is_file() or STATIC not in file.parents:
            return problem(404, "Not Found", path)
        return FileResponse(file, headers={"Cache-Control": "no-cache", "Content-Security-Policy": CSP})


def _serve_access(app: FastAPI, swarm: FakeSwarm) -> None:
    @app.get("/session")
    async def session() -> Response:
        return JSONResponse({"token_required": swarm.token_required, "signed_in": swarm.signed_in})

    @app.post("/session")
    async def sign_in(request: Request) -> Response:
        if (await request.json())["token"] != TOKEN:
            return problem(401, "Unauthorized", "This is not the token")
        swarm.signed_in = True
        return Response(status_code=204)


def _serve_operations(app: FastAPI, swarm: FakeSwarm, operations: FakeOperations) -> None:
    @app.post("/stations/bulk")
    async def bulk(request: Request) -> Response:
        body = await request.json()
        rows = matching(swarm, body["filter"])
        if body.get("preview"):
            open_ones = sum(row[COLUMN["transactions"]] for row in rows)
            return JSONResponse({"matches": len(rows), "active_transactions": open_ones})
        swarm.bulk_requests.append(body)
        operation = operations.begin(body["action"], [row[0] for row in rows])
        return JSONResponse({"operation_id": operation["id"]}, status_code=202)

    @app.get("/operations/{key}")
    async def operation(key: str) -> Response:
        known = operations.known.get(key)
        if known is None:
            return problem(404, "Not Found", "There is no such operation")
        view = {"operation_id": key, "target": known["total"], "cancelling": False, "station_ids": []}
        times = {name: stamp(known[name]) for name in ("created_at", "updated_at")}
        return JSONResponse(known | view | times)

    @app.get("/operations/{key}/results")
    async def results(key: str, outcome: str = "", cursor: str = "", limit: int = 100) -> Response:
        return JSONResponse(operations.page(key, outcome, int(cursor or 0), limit))

    @app.post("/operations/{key}/{verb}")
    async def change(key: str, verb: str) -> Response:
        if key not in operations.known:
            swarm.cancel()
            return JSONResponse({"operation_id": key})
        operation = operations.cancel(key) if verb == "cancel" else operations.retry(key)
        return JSONResponse({"operation_id": operation["id"]}, status_code=202)


def _serve_history(app: FastAPI, swarm: FakeSwarm, past: FakeHistory) -> None:
    @app.get("/stations/{station_id}/logs")
    async def logs(station_id: str) -> Response:
        swarm.log_requests[station_id] += 1
        if swarm.fail_logs:
            return problem(503, "Service Unavailable", "The store does not answer")
        entries = [] if swarm.empty_logs else past.entries(50)
        lines = [f"[{entry['time']}] {entry['text']}" for entry in entries if entry["kind"] != "call"]
        return JSONResponse(
            {
                "station_id": station_id,
                "logs": lines,
                "count": len(lines),
                "entries": entries,
                "messages": "kept",
            }
        )

    @app.get("/history/days")
    async def days() -> Response:
        if swarm.fail_history:
            return problem(503, "Service Unavailable", "The historian does not answer")
        return JSONResponse(past.days())

    @app.get("/history/{topic}")
    async def history(
        topic: str, until: float = 0.0, cursor: str | None = None, limit: int = 100
    ) -> Response:
        if swarm.fail_history:
            return problem(503, "Service Unavailable", "The historian does not answer")
        return JSONResponse(past.page(topic, until or time.time(), cursor or "", limit))


def _serve_lists(app: FastAPI, swarm: FakeSwarm) -> None:
    @app.get("/stations")
    async def stations(limit: int = 1000) -> Response:
        views = [station_view(row) for row in list(swarm.rows.values())[:limit]]
        return JSONResponse({"stations": views, "total": len(swarm.rows), "next_cursor": None})

    @app.get("/totals")
    async def totals() -> Response:
        now = swarm.aggregate()
        return JSONResponse(
            {name: now[name] for name in ("stations", "desired", "count", "id_prefix", "running", "charging")}
            | {
                "energy_kwh": now["energy_mwh"] / 1e6,
                "earnings": now["earnings_micro"] / 1e6,
                "power_kw": now["power_w"] / 1e3,
                "currency": "EUR",
            }
        )

    @app.get("/pricing")
    async def price() -> Response:
        return JSONResponse({"price": swarm.price, "currency": "EUR", "version": swarm.price_version})

    @app.get("/conditions")
    async def conditions() -> Response:
        return JSONResponse({"simulated_time": stamp(time.time()), **swarm.conditions})

    @app.patch("/conditions")
    async def change_conditions(request: Request) -> Response:
        swarm.conditions |= await request.json()
        return JSONResponse({"simulated_time": stamp(time.time()), **swarm.conditions})

    @app.get("/workers")
    async def workers() -> Response:
        tally = swarm.aggregate()["workers"]
        return JSONResponse({"workers": [{"worker_id": name, "stations": n} for name, n in tally.items()]})


def station_view(row: Row) -> dict[str, Any]:
    """A row as the API gives it."""
    cell = {name: row[index] for name, index in COLUMN.items()}
    return cell | {
        "status": cell["state"],
        "power_kw": cell["power_w"] / 1e3,
        "session_kwh": cell["session_wh"] / 1e3,
        "energy_kwh": cell["energy_mwh"] / 1e6,
        "earnings": cell["earnings_micro"] / 1e6,
        "last_message_at": stamp(cell["last_message_at"]),
    }


async def _serve_feed(socket: WebSocket, swarm: FakeSwarm, past: FakeHistory) -> None:
    await socket.send_text(msgspec.json.encode(swarm.hello()).decode())
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    asked: dict[str, Any] = {}

    def put(frame: dict[str, Any]) -> None:
        queue.put_nowait(msgspec.json.encode(frame))

    async def write() -> None:
        while True:
            await socket.send_text((await queue.get()).decode())

    async def windows() -> None:
        while True:
            await asyncio.sleep(2 * TICK)
            if asked:
                put(swarm.window(asked, matching(swarm, asked)))

    writers = [asyncio.create_task(write()), asyncio.create_task(windows())]
    try:
        while True:
            message = await socket.receive_json()
            swarm.client_messages.append(message)
            if message["type"] in ("hello", "resync") and not swarm.hold_snapshot:
                for frame in swarm.snapshot():
                    put(frame)
                swarm.clients.add(queue)
            elif message["type"] == "window":
                asked.update(message)
                put(swarm.window(asked, matching(swarm, asked)))
            elif message["type"] == "sub" and "log" in message:
                put(log_frame(message["log"], past))
    except WebSocketDisconnect:
        pass
    finally:
        swarm.clients.discard(queue)
        for writer in writers:
            writer.cancel()


def log_frame(station_id: str, past: FakeHistory) -> dict[str, Any]:
    """What a subscription to a log is answered with: six lines."""
    entries = [entry for entry in past.entries(12) if entry["kind"] != "call"]
    lines = [f"[{entry['time']}] {entry['text']}" for entry in entries]
    return {"type": "log", "id": station_id, "events": lines, "entries": entries, "calls": []}


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
    parser.add_argument("--restless", action="store_true", help="every row changes once a second")
    parser.add_argument("--windows", action="store_true", help="send windows, as above 30,000 stations")
    arguments = parser.parse_args()
    swarm = FakeSwarm(arguments.stations, arguments.workers, arguments.seed, arguments.ramp)
    swarm.mode = "window" if arguments.windows else "all"
    swarm.restless = arguments.restless
    swarm.grafana = "http://127.0.0.1:3000"
    uvicorn.Server(_config(swarm, arguments.port)).run()


if __name__ == "__main__":
    main()
