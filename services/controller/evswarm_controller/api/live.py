"""The WebSocket of the live feed: one task reads what the client says, one writes what is due."""

import asyncio
from typing import Final

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect, status
from starlette.websockets import WebSocketState

from evswarm_controller.context import Context, ContextOf
from evswarm_controller.live_frames import (
    AskResync,
    ClientHello,
    ClientMessage,
    Rate,
    Subscribe,
    Unsubscribe,
    decode_client,
    log_frame,
)
from evswarm_controller.live_hub import Subscriber
from evswarm_shared.errors import BusUnavailableError

HELLO_TIMEOUT_SECONDS: Final = 10.0

router = APIRouter()


@router.websocket("/live")
async def live(websocket: WebSocket, context: ContextOf) -> None:
    """The feed as `live.schema.json` describes it. Pages of other sites are refused."""
    if not _same_origin(websocket):
        await websocket.close(status.WS_1008_POLICY_VIOLATION)
        return
    await websocket.accept()
    try:
        await _serve(websocket, context)
    except* WebSocketDisconnect:
        pass
    except* (msgspec.DecodeError, TimeoutError) as group:
        if websocket.application_state is WebSocketState.CONNECTED:
            reason = str(group.exceptions[0])[:100] or "no hello in time"
            await websocket.close(status.WS_1008_POLICY_VIOLATION, reason)


async def _serve(websocket: WebSocket, context: Context) -> None:
    hub = context.hub
    await websocket.send_text(hub.hello())
    async with asyncio.timeout(HELLO_TIMEOUT_SECONDS):
        first = await _receive(websocket)
    if not isinstance(first, ClientHello):
        raise msgspec.ValidationError("the first message is a hello")
    subscriber = hub.join(first.epoch, first.seq)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_read(websocket, subscriber))
            tasks.create_task(_write(websocket, subscriber, context))
    finally:
        hub.leave(subscriber)


async def _read(websocket: WebSocket, subscriber: Subscriber) -> None:
    while True:
        match await _receive(websocket):
            case Subscribe(log=station_id):
                subscriber.follow(station_id)
            case Unsubscribe(log=station_id):
                subscriber.logs.pop(station_id, None)
            case Rate(hz=hz):
                subscriber.interval_seconds = 1 / hz
            case AskResync():
                subscriber.asked_resync = True
                subscriber.wake.set()
            case ClientHello():
                raise msgspec.ValidationError("hello is said once")


async def _write(websocket: WebSocket, subscriber: Subscriber, context: Context) -> None:
    while True:
        await subscriber.wake.wait()
        subscriber.wake.clear()
        for frame in context.hub.due(subscriber, context.now()):
            await websocket.send_text(frame)
            context.hub.sent(frame)
        for station_id in subscriber.take_due_logs():
            try:
                lines = await context.bus.read_log(station_id)
            except BusUnavailableError:
                if station_id in subscriber.logs:
                    subscriber.logs[station_id] = True
                break
            frame = log_frame(station_id, lines)
            await websocket.send_text(frame)
            context.hub.sent(frame)


async def _receive(websocket: WebSocket) -> ClientMessage:
    try:
        return decode_client(await websocket.receive_text())
    except KeyError:
        raise msgspec.DecodeError("messages are text") from None


def _same_origin(websocket: WebSocket) -> bool:
    """Whether the page that opens the socket came from us; programs, which name no origin, are let in."""
    origin = websocket.headers.get("origin")
    if origin is None:
        return True
    return origin.partition("://")[2] == websocket.headers.get("host")
